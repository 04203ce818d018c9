"""Connections: how many are open at once, and how long a client may take for its headers."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from handsum.web import limits
from handsum.web.problems import Problem, problem, respond

# Where the application finds the connection of a request, in the state of its scope.
_STATE = "connection"
_SLOW = problem(408, "the headers did not arrive in time: try again")
_FULL = problem(503, "too many connections are open: try again in a moment")


class Connections:
    """The open connections of a server, at most `most` of them.

    One connection too many ends the one that has waited longest for a request. So clients that send
    nothing, or headers without an end, keep nobody out. Connections with a request stay.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[Connection, None] = {}
        self._busy: set[Connection] = set()

    def add(self, connection: Connection) -> bool:
        """Add a connection, which has no request yet; False if all others have one."""
        if len(self._waiting) + len(self._busy) >= self._most:
            if not self._waiting:
                return False
            oldest = next(iter(self._waiting))
            self.remove(oldest)
            oldest.end(_FULL)
        self._waiting[connection] = None
        return True

    def move(self, connection: Connection, busy: bool) -> None:
        """Note whether a connection has a request; one that was removed stays so."""
        if busy and connection in self._waiting:
            del self._waiting[connection]
            self._busy.add(connection)
        elif not busy and connection in self._busy:
            self._busy.remove(connection)
            self._waiting[connection] = None

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        self._waiting.pop(connection, None)
        self._busy.discard(connection)


class Connection(asyncio.Protocol):
    """A connection that ends when its client takes too long for the headers of a request.

    Uvicorn's protocol, which has no such limit, does everything else.
    """

    def __init__(self, others: Connections, *, app_state: dict[str, Any], **options: Any) -> None:
        self._inner = H11Protocol(app_state={**app_state, _STATE: self}, **options)
        self._others = others
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._requests = 0
        # Whether the client has sent something since the last answer, and whether it is a rest of
        # a body whose request has been answered.
        self._heard = self._answered = False
        self._unsent = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for a request; refuse the connection if there are too many."""
        self._transport = transport
        self._inner.connection_made(transport)
        if self._others.add(self):
            self._wait(limits.HEADERS_SECONDS)
        else:
            self._heard = True
            self.end(_FULL)

    def data_received(self, data: bytes) -> None:
        """Handle bytes of the client."""
        self._heard = True
        self._inner.data_received(data)

    def eof_received(self) -> None:
        """The client sends nothing more."""
        self._inner.eof_received()

    def pause_writing(self) -> None:
        """The client reads more slowly than the server writes."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The client has read what was written."""
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        self._others.remove(self)
        self._inner.connection_lost(exc)

    def begin_request(self) -> None:
        """The headers of a request have arrived."""
        self._requests += 1
        self._stop_waiting()
        self._others.move(self, busy=True)

    def end_request(self, unread: bool) -> None:
        """A request has its answer; the next one must arrive in time, or its `unread` body."""
        self._requests -= 1
        if self._requests:  # the client sent the next one before it had this answer
            return
        self._heard, self._answered = False, unread
        self._others.move(self, busy=False)
        # A closing connection stays open as long as its client does not read the answer.
        if not self._transport.is_closing() or self._transport.get_write_buffer_size():
            self._wait(limits.UNREAD_SECONDS if unread else limits.HEADERS_SECONDS)

    def end(self, reason: Problem) -> None:
        """End the connection, with an answer if the client has begun a request."""
        self._stop_waiting()
        if self._transport.get_write_buffer_size():
            self._transport.abort()
            return
        if self._heard and not self._answered and not self._transport.is_closing():
            self._transport.write(_as_bytes(reason))
        self._transport.close()

    def abort(self) -> None:
        """End the connection at once, with a client that does not read its answer."""
        self._transport.abort()

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._unsent = self._transport.get_write_buffer_size()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._time_out, seconds)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self, seconds: float) -> None:
        if 0 < self._transport.get_write_buffer_size() < self._unsent:
            self._wait(seconds)  # the client still receives the last answer
        else:
            self.end(_SLOW)


class Exchange:
    """An application that reports its requests to their connections, and reads bodies to their end.

    A client that still sends its body when the connection closes may lose the answer. So if the
    application leaves a part of a body unread, the answer ends only after the rest has arrived, or
    after UNREAD_SECONDS. By then the application has ended: it holds nothing that others need.
    `scope["closing"]` is an ExitStack for what ends with the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._reading = asyncio.Semaphore(limits.UNREAD_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection: Connection | None = scope.get("state", {}).pop(_STATE, None)
        body = _Body(scope, receive, send, connection)
        if connection is not None:
            connection.begin_request()
        try:
            with ExitStack() as closing:
                await self._app({**scope, "closing": closing}, body.receive, body.send)
        finally:
            if connection is not None:
                connection.end_request(unread=body.last is not None)
        await body.read_rest(self._reading)


class _Body:
    """The messages of a request, and whether its body has been read."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, connection: Connection | None
    ) -> None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0").strip()
        self._whole = length == "0" and "transfer-encoding" not in headers
        self._receive, self._send, self._connection = receive, send, connection
        self.last: Message | None = None

    async def receive(self) -> Message:
        """The next message of the server."""
        message = await self._receive()
        self._whole = self._whole or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a message, but not the end of an answer to a body that has not arrived."""
        if not self._whole and message["type"] == "http.response.start":
            MutableHeaders(scope=message)["connection"] = "close"
        elif not self._whole and not message.get("more_body", False):
            self.last = {"type": "http.response.body"}
            message = {**message, "more_body": True}
        try:
            async with asyncio.timeout(limits.ANSWER_SECONDS):
                await self._send(message)
        except TimeoutError:
            if self._connection is None:
                raise
            self._connection.abort()

    async def read_rest(self, turn: asyncio.Semaphore) -> None:
        """Read the rest of the body when it is its turn, then end the answer."""
        if self.last is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.UNREAD_SECONDS), turn:
                while not self._whole:
                    await self.receive()
                    # Nobody waits for this: it must not take the time of other requests.
                    await asyncio.sleep(0.005)
        await self._send(self.last)


def connection_class(most: int) -> type[asyncio.Protocol]:
    """The class of a server's connections; at most `most` are open at once."""
    connections = Connections(most)

    class Own(Connection):
        def __init__(self, **options: Any) -> None:
            super().__init__(connections, **options)

    return Own


def most_connections() -> int:
    """The number of connections for which this process may open enough files."""
    try:
        from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit
    except ImportError:  # Windows
        return limits.MOST_CONNECTIONS
    files, _ = getrlimit(RLIMIT_NOFILE)
    if files == RLIM_INFINITY:
        return limits.MOST_CONNECTIONS
    return min(limits.MOST_CONNECTIONS, max(8, files - limits.OTHER_FILES))


def _as_bytes(found: Problem) -> bytes:
    """A problem document as an HTTP response, for a client without a whole request."""
    response = respond(found)
    response.headers["connection"] = "close"
    lines = [f"HTTP/1.1 {found.status} {found.title}".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(response.body)])
