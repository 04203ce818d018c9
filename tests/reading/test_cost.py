"""What a picture costs to read: it ends, and it stops when its caller wants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from handsum import stopping
from handsum.pretrained.load import load_detector
from handsum.reading.predict import predict_picture
from handsum.reading.results import Prediction

DrawPage = Callable[..., np.ndarray]


def strokes(count: int) -> np.ndarray:
    """A sheet full of short strokes, each of which may be a 1."""
    columns = 100
    sheet = np.ones((30 * (1 + count // columns), 20 * columns), np.float32)
    for index in range(count):
        y, x = divmod(index, columns)
        sheet[30 * y + 8 : 30 * y + 22, 20 * x + 9 : 20 * x + 11] = 0
    return sheet


def dots(side: int) -> np.ndarray:
    """A page of side * side dots."""
    page = np.ones((4 * side, 4 * side), np.float32)
    ys, xs = np.indices(page.shape) % 4
    page[(ys < 2) & (xs < 2)] = 0
    return page


@pytest.mark.parametrize("picture", [dots(250), strokes(6_000)], ids=["dots", "strokes"])
def test_countless_marks_are_read_to_the_end(picture: np.ndarray) -> None:
    found = predict_picture(picture)
    assert isinstance(found, Prediction)
    (reading,) = found.files
    assert not reading.failed
    high, wide = picture.shape
    for x, y, width, height in (*reading.boxes, *reading.others):
        assert 0 <= x < x + width <= wide
        assert 0 <= y < y + height <= high


class Stop(Exception):
    """Raised by a caller who waits no more."""


def read_until(picture: np.ndarray, last: int | None = None) -> int:
    """Read a picture, and stop at a check; return the number of checks."""
    checks = 0

    def count() -> None:
        nonlocal checks
        checks += 1
        if checks == last:
            raise Stop

    if last is None:
        with stopping.checked_by(count):
            predict_picture(picture)
    else:
        with pytest.raises(Stop), stopping.checked_by(count):
            predict_picture(picture)
    return checks


@pytest.mark.usefixtures("template_reader")
def test_a_reading_stops_between_its_digits(draw_page: DrawPage) -> None:
    picture = draw_page("40512")
    every = read_until(picture)
    assert every >= 10
    for last in range(1, every + 1):
        assert read_until(picture, last) == last


def test_a_detector_stops_between_its_windows_and_its_signs() -> None:
    sheet = strokes(60)
    checks = 0

    def count() -> None:
        nonlocal checks
        checks += 1

    with stopping.checked_by(count):
        (signs,) = load_detector().find([np.uint8(255 * sheet)])
    # Its windows, and each sign of two scales at least.
    assert checks > 2 * len(signs) > 20
    for last in (1, checks // 2, checks):
        assert read_until(sheet, last) == last
