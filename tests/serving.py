"""A server of the page in this process, and plain connections to it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from handsum.web.app import create_app
from handsum.web.intake.access import Access
from handsum.web.loading import Loading
from handsum.web.server import configuration

MODELS = {"cnn": lambda: None, "r3gan": lambda: None, "detector": lambda: None}


@contextmanager
def serve(
    steps: dict[str, Callable[[], object]] | None = None, access: Access | None = None
) -> Iterator[httpx.Client]:
    """A client of a server in this process that runs `steps` instead of loading models."""
    loading = Loading(MODELS if steps is None else steps)
    own = uvicorn.Server(configuration(create_app(access, loading)))
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen(256)
        thread = threading.Thread(target=own.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{place.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, timeout=30) as web:
                yield web
        finally:
            own.should_exit = True
            thread.join(20)


def connect(web: httpx.Client, start: str | bytes = b"") -> socket.socket:
    """A connection to the server, with the first bytes of a request."""
    opened = socket.create_connection((web.base_url.host, web.base_url.port), timeout=20)
    opened.sendall(start if isinstance(start, bytes) else start.encode("latin-1"))
    return opened


def send(web: httpx.Client, path: str, method: str = "GET", headers: str = "") -> socket.socket:
    """Send a request and return its connection, without waiting for the answer."""
    return connect(web, head(web, f"{method} {path}") + headers + "\r\n")


def head(web: httpx.Client, first: str, *lines: str) -> str:
    """The head of a request to this server, without the empty line at its end."""
    host = f"Host: {web.base_url.host}:{web.base_url.port}"
    return "\r\n".join((f"{first} HTTP/1.1", host, *lines, ""))


def received(connection: socket.socket) -> bytes:
    """Everything that the server sends until it closes the connection."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def status(answer: bytes) -> int | None:
    """The status of an answer; None if there is none."""
    found = re.match(rb"HTTP/1.1 (\d+) ", answer)
    return int(found[1]) if found else None
