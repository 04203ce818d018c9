"""Safety: which requests the server accepts, and what a browser may do with the answers."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handsum.web.problems import problem, respond

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Refuses requests from other sites, and sets the headers of every answer.

    A page of another site can make the visitor's browser send requests to a server on this
    machine. If its domain is made to point at this machine (DNS rebinding), it can even read the
    answers. So the server accepts only the host names in `hosts`; None accepts all of them, for a
    server that others should reach. And it refuses any request that a browser marks as coming from
    another site, or, in older browsers, that has another origin.

    Starlette's TrustedHostMiddleware would answer in plain text, and before Starlette 1.9 it reads
    no IPv6 address.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        # Browsers store no answers. They ask again for the page's files, so that none of another
        # version is left.
        caching = "no-store" if scope["path"].startswith("/api") else "no-cache"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["cache-control"] = caching
            await send(message)

        refusal = self._refusal(Headers(scope=scope), scope["path"])
        if refusal is not None:
            await respond(problem(403, refusal))(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _refusal(self, headers: Headers, path: str) -> str | None:
        host = headers.get("host", "").strip().lower()
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if self._hosts is not None and name.strip("[]") not in self._hosts:
            return (
                "this server accepts only names of this machine: open http://127.0.0.1 or localhost"
            )
        other_site = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        origin = headers.get("origin", "").lower()
        if origin and self._hosts is not None:
            # Behind a proxy the origin and the host may differ, so a public server skips this.
            other_site = other_site or origin.partition("://")[2] != host
        if other_site and path.startswith("/api"):
            return "requests from other sites are refused"
        return None
