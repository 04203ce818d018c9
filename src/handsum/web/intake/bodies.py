"""The bodies of requests: received within limits of time and size, large ones in files."""

from __future__ import annotations

import asyncio
import ctypes
import platform
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from fastapi import Request, UploadFile
from starlette.requests import ClientDisconnect

from handsum.errors import UsageError
from handsum.web import limits
from handsum.web.problems import BusyError, TooMuchError, TooSlowError

_TOO_LARGE = f"the picture has more than {limits.MOST_BYTES >> 20} MiB: make it smaller first"


@dataclass(eq=False)
class _Arrival:
    """A body that is being received."""

    deadline: asyncio.Timeout
    began: float
    # When it last came a step (STEP_BYTES) further, and its size then.
    moved: float
    size_then: int = 0
    size: int = 0

    def rate(self, now: float) -> float:
        """Its bytes per second so far."""
        return self.size / max(now - self.began, 1e-3)

    def move(self, size: int, now: float) -> None:
        """Note its new size."""
        self.size = size
        if size - self.size_then >= limits.STEP_BYTES:
            self.moved, self.size_then = now, size


class Bodies:
    """The bodies that are being received, and the number of bytes in files.

    If there are too many, the one that has made no progress for longest gives way, or else the
    slowest, so that slow clients do not keep others out. Bodies that fit in memory, such as
    drawings, and larger ones do not take each other's places.
    """

    def __init__(self) -> None:
        self._small: list[_Arrival] = []
        self._large: list[_Arrival] = []
        self._trimming = False
        self._in_files: dict[_Arrival, int] = {}

    async def receive(self, request: Request) -> BinaryIO:
        """The body of a request as a file, which is closed when the request ends.

        Raises:
            UsageError: it is a form.
            TooMuchError: it is too large.
            TooSlowError: it does not arrive in time, or not completely.
            BusyError: too many bodies are on their way, or too many bytes are in files.
        """
        arriving = self._small if _size(request) <= limits.MEMORY_BYTES else self._large
        if len(arriving) >= limits.MOST_ARRIVING and not self._end_slowest(arriving):
            raise BusyError("too many pictures are on their way: try again in a moment")
        now = asyncio.get_running_loop().time()
        arrival = _Arrival(asyncio.timeout(limits.BODY_SECONDS), now, now)
        closing: ExitStack = request.scope["closing"]
        file = closing.enter_context(
            SpooledTemporaryFile(max_size=limits.MEMORY_BYTES)  # noqa: SIM115
        )
        closing.callback(self._in_files.pop, arrival, None)
        upload = UploadFile(cast(BinaryIO, file))
        arriving.append(arrival)
        try:
            async with arrival.deadline:
                await self._receive(request, arrival, upload)
        except TimeoutError as error:
            raise TooSlowError("the picture did not arrive in time: try again") from error
        except ClientDisconnect as error:  # the client left; this is no fault of the server
            raise TooSlowError("the picture did not arrive completely: try again") from error
        except OSError as error:
            raise BusyError(f"no room for this picture: {error.strerror}") from error
        finally:
            if arrival in arriving:
                arriving.remove(arrival)
            if arriving is self._large:
                self._trim_later()
        return upload.file

    async def _receive(self, request: Request, arrival: _Arrival, upload: UploadFile) -> None:
        loop = asyncio.get_running_loop()
        async for part in request.stream():
            size = arrival.size + len(part)
            if size > limits.MOST_BYTES:
                raise TooMuchError(_TOO_LARGE)
            arrival.move(size, loop.time())
            if size > limits.MEMORY_BYTES:
                self._in_files[arrival] = size
                in_files = sum(self._in_files.values())
                if in_files > limits.MOST_BYTES_IN_FILES and not self._end_slowest(self._large):
                    raise BusyError("too many large pictures are waiting: try again in a moment")
            await upload.write(part)
        await upload.seek(0)

    def _trim_later(self) -> None:
        if not self._trimming:
            self._trimming = True
            asyncio.get_running_loop().call_later(limits.TRIM_SECONDS, self._trim)

    def _trim(self) -> None:
        self._trimming = False
        asyncio.get_running_loop().run_in_executor(None, _return_memory)

    def _end_slowest(self, arriving: list[_Arrival]) -> bool:
        """End the arrival without progress for longest, or the slowest; False if all are fast."""
        now = asyncio.get_running_loop().time()
        waiting = [one for one in arriving if not one.deadline.expired()]
        stalled = [one for one in waiting if now - one.moved >= limits.STALLED_SECONDS]
        slow = [
            one
            for one in waiting
            if now - one.began >= limits.STALLED_SECONDS and one.rate(now) < limits.SLOW_RATE
        ]
        ended = min(stalled, key=lambda one: one.moved, default=None)
        ended = ended or min(slow, key=lambda one: one.rate(now), default=None)
        if ended is None:
            return False
        arriving.remove(ended)
        ended.deadline.reschedule(now)
        return True


def _return_memory() -> None:
    """Return freed memory to the system; glibc would keep it between pieces that are in use."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def _size(request: Request) -> int:
    """The size of a body by its headers; without one, the largest.

    Raises:
        UsageError: it is a form.
        TooMuchError: it is too large.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise UsageError("this is a form: send only the bytes of the picture, as the body")
    # The server has checked that it is a number. Without a length the body is empty or in chunks.
    chunked = limits.MOST_BYTES if "transfer-encoding" in request.headers else 0
    size = int(request.headers.get("content-length", chunked))
    if size > limits.MOST_BYTES:
        raise TooMuchError(_TOO_LARGE)
    return size
