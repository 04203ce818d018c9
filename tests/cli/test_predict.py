"""The command `predict`: lines, JSON, exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]


@pytest.fixture
def write(draw_page: Callable[..., np.ndarray], tmp_path: Path) -> Callable[[str, str], None]:
    """Write a row of digits to a file; of no digits: a blank one."""

    def save(text: str, name: str) -> None:
        page = draw_page(text) if text else np.full((60, 90), 0.9)
        Image.fromarray(np.rint(page * 255).astype(np.uint8)).save(tmp_path / name)

    return save


pytestmark = pytest.mark.usefixtures("template_reader")


def test_lines_tell_digits_confidence_and_sum(run_command: Run, write: Any) -> None:
    write("4051", "a.png")
    write("8", "long-name.png")
    done = run_command("predict", "a.png", "long-name.png")
    assert (done.code, done.err) == (0, "")
    first, second, total = done.out.splitlines()
    assert first == "a.png          4051  97.0% 97.0% 97.0% 97.0%"
    assert second == "long-name.png  8  97.0%"
    assert re.fullmatch(r"sum 18  \(8\d\.\d%, 90% interval \d+-\d+\)", total)


def test_json_is_exactly_its_schema(run_command: Run, write: Any) -> None:
    write("17", "a.png")
    write("", "b.png")
    done = run_command("predict", "a.png", "b.png", "--json")
    assert (done.code, done.err) == (0, "")
    result = json.loads(done.out)
    assert list(result) == ["files", "sum", "probability", "interval"]
    first, second = result["files"]
    assert list(first) == ["file", "digits", "confidence", "boxes", "error"]
    assert first["file"] == "a.png"
    assert first["digits"] == "17"
    assert first["confidence"] == [0.97, 0.97]
    assert [len(box) for box in first["boxes"]] == [4, 4]
    assert all(isinstance(edge, int) for box in first["boxes"] for edge in box)
    assert first["error"] is None
    assert second == {
        "file": "b.png", "digits": "", "confidence": [], "boxes": [], "error": "no digits found",
    }  # fmt: skip
    assert result["sum"] == 8
    assert 0.9 < result["probability"] < 1
    low, high = result["interval"]
    assert low <= 8 <= high


def test_blank_pictures_are_said_to_be_so(run_command: Run, write: Any) -> None:
    write("", "blank.png")
    done = run_command("predict", "blank.png")
    assert (done.code, done.err) == (0, "")
    assert done.out == "blank.png  no digits found\n"
    result = json.loads(run_command("predict", "blank.png", "--json").out)
    assert (result["sum"], result["probability"], result["interval"]) == (None, None, None)


def test_files_that_fail_are_named_and_the_rest_is_read(
    run_command: Run, write: Any, tmp_path: Path
) -> None:
    write("6", "six.png")
    (tmp_path / "notes.txt").write_text("no picture")
    done = run_command("predict", "gone.png", "six.png", "notes.txt")
    assert done.code == 1
    assert done.out.splitlines()[0] == "six.png  6  97.0%"
    gone, notes = done.err.splitlines()
    assert gone == "error: cannot read gone.png: No such file or directory"
    assert notes.startswith("error: cannot read notes.txt: it is not a picture")
    as_json = run_command("predict", "gone.png", "six.png", "--json")
    assert as_json.code == 1
    assert [bool(file["error"]) for file in json.loads(as_json.out)["files"]] == [True, False]


def test_a_directory_is_read(run_command: Run, write: Any) -> None:
    write("1", "10.png")
    write("2", "9.png")
    done = run_command("predict", ".")
    assert [line.split()[:2] for line in done.out.splitlines()[:2]] == [
        ["9.png", "2"],
        ["10.png", "1"],
    ]


def test_odd_names_are_shown_and_never_obeyed(run_command: Run, write: Any) -> None:
    name = "[red]a\x1b[31m\nb [5].png"
    write("5", name)
    done = run_command("predict", name)
    assert done.code == 0
    assert done.out.splitlines()[0] == r"[red]a\x1b[31m\nb [5].png  5  97.0%"
    assert json.loads(run_command("predict", name, "--json").out)["files"][0]["file"] == name


def test_a_name_that_is_no_text_is_no_obstacle(run_command: Run, write: Any) -> None:
    name = "caf\udce9.png"  # Latin-1 bytes on a UTF-8 file system
    write("5", name)
    assert run_command("predict", name).out.startswith(r"caf\udce9.png  5")
    assert json.loads(run_command("predict", name, "--json").out)["sum"] == 5


def test_no_files_is_a_usage_error(run_command: Run) -> None:
    assert run_command("predict").code == 2
