"""Digits that are drawn again because of how their picture is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import ndimage

from handsum.layout.style import Style
from handsum.reading.page import Decoded
from handsum.strokes import Strokes
from handsum.writing import legible
from handsum.writing.legible import Rows, draw_legible

LENGTH = 40


class Seen:
    """Reads each upright line of a picture as a 1, but those of some widths otherwise.

    Those have the odds `likely`.
    """

    def __init__(self, otherwise: dict[int, str], likely: float = 1.0) -> None:
        self.otherwise, self.likely = otherwise, likely
        self.widths: list[list[int]] = []

    def __call__(self, finder: object, pictures: Sequence[np.ndarray]) -> list[Decoded]:
        self.widths.append([picture.shape[1] for picture in pictures])
        return [self._read(picture < 128) for picture in pictures]

    def _read(self, ink: np.ndarray) -> Decoded:
        labels, _ = ndimage.label(ink)
        found = sorted((place[1].start, place[1].stop) for place in ndimage.find_objects(labels))
        digits, boxes, likely = "", [], []
        for left, right in found:
            read = self.otherwise.get(right - left, "1")
            digits += read
            boxes += [(left, 0, right - left, 1)] * len(read)
            likely += [self.likely if right - left in self.otherwise else 1.0] * len(read)
        probabilities = np.eye(10, dtype=np.float32)[[*map(int, digits)]]
        return Decoded(tuple(boxes), (0,) * len(boxes), probabilities, tuple(likely))


def line(width: float) -> Strokes:
    return Strokes((np.array([[0.0, -0.5, width / 2], [0.0, 0.5, width / 2]]),))


@pytest.mark.parametrize(("read", "likely"), [("7", 1.0), ("", 1.0), ("11", 1.0), ("1", 0.5)])
@pytest.mark.parametrize(
    "wrong", [[20], [0], [LENGTH - 1], [3, 4, 30], [0, 1, LENGTH - 1], [*range(LENGTH)]]
)
def test_what_is_misread_or_doubtful_is_drawn_and_read_again(
    monkeypatch: pytest.MonkeyPatch, wrong: list[int], read: str, likely: float
) -> None:
    # Thick lines are misread, or read as a doubtful 1, and drawn thin the second time.
    strokes = [line(0.2 if place in wrong else 0.05) for place in range(LENGTH)]
    drawn_again: list[list[int]] = []

    def redraw(places: np.ndarray) -> None:
        drawn_again.append(places.tolist())
        for place in places:
            strokes[place] = line(0.05)

    style = Style(scale=4, as_drawn=True)
    thick = dict.fromkeys(range(4, 40), read)
    seen = Seen(thick, likely)
    monkeypatch.setattr(legible, "find_digits", seen)
    rows = Rows(np.ones((1, LENGTH), np.int64), np.zeros(1), 0)
    assert draw_legible(rows, strokes, redraw, style, None) == ["1" * LENGTH]  # type: ignore[arg-type]
    assert drawn_again == [wrong]
    first, *parts, last = seen.widths
    assert first[0] > 0.8 * last[0]
    if len(wrong) < LENGTH / 4:
        # First the parts with the new digits, then all.
        assert len(parts) == 1
        assert max(parts[0]) < 0.3 * last[0]
    else:
        assert not parts


def test_after_some_attempts_the_last_reading_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legible, "find_digits", Seen(dict.fromkeys(range(4, 40), "7")))
    strokes = [line(0.2 if place == 9 else 0.05) for place in range(LENGTH)]
    rows = Rows(np.ones((1, LENGTH), np.int64), np.zeros(1), 0)
    drawn: list[np.ndarray] = []
    style = Style(scale=4, as_drawn=True)
    read = draw_legible(rows, strokes, drawn.append, style, None)  # type: ignore[arg-type]
    assert read == ["1" * 9 + "7" + "1" * 30]
    assert [places.tolist() for places in drawn] == [[9]] * 12


def test_a_digit_that_stays_doubtful_is_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legible, "find_digits", Seen(dict.fromkeys(range(4, 40), "1"), 0.5))
    strokes = [line(0.2 if place == 9 else 0.05) for place in range(LENGTH)]
    rows = Rows(np.ones((1, LENGTH), np.int64), np.zeros(1), 0)
    drawn: list[np.ndarray] = []
    style = Style(scale=4, as_drawn=True)
    read = draw_legible(rows, strokes, drawn.append, style, None)  # type: ignore[arg-type]
    assert read == ["1" * LENGTH]
    assert [places.tolist() for places in drawn] == [[9]] * 8
