"""What every request and every answer passes: who may ask, and what a browser may do with it."""

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
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Guard:
    """Refuses what other sites ask for in a visitor's name, and sets the headers of every answer.

    A page of another site that a visitor looks at can send requests to this machine's own server;
    a name that is made to point here (DNS rebinding) could even read the answers. So the server
    answers to the names in `hosts` alone (None: to all, for one that others are to reach), and to
    no request that a browser marks as another site's, or that an older one sends from another
    origin.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        # Nothing of an answer stays anywhere; the page's files are asked for anew, for those of
        # another version must not stay either.
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
            return "this server answers to the machine's own name only, such as http://127.0.0.1"
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        origin = headers.get("origin", "").lower()
        if origin and self._hosts is not None:
            # Behind a proxy that others reach, the two may well differ.
            elsewhere = elsewhere or origin.partition("://")[2] != host
        if elsewhere and path.startswith("/api"):
            return "other sites may not ask this server"
        return None
