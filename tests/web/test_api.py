"""The JSON API, asked over the network as anybody would."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from handsum.models.registry import ENTRIES
from handsum.web import limits

pytestmark = pytest.mark.xdist_group("web")


NOISE = np.random.default_rng(0).integers(0, 255, (60, 60), dtype=np.uint8)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def picture_of(data_url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data_url.partition(",")[2])))


def command(*arguments: object) -> None:
    line = [sys.executable, "-m", "handsum", *map(str, arguments)]
    subprocess.run(line, check=True, capture_output=True, env=os.environ)


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for part in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in part.splitlines() if line[:1] != ":")
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_the_models_that_are_offered_have_their_weights(api: httpx.Client, server: Any) -> None:
    told = httpx.get(server.address + "/openapi.json").json()["paths"]
    bundled = [model for model in api.get("/models").json()["models"] if model["bundled"]]

    def offered(path: str) -> set[str]:
        parameters = told[f"/api/{path}"]["get"]["parameters"]
        (model,) = (one["schema"] for one in parameters if one["name"] == "model")
        return set(model["enum"])

    def names(*tasks: str) -> set[str]:
        return {model["name"] for model in bundled if model["task"] in tasks}

    assert offered("number") == names("digit generator") >= {"r3gan", "cgan"}
    assert offered("generate") == names("digit generator", "random digit generator")
    assert offered("sum-sequence") == names("digit generator", "sequence generator")
    assert offered("visualize") == offered("generate") | offered("sum-sequence")


def test_a_sum_is_the_command_s_to_the_byte(api: httpx.Client, tmp_path: Path) -> None:
    asked = {"total": 23, "length": 5, "seed": 7, "caption": "true", "ink": "navy"}
    options = ("--length", 5, "--seed", 7, "--caption", "--ink", "navy")
    for ending, kind in (("png", "image/png"), ("svg", "image/svg+xml")):
        answer = api.get("/sum-sequence", params={**asked, "format": ending})
        assert answer.headers["content-type"] == kind
        command("sum-sequence", 23, *options, "-o", tmp_path / f"a.{ending}")
        assert answer.content == (tmp_path / f"a.{ending}").read_bytes()
    told = api.get("/sum-sequence", params=asked).json()
    (row,) = told["sequences"]
    assert sum(map(int, row["digits"])) == row["total"] == 23
    assert row["readings"] == row["digits"]
    assert len(row["boxes"]) == 5
    with picture_of(told["picture"]) as picture:
        assert picture.size == (told["width"], told["height"])


def test_a_number_keeps_its_punctuation(api: httpx.Client) -> None:
    told = api.get("/number", params={"text": "-1,234.50", "seed": 1, "writer": "12+40"}).json()
    assert told["sequences"][0]["digits"] == "123450"
    assert told["writer"] == "12+40"


def test_the_longest_number_tells_its_progress(api: httpx.Client) -> None:
    asked = {"text": "1234567890" * 20, "seed": 1}
    answer = api.get("/number", params=asked, headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *steps, (name, result) = events(answer.text)
    assert {step for step, _ in steps} == {"progress"}
    assert all(0 <= told["done"] <= told["wanted"] == 200 for _, told in steps)
    assert name == "result"
    assert len(result["sequences"][0]["digits"]) == 200


def test_problems_come_as_events_too(api: httpx.Client) -> None:
    asked = {"total": 99, "length": 2}
    answer = api.get("/sum-sequence", params=asked, headers={"Accept": "text/event-stream"})
    ((name, told),) = events(answer.text)
    assert name == "problem"
    assert told["status"] == 422
    assert "a length of 11 or more" in told["detail"]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("number", {"text": "12", "format": "svg"}),
        ("generate", {"count": 1, "format": "png"}),
        ("interpolate", {"format": "gif"}),
    ],
)
def test_a_picture_does_not_come_as_events(
    api: httpx.Client, path: str, asked: dict[str, Any]
) -> None:
    answer = api.get(f"/{path}", params=asked, headers={"Accept": "text/event-stream"})
    assert answer.status_code == 422
    assert "leave out the format" in answer.json()["detail"]


def test_single_digits_say_what_they_read_as(api: httpx.Client) -> None:
    told = api.get("/generate", params={"digits": "07", "rows": 3, "seed": 1}).json()
    assert [digit["asked"] for digit in told["digits"]] == [0, 7] * 3
    assert sum(digit["reads"] == digit["asked"] for digit in told["digits"]) >= 5
    assert sum(told["probabilities"]) == pytest.approx(1, abs=1e-4)
    with picture_of(told["picture"]) as picture:
        assert picture.size == (2 * 28, 3 * 28)
    most = api.get("/generate", params={"count": 400, "model": "gan", "seed": 1}).json()
    assert len(most["digits"]) == 400
    assert {digit["asked"] for digit in most["digits"]} == {None}


def test_a_mix_claims_no_label(api: httpx.Client) -> None:
    told = api.get("/generate", params={"mix": "6,4,7", "model": "cgan", "count": 6}).json()
    assert [digit["asked"] for digit in told["digits"]] == [None] * 6


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"between": "12..40", "digits": "25"}, 2),
        ({"between": "digits", "digits": "381", "model": "cgan"}, 2),
        ({"between": "latents", "digits": "4", "model": "cgan"}, 1),
    ],
)
def test_digits_on_the_way(api: httpx.Client, asked: dict[str, str], rows: int) -> None:
    told = api.get("/interpolate", params={**asked, "steps": 9, "seed": 3}).json()
    assert len(told["digits"]) == 9 * rows
    with picture_of(told["picture"]) as picture:
        assert picture.size == (9 * told["size"], rows * told["size"])
    film = api.get("/interpolate", params={**asked, "steps": 9, "seed": 3, "format": "gif"})
    with Image.open(io.BytesIO(film.content)) as picture:
        assert picture.n_frames == 16


def test_hands_to_choose_from(api: httpx.Client) -> None:
    told = api.get("/writers", params={"first": 490, "count": 50, "digits": "12"}).json()
    assert [hand["writer"] for hand in told["hands"]] == [490, 491, 492, 493]
    assert told["writers"] == 494


def test_the_hands_most_like_a_picture_s(api: httpx.Client) -> None:
    asked = {"text": "3141592653", "writer": "12", "seed": 1, "format": "png"}
    written = api.get("/number", params=asked).content
    told = api.post("/writers/like", content=written).json()
    yours, *others = told["hands"]
    assert len(others) == 12
    assert 0 < yours["fit"] <= 1
    assert all(hand["fit"] is None and 0 <= hand["writer"] < 494 for hand in others)
    asked = {"text": "12", "writer": yours["writer"], "seed": 1}
    assert api.get("/number", params=asked).status_code == 200


@pytest.mark.parametrize("model", ["cnn", "cnn-lstm"])
def test_what_is_written_is_read_back(api: httpx.Client, model: str) -> None:
    asked = {"total": 30, "length": 6, "seed": 2, "format": "png"}
    written = api.get("/sum-sequence", params=asked).content
    told = api.post("/predict", params={"model": model}, content=written).json()
    assert sum(digit["digit"] for digit in told["digits"]) == 30
    assert told["sum"] == 30 or model == "cnn-lstm"
    assert sum(told["distribution"].values()) == pytest.approx(1, abs=0.02)
    assert told["interval"][0] <= told["sum"] <= told["interval"][1]
    for digit in told["digits"]:
        assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-4)
        with picture_of(digit["picture"]) as picture:
            assert picture.size == (28, 28)


def test_an_empty_sheet_is_no_error(api: httpx.Client) -> None:
    told = api.post("/predict", content=png(np.full((80, 80), 255, np.uint8))).json()
    assert (told["digits"], told["sum"], told["message"]) == ([], None, "no digits found")


@pytest.mark.parametrize(
    ("model", "asked", "last"),
    [
        ("r3gan", {"number": 7, "writer": 12}, [28, 28, 1]),
        ("gan", {}, [28, 28, 1]),
        ("lstm-cgan", {"number": 23, "length": 4}, [28, 112, 1]),
    ],
)
def test_every_stage(api: httpx.Client, model: str, asked: dict[str, int], last: list[int]) -> None:
    told = api.get("/visualize", params={"model": model, "seed": 1, **asked}).json()
    assert told["stages"][-1]["name"] == "image"
    assert told["stages"][-1]["shape"] == last
    for stage in told["stages"]:
        with picture_of(stage["picture"]) as picture:
            if len(stage["shape"]) == 3:
                height, width, channels = stage["shape"]
                rows = -(-channels // stage["columns"])
                size = (stage["columns"] * (width + 1) - 1, rows * (height + 1) - 1)
                assert picture.size == size


def test_the_zoo_has_measured_figures(api: httpx.Client) -> None:
    told = {model["name"]: model for model in api.get("/models").json()["models"]}
    assert set(told) == set(ENTRIES)
    assert told["r3gan"]["measured"]["digits read as asked"].endswith("%")


@pytest.mark.parametrize(
    ("path", "asked", "message"),
    [
        ("sum-sequence", {}, "total: Field required"),
        ("sum-sequence", {"total": 99, "length": 2}, "a length of 11 or more"),
        ("sum-sequence", {"total": 5, "length": 201}, "less than or equal to 200"),
        ("sum-sequence", {"total": 5, "length": 200, "count": 24}, "1000 digits at most"),
        ("sum-sequence", {"total": 5, "seed": 2**32}, "less than 4294967296"),
        ("sum-sequence", {"total": 5, "scale": "nan"}, "scale"),
        ("sum-sequence", {"total": 5, "scale": "inf"}, "scale"),
        ("sum-sequence", {"total": 5, "writer": "x"}, "a hand is a writer's number"),
        ("sum-sequence", {"total": 5, "ink": "white"}, "choose another ink"),
        ("sum-sequence", {"total": 5, "ink": "url(x)"}, "unknown colour"),
        ("sum-sequence", {"total": 5, "model": "../../etc"}, "model: Input should be"),
        ("sum-sequence", {"total": 5, "nothing": 1}, "there is no such parameter"),
        ("number", {"text": "1" * 201}, "at most 200 characters"),
        ("number", {"text": "12a"}, "not 'a'"),
        ("number", {"text": "7" * 200, "scale": 17}, "less than or equal to 16"),
        ("generate", {"count": 401}, "less than or equal to 400"),
        ("generate", {"rows": 400}, "at most 400 digits"),
        ("generate", {"digits": "7", "model": "gan"}, "draws random digits"),
        ("generate", {"mix": "1,2"}, "cgan can"),
        ("interpolate", {"between": "1..999"}, "out of range"),
        ("interpolate", {"steps": 62}, "less than or equal to 61"),
        ("visualize", {"number": 12}, "12 is no digit"),
        ("writers", {"first": 494}, "less than or equal to 493"),
    ],
)
def test_what_cannot_be_done_is_a_problem(
    api: httpx.Client, path: str, asked: dict[str, Any], message: str
) -> None:
    answer = api.get(f"/{path}", params=asked)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert message in told["detail"]
    assert (told["type"], told["status"]) == ("about:blank", 422)
    assert "Traceback" not in answer.text


def test_an_unknown_parameter_is_told_wherever_it_is(api: httpx.Client, server: Any) -> None:
    told = httpx.get(server.address + "/openapi.json").json()["paths"]
    for path, methods in told.items():
        for method in methods:
            answer = api.request(method, server.address + path, params={"nothing": 1})
            assert answer.status_code == 422, path
            assert "nothing: there is no such parameter" in answer.json()["detail"], path


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 422, "no picture in the request"),
        (b"no picture", 422, "not a picture of a known kind"),
        (png(NOISE)[:1500], 422, "damaged or cut off"),
        (png(np.zeros((5100, 5000), np.uint8)), 422, "more than 25 megapixels"),
        (b"x" * (limits.MOST_BYTES + 1), 413, "at most 20 MiB"),
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


def test_a_length_that_does_not_fit_is_said(api: httpx.Client) -> None:
    written = api.get("/number", params={"text": "123", "seed": 1, "format": "png"}).content
    answer = api.post("/predict", params={"length": 9}, content=written)
    assert answer.status_code == 422
    assert "does not read as 9 digits" in answer.json()["detail"]


def test_other_addresses_and_methods_are_problems(api: httpx.Client) -> None:
    for answer, status in ((api.get("/nothing"), 404), (api.post("/models"), 405)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "/docs" in answer.json()["detail"]
    assert api.get("/../static/%2e%2e/app.py").status_code == 404


@pytest.mark.parametrize("path", ["", "docs", "static/js/app.js", "openapi.json"])
def test_a_page_s_head_can_be_asked_for(server: Any, path: str) -> None:
    whole, head = (ask(f"{server.address}/{path}") for ask in (httpx.get, httpx.head))
    assert head.status_code == 200
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert head.content == b""


@pytest.mark.parametrize("path", ["", "docs", "static/js/app.js", "api/status", "api/nothing"])
def test_every_answer_is_guarded(server: Any, path: str) -> None:
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
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert httpx.options(models, headers=asked).status_code == 403


def test_everything_is_documented(server: Any) -> None:
    told = httpx.get(server.address + "/openapi.json").json()
    paths = {"status", "models", "sum-sequence", "number", "generate", "interpolate"}
    paths |= {"writers", "writers/like", "predict", "visualize"}
    assert set(told["paths"]) == {f"/api/{path}" for path in paths}
    for path, methods in told["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            assert "application/json" in operation["responses"]["200"]["content"], path
            assert all("description" in p for p in operation.get("parameters", ())), path


def test_many_at_once_are_all_answered_and_nothing_is_compiled(
    api: httpx.Client, server: Any
) -> None:
    before = server.log.read_text().count("Compiling ")
    assert before > 5
    written = api.get("/number", params={"text": "407", "seed": 1, "format": "png"}).content
    asked = [
        ("/number", {"text": "12345"}),
        ("/sum-sequence", {"total": 40}),
        ("/sum-sequence", {"total": 12, "length": 3, "model": "lstm-cgan"}),
        ("/sum-sequence", {"total": 12, "length": 3, "model": "one-to-many-cgan"}),
        ("/sum-sequence", {"total": 12, "writer": "3+5", "model": "r3gan"}),
        ("/number", {"text": "77", "model": "cgan", "writer": ""}),
        ("/generate", {"count": 37, "random": "true"}),
        ("/generate", {"count": 33, "model": "dcgan"}),
        ("/generate", {"count": 3, "mix": "1,7", "model": "cgan"}),
        ("/interpolate", {"between": "3..5", "digits": "12", "steps": 7}),
        ("/interpolate", {"between": "digits", "digits": "12", "steps": 7, "model": "cgan"}),
        ("/visualize", {"number": 3}),
        ("/visualize", {"model": "one-to-many-cgan", "number": 9, "length": 2}),
        ("/predict", {}),
        ("/predict", {"model": "cnn-lstm"}),
    ]

    def ask(index: int) -> int:
        path, parameters = asked[index % len(asked)]
        given = {name: value for name, value in parameters.items() if value != ""}
        if path == "/predict":
            return api.post(path, params=given, content=written).status_code
        return api.get(path, params={**given, "seed": index}).status_code

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(4 * len(asked)))) == {200}
    assert server.log.read_text().count("Compiling ") == before
