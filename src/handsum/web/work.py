"""Work off the event loop: in a few threads, bounded, with progress for those who want it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response, StreamingResponse

from handsum.web.limits import LARGE_PICTURES_AT_ONCE, MOST_WAITING, THREADS
from handsum.web.problems import BusyError, problem_of

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
EVENTS = "text/event-stream"
# A comment now and then tells a proxy, and a browser, that somebody is still at work.
_SILENCE_SECONDS = 10.0


class Gone(Exception):
    """Whoever asked has left: the work is given up."""


class Work:
    """The threads that requests are worked on in, and how many may wait for one."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="handsum-work")
        self._large = asyncio.Semaphore(LARGE_PICTURES_AT_ONCE)
        self._asked = 0

    async def run(self, function: Callable[[], Result], large: bool = False) -> Result:
        """Run a function in a thread; few at once of those that take much memory.

        Raises:
            BusyError: too many wait already.
        """
        if self._asked >= MOST_WAITING + THREADS:
            raise BusyError("too many requests are waiting: try again in a moment")
        self._asked += 1
        try:
            if not large:
                return await self._run(function)
            async with self._large:
                return await self._run(function)
        finally:
            self._asked -= 1

    async def _run(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def close(self) -> None:
        """Take no more work."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def wants_events(request: Request) -> bool:
    """Whether a request asks for progress as server-sent events."""
    return EVENTS in request.headers.get("accept", "")


async def answer(
    request: Request,
    job: Callable[[Progress], BaseModel | Response],
    work: Work,
    large: bool = False,
) -> Response:
    """The result of a job; as JSON, or with its progress as events where that is asked for."""
    if wants_events(request):
        return StreamingResponse(_events(job, work, large), media_type=EVENTS)
    return as_response(await work.run(lambda: job(lambda done, wanted: None), large))


def as_response(result: BaseModel | Response) -> Response:
    """A result as JSON, where it is not a response already."""
    if isinstance(result, Response):
        return result
    return JSONResponse(result.model_dump(mode="json"))


def event(name: str, data: object) -> str:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


async def _events(
    job: Callable[[Progress], BaseModel | Response], work: Work, large: bool
) -> AsyncIterator[str]:
    """`progress` events while the job runs, then `result`, or `problem`."""
    loop = asyncio.get_running_loop()
    steps: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()
    gone = False

    def progress(done: int, wanted: int) -> None:
        if gone:
            raise Gone
        loop.call_soon_threadsafe(steps.put_nowait, (done, wanted))

    task = asyncio.ensure_future(work.run(lambda: job(progress), large))
    task.add_done_callback(lambda _: steps.put_nowait(None))
    try:
        while True:
            try:
                step = await asyncio.wait_for(steps.get(), _SILENCE_SECONDS)
            except TimeoutError:
                yield ": still at work\n\n"
                continue
            if step is None:
                break
            yield event("progress", {"done": step[0], "wanted": step[1]})
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
            # Work that has begun goes on to its next step and ends there; nobody waits for it.
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            task.cancel()
