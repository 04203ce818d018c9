"""Pens: one nib for a row, and one that is fine enough to leave loops open."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from handsum.layout.loops import OPEN_LOOP, count_loops
from handsum.layout.pens import OWN, PENS, Nib, mean_width, take_pen
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
        for digit in take_pen([line(0.05), line(0.1), line(0.2)], Nib(), "111", as_drawn=False)
    ]
    assert widths == pytest.approx([0.1] * 3)


def test_as_drawn_leaves_each_digit_its_width() -> None:
    digits = [line(0.05), ring(0.2, 0.38)]
    for before, after in zip(digits, take_pen(digits, OWN, "10", as_drawn=True), strict=True):
        np.testing.assert_allclose(after.controls[0], before.controls[0])


@pytest.mark.parametrize("pen", PENS)
def test_a_pen_has_its_width_and_presses_on_the_way_down(pen: str) -> None:
    nib = PENS[pen]
    (level,) = take_pen([line(0.1)], nib, "1", as_drawn=True)
    assert level.controls[0][:, 2].max() <= (nib.width or 0) / 2 + 1e-9
    turns = np.linspace(np.pi, 0, 40)
    arch = Strokes(
        (np.column_stack([0.4 * np.cos(turns), -0.4 * np.sin(turns), turns * 0 + 0.05]),)
    )
    (longer,) = take_pen([arch], nib, "7", as_drawn=True)
    assert mean_width(longer) == pytest.approx(nib.width, rel=0.1)
    widths = 2 * longer.controls[0][:, 2]
    # It goes up on the left and down on the right; both ends are free, and finer if the pen tapers.
    assert widths[30] > 1.03 * widths[10]
    assert widths[0] < (1 - 0.8 * nib.taper) * widths[10]


def test_ends_that_meet_are_as_wide_as_the_stroke() -> None:
    pen = Nib(0.1, taper=0.3)
    for digit, free in ((open_ring(0.3, 0.08), False), (open_ring(0.3, 0.5), True)):
        (written,) = take_pen([digit], pen, "0", as_drawn=True)
        ends = written.controls[0][[0, -1], 2]
        assert (ends < 0.8 * 0.05).all() == free
    # A stroke that ends on another one.
    bar = line(0.1).shift(0.05, 0)
    stem = Strokes((np.array([[0.0, 0, 0.05], [0.3, 0, 0.05], [0.6, 0, 0.05]]),))
    (written,) = take_pen([Strokes((*bar.controls, *stem.controls))], pen, "4", as_drawn=True)
    first, *_, last = written.controls[1][:, 2]
    assert last < 0.8 * first


def open_ring(radius: float, gap: float) -> Strokes:
    """A ring whose ends are `gap` apart: they meet only in a pen that is as wide."""
    turns = np.linspace(0, 2 * np.pi - 2 * np.arcsin(gap / radius / 2), 16)
    points = radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return Strokes((np.column_stack([points, np.full(16, 0.05)]),))


@pytest.mark.parametrize(
    ("radius", "gap"),
    # Closing a gap makes a ring of a radius of 0.12 much smaller.
    [(0.12, 0.0), *product((0.15, 0.18, 0.2), (0.0, 0.05, 0.1))],
)
def test_a_nib_that_fills_a_loop_is_made_finer(radius: float, gap: float) -> None:
    digits = [open_ring(radius, gap), line(0.1)]
    nib = Nib(1.9 * radius)
    drawn, finer = (take_pen(digits, nib, "01", as_drawn=flag) for flag in (True, False))
    assert loops(*drawn) == [0, 0]
    assert loops(*finer) == [1, 0]
    # A person writes a number with one pen.
    assert mean_width(finer[1]) == pytest.approx(mean_width(finer[0]))
    width = mean_width(finer[0])
    # A somewhat wider pen would fill it.
    assert loops(finer[0].with_nib(1.2 * width)) == [0]
    assert 0.6 * nib.width <= width < nib.width  # type: ignore[operator]


def test_a_digit_that_needs_a_much_finer_pen_than_the_others_takes_it_alone() -> None:
    loop, stem = take_pen([ring(0.08, 0.1), line(0.1)], Nib(0.22), "01", as_drawn=False)
    assert loops(loop) == [1]
    assert mean_width(loop) < 0.5 * 0.22
    # The others become finer too, so that it does not catch the eye.
    assert 0.5 * 0.22 < mean_width(stem) < 0.22
    assert mean_width(stem) < 1.8 * mean_width(loop)


def test_a_finer_pen_must_not_fill_the_place_of_a_loop_that_only_a_wide_one_closes() -> None:
    """The ends of one ring met only in the wide pen; the other ring is filled by it."""
    digits = [open_ring(0.4, 0.17), ring(0.1, 0.1)]
    written = take_pen(digits, Nib(0.2), "00", as_drawn=False)
    assert loops(*written) == [1, 1]
    assert mean_width(written[0]) > 0.17 > mean_width(written[1])


@pytest.mark.parametrize(("name", "count"), [("5", 0), ("0", 1)])
def test_only_of_digits_with_loops_one_is_closed_and_gets_a_finer_pen(
    name: str, count: int
) -> None:
    digit = open_ring(0.11, 0.05)
    (written,) = take_pen([digit], Nib(0.2), name, as_drawn=False)
    assert loops(written.with_nib(0.03)) == [count]
    assert (mean_width(written) < 0.15) == (count == 1)
    (drawn,) = take_pen([digit], Nib(0.2), name, as_drawn=True)
    assert (drawn.controls[0][:, :2] == digit.controls[0][:, :2]).all()


@pytest.mark.parametrize("radius", [0.08, 0.12, 0.17])
def test_one_who_asks_for_a_wider_pen_gets_no_finer_one(radius: float) -> None:
    digits = [ring(radius, 0.1), line(0.1)]
    asked = np.linspace(0.05, 0.3, 26)
    got = [
        [mean_width(digit) for digit in take_pen(digits, Nib(width), "01", as_drawn=False)]
        for width in asked
    ]
    # A width that is asked for is no step of the widths among which finer ones are chosen.
    assert (np.diff(got, axis=0) > -0.13 * asked[1:, None]).all()
    assert np.ptp(got, axis=0).min() > 0.05


def test_a_loop_that_no_pen_would_leave_open_changes_nothing() -> None:
    (written,) = take_pen([ring(0.02, 0.1)], Nib(0.3), "0", as_drawn=False)
    assert mean_width(written) == pytest.approx(0.3)


def test_digits_without_strokes_take_any_pen() -> None:
    assert [
        len(one.controls) for one in take_pen([Strokes(()), line(0.1)], Nib(), "01", as_drawn=False)
    ] == [0, 1]
