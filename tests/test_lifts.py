"""Lifting the pen where it goes back along its own line."""

from __future__ import annotations

import numpy as np
import pytest

from handsum.strokes import Strokes, spline_matrix
from handsum.strokes.lifts import lift_pen


def path(*corners: tuple[float, float], width: float = 0.09, controls: int = 24) -> Strokes:
    """A path through corners, at an even pace."""
    points = np.array(corners)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0], lengths.cumsum()])
    shares = np.linspace(0, along[-1], (controls - 1) * 8 + 1)
    x, y = (np.interp(shares, along, axis) for axis in points.T)
    wanted = np.stack([x, y, np.full(len(x), width / 2)], axis=1)
    fitted = np.linalg.lstsq(spline_matrix(controls, 8), wanted, rcond=None)[0]
    return Strokes((fitted,))


# A 4 in one path: down, across, up the stem and down it again; a crossed 7: down, back up, across.
FOUR = path((-0.2, -0.45), (-0.3, 0.05), (0.12, 0.05), (0.18, -0.45), (0.05, 0.5))
SEVEN = path((-0.25, -0.45), (0.25, -0.45), (0, 0.5), (0.13, 0.0), (-0.2, 0.0), controls=30)


def same_ink(one: Strokes, other: Strokes) -> float:
    first, second = one.draw(112) > 127, other.draw(112) > 127
    return float((first & second).sum() / (first | second).sum())


@pytest.mark.parametrize("slant", [0.0, 0.3, -0.3])
@pytest.mark.parametrize("digit", [FOUR, SEVEN], ids=["4", "7"])
def test_a_way_back_becomes_a_lift(digit: Strokes, slant: float) -> None:
    digit = digit.slant(slant)
    lifted = lift_pen(digit)
    assert len(lifted.controls) == 2
    assert same_ink(digit, lifted) > 0.8
    # Less way is written, and both strokes begin and end where the path did.
    for end, place in ((0, 0), (-1, -1)):
        np.testing.assert_allclose(lifted.controls[end][place], digit.controls[0][place], atol=0.03)


def test_of_both_ways_the_one_that_goes_straight_on_stays() -> None:
    first, stem = (stroke[:, :2] for stroke in lift_pen(FOUR).controls)
    # The stem is written down from its top, and the bend does not climb it.
    assert stem[0, 1] < -0.4 < 0.45 < stem[-1, 1]
    assert first[-1, 1] > -0.1
    body, cross = (stroke[:, :2] for stroke in lift_pen(SEVEN).controls)
    assert body[-1, 1] > 0.45
    assert np.abs(cross[:, 1]).max() < 0.15


@pytest.mark.parametrize(
    "corners",
    [
        [(0, -0.5), (0, 0.5)],
        # An 8 crosses itself, a 0 meets itself, and a waist goes back a little.
        [(0.2, -0.4), (-0.2, -0.3), (0.2, 0.3), (-0.1, 0.5), (-0.2, 0.3), (0.2, -0.4)],
        [(0, -0.5), (-0.3, 0), (0, 0.5), (0.3, 0), (0, -0.5)],
        [(-0.2, -0.5), (0.2, -0.3), (-0.02, -0.02), (0.03, 0.0), (0.25, 0.3), (-0.2, 0.5)],
    ],
    ids=["1", "8", "0", "3"],
)
def test_other_paths_stay_one_stroke(corners: list[tuple[float, float]]) -> None:
    digit = path(*corners)
    assert lift_pen(digit).controls[0] is digit.controls[0]


def test_strokes_of_any_kind_are_accepted() -> None:
    rng = np.random.default_rng(0)
    for count in (2, 3, 5, 12):
        wild = Strokes(tuple(np.abs(rng.normal(size=(count, 3))) + 1e-3 for _ in range(3)))
        assert len(lift_pen(wild).controls) >= 3
    still = Strokes((np.full((4, 3), 0.2),))
    assert lift_pen(still).controls[0] is still.controls[0]
    assert lift_pen(Strokes(())).controls == ()
