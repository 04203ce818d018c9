"""Sheets of hands: writers to choose from, and a hand fitted to pictures."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.errors import HandsumError, UsageError
from handsum.layout.style import Style
from handsum.reading.predict import predict
from handsum.writing.write import Options, number, write_rows
from handsum.writing.writers import fit_writer, measure_nib, writers


def test_a_sheet_has_the_digits_of_each_writer(tmp_path: Path) -> None:
    sheet = writers(490, 24, "47", seed=1)
    assert sheet.names == ("490", "491", "492", "493")
    assert sheet.writers == [490, 491, 492, 493]
    assert sheet.captions == sheet.names
    assert sheet.hand is None
    assert repr(sheet) == "<4 hands, 490 491 492 493, seed 1>"
    rows = np.tile([4, 7], (4, 1))
    same = write_rows(rows, 1, Options()).images.shape
    assert sheet.sequences.images.shape == same
    sheet.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.text["handsum:writer"] == "490 491 492 493"
    sheet.save(tmp_path / "b.svg", Style(scale=1))
    assert ">491</text>" in (tmp_path / "b.svg").read_text()
    with pytest.raises(UsageError, match="use a name that ends in .png, .svg"):
        sheet.save(tmp_path / "a.npz")


def test_a_hand_is_fitted_to_pictures_or_to_what_was_read_in_them(tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    number("1234567890", writer=77, seed=3).save(path)
    sheet = fit_writer(path, count=8, digits="12", seed=0)
    assert sheet.hand is not None
    assert sheet.names[0] == sheet.hand.name
    assert sheet.captions[0] == f"yours, fit {sheet.hand.fit:.0%}"
    assert [one.writer for one in sheet.likeness] == sheet.writers
    assert len(sheet.writers) == 7
    assert "fit" in repr(sheet)
    again = fit_writer(predict(path), count=8, digits="12", seed=0)
    assert again.names == sheet.names
    assert np.array_equal(again.sequences.images, sheet.sequences.images)
    assert number("42", writer=sheet.hand.name, seed=1).hand == sheet.hand.name


FIRST = {(0.04, 60), (0.04, 600), (0.07, 200), (0.12, 60), (0.18, 200)}


@pytest.mark.parametrize(
    ("pen", "height"),
    [
        pytest.param(*pair, marks=[] if pair in FIRST else pytest.mark.slow)
        for pair in product((0.04, 0.07, 0.12, 0.18), (60, 200, 600))
    ],
)
def test_the_pen_of_a_picture_is_found_again(tmp_path: Path, pen: float, height: int) -> None:
    path = tmp_path / "mine.png"
    style = Style(height=height, pen=pen, as_drawn=True)
    number("1234567890", writer=77, seed=3, verify=False, style=style).save(path)
    assert measure_nib(path) == pytest.approx(pen, rel=0.1)


def test_a_fitted_hand_writes_with_the_pen_of_the_pictures(tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    written = number("1234567890", writer=77, seed=3, style=Style(height=120, pen=0.05))
    written.save(path)
    sheet = fit_writer(path, count=1, seed=0)
    assert sheet.nib == pytest.approx(0.05, rel=0.1)
    assert sheet.as_dict()["hand"]["nib"] == sheet.nib
    sheet.save(tmp_path / "fitted.png", Style(height=120, pen=sheet.nib))
    own = fit_writer(path, count=1, seed=0, style=Style(height=120))
    own.save(tmp_path / "own.png")
    fitted, default = ((tmp_path / name).read_bytes() for name in ("fitted.png", "own.png"))
    assert fitted == default
    # Another pen, if it is given.
    other = fit_writer(path, count=1, seed=0, style=Style(height=120, pen="felt"))
    other.save(tmp_path / "felt.png")
    assert measure_nib(tmp_path / "felt.png") == pytest.approx(0.1, rel=0.15)


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    Image.new("L", (60, 60), 255).save(tmp_path / "blank.png")
    with pytest.raises(UsageError, match="use a picture of some digits"):
        fit_writer(tmp_path / "blank.png")
    with pytest.raises(HandsumError, match="gone.png"):
        fit_writer(tmp_path / "gone.png")
    with pytest.raises(UsageError, match="use a picture of some digits"):
        measure_nib(tmp_path / "blank.png")
    with pytest.raises(HandsumError, match="gone.png"):
        measure_nib(tmp_path / "gone.png")
    with pytest.raises(UsageError, match="writer 494 is out of range"):
        writers(494)
    with pytest.raises(UsageError, match="a count is 1 or more"):
        writers(count=0)
    with pytest.raises(UsageError, match="cgan knows no writers"):
        writers(model="cgan")
    with pytest.raises(UsageError, match="use a smaller size"):
        writers(count=4, style=Style(height=2000)).save(tmp_path / "large.png")
