"""The server: its socket, its start and its stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, NoReturn

from handsum.errors import HandsumError, UsageError
from handsum.installation import install_command

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from handsum.web.intake.access import Access


def serve(
    host: str,
    port: int,
    open_browser: bool,
    announce: Callable[[str], None],
    allow_host: Sequence[str] = (),
) -> None:
    """Serve the page until it is interrupted; `announce` prints the address and warnings.

    `allow_host` are further names under which others reach it.

    Raises:
        UsageError: there is no such host, or an allowed name is none.
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
        access = _access(host, own, allow_host)
        url = _announce(own, access, announce)
        if open_browser:
            threading.Timer(0.5, webbrowser.open, (url,)).start()
        _serve_until_stopped(uvicorn, create_app(access), own)


def _access(host: str, own: socket.socket, allow_host: Sequence[str]) -> Access:
    """Who may use a server that is bound to this socket."""
    from handsum.web.intake.access import LOOPBACK, Access, new_token, parse_allowed, plain_address

    address, port = own.getsockname()[:2]
    given = {plain_address(host.lower().removesuffix(".")), plain_address(address)}
    names = LOOPBACK | given | {parse_allowed(name) for name in allow_host}
    if ip_address(address).is_loopback:
        return Access(names)
    machine = socket.gethostname().lower()
    names |= {machine, machine.partition(".")[0] + ".local"}
    return Access(names, connected=True, token=new_token(), cookie=f"handsum-{port}")


def _announce(own: socket.socket, access: Access, announce: Callable[[str], None]) -> str:
    """Print the addresses of the page; the one for this machine is returned."""
    address, port = own.getsockname()[:2]
    end = f":{port}" if access.token is None else f":{port}/?token={access.token}"
    everywhere = ip_address(address).is_unspecified
    if access.token is not None:
        announce(
            "warning: others in the network can use this server with the token in its address; "
            "127.0.0.1 keeps it on this machine"
        )
        if everywhere and (reached := _address_in_network()):
            announce(f"in the network: http://{reached}{end}")
    if everywhere:
        address = "127.0.0.1"
    url = f"http://[{address}]{end}" if ":" in address else f"http://{address}{end}"
    announce(f"handsum web: {url}  (Ctrl-C stops it)")
    return url


def _address_in_network() -> str | None:
    """The address of this machine in its network; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # This sends nothing. 192.0.2.1 is an address for examples (RFC 5737).
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return address


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


def configuration(app: ASGIApp) -> uvicorn.Config:
    """How the server serves the application, with its limits on connections."""
    import uvicorn

    from handsum.web.intake.connections import connection_class, most_connections

    return uvicorn.Config(
        app,
        http=connection_class(most_connections()),
        ws="none",
        # Warnings are about requests: clients could fill the log with them.
        log_level="error",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=2,
    )


def _serve_until_stopped(uvicorn: ModuleType, app: ASGIApp, own: socket.socket) -> None:
    class Server(uvicorn.Server):  # type: ignore[name-defined]
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # From here on requests end unfinished on purpose: that is no error to report.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            super().handle_exit(sig, frame)

    Server(configuration(app)).run(sockets=[own])


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        UsageError: there is no such host.
        HandsumError: the port cannot be used.
    """
    try:
        # Resolvers do not know `localhost.`; without the dot it is the same name.
        found = socket.getaddrinfo(host.removesuffix(".") or host, port, type=socket.SOCK_STREAM)
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
