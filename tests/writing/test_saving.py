"""Saving: pictures with metadata, numbered files, folders and arrays; whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import handsum
from handsum import __version__
from handsum.errors import HandsumError, UsageError
from handsum.files import atomic_folder
from handsum.layout.encoding import Output, numbered_paths
from handsum.layout.painting import INK_LEVEL, ink_box
from handsum.layout.style import Style
from handsum.strokes import Strokes
from handsum.writing.digits import Digits, save_digits
from handsum.writing.generate import generate
from handsum.writing.sequences import save_sequences
from handsum.writing.write import number, sum_sequence

pytestmark = pytest.mark.usefixtures("fake_generator")


def test_a_picture_carries_what_made_it(tmp_path: Path) -> None:
    save_sequences(tmp_path / "n.png", number("0725", seed=4, writer=3), Style())
    with Image.open(tmp_path / "n.png") as image:
        assert image.info == {
            "Software": f"handsum {__version__}",
            "handsum:seed": "4",
            "handsum:model": "fake-generator",
            "handsum:writer": "3",
            "handsum:digits": "0725",
        }


def test_a_sheet_names_all_writers_and_digits(tmp_path: Path) -> None:
    written = sum_sequence(23, 5, count=3, seed=4)
    save_sequences(tmp_path / "n.png", written, Style())
    with Image.open(tmp_path / "n.png") as image:
        assert image.info["handsum:writer"] == " ".join(map(str, written.writers))
        assert image.info["handsum:digits"] == " ".join(written.digits)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"style": "x"}, "a style is a handsum.Style, not a str"),
        ({"caption": 3}, "a `caption` is True, or a text for each sequence: 1 in all"),
        ({"caption": "a\0b"}, r"one line of text, without .\\x00."),
        ({"caption": "a\nb"}, r"one line of text, without .\\n."),
        ({"caption": "\ud83d"}, r"one line of text, without .\\ud83d."),
        ({"caption": ["a", "b"]}, "1 in all"),
        ({"caption": [5]}, "1 in all"),
    ],
)
def test_what_is_no_style_or_caption_is_refused(
    tmp_path: Path, how: dict[str, object], message: str
) -> None:
    written = number("12", seed=1, verify=False)
    with pytest.raises(UsageError, match=message):
        written.save(tmp_path / "a.svg", **how)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.png", "a.npz", "a.PNG"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    contents = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / name
        caption = False if name == "a.npz" else ["a", "b"]
        save_sequences(path, sum_sequence(23, 5, count=2, seed=4), caption=caption)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def test_boxes_lie_around_the_ink_of_the_file(tmp_path: Path) -> None:
    boxes = save_sequences(tmp_path / "n.png", number("0725", seed=4), Style(ink="black")).boxes
    pixels = np.asarray(Image.open(tmp_path / "n.png")).copy()
    for x, y, width, height in boxes[0]:
        assert pixels[y : y + height, x : x + width].min() == 0
        pixels[y : y + height, x : x + width] = 255
    assert pixels.min() > 255 - INK_LEVEL


def test_gaps_are_chance_of_their_own(tmp_path: Path) -> None:
    """Neither the ink nor more sequences move a digit of the first one."""
    written = sum_sequence(23, 5, count=2, seed=4)
    boxes = save_sequences(tmp_path / "a.png", written, Style(ink="red")).boxes
    single = sum_sequence(23, 5, seed=4)
    alone = save_sequences(tmp_path / "b.png", single, Style(paper="black")).boxes
    offset = boxes[0, 0] - alone[0, 0]
    # A digit may begin between two pixels.
    assert np.abs(boxes[0] - alone[0] - offset).max() <= 1


def test_rows_of_a_sheet_have_gaps_of_their_own(tmp_path: Path) -> None:
    written = sum_sequence(23, 5, count=2, seed=4)
    assert written.strokes is not None
    twice = replace(written, strokes=written.strokes[:1] * 2)
    first, second = save_sequences(tmp_path / "a.png", twice, Style()).boxes
    assert np.ptp(first[:, 0] - second[:, 0]) > 0


def test_numbered_files_hold_one_sequence_each(tmp_path: Path) -> None:
    written = sum_sequence(23, 5, count=11, seed=4)
    boxes = save_sequences(tmp_path / "s-{}.png", written, Style()).boxes
    names = [f"s-{number:02d}.png" for number in range(1, 12)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert boxes.shape == (11, 5, 4)
    save_sequences(tmp_path / "s-01.one.png", sum_sequence(23, 5, seed=4), Style())
    assert (tmp_path / "s-01.png").read_bytes() == (tmp_path / "s-01.one.png").read_bytes()
    with Image.open(tmp_path / "s-07.png") as image:
        assert image.info["handsum:digits"] == written.digits[6]


def test_numbers_sort_like_names() -> None:
    assert [path.name for path in numbered_paths(Path("a/{}.png"), 3)] == [
        "1.png",
        "2.png",
        "3.png",
    ]
    assert numbered_paths(Path("{}.png"), 10)[0].name == "01.png"


def test_sequences_as_arrays(tmp_path: Path) -> None:
    written = sum_sequence(23, 5, count=3, seed=4)
    places = save_sequences(tmp_path / "s.npz", written, Style())
    with np.load(tmp_path / "s.npz", allow_pickle=False) as arrays:
        strokes = {"controls", "times", "stroke_offsets", "digit_offsets"}
        assert set(arrays) == {"images", "labels", "totals", "writers", "metadata", *strokes}
        assert arrays["images"].dtype == np.uint8
        assert arrays["images"].shape == (3, 5, 28, 28)
        assert np.array_equal(arrays["images"], written.images)
        assert np.array_equal(arrays["labels"], written.labels)
        assert arrays["totals"].tolist() == [23] * 3
        assert np.array_equal(arrays["writers"], written.writers)
    assert tuple(places.boxes[2, 4]) == ink_box(written.images[2, 4])
    # In pixels of the digit's image.
    shown = places.strokes(2)
    assert shown is not None
    points = np.concatenate([one["points"] for one in shown if one["digit"] == 4])
    x, y, width, height = places.boxes[2, 4]
    assert (points.min(0) > [x - 1, y - 1]).all()
    assert (points.max(0) < [x + width + 1, y + height + 1]).all()


def test_strokes_come_back_from_the_arrays(tmp_path: Path) -> None:
    written = sum_sequence(23, 5, count=3, seed=4)
    written.save(tmp_path / "s.npz")
    loaded = handsum.load_strokes(tmp_path / "s.npz")
    assert written.strokes is not None
    digits = [digit for row in written.strokes for digit in row]
    assert len(loaded) == len(digits) == 15
    for one, other in zip(loaded, digits, strict=True):
        assert isinstance(one, handsum.Strokes)
        for mine, yours in zip(one.controls, other.controls, strict=True):
            assert mine == pytest.approx(yours, abs=1e-6)


def test_digits_in_pixels_have_no_strokes_in_a_file(tmp_path: Path) -> None:
    pixels = replace(sum_sequence(23, 5, seed=4), strokes=None)
    places = save_sequences(tmp_path / "s.npz", pixels)
    assert pixels.as_dicts(places)[0]["strokes"] is None
    with pytest.raises(HandsumError, match="there are no strokes"):
        handsum.load_strokes(tmp_path / "s.npz")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.gif", {}),
        ("a.webp", {"duration": 2.0}),
        ("a.inkml", {}),
        ("a.svg", {}),
        ("b.svg", {"centerline": True}),
        ("c.svg", {"animate": True}),
        ("d.svg", {"duration": 2}),
        ("a-{}.gif", {"duration": 1}),
    ],
)
def test_every_type_of_file_is_saved_with_its_places(
    tmp_path: Path, name: str, options: dict[str, float]
) -> None:
    written = sum_sequence(23, 5, count=2, seed=4)
    places = save_sequences(tmp_path / name, written, output=Output(**options))  # type: ignore[arg-type]
    assert places.boxes.shape == (2, 5, 4)
    for row, digits in zip(written.as_dicts(places), written.digits, strict=True):
        strokes = row["strokes"]
        assert sorted({one["digit"] for one in strokes}) == [0, 1, 2, 3, 4]
        assert all(one["character"] == digits[one["digit"]] for one in strokes)
        assert strokes[0]["times"][0] == 0
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    written.save(tmp_path / name, **options)  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert all(first.values())


def test_the_options_of_an_svg_differ(tmp_path: Path) -> None:
    written = number("407", seed=4)
    contents = set()
    for options in ({}, {"centerline": True}, {"animate": True}, {"duration": 2.0}):
        written.save(tmp_path / "a.svg", **options)  # type: ignore[arg-type]
        contents.add((tmp_path / "a.svg").read_bytes())
    assert len(contents) == 4


def test_digits_as_a_grid(tmp_path: Path) -> None:
    drawn = generate("370", rows=2, seed=1)
    save_digits(tmp_path / "g.png", drawn)
    with Image.open(tmp_path / "g.png") as image:
        assert image.info["handsum:digits"] == "370370"
        assert image.info["handsum:seed"] == "1"
        pixels = np.asarray(image)
    assert pixels.shape == (56, 84)
    assert np.array_equal(pixels[28:, 56:], drawn.images[5])


def test_digits_as_arrays(tmp_path: Path) -> None:
    drawn = generate(count=12, seed=1)
    save_digits(tmp_path / "g.npz", drawn)
    with np.load(tmp_path / "g.npz") as arrays:
        assert set(arrays) == {"images", "labels", "writers", "metadata"}
        assert np.array_equal(arrays["images"], drawn.images)
        assert np.array_equal(arrays["labels"], drawn.labels)
        assert np.array_equal(arrays["writers"], drawn.writers)


def test_digits_of_strokes_are_sharp_in_a_grid_and_28x28_in_arrays(
    tmp_path: Path, fake_generator: Any
) -> None:
    fake_generator.writes_strokes = True
    drawn = generate("370", rows=2, seed=1)
    assert drawn.strokes is not None
    save_digits(tmp_path / "g.png", drawn)
    with Image.open(tmp_path / "g.png") as image:
        pixels = np.asarray(image)
    assert pixels.shape == (2 * 112, 3 * 112)
    assert np.array_equal(pixels[112:, 224:], drawn.strokes[5].draw(112))
    save_digits(tmp_path / "g.npz", drawn)
    with np.load(tmp_path / "g.npz") as arrays:
        assert np.array_equal(arrays["images"], drawn.images)
    for one, other in zip(handsum.load_strokes(tmp_path / "g.npz"), drawn.strokes, strict=True):
        np.testing.assert_allclose(one.controls[0], other.controls[0], atol=1e-6)
    save_digits(tmp_path / "folder", drawn)
    with Image.open(tmp_path / "folder" / "00001_7.png") as image:
        assert np.array_equal(np.asarray(image), drawn.images[1])


@pytest.mark.parametrize(("count", "cell"), [(3_000, 112), (10_000, 56), (40_000, 28)])
def test_a_larger_grid_of_strokes_has_smaller_digits(count: int, cell: int) -> None:
    images, none = np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.int64)
    drawn = Digits(images, none, none, 100, 1, "m", strokes=(Strokes(()),) * count)
    assert drawn.cell == cell
    assert replace(drawn, strokes=None).cell == 28


@pytest.mark.parametrize("writes_strokes", [False, True])
def test_a_height_draws_the_strokes_of_any_generator(
    tmp_path: Path, fake_generator: Any, writes_strokes: bool
) -> None:
    fake_generator.writes_strokes = writes_strokes
    drawn = generate("37", rows=1, seed=1, height=200)
    save_digits(tmp_path / "g.png", drawn)
    save_digits(tmp_path / "folder", drawn)
    one = Image.open(tmp_path / "folder" / "00001_7.png")
    with one, Image.open(tmp_path / "g.png") as image:
        assert image.size == (560, 280)
        assert np.array_equal(np.asarray(image)[:, 280:], np.asarray(one))
    with pytest.raises(UsageError, match="28x28 pixels: leave out `height`"):
        save_digits(tmp_path / "g.npz", drawn)
    for height, message in ((2, "5 or more"), (20_000, "too many to open")):
        with pytest.raises(UsageError, match=message):
            generate("37", rows=1, seed=1, height=height)
    with pytest.raises(UsageError, match="a mix is drawn in pixels: leave out `height`"):
        generate(mix="3,7", height=40)


def test_digits_as_paths_and_as_plain_strokes(tmp_path: Path) -> None:
    drawn = generate("370", count=5, columns=3, seed=1, height=40)
    assert drawn.strokes is not None
    save_digits(tmp_path / "g.svg", drawn)
    root = ElementTree.parse(tmp_path / "g.svg").getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert root.get("viewBox") == "0 0 840 560"
    assert [root.get(side) for side in ("width", "height")] == ["168", "112"]
    rows = root.findall(f"{name}g/{name}g")
    assert [row.get("aria-label") for row in rows] == ["370", "37"]
    paths = [len(digit.findall(f"{name}path")) for row in rows for digit in row]
    assert paths == [len(digit.controls) for digit in drawn.strokes]
    # The same places, in the lengths of each type of grid.
    for ending, cell in ((".svg", 280), (".png", 56)):
        found = drawn.as_dict(ending)["strokes"]
        assert [stroke["digit"] for stroke in found] == sorted(stroke["digit"] for stroke in found)
        last = [stroke for stroke in found if stroke["digit"] == 4]
        assert {stroke["character"] for stroke in last} == {"7"}
        assert last[0]["times"][0] == 0
        x, y = np.concatenate([stroke["points"] for stroke in last]).T
        assert cell < x.min() < x.max() < 2 * cell
        assert cell < y.min() < y.max() < 2 * cell
    assert drawn.as_dict(".npz")["strokes"] is None
    pixels = generate("3", rows=1, columns=1, seed=1)
    with pytest.raises(UsageError, match="without strokes: give a `height`"):
        pixels.save(tmp_path / "p.svg")
    assert not (tmp_path / "p.svg").exists()


@pytest.mark.parametrize("exists", [False, True])
def test_digits_as_a_folder(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path / "digits"
    if exists:
        folder.mkdir()
    drawn = generate("37", rows=2, seed=1)
    save_digits(folder, drawn)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["00000_3.png", "00001_7.png", "00002_3.png", "00003_7.png"]
    with Image.open(folder / "00001_7.png") as image:
        assert np.array_equal(np.asarray(image), drawn.images[1])
        assert image.info["handsum:writer"] == str(drawn.writers[1])
    assert folder.stat().st_mode & 0o055  # readable by others, under the usual umask
    assert [path.name for path in tmp_path.iterdir()] == ["digits"]


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(HandsumError, match="already holds files"):
        save_digits(tmp_path, generate("3", rows=1, seed=1))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_fails_halfway_leaves_nothing(tmp_path: Path) -> None:
    def fill() -> None:
        with atomic_folder(tmp_path / "half") as folder:
            (folder / "1.txt").write_text("1")
            raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_an_array_file_that_fails_halfway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: object, **arrays: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(HandsumError, match="No space left"):
        save_digits(tmp_path / "a.npz", generate("3", rows=1, seed=1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a.jpg", UsageError, ".png, .svg, .gif, .webp, .inkml or .npz"),
        ("a", UsageError, ".png, .svg, .gif, .webp, .inkml or .npz"),
        ("a-{}.npz", UsageError, "one .npz holds all"),
        ("none/a.png", HandsumError, "no folder"),
        ("folder.png", HandsumError, "is a directory"),
        ("x" * 300 + ".png", HandsumError, "too long"),
    ],
)
def test_a_path_that_cannot_be_written(
    tmp_path: Path, name: str, error: type[HandsumError], message: str
) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(error, match=message):
        save_sequences(tmp_path / name, number("1", seed=1), Style())
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a.jpg", UsageError, "without an ending"),
        ("none/a", HandsumError, "no folder"),
        ("none/a.npz", HandsumError, "no folder"),
        ("file", HandsumError, "is a file"),
    ],
)
def test_a_path_that_cannot_take_digits(
    tmp_path: Path, name: str, error: type[HandsumError], message: str
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(error, match=message):
        save_digits(tmp_path / name, generate("1", rows=1, seed=1))
    assert (tmp_path / "file").read_text() == "mine"


def test_a_grid_too_large_to_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handsum.layout.rows.MAX_PICTURE_PIXELS", 784 * 5)
    with pytest.raises(UsageError, match="npz"):
        save_digits(tmp_path / "a.png", generate("123456", rows=1, seed=1))


def test_a_result_is_saved_in_the_style_it_was_written_in(tmp_path: Path) -> None:
    style = Style(ink="red", paper="black", height="6mm", wide=True)
    number("407", seed=4, style=style).save(tmp_path / "own.png")
    number("407", seed=4, style=style).save(tmp_path / "given.png", style)
    number("407", seed=4, style=style).save(tmp_path / "other.png", Style())
    contents = [(tmp_path / f"{name}.png").read_bytes() for name in ("own", "given", "other")]
    assert contents[0] == contents[1] != contents[2]
    with Image.open(tmp_path / "own.png") as image:
        assert image.getpixel((0, 0)) == (0, 0, 0)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_captions_are_the_numbers_the_sums_or_ones_own(tmp_path: Path) -> None:
    spaced = number("1234567", seed=1, style=Style(spacing=True))
    sums = sum_sequence(9, 2, count=2, seed=1)
    assert spaced.captions() == ("1 234 567",)
    assert spaced.captions(Style()) == ("1234567",)
    assert sums.captions() == sums.equations
    pixels = {}
    for name, caption in (("none", False), ("usual", True), ("same", list(sums.equations))):
        sums.save(tmp_path / f"{name}.png", caption=caption)
        pixels[name] = (tmp_path / f"{name}.png").read_bytes()
    assert pixels["usual"] == pixels["same"] != pixels["none"]
    spaced.save(tmp_path / "a.svg", caption="mine")
    assert ">mine</text>" in (tmp_path / "a.svg").read_text()
    for wrong in ("one text", ["one"], [1, 2]):
        with pytest.raises(UsageError, match="a text for each sequence: 2 in all"):
            sums.save(tmp_path / "b.png", caption=wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "b.png").exists()


def test_results_are_shown_in_one_line() -> None:
    assert repr(number("-1 234", seed=1, writer=3)) == "<1 number, -1 234, writer 3, seed 1>"
    shown = repr(sum_sequence(9, 2, seed=1, writer=3))
    assert shown.startswith("<1 sequence, ")
    assert shown.endswith(" = 9, writer 3, seed 1>")
    several = sum_sequence(9, 2, count=3, seed=1)
    writers = len(set(several.writers.tolist()))
    assert repr(several) == f"<3 sequences of 2 digits, {writers} writers, seed 1>"
    assert repr(generate("37", rows=1, seed=1)) == "<2 digits, 37, fake-generator, seed 1>"
    assert len(repr(number("7" * 500, seed=1))) < 100
    assert several == several
    assert several != sum_sequence(9, 2, count=3, seed=1)
