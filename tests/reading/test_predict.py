"""Reading files: each one, all of them together, and files that cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handsum.data.signs.alphabet import CLASSES, SIGNS
from handsum.data.signs.answers import Signs
from handsum.errors import HandsumError, UsageError
from handsum.reading.predict import predict
from handsum.reading.results import NO_DIGITS, NOT_DIGITS

Page = Callable[..., np.ndarray]
FIELDS = [
    "file", "page", "size", "digits", "confidence", "boxes", "error", "alternatives", "rows",
    "row_alternatives", "table", "others",
]  # fmt: skip


@pytest.fixture
def write(draw_page: Page, tmp_path: Path) -> Callable[..., Path]:
    """Write a row of digits to a file; without digits a blank picture."""

    def save(text: str, name: str, mode: str = "L", **options: Any) -> Path:
        page = draw_page(text, **options) if text else np.full((60, 90), 0.9)
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.rint(page * 255).astype(np.uint8)).convert(mode).save(path)
        return path

    return save


def test_a_row_is_read_with_confidence_boxes_and_sum(template_reader: Any, write: Any) -> None:
    path = write("40951", "row.png")
    prediction = predict([path])
    (reading,) = prediction.files
    assert reading.file == str(path)
    assert reading.digits == "40951"
    assert reading.confidence == (0.97,) * 5
    assert len(reading.boxes) == 5
    assert reading.error is None
    assert prediction.sum == 19
    # The sum is right if all five digits are, or if errors cancel, which is rare.
    assert prediction.probability == pytest.approx(0.97**5, abs=0.005)
    assert prediction.interval is not None
    low, high = prediction.interval
    assert 10 <= low <= 19 <= high <= 28
    assert low < high


def test_all_files_are_one_sequence_read_in_one_call(template_reader: Any, write: Any) -> None:
    paths = [write("7", "b.png"), write("38", "a.bmp"), write("502", "c.jpg")]
    prediction = predict(paths)
    assert [reading.digits for reading in prediction.files] == ["7", "38", "502"]
    assert prediction.sum == 25
    assert template_reader.calls == [6]


@pytest.mark.parametrize(
    ("name", "mode"), [("a.png", "1"), ("a.gif", "P"), ("a.png", "RGBA"), ("a.tif", "CMYK")]
)
def test_modes_and_formats_read_alike(
    template_reader: Any, write: Any, name: str, mode: str
) -> None:
    assert predict(write("274", name, mode)).files[0].digits == "274"


@pytest.mark.parametrize(("ink", "paper"), [(0.9, 0.1), (0.45, 0.6), (0.0, 1.0)])
def test_light_and_dark_ink_read_alike(
    template_reader: Any, write: Any, ink: float, paper: float
) -> None:
    assert predict(write("274", "a.png", ink=ink, paper=paper)).files[0].digits == "274"


def test_boxes_are_those_of_the_upright_picture(template_reader: Any, write: Any) -> None:
    upright = write("14", "upright.png")
    exif = Image.Exif()
    exif[0x0112] = 8
    with Image.open(upright) as image:
        turned = image.transpose(Image.Transpose.ROTATE_270)
    turned.save(upright.parent / "turned.png", exif=exif)
    straight, rotated = predict([upright, upright.parent / "turned.png"]).files
    assert rotated.digits == straight.digits == "14"
    assert rotated.boxes == straight.boxes


def test_a_blank_picture_has_no_digits(template_reader: Any, write: Any) -> None:
    prediction = predict([write("", "blank.png"), write("7", "seven.png")])
    blank = prediction.files[0]
    assert (blank.digits, blank.confidence, blank.boxes) == ("", (), ())
    assert blank.error == NO_DIGITS
    assert not blank.failed
    assert prediction.sum == 7


def test_no_digit_at_all_has_no_sum_and_loads_no_reader(template_reader: Any, write: Any) -> None:
    prediction = predict(write("", "blank.png"))
    assert (prediction.sum, prediction.probability, prediction.interval) == (None, None, None)
    assert template_reader.calls == []


def test_a_file_that_fails_does_not_stop_the_others(template_reader: Any, write: Any) -> None:
    folder = write("3", "three.png").parent
    (folder / "notes.txt").write_text("no picture")
    (folder / "cut.png").write_bytes((folder / "three.png").read_bytes()[:200])
    names = ["three.png", "notes.txt", "cut.png", "gone.png", "three.png"]
    prediction = predict([folder / name for name in names])
    assert [reading.failed for reading in prediction.files] == [False, True, True, True, False]
    for name, reading in zip(names, prediction.files, strict=True):
        assert reading.file == str(folder / name)
        assert not reading.failed or name in str(reading.error)
    assert prediction.sum == 6


def test_a_directory_stands_for_its_pictures_in_natural_order(
    template_reader: Any, write: Any
) -> None:
    for number, text in {1: "5", 2: "6", 10: "7"}.items():
        write(text, f"pages/page{number}.PNG")
    folder = write("8", "pages/.hidden.png").parent
    (folder / "notes.txt").write_text("no picture")
    prediction = predict([folder])
    assert [reading.digits for reading in prediction.files] == ["5", "6", "7"]
    assert [Path(reading.file).name for reading in prediction.files] == [
        "page1.PNG",
        "page2.PNG",
        "page10.PNG",
    ]


def test_a_directory_without_pictures_is_a_failure(template_reader: Any, tmp_path: Path) -> None:
    (reading,) = predict(tmp_path).files
    assert reading.failed
    assert f"no pictures in {tmp_path}" in str(reading.error)


class FakeSums:
    """Says that every sum is 3."""

    def distributions(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        assert images.shape[2:] == (28, 28)
        return np.tile(np.eye(9 * images.shape[1] + 1)[3], (len(images), 1))


def test_a_loaded_reader_of_sums_gives_the_sums(template_reader: Any, write: Any) -> None:
    prediction = predict([write("45", "a.png"), write("7", "b.png")], reader=FakeSums())
    assert [reading.digits for reading in prediction.files] == ["45", "7"]
    assert (prediction.sum, prediction.probability) == (3, 1.0)
    assert [reading.distribution.argmax() for reading in prediction.files] == [3, 3]


def test_a_result_is_one_short_line(template_reader: Any, write: Any, tmp_path: Path) -> None:
    row, blank, gone = write("01787", "a.png"), write("", "blank.png"), tmp_path / "gone.png"
    assert repr(predict(row)) == "<1 file, 01787, sum 23>"
    assert repr(predict(row).files[0]) == f"<{row}, 01787, sum 23>"
    assert repr(predict(blank)) == "<1 file, no digits found>"
    assert repr(predict(blank).files[0]) == f"<{blank}, no digits found>"
    many = predict([row] * 20 + [gone])
    assert repr(many).startswith(f"<21 files, {'01787' * 7}01..., sum 4")
    assert repr(many).endswith(", 1 not read>")
    assert repr(many.files[-1]).startswith(f"<cannot read {gone}: ")
    # They hold arrays: a result is equal only to itself, and comparing raises no error.
    assert predict(row) != predict(row)


def test_a_prediction_annotates_its_pictures(
    template_reader: Any, write: Any, tmp_path: Path
) -> None:
    prediction = predict([write("38", "a.png"), write("", "b.png"), tmp_path / "gone.png"])
    paths = prediction.annotate(tmp_path / "new" / "marked")
    assert [path.name for path in paths] == ["a.png", "b.png"]
    with Image.open(paths[0]) as image:
        assert (np.asarray(image).reshape(-1, 3) == (0, 130, 60)).all(1).sum() > 200
    assert prediction.files[0].annotate(str(tmp_path)) == [tmp_path / "a-2.png"]
    assert prediction.files[2].annotate(tmp_path) == []
    with pytest.raises(HandsumError, match="cannot write to"):
        prediction.annotate(tmp_path / "a.png")


def test_something_else_is_no_reader() -> None:
    with pytest.raises(UsageError, match="not 3"):
        predict("a.png", reader=3)  # type: ignore[arg-type]


def test_an_empty_folder_and_a_blank_picture_need_no_jax(tmp_path: Path) -> None:
    Image.new("L", (60, 90), 230).save(tmp_path / "blank.png")
    (tmp_path / "empty").mkdir()
    code = (
        "import sys, handsum; print([reading.error for reading in "
        f"handsum.predict({[str(tmp_path / 'empty'), str(tmp_path / 'blank.png')]}).files]); "
        "assert 'jax' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no pictures in" in done.stdout
    assert NO_DIGITS in done.stdout


def test_a_loaded_reader_is_used(draw_page: Page, template_reader: Any, write: Any) -> None:
    template_reader.confidence = 0.55
    reading = predict(write("9", "nine.png"), reader=template_reader).files[0]
    assert reading.confidence == (0.55,)


def test_nothing_to_read_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nothing to read"):
        predict([])


def test_the_dictionary_is_exactly_the_schema(template_reader: Any, write: Any) -> None:
    result = predict([write("12", "a.png"), write("", "b.png")]).as_dict()
    summary = ["sum", "probability", "interval", "distribution"]
    assert list(result) == ["files", "left_out", *summary, "notes"]
    for file in result["files"]:
        assert list(file) == [*FIELDS, *summary]
    row, blank = result["files"]
    assert row["rows"] == ["12"]
    assert [list(others) for others in row["alternatives"]] == [
        [digit for digit in "0123456789" if digit != own] for own in "12"
    ]
    assert (row["sum"], row["others"]) == (3, [])
    assert sum(row["distribution"].values()) == pytest.approx(1, abs=0.01)
    assert row["distribution"]["3"] == pytest.approx(0.97**2, abs=0.005)
    assert (blank["sum"], blank["distribution"], blank["rows"]) == (None, {}, [])
    assert json.loads(json.dumps(result)) == result


def test_images_are_cut_only_if_they_are_asked_for(template_reader: Any, write: Any) -> None:
    path = write("38", "a.png")
    (whole,), (plain,) = (predict(path, images=images).files for images in (True, False))
    assert whole.images.shape == (2, 28, 28)
    assert plain.images.shape == (0, 28, 28)
    assert (plain.digits, plain.boxes, plain.rows) == (whole.digits, whole.boxes, whole.rows)
    assert np.array_equal(plain.probabilities, whole.probabilities)
    # A reader of single digits needs them in any case.
    (read,) = predict(path, images=False, reader=template_reader).files
    assert read.digits == whole.digits
    assert read.images.shape == (2, 28, 28)


def test_arrays_are_the_input_and_output_of_the_reader(template_reader: Any, write: Any) -> None:
    prediction = predict(write("38", "a.png"))
    reading = prediction.files[0]
    assert reading.images.shape == (2, 28, 28)
    assert reading.images.dtype == np.uint8
    assert reading.probabilities.argmax(1).tolist() == [3, 8]
    assert prediction.distribution.shape == (19,)
    assert prediction.distribution.argmax() == prediction.sum == 11


def test_several_rows_are_read_row_by_row(template_reader: Any, write: Any, tmp_path: Path) -> None:
    rows = [np.asarray(Image.open(write(text, f"{text}.png"))) for text in ("123", "456")]
    Image.fromarray(np.vstack(rows)).save(tmp_path / "page.png")
    reading = predict(tmp_path / "page.png").files[0]
    assert reading.digits == "123456"
    assert reading.rows == ("123", "456")


def test_an_impossible_length_is_an_error(template_reader: Any, write: Any) -> None:
    reading = predict(write("17", "a.png"), length=90).files[0]
    assert reading.failed
    assert "does not read as 90 digits, but as 17" in str(reading.error)
    assert reading.digits == ""


class FakeFinder:
    """Finds the same signs in every picture: a box and what it shows for each."""

    def __init__(self, **signs: tuple[int, int, int, int]) -> None:
        self.signs = signs

    def find(self, pictures: Sequence[np.ndarray], least: float = 0.3) -> list[Signs]:
        kinds = [(SIGNS + "?").index(name[-1]) for name in self.signs]
        boxes = np.array(list(self.signs.values()), float)
        return [Signs(boxes, np.ones(len(boxes)), np.eye(CLASSES)[kinds]) for _ in pictures]


@pytest.mark.parametrize("sign", SIGNS[10:])
def test_signs_are_kept_with_punctuation(template_reader: Any, write: Any, sign: str) -> None:
    signs = {"a1": (0, 0, 9, 20), "b2": (20, 1, 29, 21), "d3": (0, 60, 9, 80)}
    # Above, on and below the middle of its row; and one that stands beside no digit.
    for y in (0, 8, 24):
        finder = FakeFinder(**signs, **{"c" + sign: (12, y, 15, y + 3)})
        path = write("1", "a.png")
        plain = predict(path, reader=finder).files[0]
        assert (plain.digits, plain.rows) == ("123", ("12", "3"))
        full = predict(path, reader=finder, punctuation=True).files[0]
        assert (full.digits, full.rows) == ("123", (f"1{sign}2", "3"))
    far = FakeFinder(**signs, **{"c" + sign: (12, 38, 15, 41)})
    assert predict(path, reader=far, punctuation=True).files[0].rows == ("12", "3")


def test_writing_that_is_not_so_many_digits_is_said_so(template_reader: Any, write: Any) -> None:
    template_reader.odds = -3.0
    reading = predict(write("4", "a.png"), length=7).files[0]
    assert reading.digits == ""
    assert "does not read as 7 digits" in str(reading.error)


def test_other_writing_is_not_a_digit(template_reader: Any, write: Any) -> None:
    template_reader.odds = -3.0
    reading = predict(write("4", "a.png")).files[0]
    assert (reading.digits, reading.error) == ("", NOT_DIGITS)
    assert not reading.failed
    assert len(reading.others) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paths": ""}, "an empty name is no file"),
        ({"paths": ["a.png", ""]}, "an empty name is no file"),
        ({"paths": "a.png", "reader": ""}, "an empty name is no model"),
        ({"paths": "a.png", "length": 0}, "a length of 0"),
    ],
)
def test_wrong_arguments_are_usage_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        predict(**options)


def test_files_are_read_in_groups_of_bounded_size(
    template_reader: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handsum.reading.predict._PIXELS_AT_ONCE", 3 * 112 * 112)
    paths = [write("7", f"{index}.png") for index in range(7)]
    assert [reading.digits for reading in predict(paths).files] == ["7"] * 7
    assert template_reader.calls == [3, 3, 1]
