"""Safety: which requests the server accepts, and what a browser may do with the answers."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handsum.web.intake.access import Access, is_same_origin, parse_authority, without_token
from handsum.web.problems import Problem, problem, respond

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
    """Refuses requests of other sites and of strangers, and sets the headers of every answer.

    A page of another site can make the visitor's browser send requests to this server. If its
    domain is made to point here (DNS rebinding), it can even read the answers. So the server
    accepts only its own host names. And it refuses a request to the API that a browser marks as
    coming from another site, or that has another origin. Over plain HTTP browsers mark requests
    only to the same machine, so a server that others can reach also has a token: the printed
    address contains it, and a cookie that other sites' requests do not carry keeps it.

    Starlette's TrustedHostMiddleware answers in plain text, takes the first of two `Host` headers,
    and before Starlette 1.9 it reads no IPv6 address.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "websocket":  # no address has one
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        # Browsers store no answers. They ask again for the page's files, so that none of another
        # version is left.
        caching = "no-store" if scope["path"].startswith("/api") else "no-cache"
        refused = self._refusal(request)
        cookie = self._cookie(request) if refused is None else None

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["cache-control"] = caching
                if cookie is not None:
                    headers["set-cookie"] = cookie
                    headers["cache-control"] = "no-store"
            await send(message)

        if refused is not None:
            await _response(request, refused)(scope, receive, send_with_headers)
            return
        if self._access.token is not None and "token" in request.query_params:
            scope = {**scope, "query_string": without_token(request.query_params)}
        await self._app(scope, receive, send_with_headers)

    def _refusal(self, request: HTTPConnection) -> Problem | None:
        """Why a request is refused; None if it is not."""
        path = request.scope["path"]
        hosts = request.headers.getlist("host")
        if not path.startswith("/"):
            # In an absolute address (GET http://host/path) the host of the address would count.
            return problem(400, "send the path alone in the first line, such as GET /api/status")
        host = parse_authority(hosts[0]) if len(hosts) == 1 else None
        if host is None:
            return problem(400, "send one Host header with a name or an address")
        server = request.scope.get("server")
        if not self._access.accepts_host(host, server[0] if server else None):
            return problem(
                403,
                f"this server does not answer to the name {host.name[:100]}: use the address that "
                f"handsum web printed, or start it with --allow-host {host.name[:100]}",
            )
        if path.startswith("/api"):
            origins = request.headers.getlist("origin")
            site = request.headers.get("sec-fetch-site", "").strip().lower()
            other_site = site in ("cross-site", "same-site")
            if other_site or not all(is_same_origin(one, host) for one in origins):
                return problem(403, "requests from other sites are refused")
        if not self._access.accepts_token(request):
            return problem(
                401,
                "this server needs its token: open the address with ?token=... that handsum web "
                "printed, or send the header Authorization: Bearer TOKEN",
            )
        return None

    def _cookie(self, request: HTTPConnection) -> str | None:
        """The cookie that keeps the token, for a request that has it in its address."""
        access = self._access
        if not access.has_token_in_query(request):
            return None
        secure = "; Secure" if request.url.scheme == "https" else ""
        return f"{access.cookie}={access.token}; Path=/; HttpOnly; SameSite=Strict{secure}"


def _response(request: HTTPConnection, refused: Problem) -> Response:
    """A refusal as a problem document; for a person at a browser as a line of text."""
    if "text/html" not in request.headers.get("accept", ""):
        response: Response = respond(refused)
    else:
        response = PlainTextResponse(f"handsum: {refused.detail}\n", refused.status)
    if refused.status == HTTPStatus.UNAUTHORIZED:
        response.headers["www-authenticate"] = "Bearer"
    return response
