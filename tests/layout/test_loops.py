"""Loops that digits are read by, closed where their strokes nearly close them."""

from __future__ import annotations

import numpy as np
import pytest

from handsum.layout.loops import HAIRLINE, MEANT_LOOP, OPEN_LOOP, close_loops, count_loops
from handsum.strokes import Strokes, draw_strokes


def loops(*digits: Strokes, width: float = HAIRLINE) -> list[int]:
    """The open loops of digits in a pen of a width."""
    return count_loops(
        draw_strokes([digit.with_nib(width) for digit in digits], 90), OPEN_LOOP
    ).tolist()


def arc(
    radius: float, start: float, end: float, x: float = 0.0, y: float = 0.0, count: int = 16
) -> np.ndarray:
    """Control points (P, 3) along a part of a circle; angles are in turns, clockwise from east."""
    turns = 2 * np.pi * np.linspace(start, end, count)
    places = np.stack([x + radius * np.cos(turns), y + radius * np.sin(turns)], 1)
    return np.column_stack([places, np.full(count, 0.05)])


def zero(gap: float) -> Strokes:
    """A ring 0.8 high whose ends are `gap` apart at its top."""
    half = np.arcsin(gap / 0.8) / np.pi / 2
    return Strokes((arc(0.4, -0.25 + half, 0.75 - half, count=20),))


def six(gap: float) -> Strokes:
    """A stem that goes on as a bowl, whose end is `gap` away from the stem."""
    stem = np.column_stack([np.full(5, -0.2), np.linspace(-0.5, 0.2, 5), np.full(5, 0.05)])
    bowl = arc(0.2, 0.5, -0.5 + gap / 2 / np.pi / 0.2, y=0.25)
    return Strokes((np.concatenate([stem, bowl]),))


def nine(gap: float) -> Strokes:
    """A six on its head."""
    return six(gap).transform(-np.eye(2))


def eight(gap: float) -> Strokes:
    """Two rings, each open by `gap`, that end at each other."""
    open_by = gap / 2 / np.pi / 0.22
    upper = arc(0.22, 0.25 + open_by, 1.25, y=-0.22)
    lower = arc(0.22, -0.25, 0.75 - open_by, y=0.22)
    return Strokes((np.concatenate([upper, lower[1:]]),))


CASES = [("0", zero, 1), ("6", six, 1), ("9", nine, 1), ("8", eight, 2)]


@pytest.mark.parametrize("gap", [0.12, 0.16, 0.2])
@pytest.mark.parametrize(("name", "write", "count"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("lean", [-0.3, 0.0, 0.3])
def test_a_gap_in_a_loop_is_closed_whatever_the_pen(
    name: str, write: object, count: int, gap: float, lean: float
) -> None:
    digit = write(gap).slant(lean)  # type: ignore[operator]
    assert loops(digit)[0] < count
    (closed,) = close_loops([digit], name)
    for width in (HAIRLINE, 0.04, 0.08):
        assert loops(closed, width=width) == [count]
    # Only the ends move, and no further than they must.
    moved = np.hypot(*(closed.controls[0] - digit.controls[0])[:, :2].T)
    assert moved.max() < 1.5 * gap
    assert np.median(moved) < 0.02
    assert (closed.controls[0][:, 2] == digit.controls[0][:, 2]).all()


def test_what_is_closed_or_has_no_loop_stays_as_it_is() -> None:
    digits = [zero(-0.05), zero(0.1), six(0.2), Strokes(())]
    closed = close_loops(digits, "0120")
    assert all(one is other for one, other in zip(digits, closed, strict=True))
    assert close_loops([], "") == []


def peanut(gap: float, top: float = 0.0) -> Strokes:
    """An 8 whose lines are `gap` apart at its waist, and its ends `top` at the top."""
    y = 0.42 * np.concatenate([np.linspace(-1, 1, 14), np.linspace(1, -1, 14)[1:]])
    x = gap / 2 * np.cos(np.pi * y / 0.84) + 0.2 * np.sin(np.pi * y / 0.42) ** 2
    points = np.stack([x * np.repeat([-1, 1], [14, 13]), y], 1)
    points[0, 0] -= top / 2
    points[-1, 0] += top / 2
    return Strokes((np.column_stack([points, np.full(27, 0.05)]),))


@pytest.mark.parametrize("lean", [-0.3, 0.0, 0.3])
@pytest.mark.parametrize(("gap", "top"), [(0.08, 0.0), (0.2, 0.0), (0.1, 0.1)])
def test_the_waist_of_an_eight_is_drawn_together(gap: float, top: float, lean: float) -> None:
    digit = peanut(gap, top).slant(lean)
    assert loops(digit)[0] < 2
    (closed,) = close_loops([digit], "8")
    for width in (HAIRLINE, 0.04, 0.08):
        assert loops(closed, width=width) == [2]
    # A 0 of this form has its loop.
    (other,) = close_loops([peanut(gap).slant(lean)], "0")
    assert (other.controls[0] == peanut(gap).slant(lean).controls[0]).all()


def test_many_digits_are_closed_as_each_alone() -> None:
    digits = [peanut(0.1), zero(0.12), six(0.16), nine(0.2), eight(0.14)] * 30
    together = close_loops(digits, "80698" * 30)
    alone = [close_loops([one], name)[0] for one, name in zip(digits, "80698", strict=False)]
    for index, one in enumerate(together):
        np.testing.assert_array_equal(one.controls[0], alone[index % 5].controls[0])


@pytest.mark.parametrize("name", ["6", "9"])
def test_the_stem_of_a_digit_closes_no_loop(name: str) -> None:
    """A 6 whose stem bends towards its bowl, as that of an 8 would."""
    stem = arc(0.25, 0.2, -0.5, y=-0.15, count=10)[1:]
    bowl = arc(0.25, 0.5, -0.5, y=0.15)
    digit = Strokes((np.concatenate([stem, bowl]),))
    if name == "9":
        digit = digit.transform(-np.eye(2))
    (closed,) = close_loops([digit], name)
    assert (closed.controls[0] == digit.controls[0]).all()


def test_ends_that_are_far_from_every_line_stay() -> None:
    (closed,) = close_loops([zero(0.5)], "0")
    assert (closed.controls[0] == zero(0.5).controls[0]).all()


def test_strokes_of_their_own_are_joined() -> None:
    """A 0 of two halves."""
    halves = Strokes((arc(0.4, 0.1, 0.43, count=10), arc(0.4, 0.53, 1.0, count=10)))
    assert loops(halves) == [0]
    (closed,) = close_loops([halves], "0")
    assert loops(closed) == [1]
    assert len(closed.controls) == 2
    assert count_loops(draw_strokes([closed.with_nib(HAIRLINE)], 90), MEANT_LOOP).tolist() == [1]
