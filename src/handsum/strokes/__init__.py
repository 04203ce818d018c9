"""Digits as pen strokes: smooth paths in writing order, with a width along each.

Lengths are in units of a digit's height, the box to which MNIST scales a digit (20 of its 28
pixels). The origin is the middle of the digit's image; x points right and y points down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from handsum.errors import UsageError
from handsum.strokes.outlines import draw_outline, turns
from handsum.strokes.raster import draw_pieces

# Pieces of a span of a stroke that is sampled as finely as it turns, at most.
_FINEST = 32
# The size of an image of a digit, such as MNIST's, in units of the digit's height.
FRAME = 1.4
# A curve and its straight pieces are closer than this, in pixels, and so are their outlines where
# half a stroke's width is more than the second.
_TOLERANCE, _WIDE = 0.1, 6.0
# Seconds to write a straight line as long as a digit is high, about as people write digits; in the
# air the pen is a little faster.
_TEMPO, _REST = 0.3, 0.2
# Curvatures, in units of a digit's height, between which the power law holds.
_CURVATURES = (1.0, 30.0)


@dataclass(frozen=True, eq=False)
class Strokes:
    """The pen's strokes of one digit, in the order in which they are written.

    Each of `controls` is float (P, 3), P at least 2: x, y and half the width at the control points
    of a uniform cubic B-spline that starts at the first point and ends at the last.

    Raises:
        UsageError: a stroke of another shape, with a number that is not finite, or with a width
            that is not positive.
    """

    controls: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.controls, tuple):
            raise UsageError(f"strokes are a tuple of arrays, not {type(self.controls).__name__}")
        for stroke in self.controls:
            if not isinstance(stroke, np.ndarray) or stroke.dtype.kind not in "fiu":
                kind = getattr(stroke, "dtype", type(stroke).__name__)
                raise UsageError(f"a stroke is an array of real numbers, not {kind}")
            if stroke.ndim != 2 or stroke.shape[1] != 3 or len(stroke) < 2:
                raise UsageError(f"a stroke has the shape (2 or more, 3), not {stroke.shape}")
            if not np.isfinite(stroke).all():
                raise UsageError("a stroke must have finite control points and widths")
            if not (stroke[:, 2] > 0).all():
                raise UsageError("a stroke must have widths above 0")

    def __repr__(self) -> str:
        count = len(self.controls)
        return f"<{count} pen {'stroke' if count == 1 else 'strokes'}>"

    def sample(self, pieces: int = 8) -> list[np.ndarray]:
        """Each stroke as points float (M, 3) along its curve: `pieces` for each span, M at least 2.

        A span lies between two neighbouring control points.

        Raises:
            UsageError: `pieces` below 1.
        """
        if pieces < 1:
            raise UsageError(f"a span is sampled in 1 or more pieces, not {pieces}")
        return [spline_matrix(len(stroke), pieces) @ stroke for stroke in self.controls]

    def curves(self) -> list[np.ndarray]:
        """The way of the pen in each stroke as cubic Bézier curves float (P - 1, 4, 2)."""
        curves = []
        for stroke in self.controls:
            points = stroke[:, :2]
            ends = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
            points = np.concatenate([ends[:1], points, ends[1:]])
            knots = (points[:-2] + 4 * points[1:-1] + points[2:]) / 6
            first, second = points[1:-2], points[2:-1]
            inner = (2 * first + second) / 3, (first + 2 * second) / 3
            curves.append(np.stack([knots[:-1], *inner, knots[1:]], axis=1))
        return curves

    def bounds(self) -> tuple[float, float, float, float]:
        """The smallest box around the ink: left, top, right, bottom; all 0 without strokes."""
        if not self.controls:
            return 0.0, 0.0, 0.0, 0.0
        points = np.concatenate(self.sample())
        low = (points[:, :2] - points[:, 2:]).min(0)
        high = (points[:, :2] + points[:, 2:]).max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def transform(self, matrix: np.ndarray, shift: Sequence[float] = (0, 0)) -> Strokes:
        """Points p become `matrix` @ p + `shift`; widths scale with the root of the area.

        Raises:
            UsageError: the matrix is singular.
        """
        (a, b), (c, d) = matrix
        area = abs(float(a * d - b * c))
        if area == 0:
            raise UsageError("the matrix of a transform must not be singular")
        return Strokes(
            tuple(
                np.concatenate(
                    [stroke[:, :2] @ np.transpose(matrix) + shift, stroke[:, 2:] * area**0.5], 1
                )
                for stroke in self.controls
            )
        )

    def shift(self, right: float, down: float) -> Strokes:
        """Move the digit."""
        step = np.array([right, down, 0.0])
        return Strokes(tuple(stroke + step for stroke in self.controls))

    def scale(self, factor: float) -> Strokes:
        """Scale the digit and its widths about the origin."""
        return self.transform(factor * np.eye(2))

    def slant(self, angle: float) -> Strokes:
        """Lean to the right by `angle` radians; heights and widths do not change."""
        return self.transform(np.array([[1.0, -np.tan(angle)], [0.0, 1.0]]))

    def with_nib(self, width: float, pressure: float = 1.0) -> Strokes:
        """The same paths in another pen, of the mean `width`.

        `pressure` multiplies the changes of width along the strokes, in logarithms: 0 gives one
        width everywhere.

        Raises:
            UsageError: a `width` of 0 or less, or wider than the digit's height.
        """
        if not 0 < width <= 1:
            raise UsageError(f"`width` is above 0 and at most 1 (the height), not {width:g}")
        if not self.controls:
            return self
        logs = [np.log(stroke[:, 2:]) for stroke in self.controls]
        mean = np.concatenate(logs).mean()
        return Strokes(
            tuple(
                np.concatenate([stroke[:, :2], width / 2 * np.exp(pressure * (log - mean))], axis=1)
                for stroke, log in zip(self.controls, logs, strict=True)
            )
        )

    def times(self, pieces: int = 8) -> list[np.ndarray]:
        """When the pen is at each point of `sample`, in seconds from the start: float (M,) each.

        The speed is the curvature to the power of -1/3 (the two-thirds power law: Lacquaniti et
        al., 1983), starts and ends at rest as a movement of minimum jerk does (Flash and Hogan,
        1985), and between strokes the pen moves in the air by the same law.
        """
        moments, now, last = [], 0.0, None
        for points in self.sample(pieces):
            if last is not None:
                now += _REST * float(np.hypot(*(points[0, :2] - last))) ** 0.5
            moments.append(now + _moments(points[:, :2]))
            now, last = float(moments[-1][-1]), points[-1, :2]
        return moments

    def outlines(self, turn: float = 0.4) -> list[np.ndarray]:
        """The outline of each stroke: a closed polygon float (M, 2), round at its ends.

        It may cross itself where the pen turns: fill it by the nonzero rule. Between two points of
        it, the pen and its round ends turn by about `turn` radians at most.
        """
        cap = int(np.ceil(np.pi / turn))
        return [draw_outline(_sample_turns(stroke, turn), cap) for stroke in self.controls]

    def draw(self, size: int) -> np.ndarray:
        """The ink, uint8 (size, size), of the digit's image: 0 is paper, 255 is ink."""
        return draw_strokes([self], size)[0]


@cache
def spline_matrix(controls: int, pieces: int) -> np.ndarray:
    """The matrix (M, P) from P control points to M points along their curve, `pieces` a span.

    The curve is a uniform cubic B-spline that starts at the first control point and ends at the
    last: beyond its ends, the control points go on in a straight line.
    """
    padded = np.zeros((controls + 2, controls))
    padded[1:-1] = np.eye(controls)
    padded[0] = 2 * padded[1] - padded[2]
    padded[-1] = 2 * padded[-2] - padded[-3]
    share = np.arange(pieces)[:, None] / pieces
    weights = np.concatenate(
        [
            (1 - share) ** 3,
            3 * share**3 - 6 * share**2 + 4,
            -3 * share**3 + 3 * share**2 + 3 * share + 1,
            share**3,
        ],
        axis=1,
    )
    spans = [weights @ padded[start : start + 4] / 6 for start in range(controls - 1)]
    matrix = np.concatenate([*spans, padded[None, -2]])
    matrix.setflags(write=False)
    return matrix


def draw_strokes(digits: Sequence[Strokes], size: int) -> np.ndarray:
    """The ink, uint8 (N, size, size), of the images of N digits; see `Strokes.draw`.

    Raises:
        UsageError: a size that is not a whole number above 0.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise UsageError(f"the size of an image is a whole number of pixels above 0, not {size}")
    scale = size / FRAME
    lines = [_straight_pieces(digit.scale(scale).shift(size / 2, size / 2)) for digit in digits]
    return draw_pieces(lines, size, size)


def draw_window(digit: Strokes, width: int, height: int) -> np.ndarray:
    """The ink, uint8 (height, width), of strokes in pixels from an image's upper left corner."""
    return draw_windows([digit], width, height)[0]


def draw_windows(digits: Sequence[Strokes], width: int, height: int) -> np.ndarray:
    """As `draw_window`, N digits in images of the same size: uint8 (N, height, width)."""
    return draw_pieces([_straight_pieces(digit) for digit in digits], height, width)


def _straight_pieces(digit: Strokes) -> np.ndarray:
    """The straight pieces of a digit in pixels, float (M, 6): their starts and steps."""
    pieces = [np.empty((0, 6))]
    for stroke in digit.controls:
        # A cubic strays from its chord by an eighth of its second difference.
        bend = np.abs(np.diff(stroke[:, :2], 2, axis=0)).max(initial=0)
        fine = max(1, int(np.ceil(np.sqrt(bend / (8 * _TOLERANCE)))))
        points = spline_matrix(len(stroke), fine) @ stroke
        half = float(stroke[:, 2].max())
        while half > _WIDE and fine < _FINEST and _outer_error(points, half) > _TOLERANCE:
            fine *= 2
            points = spline_matrix(len(stroke), fine) @ stroke
        pieces.append(np.concatenate([points[:-1], np.diff(points, axis=0)], axis=1))
    return np.concatenate(pieces)


def _outer_error(points: np.ndarray, half: float) -> float:
    """How far the outer edge of straight pieces between points (M, 3) strays from a smooth one.

    Pieces of a circle have an edge of pieces that are longer: by their turn times half the width.
    """
    angles = turns(points[:, :2])
    lengths = np.hypot(*np.diff(points[:, :2], axis=0).T)[1:]
    return float(((lengths + half * angles) * angles).max(initial=0)) / 8


def _moments(points: np.ndarray) -> np.ndarray:
    """The seconds after which a pen that starts at rest is at each point (M, 2) of a stroke."""
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    angles = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    turned = np.abs(np.gradient(angles)) if len(angles) > 1 else np.zeros(1)
    bends = np.clip(turned / np.maximum(lengths, 1e-9), *_CURVATURES)
    weights = lengths * np.cbrt(bends)
    if not weights.sum():
        return np.zeros(len(points))
    progress = np.concatenate([[0], weights.cumsum()]) / weights.sum()
    # Minimum jerk: the share of the way after the share t of the time.
    clock = np.linspace(0, 1, 257)
    way = clock**3 * (10 - 15 * clock + 6 * clock**2)
    # A longer stroke is written faster (isochrony: Viviani and Terzuolo, 1982).
    return _TEMPO * weights.sum() ** 0.5 * np.interp(progress, way, clock)


def _sample_turns(stroke: np.ndarray, turn: float) -> np.ndarray:
    """Points float (M, 3) along a stroke (P, 3), as many as it needs to turn by `turn` between two.

    Where the pen turns round at once, more would not help.
    """
    pieces = 4
    while True:
        points = spline_matrix(len(stroke), pieces) @ stroke
        if pieces >= _FINEST or turns(points[:, :2]).max(initial=0) <= turn:
            return points
        pieces *= 2
