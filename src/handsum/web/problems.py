"""Errors as problem documents (RFC 9457): one line that says what to do, never a traceback."""

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
from handsum.web.parameters import DIGITS, MIX

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("handsum.web")
# What the page's fields are called, where that is not the name of the argument.
_LABELS = {"model": "generator", "writer": "hand", "length": "number of digits"}
# Messages by the validator's types of error.
_MESSAGES = {
    "missing": "required",
    "extra_forbidden": "no such parameter, see /docs",
    "int_parsing": "use a whole number",
    "int_parsing_size": "use a smaller number",
    "float_parsing": "use a number",
    "finite_number": "use a finite number",
    "bool_parsing": "use true or false",
    "greater_than_equal": "use {ge} or more",
    "less_than_equal": "use {le} or less",
    "less_than": "use a number below {lt}",
    "string_too_short": "must not be empty",
    "string_too_long": "use at most {max_length} characters",
    "literal_error": "use {expected}",
}
_PATTERNS = {
    DIGITS: "use only the digits 0 to 9",
    MIX: "use digits with commas between them, such as 6,4,7",
}


class Problem(BaseModel):
    """An error, in the form of RFC 9457."""

    type: str = Field(
        default="about:blank", description="Always about:blank; the status is the type."
    )
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="One line that says what is wrong and what to do.")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="Each invalid parameter, with a message."
    )


class TooMuchError(HandsumError):
    """An upload is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TooSlowError(HandsumError):
    """An upload did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT


class BusyError(HandsumError):
    """Too many requests are waiting, or a model could not be loaded."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


def problem(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> Problem:
    """A problem with this HTTP status."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)


def problem_of(error: BaseException) -> Problem:
    """The problem document for an error."""
    if isinstance(error, HandsumError):
        detail = in_words(str(error))
        return problem(getattr(error, "status", HTTPStatus.UNPROCESSABLE_ENTITY), detail)
    if isinstance(error, MemoryError):
        return problem(503, "not enough memory for this request: ask for less at once")
    _LOG.error("a request failed", exc_info=error)
    return problem(500, "the server failed; its log says why")


def respond(found: Problem) -> JSONResponse:
    """The response for a problem."""
    headers = {"Retry-After": "2"} if found.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    content = found.model_dump(exclude_none=True)
    return JSONResponse(content, found.status, headers, media_type=MEDIA_TYPE)


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document with the media type of problems, which FastAPI describes as JSON."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                if MEDIA_TYPE in response["content"]:
                    response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    return document


def add_handlers(app: FastAPI) -> None:
    """Answer every error with a problem document."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_describe(one) for one in error.errors()]
        lines = (f"{one['parameter']}: {one['message']}" for one in errors)
        return respond(problem(422, "; ".join(lines), errors))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        details = {
            404: f"nothing at {request.url.path[:200]}: /docs lists every address",
            405: f"{request.url.path[:200]} does not support {request.method[:20]}: see /docs",
        }
        answer = respond(problem(error.status_code, details.get(error.status_code, error.detail)))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(HandsumError)
    @app.exception_handler(MemoryError)
    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return respond(problem_of(error))


def in_words(text: str) -> str:
    """An error or a note with each argument, such as `batch_size`, by its name on the page."""
    return name_arguments(text, _label)


def _label(argument: str) -> str:
    return _LABELS.get(argument, argument.replace("_", " "))


def _describe(error: dict[str, Any]) -> dict[str, str]:
    """The name of an invalid parameter and a message, which does not repeat its value."""
    place = [str(part) for part in error["loc"] if part not in ("query", "body", "path")]
    context = {
        name: f"{bound:.12g}" if isinstance(bound, float) else bound
        for name, bound in error.get("ctx", {}).items()
    }
    if error["type"] == "string_pattern_mismatch":
        message = _PATTERNS[context["pattern"]]
    elif error["type"] in _MESSAGES:
        message = _MESSAGES[error["type"]].format(**context).replace("'", "")
    elif error["type"] == "value_error":  # one of our own
        message = str(error["msg"]).removeprefix("Value error, ")
    else:
        message = "use another value, see /docs"
    return {"parameter": ".".join(place)[:60] or "request", "message": message}
