"""Work off the event loop: two bounded queues, threads, and progress as server-sent events.

A request goes through these steps:

1. It takes a place (`Work.place`; `WorkRoute` does it before the request's body is read).
2. It waits in one of two queues: most requests are cheap, and those that an estimate calls dear
   wait for one another, so that a cheap request never waits behind them. A cheap one that turns out
   to be dear starts again in the other queue.
3. It works in a thread, and calls `stopping.check` between its steps.

As soon as its client has left, it leaves its queue, or stops at its next step.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from handsum import stopping
from handsum.errors import UsageError
from handsum.web import limits
from handsum.web.parameters import (
    GenerateQuery,
    HandsQuery,
    InterpolateQuery,
    NumberQuery,
    Parameters,
    SumQuery,
    Written,
)
from handsum.web.problems import BusyError, problem_of

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
Job = Callable[[Progress], BaseModel | Response]
EVENTS = "text/event-stream"
# A comment after this silence shows proxies and browsers that the server is still at work.
SILENCE_SECONDS = 10.0
# The status of an answer that nobody receives, as in the logs of nginx.
CLIENT_LEFT = 499


# A digit that is checked in its picture takes this many times as long as one that is only drawn.
_CHECKED = 4
# The mean digit of a sum whose length is not given.
_MEAN_DIGIT = 4


class GoneError(Exception):
    """The client has left: the work stops."""


class _DearError(Exception):
    """A job in the queue of the cheap ones takes too long for it."""


class Work:
    """The places of requests, the two queues, and the threads that work on them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(
            limits.THREADS + limits.DEAR_AT_ONCE, thread_name_prefix="handsum-work"
        )
        self._cheap = asyncio.Semaphore(limits.THREADS)
        self._dear = asyncio.Semaphore(limits.DEAR_AT_ONCE)
        self._requests = self._uploads = 0

    @contextmanager
    def place(self, upload: bool = False) -> Iterator[None]:
        """A place for a request, from before its body is read until its answer is sent.

        Uploads can be slow on purpose, so they get a part of the places only.

        Raises:
            BusyError: no place is free.
        """
        if self._requests >= limits.MOST_REQUESTS or (
            upload and self._uploads >= limits.MOST_UPLOADS
        ):
            raise BusyError("too many requests are waiting: try again in a moment")
        self._requests += 1
        self._uploads += upload
        try:
            yield
        finally:
            self._requests -= 1
            self._uploads -= upload

    async def run(self, job: Callable[[], Result], dear: bool = False) -> Result:
        """Run a job in a thread once it is its turn; a cancelled one stops at its next step.

        Raises:
            UsageError: it takes too long.
        """
        if not dear:
            try:
                return await self._run(job, self._cheap, limits.CHEAP_SECONDS, _DearError())
            except _DearError:
                # A job only computes: it can start again.
                pass
        error = UsageError("this takes the server too long: use a smaller picture, or ask for less")
        return await self._run(job, self._dear, limits.MOST_SECONDS, error)

    async def _run(
        self, job: Callable[[], Result], turns: asyncio.Semaphore, seconds: float, late: Exception
    ) -> Result:
        """Run a job for at most `seconds` of its thread's processor time."""
        gone = threading.Event()

        def work() -> Result:
            end = time.thread_time() + seconds

            def check() -> None:
                if gone.is_set():
                    raise GoneError
                if time.thread_time() > end:
                    raise late

            with stopping.checked_by(check):
                return job()

        await turns.acquire()
        loop = asyncio.get_running_loop()
        future = self._threads.submit(work)

        def free(_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(turns.release)

        # The turn ends with the thread's work, not with the request.
        future.add_done_callback(free)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            gone.set()
            raise

    def close(self) -> None:
        """Accept no more work."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class WorkRoute(APIRoute):
    """A route whose requests have a place in `app.state.work`, from their first to last byte."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        work: Work = scope["app"].state.work
        with work.place(upload=scope["method"] == "POST"):
            await super().handle(scope, receive, send)


async def unless_gone(request: Request, task: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine; it is cancelled as soon as the client leaves.

    The body of the request must have been read.

    Raises:
        GoneError: the client has left.
    """
    doing = asyncio.ensure_future(task)
    leaving = asyncio.ensure_future(_leaves(request))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise GoneError
        return doing.result()
    finally:
        leaving.cancel()
        doing.cancel()


async def _leaves(request: Request) -> None:
    """Return when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def is_dear(query: Parameters) -> bool:
    """Whether a request draws many digits."""
    digits = _digits(query) * (_CHECKED if isinstance(query, Written) and query.verify else 1)
    return digits > limits.CHEAP_DIGITS


def _digits(query: Parameters) -> int:
    """The number of digits that a request draws."""
    if isinstance(query, SumQuery):
        return query.count * (query.length or 1 + query.total // _MEAN_DIGIT)
    if isinstance(query, NumberQuery):
        return len(query.text)
    if isinstance(query, GenerateQuery):
        return query.count or (query.rows or 8) * (query.columns or len(query.digits or "") or 10)
    if isinstance(query, InterpolateQuery):
        return query.steps * len(query.digits)
    return query.count * len(query.digits) if isinstance(query, HandsQuery) else 0


def wants_events(request: Request) -> bool:
    """Whether a request asks for progress as server-sent events."""
    return EVENTS in request.headers.get("accept", "")


async def answer(request: Request, job: Job, work: Work, dear: bool = False) -> Response:
    """The result of a job as JSON, or as events with its progress if the request asks for them."""
    if wants_events(request):
        return stream(_events(job, work, dear))
    return as_response(
        await unless_gone(
            request, work.run(lambda: job(lambda done, total: stopping.check()), dear)
        )
    )


def as_response(result: BaseModel | Response) -> Response:
    """A result as JSON; a response as it is."""
    if isinstance(result, Response):
        return result
    return JSONResponse(result.model_dump(mode="json"))


def stream(events: AsyncIterator[ServerSentEvent]) -> EventSourceResponse:
    """A response of server-sent events, with a comment after each SILENCE_SECONDS."""
    return EventSourceResponse(
        events,
        sep="\n",
        ping=SILENCE_SECONDS,
        ping_message_factory=lambda: ServerSentEvent(comment="still at work", sep="\n"),
    )


def event(name: str, data: object) -> ServerSentEvent:
    """A server-sent event with JSON data."""
    return ServerSentEvent(json.dumps(data), event=name, sep="\n")


async def _events(job: Job, work: Work, dear: bool) -> AsyncIterator[ServerSentEvent]:
    """`progress` events while the job runs, then `result` or `problem`."""
    loop = asyncio.get_running_loop()
    steps: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()

    def progress(done: int, total: int) -> None:
        stopping.check()
        loop.call_soon_threadsafe(steps.put_nowait, (done, total))

    task = asyncio.ensure_future(work.run(lambda: job(progress), dear))

    def end(ended: asyncio.Task[BaseModel | Response]) -> None:
        # The error of a job that nobody waits for is not one to report.
        _ = ended.cancelled() or ended.exception()
        steps.put_nowait(None)

    task.add_done_callback(end)
    try:
        while (step := await steps.get()) is not None:
            yield event("progress", {"done": step[0], "total": step[1]})
        try:
            result = task.result()
        except Exception as error:
            yield event("problem", problem_of(error).model_dump(exclude_none=True))
        else:
            assert isinstance(result, BaseModel)
            yield event("result", result.model_dump(mode="json"))
    finally:
        task.cancel()
