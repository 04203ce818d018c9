"""The application: the API, the files of the page, and the guard in front of both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from handsum._version import __version__
from handsum.web import problems
from handsum.web.api import router
from handsum.web.intake.access import Access
from handsum.web.intake.bodies import Bodies
from handsum.web.intake.connections import Exchange
from handsum.web.intake.safety import Guard
from handsum.web.loading import Loading
from handsum.web.work import Work

STATIC = Path(__file__).parent / "static"


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = problems.describe(super().openapi())
        return self.openapi_schema


def create_app(access: Access | None = None, loading: Loading | None = None) -> ASGIApp:
    """The application; it loads its models when it starts.

    `access` says who may use it; by default everyone on this machine.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.work = Work()
        app.state.bodies = Bodies()
        app.state.loading = loading or Loading()
        app.state.loading.start()
        yield
        app.state.loading.stop()
        app.state.work.close()

    app = _Application(
        title="handsum",
        version=__version__,
        summary="Write digits, numbers and sums by hand, and read them.",
        description="One request for each command. The server stores nothing.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    problems.add_handlers(app)
    app.include_router(router)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(STATIC / "docs.html")

    app.mount("/static", StaticFiles(directory=STATIC))
    # Outermost, so that error answers get the headers too.
    return Exchange(Guard(app, access or Access()))
