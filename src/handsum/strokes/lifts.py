"""Lifting the pen where it only goes back along its own line.

A network that draws a digit in one path reaches the stem of a 4 by going up the line that it then
writes downwards. People lift the pen there.
"""

from __future__ import annotations

import numpy as np

from handsum.strokes import Strokes, spline_matrix
from handsum.strokes.outlines import way_along

# Points of a path between two control points.
_PIECES = 8
# The pen goes back if it is this near to its line, in half widths of the line, and its direction is
# opposite: the cosine is less.
_NEAR, _OPPOSITE = 0.8, -0.75
# The shortest way back, and the shortest stroke that is left, in heights of a digit.
_BACK, _LEAST = 0.13, 0.07


def lift_pen(digit: Strokes) -> Strokes:
    """The same ink in strokes that do not go back along themselves.

    Of the two ways, one is left out: that whose outer end turns more sharply, as the other goes
    straight on.
    """
    return Strokes(tuple(part for stroke in digit.controls for part in _divide(stroke)))


def _divide(stroke: np.ndarray) -> list[np.ndarray]:
    """A stroke, or its parts before and after the longest way back."""
    points = spline_matrix(len(stroke), _PIECES) @ stroke
    found = _way_back(points)
    if found is None:
        return [stroke]
    start, turn, end = found
    ways = _directions(points)
    # How sharply the path turns where the way to the turning point begins, and where that from it
    # ends; there is nothing before the first point and after the last.
    reach = _PIECES
    into = ways[max(start - reach, 0)] @ ways[min(start + reach // 2, turn)]
    out = ways[min(end + reach, len(ways) - 1)] @ ways[max(end - reach // 2, turn)]
    if start < reach:
        into = -2.0
    if end > len(points) - 1 - reach:
        out = -2.0
    last = start if into <= out else turn
    first = turn if into <= out else end
    parts = [points[: last + 1], points[first:]]
    long = [part for part in parts if len(part) > 3 and _length(part) >= _LEAST]
    return [_fit(part) for part in long] or [stroke]


def _way_back(points: np.ndarray) -> tuple[int, int, int] | None:
    """Where the longest way back along a path begins, turns and ends; None if there is none."""
    ways, places = _directions(points), points[:, :2]
    along = way_along(points)
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    half = np.minimum(points[:, None, 2], points[None, :, 2])
    back = (apart < _NEAR * half) & (ways @ ways.T < _OPPOSITE)
    back &= along[None] > along[:, None]
    best, longest = None, _BACK
    for turn in range(1, len(points) - 1):
        # Both ways from the turning point, as far as each has the other beside it.
        before = _reach(back[: turn + 1, turn:].any(1)[::-1])
        after = _reach(back[: turn + 1, turn:].any(0))
        if not before or not after:
            continue
        start, end = turn - before, turn + after
        length = min(along[turn] - along[start], along[end] - along[turn])
        if length > longest + 1e-9:
            best, longest = (start, turn, end), length
    return best


def _reach(beside: np.ndarray) -> int:
    """How many points from the first on lie beside others; those at the turn itself need not."""
    near = np.flatnonzero(beside[1:])
    if not len(near) or near[0] > _PIECES:
        return 0
    gaps = np.flatnonzero(np.diff(near) > 2)
    last = near[gaps[0]] if len(gaps) else near[-1]
    return int(last) + 1


def _directions(points: np.ndarray) -> np.ndarray:
    """The direction of a path at each point, of length 1: (M, 2)."""
    steps = np.gradient(points[:, :2], axis=0)
    lengths: np.ndarray = np.maximum(np.hypot(*steps.T), 1e-9)
    return steps / lengths[:, None]


def _length(points: np.ndarray) -> float:
    return float(np.hypot(*np.diff(points[:, :2], axis=0).T).sum())


def _fit(points: np.ndarray) -> np.ndarray:
    """Control points (P, 3) of a curve through points (M, 3) of a path."""
    controls = max(4, round((len(points) - 1) / _PIECES) + 1)
    matrix = spline_matrix(controls, _PIECES)
    shares = np.linspace(0, len(points) - 1, len(matrix))
    even = np.stack([np.interp(shares, np.arange(len(points)), axis) for axis in points.T], 1)
    fitted: np.ndarray = np.linalg.lstsq(matrix, even, rcond=None)[0]
    fitted[:, 2] = fitted[:, 2].clip(points[:, 2].min(), points[:, 2].max())
    return fitted
