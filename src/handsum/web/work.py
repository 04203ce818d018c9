"""Work off the event loop: three bounded queues, threads, and progress as server-sent events.

A request goes through these steps:

1. It takes a place (`Work.place`; `WorkRoute` does it before the request's body is read).
2. It waits in a queue. Those that an estimate (`handsum.web.estimates`) calls dear wait for one
   another. So do small pictures, whose cost nobody knows before they are read. All others are
   cheap, and never wait behind those. A request that turns out to be dear starts again in the
   queue of the dear ones.
3. It works in a thread, and calls `stopping.check` between its steps. There it also makes a pause
   while cheaper requests are at work.

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
from dataclasses import dataclass
from itertools import count
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
from handsum.web.problems import BusyError, problem_of

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
Job = Callable[[Progress], BaseModel | Response]
EVENTS = "text/event-stream"
# A comment after this silence shows proxies and browsers that the server is still at work.
SILENCE_SECONDS = 10.0
# The status of an answer that nobody receives, as in the logs of nginx.
CLIENT_LEFT = 499
# When it may let nobody pass any more, its number, and what it waits for.
_Waiting = tuple[float, int, "asyncio.Future[None]"]


class GoneError(Exception):
    """The client has left: the work stops."""


class _DearError(Exception):
    """A job in the queue of the cheap ones takes too long for it."""


class Turns:
    """Like a semaphore of `most`, but in an order of patience; for one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[_Waiting] = []
        self._numbers = count()
        # Jobs that run now; threads may read this.
        self.taken = 0

    async def acquire(self, patience: float = 0.0) -> None:
        """Wait for a turn. Requests that come up to `patience` seconds later may go first."""
        if self.taken < self._most:
            self.taken += 1
            return
        loop = asyncio.get_running_loop()
        waiting = loop.time() + patience, next(self._numbers), loop.create_future()
        self._waiting.append(waiting)
        try:
            await waiting[2]
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self.release()
            raise

    def release(self) -> None:
        """End a turn: it goes to the next in order."""
        if not self._waiting:
            self.taken -= 1
            return
        following = min(self._waiting)
        self._waiting.remove(following)
        if not following[2].done():
            following[2].set_result(None)


@dataclass(eq=False)
class _Queue:
    """A queue: its turns, the processor time of a job's thread, and the error beyond that.

    Jobs give way to the jobs in the queues `before` this one.
    """

    turns: Turns
    seconds: float
    late: Callable[[], Exception]
    before: tuple[_Queue, ...] = ()


def _too_long() -> UsageError:
    return UsageError("this takes the server too long: use a smaller picture, or ask for less")


def _work(job: Callable[[], Result], queue: _Queue, gone: threading.Event) -> Result:
    """Do a job of a queue in this thread; it stops at its next step when `gone` is set."""
    end = time.thread_time() + queue.seconds
    began = time.monotonic()

    def check() -> None:
        nonlocal began
        if gone.is_set():
            raise GoneError
        if time.thread_time() > end:
            raise queue.late()
        if any(other.turns.taken for other in queue.before):
            # A pause as long as the step leaves the other jobs the processor half of the time.
            time.sleep(min(time.monotonic() - began, limits.LONGEST_PAUSE))
        began = time.monotonic()

    with stopping.checked_by(check):
        return job()


class Work:
    """The places of requests, the three queues, and the threads that work on them."""

    def __init__(self) -> None:
        most = limits.THREADS + limits.UPLOADS_AT_ONCE + limits.DEAR_AT_ONCE
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="handsum-work")
        self._cheap = _Queue(Turns(limits.THREADS), limits.CHEAP_SECONDS, _DearError)
        before: tuple[_Queue, ...] = (self._cheap,)
        self._uploads = _Queue(
            Turns(limits.UPLOADS_AT_ONCE), limits.CHEAP_SECONDS, _DearError, before
        )
        before = self._cheap, self._uploads
        self._dear = _Queue(Turns(limits.DEAR_AT_ONCE), limits.MOST_SECONDS, _too_long, before)
        self._places = self._upload_places = 0

    @contextmanager
    def place(self, upload: bool = False) -> Iterator[None]:
        """A place for a request, from before its body is read until its answer is sent.

        Uploads can be slow on purpose, so they get a part of the places only.

        Raises:
            BusyError: no place is free.
        """
        if self._places >= limits.MOST_REQUESTS or (
            upload and self._upload_places >= limits.MOST_UPLOADS
        ):
            raise BusyError("too many requests are waiting: try again in a moment")
        self._places += 1
        self._upload_places += upload
        try:
            yield
        finally:
            self._places -= 1
            self._upload_places -= upload

    async def run(
        self, job: Callable[[], Result], cost: float = 0.0, upload: bool = False
    ) -> Result:
        """Run a job in a thread once it is its turn; a cancelled one stops at its next step.

        `cost` is its estimated cost, as a share of the most that a cheap job costs.

        Raises:
            UsageError: it takes too long.
        """
        if cost <= 1:
            try:
                return await self._run(job, self._uploads if upload else self._cheap, cost)
            except _DearError:
                # A job only computes: it can start again.
                pass
        return await self._run(job, self._dear)

    async def _run(self, job: Callable[[], Result], queue: _Queue, cost: float = 0.0) -> Result:
        """Run a job when it is its turn in a queue."""
        gone = threading.Event()
        await queue.turns.acquire(cost * limits.LARGER_WAIT_SECONDS)
        loop = asyncio.get_running_loop()
        future = self._threads.submit(_work, job, queue, gone)

        def free(_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.turns.release)

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


def wants_events(request: Request) -> bool:
    """Whether a request asks for progress as server-sent events."""
    return EVENTS in request.headers.get("accept", "")


async def answer(request: Request, job: Job, work: Work, cost: float = 0.0) -> Response:
    """The result of a job as JSON, or as events with its progress if the request asks for them."""
    upload = request.method == "POST"
    if wants_events(request):
        return stream(_events(job, work, cost, upload))
    return as_response(
        await unless_gone(
            request, work.run(lambda: job(lambda done, total: stopping.check()), cost, upload)
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


async def _events(
    job: Job, work: Work, cost: float, upload: bool
) -> AsyncIterator[ServerSentEvent]:
    """`progress` events while the job runs, then `result` or `problem`."""
    loop = asyncio.get_running_loop()
    steps: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()

    def progress(done: int, total: int) -> None:
        stopping.check()
        loop.call_soon_threadsafe(steps.put_nowait, (done, total))

    task = asyncio.ensure_future(work.run(lambda: job(progress), cost, upload))

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
