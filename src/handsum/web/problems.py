"""Errors as problem documents (RFC 9457): one line that says how to go on, never a traceback."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from handsum.errors import HandsumError, name_arguments

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("handsum.web")


class Problem(BaseModel):
    """What is wrong with a request, in the form of RFC 9457."""

    type: str = Field(default="about:blank", description="about:blank: the status tells the kind.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="One line that says what is wrong and how to go on.")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="Each parameter that cannot be taken, and why."
    )


class TooMuchError(HandsumError):
    """An upload that is too large; the status says in which way."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TooSlowError(HandsumError):
    """An upload that does not come."""

    status = HTTPStatus.REQUEST_TIMEOUT


class BusyError(HandsumError):
    """Too many wait already, or a model could not be loaded."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


def problem(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> Problem:
    """A problem of that status."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)


def problem_of(error: BaseException) -> Problem:
    """The problem that an error is to whoever asked."""
    if isinstance(error, HandsumError):
        detail = name_arguments(str(error), lambda argument: argument.replace("_", " "))
        return problem(getattr(error, "status", HTTPStatus.UNPROCESSABLE_ENTITY), detail)
    if isinstance(error, MemoryError):
        return problem(503, "this takes more memory than there is: ask for less at once")
    _LOG.error("a request failed", exc_info=error)
    return problem(500, "something went wrong in the server; its log says what")


def respond(found: Problem) -> JSONResponse:
    """A problem as a response."""
    headers = {"Retry-After": "2"} if found.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    content = found.model_dump(exclude_none=True)
    return JSONResponse(content, found.status, headers, media_type=MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Answer every error with a problem document."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_told(one) for one in error.errors()]
        lines = (f"{one['parameter']}: {one['message']}" for one in errors)
        return respond(problem(422, "; ".join(lines), errors))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        details = {
            404: f"there is nothing at {request.url.path[:200]}: /docs lists what there is",
            405: f"{request.url.path[:200]} does not take {request.method[:20]}: see /docs",
        }
        answer = respond(problem(error.status_code, details.get(error.status_code, error.detail)))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(HandsumError)
    @app.exception_handler(MemoryError)
    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return respond(problem_of(error))


def _told(error: dict[str, Any]) -> dict[str, str]:
    """One validation error: which parameter, and what would do; its value is not repeated."""
    place = [str(part) for part in error["loc"] if part not in ("query", "body", "path")]
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "there is no such parameter: see /docs"
    return {"parameter": ".".join(place)[:60] or "request", "message": message}
