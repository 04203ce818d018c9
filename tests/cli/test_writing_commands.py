"""The commands `sum-sequence`, `number` and `generate`: files, lines, JSON, errors."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("fake_generator")


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_sum_sequence_writes_a_picture_and_prints_the_sum(run_command: Run, tmp_path: Path) -> None:
    done = run_command("sum-sequence", 23, "--length", 5, "-o", "out.png", "--seed", 4051)
    assert done.code == 0
    assert done.err == ""
    match = re.fullmatch(r"out\.png: (\d(?:\+\d){4}) = 23  \(writer \d, seed 4051\)\n", done.out)
    assert match
    assert sum(map(int, match[1].split("+"))) == 23
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["handsum:digits"] == match[1].replace("+", "")
    assert files(tmp_path) == ["out.png"]


def test_a_default_length_and_name_are_printed(run_command: Run, tmp_path: Path) -> None:
    done = run_command("sum-sequence", 23)
    assert "length 5 chosen" in done.out
    assert done.out.startswith("sum-23.png: ")
    assert files(tmp_path) == ["sum-23.png"]


def test_the_printed_seed_gives_the_same_file(run_command: Run, tmp_path: Path) -> None:
    first = run_command("sum-sequence", 23, "-o", "a.png")
    seed = re.search(r"seed (\d+)", first.out)
    assert seed
    run_command("sum-sequence", 23, "-o", "b.png", "--seed", seed[1])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    run_command("sum-sequence", 23, "-o", "c.png", "--seed", int(seed[1]) ^ 1)
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "c.png").read_bytes()


def test_sum_sequence_json_is_exactly_its_schema(run_command: Run, tmp_path: Path) -> None:
    done = run_command("sum-sequence", 23, "-n", 5, "--count", 2, "--seed", 1, "--json")
    result = json.loads(done.out)
    assert list(result) == ["sequences", "writer", "seed", "notes"]
    assert result["seed"] == 1
    assert len(result["writer"]) == 2
    assert len(result["sequences"]) == 2
    for sequence in result["sequences"]:
        assert list(sequence) == ["digits", "total", "boxes", "strokes", "readings", "redrawn"]
        assert sum(map(int, sequence["digits"])) == sequence["total"] == 23
        assert sequence["readings"] == sequence["digits"]
        assert 0 <= sequence["redrawn"] <= 5
        assert [len(box) for box in sequence["boxes"]] == [4] * 5
    assert "2 sequences of 5 digits, each summing to 23" in done.err
    with Image.open(tmp_path / "sum-23.png") as image:
        boxes = np.array([sequence["boxes"] for sequence in result["sequences"]])
        assert boxes.min() > 0
        assert (boxes[..., :2] + boxes[..., 2:] < image.size).all()


def test_one_writer_is_a_number_in_json(run_command: Run) -> None:
    one = json.loads(run_command("sum-sequence", 23, "--seed", 1, "--json").out)
    assert isinstance(one["writer"], int)
    chosen = json.loads(run_command("sum-sequence", 23, "--count", 3, "--writer", 5, "--json").out)
    assert chosen["writer"] == 5


@pytest.mark.parametrize("arguments", [("-12.5",), ("--caption", "-12.5"), ("--", "-12.5")])
def test_an_amount_keeps_its_marks(run_command: Run, tmp_path: Path, arguments) -> None:
    done = run_command("number", *arguments, "--json", "-o", "n.png", "--seed", 1)
    if arguments[0] == "--":  # everything after it is the number
        assert done.code == 2
        return
    result = json.loads(done.out)
    assert (result["digits"], result["total"], len(result["boxes"])) == ("125", 8, 3)
    with Image.open(tmp_path / "n.png") as image:
        assert image.text["handsum:digits"] == "-12.5"


def test_svg_and_print_sizes(run_command: Run, tmp_path: Path) -> None:
    boxes = {}
    for name in ("n.svg", "n.png"):
        done = run_command("number", "407", "-o", name, "--seed", 1, "--json", "--scale", 6)
        boxes[name] = np.array(json.loads(done.out)["boxes"])
    with Image.open(tmp_path / "n.png") as image:
        scale = view_box(tmp_path / "n.svg")[0] / image.width
    # The same layout, up to rounding.
    np.testing.assert_allclose(boxes["n.svg"] / scale, boxes["n.png"], atol=3)
    assert run_command("sum-sequence", 9, "--count", 2, "-o", "s{}.svg").code == 0
    assert sorted(path.name for path in tmp_path.glob("s*.svg")) == ["s1.svg", "s2.svg"]
    run_command("number", "7", "--height", "10mm", "-o", "mm.png", "--seed", 1)
    with Image.open(tmp_path / "mm.png") as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.height == pytest.approx((20 + 18) * 10 / 25.4 * 300 / 20, rel=0.05)


@pytest.mark.parametrize("size", ["--scale=1", "--height=12mm", "--height=80", "--cells"])
@pytest.mark.parametrize("command", [("number", "407"), ("sum-sequence", "9", "-n", "3")])
def test_boxes_of_an_svg_are_in_its_user_units(
    run_command: Run, tmp_path: Path, command: tuple[str, ...], size: str
) -> None:
    done = run_command(*command, "-o", "n.svg", "--seed", 1, "--json", size)
    result = json.loads(done.out)
    (row,) = result.get("sequences", [result])
    text = (tmp_path / "n.svg").read_text()
    paths = [*re.findall(r"<g>(<path .*?)</g>", text)]
    assert len(paths) == len(row["boxes"]) == 3
    for path, (left, top, width, height) in zip(paths, row["boxes"], strict=True):
        # The points of the outline, with those that control its curves.
        points = np.array(re.findall(r"[\d.]+", path), float).reshape(-1, 2)
        found = [*points.min(0), *np.ptp(points, axis=0)]
        np.testing.assert_allclose(found, [left, top, width, height], atol=3)
    width, height = view_box(tmp_path / "n.svg")
    assert all(box[0] + box[2] <= width and box[1] + box[3] <= height for box in row["boxes"])


def view_box(path: Path) -> tuple[float, float]:
    """Width and height of an SVG in its user units."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', path.read_text())
    assert found
    return float(found[1]), float(found[2])


def test_no_verify_reads_nothing(run_command: Run) -> None:
    result = json.loads(run_command("sum-sequence", 23, "--no-verify", "--json").out)
    assert result["sequences"][0]["readings"] is None


def test_a_digit_that_is_always_misread_is_noted(run_command: Run, fake_generator: Any) -> None:
    fake_generator.misdraw = lambda label, index, attempt: 8 if label == 5 else label
    done = run_command("number", "152", "--json")
    assert done.code == 0
    assert done.err.startswith("note: 152 still reads as 182")
    result = json.loads(done.out)
    assert result["readings"] == "182"
    assert result["notes"] == ["152 still reads as 182: try another --seed or --writer"]
    assert done.err.splitlines()[:-1] == [f"note: {note}" for note in result["notes"]]


@pytest.mark.parametrize("option", ["--caption", "--wide", "--cells", "--no-verify"])
def test_layout_options_change_neither_digits_nor_hands(run_command: Run, option: str) -> None:
    plain, other = (
        json.loads(run_command("sum-sequence", 23, "--seed", 6, "--count", 2, "--json", *more).out)
        for more in ([], [option])
    )
    assert plain["writer"] == other["writer"]
    for one, two in zip(plain["sequences"], other["sequences"], strict=True):
        assert one["digits"] == two["digits"]


def test_count_gives_numbered_files(run_command: Run, tmp_path: Path) -> None:
    done = run_command("sum-sequence", 23, "--count", 3, "-o", "s-{}.png", "--caption")
    assert done.code == 0
    assert files(tmp_path) == ["s-1.png", "s-2.png", "s-3.png"]


def test_count_gives_arrays(run_command: Run, tmp_path: Path) -> None:
    assert run_command("sum-sequence", 23, "-n", 5, "--count", 3, "-o", "s.npz").code == 0
    with np.load(tmp_path / "s.npz") as arrays:
        assert arrays["images"].shape == (3, 5, 28, 28)
        assert arrays["labels"].sum(axis=1).tolist() == arrays["totals"].tolist() == [23] * 3
        assert arrays["writers"].shape == (3,)


def test_long_sequences_are_not_listed(run_command: Run) -> None:
    done = run_command("sum-sequence", 1350, "-n", 300, "--scale", 1, "--no-verify")
    assert "300 digits summing to 1350" in done.out


def test_number_writes_its_text(run_command: Run, tmp_path: Path) -> None:
    done = run_command("number", "0071234", "--spacing", "--caption", "--seed", 2)
    assert re.fullmatch(r"number-0071234\.png: 0071234  \(writer \d, seed 2\)\n", done.out)
    with Image.open(tmp_path / "number-0071234.png") as image:
        assert image.info["handsum:digits"] == "0071234"


def test_number_json(run_command: Run) -> None:
    result = json.loads(run_command("number", "072", "--json", "--seed", 2, "--writer", 3).out)
    assert result == {
        "text": "072",
        "digits": "072",
        "total": 9,
        "boxes": result["boxes"],
        "strokes": result["strokes"],
        "readings": "072",
        "redrawn": 0,
        "writer": 3,
        "seed": 2,
        "notes": [],
    }
    assert len(result["boxes"]) == 3
    assert [one["digit"] for one in result["strokes"]] == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2]
    for stroke in result["strokes"]:
        x, y, width, height = result["boxes"][stroke["digit"]]
        points = np.array(stroke["points"])
        assert len(points) == len(stroke["widths"]) == len(stroke["times"])
        assert (points >= [x, y]).all()
        assert (points <= [x + width, y + height]).all()


def test_number_sets_thousands_apart(run_command: Run) -> None:
    def lefts(*options: str) -> list[int]:
        boxes = json.loads(run_command("number", "12345", "--seed", 2, "--json", *options).out)
        return [box[0] for box in boxes["boxes"]]

    moved = np.subtract(lefts("--spacing"), lefts())
    assert moved.tolist() == [0, 0, 44, 44, 44]


def test_number_takes_minus_and_thousands_signs(run_command: Run, tmp_path: Path) -> None:
    done = run_command("number", "\u22121'234.5", "--seed", 2, "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert (result["text"], result["digits"]) == ("-1 234.5", "12345")
    with Image.open(tmp_path / "number--1234.5.png") as image:
        assert image.text["handsum:digits"] == "-1234.5"
    boxes = {}
    for text, options in (("1\u202f234", []), ("1234", ["--spacing"])):
        result = run_command("number", text, "--seed", 2, "--json", "-o", "n.png", *options)
        boxes[text] = json.loads(result.out)["boxes"]
    assert boxes["1\u202f234"] == boxes["1234"]
    assert run_command("number", "1 234", "-o", "n.npz").code == 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("12/05/2024", "12-05-2024"),
        ("12:30", "12-30"),
        ("3 + 4 = 7", "3+4=7"),
        ("$1,234.50", "$1,234.50"),
        ("1.234,50 €", "1.234,50€"),
        ("-$5", "-$5"),
        ("-(25%)", "-(25%)"),
    ],
)
def test_signs_are_written_and_make_a_file_name(
    run_command: Run, tmp_path: Path, text: str, name: str
) -> None:
    done = run_command("number", text, "--seed", 2, "--caption")
    assert done.code == 0, done.err
    assert f"number-{name}.png: {text} " in done.out
    assert files(tmp_path) == [f"number-{name}.png"]
    with Image.open(tmp_path / f"number-{name}.png") as image:
        assert image.info["handsum:digits"] == text.replace(" ", "")
    assert run_command("number", text, "--seed", 2, "-o", "a.svg").code == 0
    title = ElementTree.parse(tmp_path / "a.svg").getroot().find("{*}title")
    assert title is not None
    assert title.text == text


def test_wide_widens_the_gaps_of_numbers_and_sums(run_command: Run) -> None:
    for command, value in (("number", "12345"), ("sum-sequence", 23)):
        plain, wide = (
            json.loads(run_command(command, value, "--seed", 2, "--json", *more).out)
            for more in ([], ["--wide"])
        )
        first, second = (
            np.array((one["sequences"][0] if command == "sum-sequence" else one)["boxes"])
            for one in (plain, wide)
        )
        assert (second[:, 0] - first[:, 0]).tolist() == [0, 44, 88, 132, 176]


def test_the_reader_that_checks_is_chosen_by_name(
    run_command: Run, fake_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def load_reader(name: str) -> Any:
        asked.append(name)
        return fake_generator.reader()

    monkeypatch.setattr(sys.modules["handsum.pretrained.load"], "load_reader", load_reader)
    assert run_command("number", "12", "--reader", "judge").code == 0
    assert run_command("sum-sequence", 9, "--reader", "cnn-x").code == 0
    assert asked == ["judge", "cnn-x"]


def test_a_number_of_hundreds_of_digits_is_one_strip(run_command: Run, tmp_path: Path) -> None:
    done = run_command("number", "0123456789" * 30, "--scale", 1, "--seed", 1)
    assert "300 digits" in done.out
    (name,) = files(tmp_path)
    assert len(name) < 60
    with Image.open(tmp_path / name) as image:
        assert image.width > 300 * 10
        assert image.height < 60


def test_layout_options_reach_the_picture(run_command: Run, tmp_path: Path) -> None:
    run_command("number", "8", "-o", "a.png", "--ink", "#ff0000", "--paper", "transparent")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "RGBA"
        assert image.getpixel((0, 0)) == (255, 0, 0, 0)
    run_command("number", "81", "-o", "b.png", "--cells", "--paper", "black", "--scale", 2)
    with Image.open(tmp_path / "b.png") as image:
        assert (image.mode, image.size) == ("L", (112, 56))


def test_generate_writes_a_grid(run_command: Run, tmp_path: Path) -> None:
    done = run_command(
        "generate", "--digits", "0123456789", "--rows", 3, "-o", "g.png", "--seed", 1
    )
    assert done.out == "g.png: 30 digits  (fake-generator, seed 1)\n"
    assert done.err == ""
    with Image.open(tmp_path / "g.png") as image:
        assert image.size == (280, 84)


def test_generate_writes_a_folder_and_arrays(run_command: Run, tmp_path: Path) -> None:
    assert run_command("generate", "--count", 12, "-o", "digits/").code == 0
    assert len(files(tmp_path / "digits")) == 12
    assert run_command("generate", "--random", "--rows", 3, "--columns", 4, "-o", "d.npz").code == 0
    with np.load(tmp_path / "d.npz") as arrays:
        assert arrays["images"].shape == (12, 28, 28)


def test_arrays_and_folders_come_from_the_model_of_pixels(
    run_command: Run, monkeypatch: pytest.MonkeyPatch, fake_generator: Any
) -> None:
    asked: list[str | None] = []

    def load_generator(name: str | None = None) -> Any:
        asked.append(name)
        return fake_generator

    monkeypatch.setattr("handsum.models.registry.PIXEL_GENERATOR", "cgan")
    monkeypatch.setattr(sys.modules["handsum.pretrained.load"], "load_generator", load_generator)
    for output in ("a.npz", "folder", "a.png"):
        assert run_command("generate", "--count", 2, "-o", output).code == 0
    assert run_command("generate", "--count", 2, "--height", 40, "-o", "large").code == 0
    assert run_command("generate", "--count", 2, "--model", "dcgan", "-o", "b.npz").code == 0
    assert run_command("generate", "--count", 2, "--shards", 2, "-o", "c.npz").code == 0
    assert asked == ["cgan", "cgan", None, None, "dcgan", "cgan", "cgan"]


def test_generate_json(run_command: Run) -> None:
    done = run_command(
        "generate", "--digits", "37", "--rows", 2, "--writer", 3, "--json", "--seed", 1
    )
    assert json.loads(done.out) == {
        "digits": "3737",
        "strokes": None,
        "writers": [3, 3, 3, 3],
        "seed": 1,
        "notes": [],
    }
    assert done.err == "digits.png: 4 digits  (writer 3, fake-generator, seed 1)\n"


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("sum-sequence 50 --length 5", 2, "from 0 to 45, not 50: .* length of 6 or more"),
        ("sum-sequence 50 --length 0", 2, "length of 0"),
        ("sum-sequence -5 --length 2", 2, "no digits sum to -5"),
        ("sum-sequence --length 2 -15", 2, "no digits sum to -15"),
        ("sum-sequence -- -5", 2, "no digits sum to -5"),
        ("sum-sequence " + "9" * 400, 2, "out of range"),
        ("sum-sequence 23 --writer 7", 2, "writers 0 to 6"),
        ("sum-sequence 23 --ink wite", 2, "unknown colour 'wite'"),
        ("sum-sequence 23 --paper paper", 2, "unknown colour 'paper'"),
        ("sum-sequence 23 --ink white", 2, "choose another --ink"),
        ("sum-sequence 23 --scale 64 --count 200", 2, "smaller size"),
        ("sum-sequence 23 -o out.jpg", 2, ".png, .svg, .gif, .webp, .inkml or .npz"),
        ("sum-sequence 23 --centerline -o a.png", 2, "--centerline is only for an .svg"),
        ("sum-sequence 23 --duration 5", 2, "--duration is only for animations"),
        ("sum-sequence 23 --duration 61 -o a.gif", 2, "61 seconds is out of range: use 0.2 to 60"),
        ("sum-sequence 23 --pen 0", 2, "a pen of 0 is out of range"),
        ("sum-sequence 23 --pen 30mm --height 12mm", 2, "is 2.5 of a digit's height, out of range"),
        ("number 12 --animate", 2, "--animate is only for animations"),
        ("number 12 --animate --centerline -o a.svg", 2, "leave out --animate"),
        ("number 12 --pen quill", 2, "no pen 'quill': use fine, ballpoint, felt, marker"),
        ("number 12 --pen 0.5mm", 2, "needs a size on paper: give a --height in mm, or a --dpi"),
        ("sum-sequence 23 -o folder", 1, "folder is a directory"),
        ("sum-sequence 23 -o none/out.png", 1, "no folder none"),
        ("number 12a", 2, "not 'a'"),
        ("number 12'", 2, "an apostrophe between two digits, not as in"),
        ("number 12 --cells --wide", 2, "--cells has no gaps: leave out --wide or --cells"),
        ("number 12 --cells --spacing", 2, "leave out --spacing or --cells"),
        ("number 1~234", 2, "not '~'"),
        ("number -.,", 2, "at least one digit"),
        ("number 12 --height 5furlongs", 2, "a height is one such as 80, 12mm"),
        ("number 12 --height 40 --scale 2", 2, "either --scale or --height, not both"),
        ("number 12 --dpi 0", 2, "0 dpi is out of range"),
        ("number 12 --height 12mm --dpi 0", 2, "0 dpi is out of range"),
        ("number 12 --height 12mm --dpi nan", 2, "nan dpi is out of range"),
        ("number 12 --height 20001", 2, "a height of 20001 is 20001 pixels: use 5 to 20000"),
        ("number 12 --height 200cm", 2, "23622 pixels at 300 dpi: use 5 to 20000"),
        ("number 12.5 --cells", 2, "cells hold digits only: leave out --cells"),
        ("generate --interpolate latents -o none/out.gif", 1, "no folder none"),
        ("number 12 --spacnig", 2, "No such option"),
        ("number 12 -o out.bmp", 2, ".png, .svg, .gif, .webp, .inkml or .npz"),
        ("number 12 -o folder", 1, "is a directory"),
        ("number a/b", 2, "not 'a' 'b'"),
        ("generate --digits 12x", 2, "not 'x'"),
        ("generate --rows 2 --count 5", 2, "not both"),
        ("generate --steps 5", 2, "--steps is for --interpolate"),
        ("generate --writer 9", 2, "writers 0 to 6"),
        ("generate -o out.jpg", 2, "without an ending"),
        ("generate -o .", 1, "already holds files"),
        ("generate -o none/out.png", 1, "no folder none"),
        ("dataset letters -o d", 2, "'kind': 'letters' is not one of 'digits', 'numbers'"),
        ("dataset numbers --forms odd -o d", 2, "'--forms': 'odd' is not one of 'european'"),
    ],
)
def test_an_error_is_one_line_with_its_code_and_leaves_nothing(
    run_command: Run, tmp_path: Path, command: str, code: int, message: str
) -> None:
    (tmp_path / "folder").mkdir()
    done = run_command(*command.split())
    assert done.code == code
    assert re.search(message, done.err)
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert files(tmp_path) == ["folder"]
    assert files(tmp_path / "folder") == []


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"number {'5' * 500} --height 400 -o a.gif", "a .gif has at most 65535 on a side"),
        (f"number {'5' * 200} --height 400 -o a.webp", "a .webp has at most 16383 on a side"),
        (f"number {'5' * 5000} --height 400", "use a smaller size"),
        ("number 12.5 --cells", "cells hold digits only"),
        ("number 12.5 -o a.npz", "an .npz holds digits only"),
        ("number 12 --pen felt -o a.npz", "leave out --pen"),
        ("number 12 --caption -o a.npz", "leave out --caption"),
        ("sum-sequence 23 --height 12mm -o a.npz", "leave out --height"),
        ("writers --height 2000", "use a smaller size"),
    ],
)
def test_what_cannot_be_saved_is_refused_before_the_work(
    run_command: Run, monkeypatch: pytest.MonkeyPatch, command: str, message: str
) -> None:
    def work(*arguments: Any, **options: Any) -> None:
        raise AssertionError("the digits were drawn")

    for module in ("writers", "write"):
        monkeypatch.setattr(f"handsum.writing.{module}.write_rows", work)
    done = run_command(*command.split())
    assert done.code == 2
    assert message in done.err


def test_a_sheet_of_hands_as_an_svg_has_no_limit_of_pixels(run_command: Run) -> None:
    done = run_command(
        *["writers", "--count", "2", "--digits", "12", "--height", "15000", "-o", "hands.svg"]
    )
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "command",
    [
        "sum-sequence many",
        "sum-sequence 2.5",
        "sum-sequence",
        "sum-sequence 23 --count 0",
        "sum-sequence 23 --seed -1",
        "sum-sequence 23 --seed 4294967296",
        "number",
        "number 5 --scale 0",
        "number 5 --scale nan",
        "generate --rows 0",
    ],
)
def test_errors_of_the_parser_have_code_2(run_command: Run, tmp_path: Path, command: str) -> None:
    done = run_command(*command.split())
    assert done.code == 2
    assert done.err
    assert files(tmp_path) == []


def test_an_empty_text_is_an_error(run_command: Run) -> None:
    done = run_command("number", "")
    assert (done.code, done.out) == (2, "")
    assert "at least one digit" in done.err


@pytest.mark.parametrize("command", ["sum-sequence", "number", "generate"])
def test_help_documents_every_option(run_command: Run, command: str) -> None:
    import typer

    from handsum.cli.app import app

    assert run_command(command, "--help").code == 0
    parameters = typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
    assert [p.name for p in parameters if not getattr(p, "help", None)] == []


@pytest.mark.parametrize("text", ["1  234", "1' 2", "1 .5", "1\u00a0\u202f2", "12'"])
def test_a_gap_at_the_wrong_place_is_shown(run_command: Run, text: str) -> None:
    done = run_command("number", text)
    assert (done.code, done.out) == (2, "")
    assert "a gap is a single space, not beside a point or comma, or an apostrophe" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "count", "shown"),
    [
        ("number 12 -o x-{}.png", 1, "x-1.png: 12 "),
        ("sum-sequence 9 -o x-{}.svg", 1, "x-1.svg: "),
        ("sum-sequence 9 --count 12 -o x-{}.png", 12, "x-01.png to x-12.png: 12 sequences"),
        ("writers --count 3 -o x-{}.png", 3, "x-1.png to x-3.png: 3 hands"),
    ],
)
def test_numbered_files_are_named_in_the_closing_line(
    run_command: Run, tmp_path: Path, command: str, count: int, shown: str
) -> None:
    done = run_command(*command.split(), "--seed", 1)
    assert (done.out + done.err).startswith(shown)
    assert len(files(tmp_path)) == count


@pytest.mark.parametrize("total", ["abc", "", "2.5", "٣", "²", "1e3", "9" * 5000])
def test_a_total_that_is_no_number_is_one_clear_line(total, run_command, tmp_path) -> None:
    result = run_command("sum-sequence", total, "--length", 2)
    assert result.code == 2
    assert result.err.startswith("error: a total is a whole number such as 23, not '")
    assert len(result.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_shown_defaults_are_the_models_that_are_used() -> None:
    from handsum.cli.writing_options import Model, Reader
    from handsum.models.registry import DEFAULT_GENERATOR, DEFAULT_READER

    assert Model.__metadata__[0].show_default == DEFAULT_GENERATOR
    assert Reader.__metadata__[0].show_default == DEFAULT_READER
