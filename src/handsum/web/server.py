"""The server: its socket, its start and its stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from ipaddress import ip_address
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, NoReturn

from handsum.errors import HandsumError, UsageError
from handsum.installation import install_command

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def serve(host: str, port: int, open_browser: bool, announce: Callable[[str], None]) -> None:
    """Serve the page until it is interrupted; `announce` prints the address and warnings.

    Raises:
        UsageError: there is no such host.
        HandsumError: the port is in use, or the extra is not installed.
    """
    try:
        import uvicorn

        from handsum.web.app import create_app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "handsum":
            raise
        raise HandsumError(
            f"handsum web needs {error.name}, which is not installed: "
            f"run {install_command('handsum[web]')}"
        ) from error
    with _bind(host, port) as own:
        _stop_at_signals()
        address, bound = own.getsockname()[:2]
        local = ip_address(address).is_loopback
        url = f"http://[{address}]:{bound}" if ":" in address else f"http://{address}:{bound}"
        if not local:
            announce(
                f"warning: everybody in the network can use this server at {host}, which has no "
                "passwords; 127.0.0.1 keeps it on this machine"
            )
        announce(f"handsum web: {url}  (Ctrl-C stops it)")
        if open_browser:
            threading.Timer(0.5, webbrowser.open, (url,)).start()
        names = frozenset({host.lower(), "localhost", "127.0.0.1", "::1"}) if local else None
        _serve_until_stopped(uvicorn, create_app(names), own)


def _stop_at_signals() -> None:
    """Let signals end the process before the server handles them, and after it has stopped.

    As exceptions they could get lost in a callback of a library that is starting. And Python would
    wait for a working thread at its end, or the thread would crash it.
    """

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        # Ctrl-C is the normal way to stop; any other signal shows in the exit code.
        os._exit(0 if number == signal.SIGINT else 128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


def _serve_until_stopped(uvicorn: ModuleType, app: ASGIApp, own: socket.socket) -> None:
    class Server(uvicorn.Server):  # type: ignore[name-defined]
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # From here on requests end unfinished on purpose: that is no error to report.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=2,
    )
    Server(config).run(sockets=[own])


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        UsageError: there is no such host.
        HandsumError: the port cannot be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"no host {host!r}: use 127.0.0.1, or an address of this machine"
        ) from error
    family, _, _, _, address = found[0]
    own = socket.socket(family, socket.SOCK_STREAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind(address)
        # From here on connections wait until the server is up instead of being refused.
        own.listen(256)
    except OSError as error:
        own.close()
        raise HandsumError(
            f"cannot serve at {host}:{port}: {(error.strerror or str(error)).lower()}; "
            "choose another `port`, or 0 for a free one"
        ) from error
    return own
