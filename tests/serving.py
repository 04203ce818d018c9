"""A server in this process, without models, and clients that leave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from handsum.web.app import create_app
from handsum.web.loading import Loading

MODELS = {"cnn": lambda: None, "r3gan": lambda: None}


@contextmanager
def serve(steps: dict[str, Callable[[], object]] | None = None) -> Iterator[httpx.Client]:
    """A client of a server that runs `steps` instead of loading models."""
    app = create_app(loading=Loading(MODELS if steps is None else steps))
    own = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        thread = threading.Thread(target=own.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{place.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, timeout=30) as web:
                yield web
        finally:
            own.should_exit = True
            thread.join(20)


def send(web: httpx.Client, path: str, method: str = "GET", headers: str = "") -> socket.socket:
    """Send a request and return its connection, without waiting for the answer."""
    host, port = web.base_url.host, web.base_url.port
    assert port
    connection = socket.create_connection((host, port), timeout=30)
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{headers}\r\n".encode())
    return connection
