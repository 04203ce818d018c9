"""The JSON API: one request for each command."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sse_starlette import ServerSentEvent
from starlette.responses import JSONResponse, Response

from handsum._version import __version__
from handsum.errors import UsageError
from handsum.web import jobs, limits, results, uploads
from handsum.web.catalogue import FINDER, GENERATOR, READER
from handsum.web.estimates import cost_of, cost_of_picture
from handsum.web.loading import Loading, State, stages_step
from handsum.web.parameters import (
    GenerateQuery,
    HandsQuery,
    InterpolateQuery,
    LikeQuery,
    NumberQuery,
    Parameters,
    PictureQuery,
    SumQuery,
    VisualizeQuery,
)
from handsum.web.problems import MEDIA_TYPE, Problem
from handsum.web.work import (
    CLIENT_LEFT,
    EVENTS,
    GoneError,
    Job,
    Work,
    WorkRoute,
    answer,
    event,
    stream,
    unless_gone,
    wants_events,
)

_PROBLEM = {"model": Problem, "content": {MEDIA_TYPE: {}}}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: _PROBLEM | {"description": "The server needs its token."},
    403: _PROBLEM | {"description": "The request is for another host, or from another site."},
    422: _PROBLEM | {"description": "The request is invalid; `detail` says what to do."},
    503: _PROBLEM
    | {"description": "Too many requests are waiting, or a model could not be loaded."},
}
_EVENTS = {
    EVENTS: {
        "schema": {
            "type": "string",
            "description": "With `Accept: text/event-stream`: `progress` events with `done` and "
            "`total`, then one `result` or one `problem`.",
        }
    }
}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "description": f"The bytes of a picture (PNG, JPEG, WebP, GIF, TIFF and others) of at "
        f"most {limits.MOST_BYTES >> 20} MiB and {limits.MOST_PIXELS // 10**6} megapixels.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_LARGE: dict[int | str, dict[str, Any]] = {
    413: _PROBLEM | {"description": "The upload is too large."},
    408: _PROBLEM | {"description": "The upload did not arrive in time."},
}

# The types of written pictures.
_FILES = ("image/png", "image/svg+xml", "image/gif", "image/webp", "application/inkml+xml")

# For requests without parameters: any parameter is an error.
NoQuery = Annotated[Parameters, Query()]

router = APIRouter(prefix="/api", responses=_PROBLEMS)
# The requests that need a place; the server's status is always answered.
computing = APIRouter(route_class=WorkRoute)


def _answers(model: type, *media_types: str, upload: bool = False) -> dict[str, Any]:
    """The documentation of an operation's answers."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = _EVENTS | dict.fromkeys(media_types, binary)
    responses = {200: {"model": model, "content": content}} | (_LARGE if upload else {})
    return {"responses": responses, "openapi_extra": _UPLOAD if upload else None}


async def _run(request: Request, job: Job, *models: str, cost: float = 0.0) -> Response:
    """Wait for the models, then do the job; stop when the client leaves."""
    if wants_events(request) and request.query_params.get("format", "json") != "json":
        raise UsageError("events end with JSON: leave out `format`, or do not ask for events")
    loading: Loading = request.app.state.loading
    work: Work = request.app.state.work
    try:
        await unless_gone(request, loading.wait_for(*models))
        return await answer(request, job, work, cost)
    except GoneError:
        return Response(status_code=CLIENT_LEFT)


@router.get("/status", **_answers(results.Status))
async def status(request: Request, query: NoQuery) -> Response:
    """The state of the server; as events, every change until all models are loaded."""
    loading: Loading = request.app.state.loading

    def as_dict(state: State) -> dict[str, Any]:
        return results.Status(version=__version__, **vars(state)).model_dump(mode="json")

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for state in loading.states():
            yield event("status", as_dict(state))

    if wants_events(request):
        return stream(events())
    return JSONResponse(as_dict(loading.state))


@computing.get("/models", **_answers(results.Zoo))
async def models(request: Request, query: NoQuery) -> Response:
    """List the models: task, size and measured quality of each."""

    def job(progress: Any) -> results.Zoo:
        return jobs.models()

    return await _run(request, job)


@computing.get("/sum-sequence", **_answers(results.WrittenResult, *_FILES))
async def sum_sequence(request: Request, query: Annotated[SumQuery, Query()]) -> Response:
    """Write digits in one hand that sum to a total."""
    job = partial(jobs.write_sum, query)
    return await _run(request, job, READER, FINDER, query.model, cost=cost_of(query))


@computing.get("/number", **_answers(results.WrittenResult, *_FILES))
async def number(request: Request, query: Annotated[NumberQuery, Query()]) -> Response:
    """Write a number in one hand."""
    job = partial(jobs.write_number, query)
    return await _run(request, job, READER, FINDER, query.model, cost=cost_of(query))


@computing.get("/generate", **_answers(results.DrawnResult, "image/png"))
async def generate(request: Request, query: Annotated[GenerateQuery, Query()]) -> Response:
    """Draw single digits as a generator makes them, unchecked, and read each of them."""
    job = partial(jobs.generate, query)
    return await _run(request, job, READER, query.model, cost=cost_of(query))


@computing.get("/interpolate", **_answers(results.DrawnResult, "image/png", "image/gif"))
async def interpolate(request: Request, query: Annotated[InterpolateQuery, Query()]) -> Response:
    """Draw the steps from one hand, drawing or digit to another."""
    job = partial(jobs.interpolate, query)
    return await _run(request, job, READER, query.model, cost=cost_of(query))


@computing.get("/writers", **_answers(results.Hands))
async def writers(request: Request, query: Annotated[HandsQuery, Query()]) -> Response:
    """Show samples of hands to choose from."""
    job = partial(jobs.hands, query)
    return await _run(request, job, READER, GENERATOR, cost=cost_of(query))


@computing.post("/writers/like", **_answers(results.Hands, upload=True))
async def writers_like(request: Request, query: Annotated[LikeQuery, Query()]) -> Response:
    """Fit a hand to the digits in a picture; show it first, then the most similar writers."""
    file = await request.app.state.bodies.receive(request)
    job = partial(jobs.hands_like, file, query)
    return await _run(request, job, READER, FINDER, GENERATOR, cost=math.inf)


@computing.post("/predict", **_answers(results.Reading, upload=True))
async def predict(request: Request, query: Annotated[PictureQuery, Query()]) -> Response:
    """Read the digits in a picture, and give the distribution of their sum."""
    file = await request.app.state.bodies.receive(request)
    cost = await asyncio.to_thread(cost_of_picture, file)
    job = partial(uploads.predict, file, query)
    return await _run(request, job, FINDER, query.reader, cost=cost)


@computing.get("/visualize", **_answers(results.Stages))
async def visualize(request: Request, query: Annotated[VisualizeQuery, Query()]) -> Response:
    """Follow a digit through a generator, stage by stage."""
    models = query.model, stages_step(query.model)
    return await _run(request, partial(jobs.visualize, query), *models)


router.include_router(computing)
