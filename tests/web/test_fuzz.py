"""Requests that schemathesis makes from the API's description: no faults, described answers."""

from __future__ import annotations

import io
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import strategies
from PIL import Image, ImageDraw

from handsum.web import limits
from handsum.web.api import router

# Examples for each operation, the same ones in every run; fitting hands takes seconds.
EXAMPLES = {"/api/writers/like": 3, "/api/sum-sequence": 5, "/api/interpolate": 5}
MOST_EXAMPLES = 8
MOST = {"/api/sum-sequence": limits.MOST_SEQUENCES, "/api/generate": limits.MOST_DIGITS}


def picture(format_: str, size: tuple[int, int], lines: int) -> bytes:
    """A file with strokes, which may look like digits."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    for line in range(lines):
        left = 10 + 25 * line
        draw.line([(left, 10), (left + line % 3 * 5, size[1] - 10)], fill=0, width=4)
    file = io.BytesIO()
    image.save(file, format_)
    return file.getvalue()


PICTURES = [picture("PNG", (120, 60), 3), picture("JPEG", (60, 60), 1), picture("GIF", (9, 9), 0)]
schemathesis.openapi.media_type(
    "image/*",
    strategies.sampled_from([*PICTURES, PICTURES[0][:100], b"GIF89a", b""]) | strategies.binary(),
)


DESCRIBED = FastAPI()
DESCRIBED.include_router(router)
# Some rules are none of a schema, such as that a colour must be known.
CONFIG = {"checks": {"positive_data_acceptance": {"enabled": False}}}


@pytest.fixture(scope="module")
def described(server: Any) -> Any:
    """The API as its own description has it."""
    config = schemathesis.Config.from_dict(CONFIG)
    return schemathesis.openapi.from_url(server.address + "/openapi.json", config=config)


@pytest.mark.parametrize("path", sorted(DESCRIBED.openapi()["paths"]))
def test_the_api_answers_as_it_is_described(path: str, described: Any) -> None:
    (operation,) = described[path].values()

    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=EXAMPLES.get(path, MOST_EXAMPLES),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    def answers(case: schemathesis.Case) -> None:
        # Hundreds of hands take seconds, and show no more than two.
        count = case.query.get("count", 24 if "writers" in path else 1)
        if count in range(3, MOST.get(path, limits.MOST_HANDS) + 1):
            case.query["count"] = 2
        case.call_and_validate(timeout=240)

    answers()


def test_the_description_is_complete(server: Any) -> None:
    document = requests.get(server.address + "/openapi.json", timeout=20).json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            statuses = {"200", "401", "403", "422", "503"}
            statuses |= {"408", "413"} if "requestBody" in operation else set()
            assert set(operation["responses"]) == statuses, path
            for status, response in operation["responses"].items():
                if status != "200":
                    (media_type,) = response["content"]
                    assert media_type == "application/problem+json"
                    schema = response["content"][media_type]["schema"]
                    assert schema["$ref"].endswith("/Problem")
