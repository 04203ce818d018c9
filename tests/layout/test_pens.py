"""Pens: one nib for a row, and one that is fine enough to leave loops open."""

from __future__ import annotations

import numpy as np
import pytest

from handsum.layout.pens import OPEN_LOOP, PENS, Nib, count_loops, mean_width, take_pen
from handsum.strokes import Strokes, draw_strokes


def ring(radius: float, width: float) -> Strokes:
    turns = np.linspace(0, 2 * np.pi, 16)
    points = radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return Strokes((np.column_stack([points, np.full(16, width / 2)]),))


def line(width: float) -> Strokes:
    return Strokes((np.array([[0, -0.5, width / 2], [0, 0.5, width / 2]]),))


def loops(*digits: Strokes) -> list[int]:
    return count_loops(draw_strokes(digits, 90), OPEN_LOOP).tolist()


def test_loops_are_counted() -> None:
    eight = Strokes(
        (*ring(0.2, 0.05).shift(0, -0.22).controls, *ring(0.2, 0.05).shift(0, 0.22).controls)
    )
    assert loops(ring(0.4, 0.1), eight, line(0.1), ring(0.2, 0.38), Strokes(())) == [1, 2, 0, 0, 0]
    assert count_loops(np.zeros((0, 90, 90), np.uint8), OPEN_LOOP).tolist() == []


def test_a_row_is_written_with_one_pen() -> None:
    widths = [
        mean_width(digit)
        for digit in take_pen([line(0.05), line(0.1), line(0.2)], Nib(), as_drawn=False)
    ]
    assert widths == pytest.approx([0.1] * 3)


def test_as_drawn_leaves_each_digit_its_width() -> None:
    digits = [line(0.05), ring(0.2, 0.38)]
    for before, after in zip(digits, take_pen(digits, Nib(), as_drawn=True), strict=True):
        np.testing.assert_allclose(after.controls[0], before.controls[0])


@pytest.mark.parametrize("pen", PENS)
def test_a_pen_has_its_width(pen: str) -> None:
    nib = PENS[pen]
    (written,) = take_pen([line(0.1)], nib, as_drawn=True)
    assert written.controls[0][:, 2].max() <= (nib.width or 0) / 2 + 1e-9
    longer = take_pen([ring(0.4, 0.1)], nib, as_drawn=True)[0].controls[0][:, 2]
    assert 2 * longer[len(longer) // 2] == pytest.approx(nib.width, rel=0.01)
    # Thinner ends, if the pen tapers.
    assert longer[0] == pytest.approx((1 - nib.taper) * longer[len(longer) // 2])


@pytest.mark.parametrize("radius", [0.12, 0.15, 0.2])
def test_a_nib_that_fills_a_loop_is_made_finer_for_it(radius: float) -> None:
    digits = [ring(radius, 0.1), line(0.1)]
    nib = Nib(1.9 * radius)
    drawn, finer = (take_pen(digits, nib, as_drawn=flag) for flag in (True, False))
    assert loops(*drawn) == [0, 0]
    assert loops(*finer) == [1, 0]
    assert mean_width(finer[1]) == pytest.approx(mean_width(drawn[1]))
    assert 0.5 <= mean_width(finer[0]) / mean_width(drawn[0]) < 1


def test_a_loop_that_no_pen_would_leave_open_changes_nothing() -> None:
    (written,) = take_pen([ring(0.05, 0.1)], Nib(0.3), as_drawn=False)
    assert mean_width(written) == pytest.approx(0.3)


def test_digits_without_strokes_take_any_pen() -> None:
    assert [
        len(one.controls) for one in take_pen([Strokes(()), line(0.1)], Nib(), as_drawn=False)
    ] == [0, 1]
