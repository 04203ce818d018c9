"""Digits as pen strokes: their curves, transforms, outlines, times and raster."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.strokes import FRAME, Strokes, draw_strokes, spline_matrix
from handsum.strokes.raster import SOFTNESS


def four(half: float = 0.05) -> Strokes:
    """A 4 of two strokes."""
    angle = [[-0.3, -0.3], [-0.35, 0.0], [-0.3, 0.1], [0.0, 0.12], [0.3, 0.1]]
    stem = [[0.1, -0.5], [0.1, 0.0], [0.05, 0.5]]
    return Strokes(
        tuple(
            np.column_stack([points, half * np.linspace(0.8, 1.2, len(points))])
            for points in (angle, stem)
        )
    )


def circle(radius: float, half: float, controls: int = 200) -> Strokes:
    """A circle around the origin: its spline strays from it by less than a thousandth."""
    turns = np.linspace(0, 2 * np.pi, controls)
    points = radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return Strokes((np.column_stack([points, np.full(controls, half)]),))


def test_a_curve_starts_and_ends_at_its_first_and_last_control_points() -> None:
    for stroke, sampled in zip(four().controls, four().sample(5), strict=True):
        assert len(sampled) == 5 * (len(stroke) - 1) + 1
        np.testing.assert_allclose(sampled[[0, -1]], stroke[[0, -1]], atol=1e-12)


def test_the_curve_of_evenly_spaced_points_on_a_line_is_that_line() -> None:
    line = np.linspace([0.0, 1.0], [3.0, -1.0], 6)
    np.testing.assert_allclose(
        spline_matrix(6, 4) @ line, np.linspace([0.0, 1.0], [3.0, -1.0], 21), atol=1e-12
    )


@pytest.mark.parametrize("size", [28, 63, 200, 700])
def test_a_pixel_has_the_ink_of_its_distance_to_the_outline(size: int) -> None:
    radius, half = 0.35, 0.06
    middles = (np.arange(size) + 0.5) * FRAME / size - FRAME / 2
    to_middle = np.hypot(middles[None, :], middles[:, None])
    distance = (np.abs(to_middle - radius) - half) * size / FRAME
    exact = 255 / (1 + np.exp(np.clip(distance / SOFTNESS, -50, 50)))
    drawn = circle(radius, half).draw(size)
    # An eighth of a pixel of distance changes a pixel by at most 23 levels.
    assert np.abs(drawn - exact).max() < 23
    assert np.abs(drawn.mean() - exact.mean()) < 1


def test_digits_drawn_together_are_the_digits_drawn_alone() -> None:
    digits = [four().slant(angle) for angle in (-0.3, 0.0, 0.4)] + [circle(0.3, 0.02), Strokes(())]
    together = draw_strokes(digits, 40)
    for image, digit in zip(together, digits, strict=True):
        np.testing.assert_array_equal(image, digit.draw(40))
    assert together[:4].max() > 200
    assert together[4].max() == 0


def test_ink_beyond_the_image_is_cut_off() -> None:
    whole = four().draw(140)
    np.testing.assert_array_equal(four().shift(0.7, 0).draw(140)[:, 70:], whole[:, :70])
    assert four().shift(5, -9).draw(50).max() == 0


@pytest.mark.parametrize("size", [300, 301])
def test_outlines_filled_by_the_nonzero_rule_are_the_ink(size: int) -> None:
    loop = Strokes((np.array([[0, -0.4, 0.1], [0.1, 0, 0.1], [0, 0.1, 0.1], [-0.1, 0, 0.1]]),))
    for digit in (four(), four(0.01), four(0.12).slant(0.5), circle(0.3, 0.05), loop):
        mask = np.zeros((size, size), bool)
        for outline in digit.outlines():
            mask |= _winding((outline / FRAME + 0.5) * size, size) != 0
        ink = digit.draw(size) > 127
        assert (mask & ink).sum() / (mask | ink).sum() > 0.97


@pytest.mark.parametrize("bend", [0.03, 0.08, 0.3])
def test_large_strokes_are_round(bend: float) -> None:
    """The edge of a wide stroke strays by less than a tenth of a pixel, however sharp its turns."""
    turns = np.linspace(0, 5, 7)
    points = bend * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    stroke = Strokes((np.column_stack([points, np.full(7, 0.08)]),))
    (samples,) = stroke.sample(40)
    finer = Strokes((samples,))
    drawn, expected = (digit.draw(2800).astype(int) for digit in (stroke, finer))
    # At the edge, a tenth of a pixel is 18 levels of ink.
    assert np.abs(drawn - expected).max() < 0.1 / SOFTNESS * 255 / 4


def _winding(polygon: np.ndarray, size: int) -> np.ndarray:
    """How often a closed polygon goes around the middle of each pixel (size, size)."""
    crossings = np.zeros((size, size + 1), int)
    for (x, y), (to_x, to_y) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        way = 1 if to_y > y else -1
        low, high = sorted((y, to_y))
        rows = np.arange(max(0, int(np.ceil(low - 0.5))), min(size, int(np.ceil(high - 0.5))))
        at = x + (rows + 0.5 - y) / (to_y - y) * (to_x - x) if len(rows) else rows
        np.add.at(crossings, (rows, np.clip(np.ceil(at - 0.5), 0, size).astype(int)), way)
    return crossings.cumsum(1)[:, :-1]


def test_bounds_hold_the_ink_and_no_more() -> None:
    left, top, right, bottom = four().bounds()
    size = 560
    rows, columns = np.nonzero(four().draw(size) > 127)
    found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    expected = (np.array([left, top, right, bottom]) / FRAME + 0.5) * size
    assert np.abs(found - expected).max() < 3


def test_transforms_move_ink_as_they_say() -> None:
    digit = four()
    left, top, right, bottom = digit.bounds()
    np.testing.assert_allclose(
        digit.shift(0.2, -0.1).bounds(), [left + 0.2, top - 0.1, right + 0.2, bottom - 0.1]
    )
    np.testing.assert_allclose(digit.scale(2).bounds(), 2 * np.array([left, top, right, bottom]))
    slanted = digit.slant(np.pi / 4)
    for before, after in zip(digit.controls, slanted.controls, strict=True):
        np.testing.assert_allclose(after[:, 0], before[:, 0] - before[:, 1], atol=1e-12)
        np.testing.assert_allclose(after[:, 1:], before[:, 1:])


def test_a_nib_sets_the_mean_width_and_how_it_changes() -> None:
    even = four().with_nib(0.08, pressure=0)
    for stroke in even.controls:
        np.testing.assert_allclose(stroke[:, 2], 0.04)
    wider = four().with_nib(0.3)
    ratios = [b[:, 2] / a[:, 2] for a, b in zip(four().controls, wider.controls, strict=True)]
    np.testing.assert_allclose(np.concatenate(ratios), ratios[0][0])


def test_the_pen_is_slow_at_both_ends_and_in_bends() -> None:
    line = Strokes((np.column_stack([np.linspace(0, 1, 9), np.zeros(9), np.full(9, 0.05)]),))
    speed = 1 / np.diff(line.times(4)[0])
    assert speed[0] < speed[16] / 3
    assert speed[-1] < speed[16] / 3
    corner = np.array([[0, 0], [0, 0.2], [0, 0.4], [0.02, 0.42], [0.2, 0.4], [0.4, 0.4]])
    bent = Strokes((np.column_stack([corner, np.full(6, 0.05)]),))
    points, times = bent.sample(16)[0], bent.times(16)[0]
    speed = np.hypot(*np.diff(points[:, :2], axis=0).T) / np.diff(times)
    inner = slice(16, -16)
    turning = np.hypot(*(points[:-1, :2] - corner[3]).T)[inner].argmin()
    assert speed[inner][turning] < 0.6 * speed[inner].max()


def test_times_run_on_from_stroke_to_stroke() -> None:
    first, second = four().times()
    assert first[0] == 0
    assert (np.diff(np.concatenate([first, second])) > 0).all()
    assert second[0] - first[-1] > 0.02
    assert 0.2 < second[-1] < 3


@pytest.mark.parametrize(
    "control",
    [
        np.zeros((1, 3)),
        np.ones((4, 2)),
        np.ones(3),
        np.array([[0, 0, 0.1], [0, np.nan, 0.1]]),
        np.array([[0, 0, 0.1], [0, 1, 0.0]]),
        np.array([[0, 0, 0.1], [0, 1, -0.1]]),
        np.ones((4, 3), complex),
        np.array([["0", "0", "1"]] * 2),
        [[0, 0, 0.1], [1, 1, 0.1]],
        None,
    ],
)
def test_what_is_no_stroke_is_refused(control: Any) -> None:
    with pytest.raises(UsageError, match="stroke"):
        Strokes((control,))


@pytest.mark.parametrize("controls", [None, [np.ones((4, 3))], np.ones((1, 4, 3))])
def test_strokes_are_a_tuple(controls: Any) -> None:
    with pytest.raises(UsageError, match="tuple"):
        Strokes(controls)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "28", None])
def test_an_image_has_a_whole_number_of_pixels(size: Any) -> None:
    with pytest.raises(UsageError, match="whole number"):
        Strokes((np.array([[0, 0, 0.1], [0, 1, 0.1]]),)).draw(size)


@pytest.mark.parametrize("pieces", [0, -5])
def test_a_span_has_a_piece(pieces: int) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        Strokes((np.array([[0, 0, 0.1], [0, 1, 0.1]]),)).sample(pieces)


@pytest.mark.parametrize("width", [0, -1, 1.01, float("nan")])
def test_a_nib_of_no_width_or_wider_than_the_digit_is_refused(width: float) -> None:
    with pytest.raises(UsageError, match="width"):
        four().with_nib(width)


def test_a_point_written_twice_has_a_box_an_outline_and_times() -> None:
    dot = Strokes((np.array([[0.1, 0.2, 0.05], [0.1, 0.2, 0.05]]),))
    assert dot.draw(100).max() > 250
    assert np.isfinite(dot.outlines()[0]).all()
    assert (dot.times()[0] == 0).all()
    assert repr(dot) == "<1 pen stroke>"
