"""Invalid, large and forbidden requests, and the headers of every answer."""

from __future__ import annotations

import io
import re
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from handsum.web import limits

NOISE = np.random.default_rng(0).integers(0, 255, (60, 60), dtype=np.uint8)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("sum-sequence", {}, "total: required"),
        ("sum-sequence", {"total": 99, "length": 2}, "11 or more"),
        ("sum-sequence", {"total": 5, "length": 201}, "length: use 200 or less"),
        ("sum-sequence", {"total": 5, "length": 200, "count": 24}, "up to 1000 digits"),
        ("sum-sequence", {"total": 5, "seed": 2**32}, "seed: use a number below 4294967296"),
        ("sum-sequence", {"total": 5, "scale": "nan"}, "scale: use 16 or less"),
        ("sum-sequence", {"total": 5, "scale": "inf"}, "scale: use 16 or less"),
        ("sum-sequence", {"total": 5, "writer": "x"}, "a hand is a writer's number"),
        ("sum-sequence", {"total": 5, "ink": "white"}, "choose another ink"),
        ("sum-sequence", {"total": 5, "ink": "url(x)"}, "unknown colour"),
        ("sum-sequence", {"total": 5, "model": "../../etc"}, "model: use r3gan, "),
        ("sum-sequence", {"total": 5, "nothing": 1}, "nothing: no such parameter"),
        ("sum-sequence", {"total": 5, "spacing": "true"}, "spacing: no such parameter"),
        ("sum-sequence", {"total": 5, "reader": "judge"}, "reader: use cnn"),
        ("number", {"text": "1" * 201}, "text: use at most 200 characters"),
        ("number", {"text": "12a"}, "not 'a'"),
        ("number", {"text": "1", "height": "90mm"}, "use a scale of up to 16"),
        ("number", {"text": "1", "height": "2", "scale": 2}, "either scale or height"),
        ("number", {"text": "7" * 200, "scale": 17}, "scale: use 16 or less"),
        ("generate", {"count": 401}, "count: use 400 or less"),
        ("generate", {"rows": 400}, "at most 400 digits"),
        ("generate", {"digits": "7", "model": "gan"}, "draws random digits"),
        ("generate", {"mix": "1,2"}, "cgan can"),
        ("interpolate", {"between": "1..999"}, "out of range"),
        ("interpolate", {"steps": 62}, "steps: use 61 or less"),
        ("visualize", {"number": 12}, "12 is no digit"),
        ("writers", {"first": 494}, "first: use a number below 494"),
        ("writers", {"count": 495}, "count: use 494 or less"),
    ],
)
def test_an_invalid_request_is_a_problem(
    api: httpx.Client, path: str, query: dict[str, Any], message: str
) -> None:
    answer = api.get(f"/{path}", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert message in problem["detail"]
    assert (problem["type"], problem["status"]) == ("about:blank", 422)
    assert "Traceback" not in answer.text


WRONG = (
    "abc",
    "",
    "1.5",
    "-1",
    "9" * 30,
    "9" * 5000,
    "nan",
    "null",
    "<b>",
    "a,b",
    "1_0",
    "\0",
    "é",
)
WORDS_OF_VALIDATORS = re.compile(
    r"unable|parse|should|input|string|integer|literal|pattern|finite|boolean|pydantic|error|None",
    re.IGNORECASE,
)


def test_no_message_is_in_the_words_of_a_validator(api: httpx.Client, server: Any) -> None:
    needed = {"/api/sum-sequence": {"total": 5}, "/api/number": {"text": "1"}}
    refused = 0
    for path, methods in httpx.get(server.address + "/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            for name in [one["name"] for one in operation.get("parameters", [])] + ["zzz"]:
                for value in WRONG:
                    query = needed.get(path, {}) | {name: value}
                    answer = api.request(method, path.removeprefix("/api"), params=query)
                    if answer.status_code == 200:
                        continue
                    refused += 1
                    detail = answer.json()["detail"]
                    assert answer.status_code == 422, (path, query, detail)
                    # One parameter has the name of a validator's word.
                    own = detail.replace(repr(value), "").replace("is no pattern", "")
                    own = own.removeprefix("pattern: ")
                    assert WORDS_OF_VALIDATORS.search(own) is None, detail
                    assert "\n" not in detail
    assert refused > 500


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 422, "no picture in the request"),
        (b"no picture", 422, "not a picture of a known kind"),
        (png(NOISE)[:1500], 422, "damaged or cut off"),
        (png(np.zeros((5100, 5000), np.uint8)), 422, "more than 25 megapixels"),
        (b"x" * (limits.MOST_BYTES + 1), 413, "more than 20 MiB"),
    ],
)
def test_uploads_are_limited(api: httpx.Client, content: bytes, status: int, message: str) -> None:
    for path in ("/predict", "/writers/like"):
        answer = api.post(path, content=content)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert message in answer.json()["detail"]


def test_an_upload_of_unknown_length_is_limited_as_well(api: httpx.Client) -> None:
    parts = (b"x" * 2**20 for _ in range(21))
    assert api.post("/predict", content=parts).status_code == 413


def test_a_length_that_does_not_fit_is_a_problem(api: httpx.Client) -> None:
    written = api.get("/number", params={"text": "123", "seed": 1, "format": "png"}).content
    answer = api.post("/predict", params={"length": 9}, content=written)
    assert answer.status_code == 422
    assert "9 digits" in answer.json()["detail"]


def test_other_addresses_and_methods_are_problems(api: httpx.Client) -> None:
    for answer, status in ((api.get("/nothing"), 404), (api.post("/models"), 405)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "/docs" in answer.json()["detail"]
    assert api.get("/../static/%2e%2e/app.py").status_code == 404


@pytest.mark.parametrize("path", ["", "docs", "static/js/app.js", "openapi.json"])
def test_head_requests_are_answered(server: Any, path: str) -> None:
    whole, head = (ask(f"{server.address}/{path}") for ask in (httpx.get, httpx.head))
    assert head.status_code == 200
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert head.content == b""


@pytest.mark.parametrize("path", ["", "docs", "static/js/app.js", "api/status", "api/nothing"])
def test_every_answer_has_the_safety_headers(server: Any, path: str) -> None:
    headers = httpx.get(f"{server.address}/{path}").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-store" if path.startswith("api") else "no-cache")
    for name in ("set-cookie", "access-control-allow-origin", "server"):
        assert name not in headers


def test_other_sites_and_names_are_refused(server: Any) -> None:
    models = server.address + "/api/models"
    port = server.address.rpartition(":")[2]
    for refused in (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "CROSS-SITE"},
        {"Sec-Fetch-Site": "Same-Site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ):
        answer = httpx.get(models, headers=refused)
        assert answer.status_code == 403, refused
        assert answer.headers["content-type"] == "application/problem+json"
    for welcome in (
        {"Host": "localhost"},
        {"Host": f"[::1]:{port}"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": server.address},
    ):
        assert httpx.get(models, headers=welcome).status_code == 200, welcome
    preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert httpx.options(models, headers=preflight).status_code == 403
