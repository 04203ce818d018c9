"""The command `predict`: lines, JSON, exit codes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handsum.data.signs.alphabet import CLASSES, SIGNS
from handsum.data.signs.answers import Signs

Run = Callable[..., Any]


@pytest.fixture
def write(draw_page: Callable[..., np.ndarray], tmp_path: Path) -> Callable[[str, str], None]:
    """Write a row of digits to a file; without digits a blank picture."""

    def save(text: str, name: str) -> None:
        page = draw_page(text) if text else np.full((60, 90), 0.9)
        Image.fromarray(np.rint(page * 255).astype(np.uint8)).save(tmp_path / name)

    return save


pytestmark = pytest.mark.usefixtures("template_reader")


def test_lines_show_digits_confidence_and_sum(run_command: Run, write: Any) -> None:
    write("4051", "a.png")
    write("8", "long-name.png")
    done = run_command("predict", "a.png", "long-name.png")
    assert (done.code, done.err) == (0, "")
    first, second, total = done.out.splitlines()
    assert first == "a.png          4051  97.0% 97.0% 97.0% 97.0%"
    assert second == "long-name.png  8  97.0%"
    assert re.fullmatch(
        r"sum 18  \(8\d\.\d%, 90% interval \d+-\d+\), 5 digits in 2 pictures", total
    )


def test_json_has_its_schema(run_command: Run, write: Any) -> None:
    write("17", "a.png")
    write("", "b.png")
    done = run_command("predict", "a.png", "b.png", "--json")
    assert (done.code, done.err) == (0, "")
    result = json.loads(done.out)
    summary = ["sum", "probability", "interval", "distribution"]
    assert list(result) == ["files", "left_out", *summary, "notes"]
    first, second = result["files"]
    fields = [
        "file", "page", "size", "digits", "confidence", "boxes", "error", "alternatives", "rows",
        "row_alternatives", "table", "others",
    ]  # fmt: skip
    assert list(first) == [*fields, *summary]
    assert first["file"] == "a.png"
    assert first["digits"] == "17"
    assert first["confidence"] == [0.97, 0.97]
    assert [len(box) for box in first["boxes"]] == [4, 4]
    assert all(isinstance(edge, int) for box in first["boxes"] for edge in box)
    assert first["error"] is None
    assert second == {
        "file": "b.png", "page": None, "size": [90, 60], "digits": "", "confidence": [],
        "boxes": [], "error": "no digits found",
        "alternatives": [], "rows": [], "row_alternatives": [], "table": [], "others": [],
        "sum": None, "probability": None, "interval": None, "distribution": {},
    }  # fmt: skip
    assert result["sum"] == 8
    assert 0.9 < result["probability"] < 1
    low, high = result["interval"]
    assert low <= 8 <= high


def test_blank_pictures_have_no_digits(run_command: Run, write: Any) -> None:
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


@pytest.mark.parametrize("reader", [(), ("--reader", "cnn")])
def test_nothing_can_be_read(run_command: Run, reader: tuple[str, ...]) -> None:
    done = run_command("predict", "gone.png", *reader)
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: cannot read gone.png: No such file or directory\n"


def test_a_mark_that_is_found_at_two_sizes_is_printed_once(
    run_command: Run, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs = {  # left, top, right and bottom
        "4": (10, 10, 50, 90), ".": (56, 80, 64, 90), "5": (70, 10, 110, 90),
        ",": (116, 70, 128, 100), "6": (130, 10, 170, 90), "/": (172, 5, 200, 95),
    }  # fmt: skip
    shifted = {sign: np.add(signs[sign], (5, -5, 4, -5)) for sign in (".", ",")}
    every = [*signs.items(), *shifted.items()]

    class Finder:
        def find(self, pictures: list[np.ndarray], least: float = 0.3) -> list[Signs]:
            kinds = np.eye(CLASSES)[[SIGNS.index(sign) for sign, _ in every]]
            return [Signs(np.array([box for _, box in every], float), np.full(8, 0.9), kinds)]

    models = sys.modules["handsum.pretrained.load"]  # the stand-in
    monkeypatch.setattr(models, "load_detector", lambda name=None: Finder())
    write("456", "a.png")
    assert run_command("predict", "a.png", "--punctuation").out.startswith("a.png  4.5,6/  ")
    assert run_command("predict", "a.png").out.startswith("a.png  456  ")


def test_a_directory_is_read(run_command: Run, write: Any) -> None:
    write("1", "10.png")
    write("2", "9.png")
    done = run_command("predict", ".")
    assert [line.split()[:2] for line in done.out.splitlines()[:2]] == [
        ["9.png", "2"],
        ["10.png", "1"],
    ]


def test_odd_names_are_escaped(run_command: Run, write: Any) -> None:
    name = "[red]a\x1b[31m\nb [5].png"
    write("5", name)
    done = run_command("predict", name)
    assert done.code == 0
    assert done.out.splitlines()[0] == r"[red]a\x1b[31m\nb [5].png  5  97.0%"
    assert json.loads(run_command("predict", name, "--json").out)["files"][0]["file"] == name


def test_a_name_that_is_not_unicode_is_read(run_command: Run, write: Any) -> None:
    name = "caf\udce9.png"  # Latin-1 bytes on a UTF-8 file system
    write("5", name)
    assert run_command("predict", name).out.startswith(r"caf\udce9.png  5")
    assert json.loads(run_command("predict", name, "--json").out)["sum"] == 5


def test_the_sum_says_what_it_is_the_sum_of(run_command: Run, write: Any, tmp_path: Path) -> None:
    write("12", "a.png")
    write("345", "b.png")
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        one.save(tmp_path / "c.tif", save_all=True, append_images=[other])
    (tmp_path / "notes\x1b.txt").write_text("")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:99])
    done = run_command("predict", ".")
    assert done.code == 1
    names = [line.split("  ")[0].strip() for line in done.out.splitlines()]
    assert names[:-1] == ["a.png", "b.png", "c.tif, page 1", "c.tif, page 2"]
    assert done.out.splitlines()[-1].endswith("), 10 digits in 2 pictures and 2 pages; 1 not read")
    note, error = done.err.splitlines()
    assert note == r"note: left out of .: notes\x1b.txt, which is neither a picture nor a PDF"
    assert error.startswith("error: cannot read cut.png: ")
    values = json.loads(run_command("predict", ".", "--json").out)
    assert values["left_out"] == ["notes\x1b.txt"]
    assert [one["page"] for one in values["files"]] == [None, None, 1, 2, None]
    (tmp_path / "film").mkdir()
    with Image.open(tmp_path / "a.png") as one:
        one.save(tmp_path / "film" / "a.gif", save_all=True, append_images=[one.rotate(180)])
    done = run_command("predict", "film/a.gif")
    assert done.code == 0
    assert done.err == "note: film/a.gif: it is an animation: only its first frame is read\n"
    assert re.fullmatch(r"sum 3  \([^)]*\)", done.out.splitlines()[-1])


def test_a_table_is_aligned(run_command: Run, write: Any, tmp_path: Path) -> None:
    pictures = []
    for text in ("1", "23", "45", "6"):
        write(text, "part.png")
        with Image.open(tmp_path / "part.png") as image:
            pictures.append(image.copy())
    page = Image.new("L", (700, 300), pictures[0].getpixel((0, 0)))
    for picture, place in zip(pictures, [(0, 0), (400, 0), (0, 150), (400, 150)], strict=True):
        page.paste(picture, place)
    page.save(tmp_path / "table.png")
    done = run_command("predict", "table.png", "--table")
    assert done.out.splitlines()[:3] == ["table.png", "   1  23", "  45   6"]
    assert run_command("predict", "table.png", "--table", "-o", "r.csv").code == 0
    assert (tmp_path / "r.csv").read_text().splitlines()[1:] == [
        "table.png,,1,1,23", "table.png,,2,45,6",
    ]  # fmt: skip
    values = json.loads(run_command("predict", "table.png", "--json").out)
    assert values["files"][0]["table"] == [["1", "23"], ["45", "6"]]


def test_the_readings_are_saved(run_command: Run, write: Any, tmp_path: Path) -> None:
    write("17", "a.png")
    for name in ("r.csv", "r.json", "r.alto.xml", "r.hocr"):
        done = run_command("predict", "a.png", "-o", name)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("a.png  17  ")
        assert "17" in re.sub(r"</?span[^>]*>", "", (tmp_path / name).read_text())
    # A wrong name is noticed before anything is read.
    for name, message in {"r.txt": "end its name in", "none/r.csv": "there is no folder"}.items():
        done = run_command("predict", "gone.png", "-o", name)
        assert done.code in (1, 2)
        assert message in done.err
        assert "gone.png" not in done.err
    done = run_command("predict", "a.png", "--table", "-o", "r.hocr")
    assert (done.code, done.err) == (2, "error: hocr holds no --table: choose .csv or .json\n")


def test_no_files_is_a_usage_error(run_command: Run) -> None:
    assert run_command("predict").code == 2


def test_pictures_are_annotated_and_inputs_shown(
    run_command: Run, write: Any, tmp_path: Path
) -> None:
    write("38", "a.png")
    (tmp_path / "b").mkdir()
    (tmp_path / "a.png").rename(tmp_path / "b" / "a.png")
    write("17", "a.png")
    write("", "blank.png")
    arguments = ["a.png", "b/a.png", "blank.png", "gone.png"]
    done = run_command("predict", *arguments, "--annotate", "marked", "--show-input", "new/seen")
    assert done.code == 1
    assert sorted(path.name for path in (tmp_path / "marked").iterdir()) == [
        "a-2.png",
        "a.png",
        "blank.png",
    ]
    assert sorted(path.name for path in (tmp_path / "new" / "seen").iterdir()) == [
        "a-2.png",
        "a.png",
    ]
    with Image.open(tmp_path / "new" / "seen" / "a-2.png") as image:
        assert (image.size, image.mode) == ((56, 28), "L")
        assert np.asarray(image).max() == 255
    with Image.open(tmp_path / "marked" / "a.png") as image, Image.open(tmp_path / "a.png") as page:
        colours = np.asarray(image).reshape(-1, 3)
        assert image.width == page.width
        assert (colours == (0, 130, 60)).all(1).sum() > 200


def test_pictures_are_never_annotated_over_themselves(
    run_command: Run, write: Any, tmp_path: Path
) -> None:
    write("5", "a.png")
    before = (tmp_path / "a.png").read_bytes()
    assert run_command("predict", "a.png", "--annotate", ".").code == 0
    assert (tmp_path / "a.png").read_bytes() == before
    assert (tmp_path / "a-2.png").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([""], 2, "an empty name is no file"),
        (["a.png", "--reader", ""], 2, "an empty name is no model"),
        (["a.png", "--length", "0"], 2, "a length of 0"),
        (["a.png", "--annotate", "a.png"], 1, "cannot write to a.png"),
        (["a.png", "-n", "30"], 1, "does not read as 30 digits, but as 5"),
    ],
)
def test_errors_are_one_clear_line(
    run_command: Run, write: Any, arguments: list[str], code: int, message: str
) -> None:
    write("5", "a.png")
    done = run_command("predict", *arguments)
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err


def test_help_fits_a_terminal_of_80_columns(
    run_command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = run_command("predict", "--help").out.split("Arguments")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    paragraph = lines[lines.index("Examples:") - 5 : lines.index("Examples:")]
    assert all(len(line) > 25 for line in paragraph)
