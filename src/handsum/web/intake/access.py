"""Access: which host names the server answers to, and the token that lets a browser in."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection

from handsum.errors import UsageError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# A name or an IPv4 address, or an IPv6 address in brackets; then perhaps a port.
_AUTHORITY = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True)
class Authority:
    """A host and a port, as in `Host: example.com:8000`; a port of None is the scheme's."""

    name: str
    port: str | None


@dataclass(frozen=True)
class Access:
    """The host names that the server accepts, and its token; None for no token.

    An address of the connection itself is always accepted with `connected`, for a server that is
    bound to all addresses of its machine.
    """

    hosts: frozenset[str] = LOOPBACK
    connected: bool = False
    token: str | None = field(default=None, repr=False)
    cookie: str = "handsum"

    def accepts_host(self, host: Authority, server: str | None) -> bool:
        """Whether this is a name of the server; `server` is the address of the connection."""
        if host.name in self.hosts:
            return True
        return self.connected and server is not None and plain_address(server) == host.name

    def accepts_token(self, request: HTTPConnection) -> bool:
        """Whether a request has the token: in its query, its cookie or its authorization."""
        if self.token is None or self.has_token_in_query(request):
            return True
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        bearer = scheme.lower() == "bearer" and self._is_token(credentials.strip())
        return bearer or self._is_token(request.cookies.get(self.cookie, ""))

    def has_token_in_query(self, request: HTTPConnection) -> bool:
        """Whether the query of a request has the token."""
        return any(map(self._is_token, request.query_params.getlist("token")))

    def _is_token(self, given: str) -> bool:
        # The time that this takes does not depend on how much of the token is right.
        return self.token is not None and secrets.compare_digest(
            given.encode("utf-8", "replace"), self.token.encode()
        )


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(24)


def parse_authority(text: str) -> Authority | None:
    """The host and the port of a `Host` header; None if it is malformed.

    Upper case, a dot at the end and the spelling of an IPv6 address make no difference.
    """
    found = _AUTHORITY.fullmatch(text.strip().lower())
    if not found:
        return None
    name = found["name"]
    if name.startswith("["):
        try:
            IPv6Address(name[1:-1])
        except ValueError:
            return None
        return Authority(plain_address(name[1:-1]), found["port"])
    return Authority(name.removesuffix("."), found["port"])


def parse_allowed(text: str) -> str:
    """The name or address of `--allow-host`, as `Authority` has it.

    Raises:
        UsageError: it is neither.
    """
    with suppress(UnicodeError):  # browsers send ASCII names
        text = text.encode("idna").decode()
    bracketed = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    found = parse_authority(bracketed)
    if found is None or not found.name or found.port is not None:
        raise UsageError(
            f"{text!r} is no host name: set `allow_host` to a name or an address without a "
            "scheme and a port, such as digits.example.org"
        )
    return found.name


def is_same_origin(origin: str, host: Authority) -> bool:
    """Whether an `Origin` header names the host of the request, with the same port."""
    scheme, separator, rest = origin.strip().lower().partition("://")
    found = parse_authority(rest)
    if not separator or found is None or scheme not in _DEFAULT_PORTS:
        return False
    default = _DEFAULT_PORTS[scheme]
    return (found.name, found.port or default) == (host.name, host.port or default)


def plain_address(address: str) -> str:
    """The usual spelling of an address; an IPv4 address in IPv6 becomes an IPv4 address."""
    try:
        # The zone of a link-local address (fe80::1%eth0) is no part of a URL.
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return str(mapped or parsed)


def without_token(query: QueryParams) -> bytes:
    """A query without its `token`, which is no parameter of a request."""
    return str(QueryParams([pair for pair in query.multi_items() if pair[0] != "token"])).encode()
