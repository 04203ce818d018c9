"""Reading files: what each says, what all say together, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handsum.errors import UsageError
from handsum.reading import NO_DIGITS, predict

Page = Callable[..., np.ndarray]


@pytest.fixture
def write(draw_page: Page, tmp_path: Path) -> Callable[..., Path]:
    """Write a row of digits to a file; of no digits: a blank one."""

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


def test_a_blank_picture_is_said_to_be_blank(template_reader: Any, write: Any) -> None:
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


def test_a_reader_can_be_handed_in(draw_page: Page, template_reader: Any, write: Any) -> None:
    template_reader.confidence = 0.55
    reading = predict(write("9", "nine.png"), reader=template_reader).files[0]
    assert reading.confidence == (0.55,)


def test_nothing_to_read_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nothing to read"):
        predict([])


def test_the_dictionary_is_exactly_the_schema(template_reader: Any, write: Any) -> None:
    result = predict([write("12", "a.png"), write("", "b.png")]).as_dict()
    assert list(result) == ["files", "sum", "probability", "interval"]
    for file in result["files"]:
        assert list(file) == ["file", "digits", "confidence", "boxes", "error"]
