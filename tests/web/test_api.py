"""The JSON API over the network."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pages import bundled_models
from PIL import Image

from handsum.models.registry import ENTRIES
from handsum.reading.results import NO_DIGITS


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


def test_every_offered_model_has_its_weights(api: httpx.Client, server: Any) -> None:
    paths = httpx.get(server.address + "/openapi.json").json()["paths"]

    def offered(path: str) -> set[str]:
        parameters = paths[f"/api/{path}"]["get"]["parameters"]
        (model,) = (one["schema"] for one in parameters if one["name"] == "model")
        return set(model["enum"])

    def names(*tasks: str) -> set[str]:
        return set(bundled_models(api, *tasks))

    assert offered("number") == names("digit generator") >= {"r3gan", "cgan"}
    assert offered("generate") == names("digit generator", "random digit generator")
    assert offered("sum-sequence") == names("digit generator", "sequence generator")
    assert offered("visualize") == offered("generate") | offered("sum-sequence")


@pytest.mark.parametrize(
    ("query", "media_type"),
    [
        ({"format": "gif", "pen": "felt"}, "image/gif"),
        ({"format": "webp", "duration": "2.5"}, "image/webp"),
        ({"format": "inkml", "height": "12mm", "pen": "0.5mm"}, "application/inkml+xml"),
        ({"format": "svg", "centerline": "true"}, "image/svg+xml"),
        ({"format": "svg", "animate": "true", "as_drawn": "true"}, "image/svg+xml"),
    ],
)
def test_strokes_have_the_bytes_of_the_command(
    api: httpx.Client, tmp_path: Path, query: dict[str, str], media_type: str
) -> None:
    answer = api.get("/number", params={"text": "40,7", "seed": 7, **query})
    assert answer.headers["content-type"].partition(";")[0] == media_type
    path = tmp_path / f"a.{query['format']}"
    options = []
    for name, value in query.items():
        if name != "format":
            options += [f"--{name.replace('_', '-')}", *([] if value == "true" else [value])]
    command("number", "40,7", "--seed", 7, *options, "-o", path)
    assert answer.content == path.read_bytes()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"centerline": "true"}, "centerline is only for an .svg"),
        ({"centerline": "true", "format": "gif"}, "centerline is only for an .svg"),
        ({"animate": "true"}, "animate is only for animations"),
        ({"duration": "2", "format": "png"}, "duration is only for animations"),
        ({"pen": "quill"}, "no pen 'quill': use fine, ballpoint, felt, marker"),
    ],
)
def test_what_a_format_cannot_show_is_refused(
    api: httpx.Client, query: dict[str, str], message: str
) -> None:
    answer = api.get("/number", params={"text": "40", **query})
    assert answer.status_code == 422
    assert message in answer.json()["detail"]


def test_a_sum_has_the_bytes_of_the_command(api: httpx.Client, tmp_path: Path) -> None:
    query = {"total": 23, "length": 5, "seed": 7, "caption": "true", "ink": "navy"}
    options = ("--length", 5, "--seed", 7, "--caption", "--ink", "navy")
    for ending, media_type in (("png", "image/png"), ("svg", "image/svg+xml")):
        answer = api.get("/sum-sequence", params={**query, "format": ending})
        assert answer.headers["content-type"] == media_type
        command("sum-sequence", 23, *options, "-o", tmp_path / f"a.{ending}")
        assert answer.content == (tmp_path / f"a.{ending}").read_bytes()
    result = api.get("/sum-sequence", params=query).json()
    (row,) = result["sequences"]
    assert sum(map(int, row["digits"])) == row["total"] == 23
    assert row["readings"] == row["digits"]
    assert len(row["boxes"]) == 5
    with picture_of(result["picture"]) as picture:
        assert picture.size == (result["width"], result["height"])


def test_answers_have_their_notes_and_a_number_its_text(api: httpx.Client) -> None:
    result = api.get("/number", params={"text": "-1'234.5", "seed": 1}).json()
    assert result["sequences"][0]["text"] == "-1 234.5"
    assert result["notes"] == []
    query = {"total": 9, "model": "one-to-many-cgan", "verify": "false", "count": 9, "seed": 1}
    result = api.get("/sum-sequence", params=query).json()
    assert result["sequences"][0]["text"] is None
    (note,) = result["notes"]
    assert re.fullmatch(r"\d of 9 do not sum to 9: verify redraws them", note)
    for path, query in (
        ("generate", {"rows": 1}),
        ("interpolate", {"digits": "1", "steps": 2}),
        ("writers", {"count": 1, "digits": "1"}),
        ("visualize", {"number": 7}),
    ):
        assert api.get(f"/{path}", params={**query, "seed": 1}).json()["notes"] == [], path


@pytest.mark.parametrize(
    ("path", "query", "gap"),
    [
        ("number", {"text": "1234567"}, "spacing"),
        ("sum-sequence", {"total": 23, "length": 5}, "wide"),
        ("number", {"text": "40725"}, "wide"),
    ],
)
def test_gaps_make_the_picture_wider(
    api: httpx.Client, path: str, query: dict[str, Any], gap: str
) -> None:
    normal, spaced = (
        api.get(f"/{path}", params={**query, "seed": 1, "verify": "false", gap: on}).json()
        for on in ("false", "true")
    )
    assert normal["sequences"][0]["digits"] == spaced["sequences"][0]["digits"]
    assert spaced["width"] > normal["width"] + 40


def test_a_height_gives_the_bytes_of_the_command(api: httpx.Client, tmp_path: Path) -> None:
    query = {"text": "12 34", "seed": 1, "height": "6mm", "wide": "true", "format": "png"}
    command("number", "12 34", "--seed", 1, "--height", "6mm", "--wide", "-o", tmp_path / "a.png")
    assert api.get("/number", params=query).content == (tmp_path / "a.png").read_bytes()


def test_cells_and_dpi_are_those_of_the_command(api: httpx.Client, tmp_path: Path) -> None:
    query = {"text": "407", "seed": 1, "cells": "true", "dpi": 150, "format": "png"}
    command("number", "407", "--seed", 1, "--cells", "--dpi", 150, "-o", tmp_path / "a.png")
    assert api.get("/number", params=query).content == (tmp_path / "a.png").read_bytes()


@pytest.mark.parametrize("text", ["-1,234.50", "3+4=7", "12/05/2024", "(25 %)", "1.234,50 €"])
def test_a_number_keeps_its_marks(api: httpx.Client, text: str) -> None:
    query = {"text": text, "seed": 1, "writer": "12+40"}
    result = api.get("/number", params=query).json()
    assert result["sequences"][0]["text"] == text
    assert result["sequences"][0]["digits"] == "".join(filter(str.isdigit, text))
    assert result["writer"] == "12+40"


def test_other_characters_are_named(api: httpx.Client) -> None:
    answer = api.get("/number", params={"text": "3×4"})
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith("not '×'")


def test_the_longest_number_reports_its_progress(api: httpx.Client) -> None:
    query = {"text": "1234567890" * 20, "seed": 1}
    answer = api.get("/number", params=query, headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *steps, (name, result) = events(answer.text)
    assert {kind for kind, _ in steps} == {"progress"}
    assert all(0 <= step["done"] <= step["total"] == 200 for _, step in steps)
    assert name == "result"
    assert len(result["sequences"][0]["digits"]) == 200


def test_problems_come_as_events_too(api: httpx.Client) -> None:
    query = {"total": 99, "length": 2}
    answer = api.get("/sum-sequence", params=query, headers={"Accept": "text/event-stream"})
    ((name, problem),) = events(answer.text)
    assert name == "problem"
    assert problem["status"] == 422
    assert "11 or more" in problem["detail"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("number", {"text": "12", "format": "svg"}),
        ("generate", {"count": 1, "format": "png"}),
        ("interpolate", {"format": "gif"}),
    ],
)
def test_a_picture_does_not_come_as_events(
    api: httpx.Client, path: str, query: dict[str, Any]
) -> None:
    answer = api.get(f"/{path}", params=query, headers={"Accept": "text/event-stream"})
    assert answer.status_code == 422
    assert "leave out format" in answer.json()["detail"]


def test_single_digits_come_with_their_readings(api: httpx.Client) -> None:
    result = api.get("/generate", params={"digits": "07", "rows": 3, "seed": 1}).json()
    assert [digit["asked"] for digit in result["digits"]] == [0, 7] * 3
    assert sum(digit["reads"] == digit["asked"] for digit in result["digits"]) >= 5
    assert sum(result["probabilities"]) == pytest.approx(1, abs=1e-4)
    with picture_of(result["picture"]) as picture:
        assert picture.size == (2 * 28, 3 * 28)
    most = api.get("/generate", params={"count": 400, "model": "gan", "seed": 1}).json()
    assert len(most["digits"]) == 400
    assert {digit["asked"] for digit in most["digits"]} == {None}


def test_a_mix_claims_no_label(api: httpx.Client) -> None:
    result = api.get("/generate", params={"mix": "6,4,7", "model": "cgan", "count": 6}).json()
    assert [digit["asked"] for digit in result["digits"]] == [None] * 6


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({"between": "12..40", "digits": "25"}, 2),
        ({"between": "digits", "digits": "381", "model": "cgan"}, 2),
        ({"between": "latents", "digits": "4", "model": "cgan"}, 1),
    ],
)
def test_interpolation(api: httpx.Client, query: dict[str, str], rows: int) -> None:
    result = api.get("/interpolate", params={**query, "steps": 9, "seed": 3}).json()
    assert len(result["digits"]) == 9 * rows
    with picture_of(result["picture"]) as picture:
        assert picture.size == (9 * result["size"], rows * result["size"])
    film = api.get("/interpolate", params={**query, "steps": 9, "seed": 3, "format": "gif"})
    with Image.open(io.BytesIO(film.content)) as picture:
        assert picture.n_frames == 16


def test_samples_of_hands(api: httpx.Client) -> None:
    result = api.get("/writers", params={"first": 490, "count": 50, "digits": "12"}).json()
    assert [hand["writer"] for hand in result["hands"]] == [490, 491, 492, 493]
    assert result["writers"] == 494


def test_samples_of_hands_have_a_random_seed(api: httpx.Client) -> None:
    query = {"count": 1, "digits": "7"}
    first, other = (api.get("/writers", params=query).json() for _ in range(2))
    assert first["seed"] != other["seed"]
    again = api.get("/writers", params={**query, "seed": first["seed"]}).json()
    assert again == first
    assert other["hands"][0]["picture"] != first["hands"][0]["picture"]


def test_all_hands_can_be_shown_at_once(api: httpx.Client) -> None:
    result = api.get("/writers", params={"count": 494, "digits": "1", "seed": 1}).json()
    assert [hand["writer"] for hand in result["hands"]] == list(range(494))


def test_a_hand_fitted_to_a_picture(api: httpx.Client) -> None:
    query = {"text": "3141592653", "writer": "12", "seed": 1, "format": "png"}
    written = api.get("/number", params=query).content
    params = {"count": 13, "seed": 1}
    result = api.post("/writers/like", params=params, content=written).json()
    yours, *others = result["hands"]
    assert len(others) == 12
    assert 0 < yours["fit"] <= 1
    assert all(hand["fit"] is None and 0 <= hand["writer"] < 494 for hand in others)
    query = {"text": "12", "writer": yours["writer"], "seed": 1}
    assert api.get("/number", params=query).status_code == 200


@pytest.mark.parametrize("reader", ["detector", "cnn-lstm"])
def test_a_written_sum_is_read_back(api: httpx.Client, reader: str) -> None:
    query = {"total": 30, "length": 6, "seed": 2, "format": "png"}
    written = api.get("/sum-sequence", params=query).content
    result = api.post("/predict", params={"reader": reader}, content=written).json()
    assert sum(digit["digit"] for digit in result["digits"]) == 30
    assert result["sum"] == 30 or reader == "cnn-lstm"
    assert sum(result["distribution"].values()) == pytest.approx(1, abs=0.02)
    assert result["interval"][0] <= result["sum"] <= result["interval"][1]
    for digit in result["digits"]:
        assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-4)
        with picture_of(digit["picture"]) as picture:
            assert picture.size == (28, 28)


def test_an_empty_sheet_has_no_digits(api: httpx.Client) -> None:
    result = api.post("/predict", content=png(np.full((80, 80), 255, np.uint8))).json()
    assert (result["digits"], result["sum"], result["error"]) == ([], None, NO_DIGITS)


@pytest.mark.parametrize(
    ("model", "query", "last"),
    [
        ("r3gan", {"number": 7, "writer": 12}, [28, 28, 1]),
        ("gan", {}, [28, 28, 1]),
        ("lstm-cgan", {"number": 23, "length": 4}, [28, 112, 1]),
    ],
)
def test_every_stage(api: httpx.Client, model: str, query: dict[str, int], last: list[int]) -> None:
    result = api.get("/visualize", params={"model": model, "seed": 1, **query}).json()
    assert result["stages"][-1]["name"] == "image"
    assert result["stages"][-1]["shape"] == last
    for stage in result["stages"]:
        with picture_of(stage["picture"]) as picture:
            if len(stage["shape"]) == 3:
                height, width, channels = stage["shape"]
                rows = -(-channels // stage["columns"])
                size = (stage["columns"] * (width + 1) - 1, rows * (height + 1) - 1)
                assert picture.size == size


def test_the_zoo_has_measured_figures(api: httpx.Client) -> None:
    zoo = {model["name"]: model for model in api.get("/models").json()["models"]}
    assert set(zoo) == set(ENTRIES)
    assert zoo["r3gan"]["measured"]["digits read as asked"].endswith("%")


def test_everything_is_documented(server: Any) -> None:
    document = httpx.get(server.address + "/openapi.json").json()
    paths = {"status", "models", "sum-sequence", "number", "generate", "interpolate"}
    paths |= {"writers", "writers/like", "predict", "visualize"}
    assert set(document["paths"]) == {f"/api/{path}" for path in paths}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            assert "application/json" in operation["responses"]["200"]["content"], path
            assert all("description" in p for p in operation.get("parameters", ())), path


def test_many_requests_at_once_are_answered_without_compiling(
    api: httpx.Client, server: Any
) -> None:
    before = server.log.read_text().count("Compiling ")
    assert before > 5
    written = api.get("/number", params={"text": "407", "seed": 1, "format": "png"}).content
    queries = [
        ("/number", {"text": "12345"}),
        ("/number", {"text": "7"}),
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
        ("/predict", {"reader": "cnn-lstm"}),
    ]

    def ask(index: int) -> str:
        path, parameters = queries[index % len(queries)]
        given = {name: value for name, value in parameters.items() if value != ""}
        if path == "/predict":
            answer = api.post(path, params=given, content=written)
        else:
            answer = api.get(path, params={**given, "seed": index})
        return "" if answer.status_code == 200 else f"{path} {given}: {answer.text}"

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(4 * len(queries)))) == {""}
    assert server.log.read_text().count("Compiling ") == before
