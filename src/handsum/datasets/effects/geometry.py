"""Where a number's digits lie in its picture: moved together, rotated, in perspective.

Coordinates are in pixels, x to the right and y down, from the top left corner of the first pixel. A
view is the matrix (3, 3) that maps homogeneous coordinates of the sheet to those of the picture.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from handsum.layout.lines import Edges
from handsum.layout.pens import mean_width
from handsum.strokes import Strokes

# Digits that touch overlap by from the one to the other of these shares of the finer pen's width:
# with more, a stroke could hide another that runs beside it.
_OVERLAP = (0.08, 0.38)


@dataclass(frozen=True)
class Frame:
    """The size of a picture: its height, its width (None: as wide as needed), the greatest width.

    `centred` puts the ink in the middle; otherwise sheet and picture have the same corner.
    """

    height: int
    width: int | None
    greatest_width: int
    centred: bool


def touch(
    digits: Sequence[Strokes], share: float, rng: np.random.Generator, signs: Collection[int] = ()
) -> tuple[tuple[Strokes, ...], list[int]]:
    """Move about a `share` of neighbouring digits, in units, together until their strokes meet.

    Those at the places `signs` are none and stay apart: a point would end under a digit. Returns
    all in their new places, and the indices, among the digits, of those that touch the one before.
    """
    noise = rng.random((len(digits), 2))
    widths = [mean_width(digit) for digit in digits]
    moved, met, shift = [digits[0]], [], 0.0
    before = Edges.of(digits[0])
    for index in range(1, len(digits)):
        edges = Edges.of(digits[index]).shift(-shift)
        gap = before.gap(edges)
        both = index not in signs and index - 1 not in signs
        if both and gap is not None and gap > 0 and noise[index, 0] < share:
            low, high = _OVERLAP
            finer = min(widths[index - 1 : index + 1])
            closer = gap + finer * (low + (high - low) * noise[index, 1])
            shift += closer
            edges = edges.shift(-closer)
            met.append(index - sum(place < index for place in signs))
        moved.append(digits[index].shift(-shift, 0))
        before = edges
    return tuple(moved), met


def rotation(degrees: float, centre: np.ndarray) -> np.ndarray:
    """The view (3, 3) that rotates the sheet clockwise about a point (2,)."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return translation(*centre) @ turn @ translation(*-centre)


def translation(x: float, y: float) -> np.ndarray:
    """The view (3, 3) that moves the sheet."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def scaling(x: float, y: float) -> np.ndarray:
    """The view (3, 3) that enlarges the sheet from its corner."""
    return np.diag([x, y, 1.0])


def perspective(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The view (3, 3) that maps four corners (4, 2) to four others."""
    rows, values = [], []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1.0).reshape(3, 3)


def look(view: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points (N, 2) of the sheet to the picture."""
    seen = np.column_stack([points, np.ones(len(points))]) @ view.T
    return seen[:, :2] / seen[:, 2:]


def project(digit: Strokes, view: np.ndarray) -> Strokes:
    """A digit as a view shows it.

    Control points are mapped, and widths scale with the root of the area around them: exact for a
    rotation, and close to a mild perspective.
    """
    stretch = abs(np.linalg.det(view))
    strokes = []
    for stroke in digit.controls:
        x, y, depth = np.column_stack([stroke[:, :2], np.ones(len(stroke))]).dot(view.T).T
        # The area that a unit of area around a point is mapped to, by the Jacobian.
        area = stretch / np.abs(depth) ** 3
        strokes.append(np.column_stack([x / depth, y / depth, stroke[:, 2] * area**0.5]))
    return Strokes(tuple(strokes))


def corners(boxes: np.ndarray) -> np.ndarray:
    """The corners (4 N, 2), clockwise, of boxes (N, 4): left, top, right and bottom."""
    return boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]].reshape(-1, 2)


def fit(points: np.ndarray, frame: Frame, view: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """Fit a view of points (N, 2) into the frame, smaller if necessary.

    Returns the view and the size (H, W) of the picture.
    """
    seen = look(view, points)
    low, high = seen.min(axis=0), seen.max(axis=0)
    rim = 0.0 if not frame.centred else frame.height / 16
    size = high - low
    room = np.array([frame.greatest_width, frame.height]) - 2 * rim
    scale = min(1.0, *(room / np.maximum(size, 1.0)))
    width = frame.width or min(
        frame.greatest_width, int(np.ceil(scale * size[0] + 0.35 * frame.height))
    )
    middle = np.array([width, frame.height]) / 2
    if frame.centred:
        corner = middle - scale * size / 2
    else:
        # The sheet shrinks about the middle of the frame, and moves only to keep its ink inside.
        corner = middle + scale * (low - middle)
        corner = np.clip(corner, 0, np.maximum(2 * middle - scale * size, 0))
    fitted = translation(*corner) @ scaling(scale, scale) @ translation(*-low) @ view
    return fitted, (frame.height, width)
