"""Work off the event loop: a few threads, a bounded queue, and progress as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse, Response

from handsum.web.limits import LARGE_PICTURES_AT_ONCE, MOST_WAITING, THREADS
from handsum.web.problems import BusyError, problem_of

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
Job = Callable[[Progress], BaseModel | Response]
EVENTS = "text/event-stream"
# A comment after this silence shows proxies and browsers that the server is still at work.
SILENCE_SECONDS = 10.0


class GoneError(Exception):
    """The client has left: the work stops."""


class Work:
    """The threads that work on requests, and the number of requests that may wait for one."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="handsum-work")
        self._large = asyncio.Semaphore(LARGE_PICTURES_AT_ONCE)
        self._requests = 0

    async def run(self, function: Callable[[], Result], large: bool = False) -> Result:
        """Run a function in a thread; only a few `large` ones, which need much memory, at a time.

        Raises:
            BusyError: too many requests are waiting.
        """
        if self._requests >= MOST_WAITING + THREADS:
            raise BusyError("too many requests are waiting: try again in a moment")
        self._requests += 1
        try:
            if not large:
                return await self._run(function)
            async with self._large:
                return await self._run(function)
        finally:
            self._requests -= 1

    async def _run(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def close(self) -> None:
        """Accept no more work."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def wants_events(request: Request) -> bool:
    """Whether a request asks for progress as server-sent events."""
    return EVENTS in request.headers.get("accept", "")


async def answer(request: Request, job: Job, work: Work, large: bool = False) -> Response:
    """The result of a job as JSON, or as events with its progress if the request asks for them."""
    if wants_events(request):
        return stream(_events(job, work, large))
    return as_response(await work.run(lambda: job(lambda done, total: None), large))


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


async def _events(job: Job, work: Work, large: bool) -> AsyncIterator[ServerSentEvent]:
    """`progress` events while the job runs, then `result` or `problem`."""
    loop = asyncio.get_running_loop()
    steps: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()
    gone = False

    def progress(done: int, total: int) -> None:
        if gone:
            raise GoneError
        loop.call_soon_threadsafe(steps.put_nowait, (done, total))

    task = asyncio.ensure_future(work.run(lambda: job(progress), large))
    task.add_done_callback(lambda _: steps.put_nowait(None))
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
        gone = True
        if not task.done():
            # A thread cannot be stopped from outside: the job ends itself at its next step, and
            # nobody waits for it.
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            task.cancel()
