"""Where a number's digits lie in its picture: moved together, rotated, in perspective.

Coordinates are in pixels, x to the right and y down, from the top left corner of the first pixel. A
view is the matrix (3, 3) that maps homogeneous coordinates of the sheet to those of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from handsum.layout.painting import INK_LEVEL, ink_box
from handsum.layout.rows import Placed

# Bicubic sampling reads two pixels on each side.
_RIM = 2
# At a smaller scale, plain sampling would miss thin strokes.
_SHRUNK = 0.8


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
    placed: Sequence[Placed], share: float, rng: np.random.Generator
) -> tuple[tuple[Placed, ...], list[int]]:
    """Move about a `share` of neighbouring digits together until their strokes meet.

    Returns the digits in their new places, and the indices of those that touch the one before.
    """
    noise = rng.random((len(placed), 2))
    moved, met, shift = [placed[0]], [], 0
    for index in range(1, len(placed)):
        digit = replace(placed[index], left=placed[index].left - shift)
        gap = _stroke_gap(moved[-1], digit)
        if gap is not None and gap > 0 and noise[index, 0] < share:
            # Less than the width of a stroke, or one could hide another that runs beside it.
            overlap = round(noise[index, 1] * digit.coverage.shape[0] / 25) + 1
            digit = replace(digit, left=digit.left - gap - overlap)
            shift += gap + overlap
            met.append(index)
        moved.append(digit)
    return tuple(moved), met


def _stroke_gap(before: Placed, after: Placed) -> int | None:
    """The smallest gap between two digits in any row of pixels; None if they share no row."""
    top = max(before.top, after.top)
    bottom = min(before.top + len(before.coverage), after.top + len(after.coverage))
    if top >= bottom:
        return None
    right = before.coverage[top - before.top : bottom - before.top, ::-1] >= INK_LEVEL
    left = after.coverage[top - after.top : bottom - after.top] >= INK_LEVEL
    inked = right.any(axis=1) & left.any(axis=1)
    if not inked.any():
        return None
    room = (right.argmax(axis=1) + left.argmax(axis=1))[inked]
    return int(room.min()) + after.left - before.left - before.coverage.shape[1]


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


def corners(placed: Sequence[Placed]) -> np.ndarray:
    """The corners of every digit's ink box, (4 N, 2), clockwise from the top left."""
    found = []
    for digit in placed:
        x, y, width, height = ink_box(digit.coverage)
        left, top = digit.left + x, digit.top + y
        right, bottom = left + width, top + height
        found += [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.array(found, np.float64)


def fit(
    placed: Sequence[Placed], frame: Frame, view: np.ndarray
) -> tuple[np.ndarray, tuple[int, int]]:
    """Fit a view into the frame, smaller if necessary; return the view and the size (H, W)."""
    seen = look(view, corners(placed))
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
    # Whole pixels, so that digits that only move stay crisp.
    corner = np.floor(corner) if np.array_equal(view, np.eye(3)) else corner
    fitted = translation(*corner) @ scaling(scale, scale) @ translation(*-low) @ view
    return fitted, (frame.height, width)


def project(digit: Placed, view: np.ndarray, size: tuple[int, int]) -> Placed:
    """A digit as a view shows it, cut off at the edges of a picture of `size` (H, W)."""
    image, place = np.pad(digit.coverage, _RIM), (digit.left - _RIM, digit.top - _RIM)
    if np.array_equal(view[:2, :2], np.eye(2)) and np.array_equal(view[2], [0, 0, 1]):
        moved = view[:2, 2] + place
        if np.array_equal(moved, np.rint(moved)):
            return _cut(Placed(image, int(moved[0]), int(moved[1])), size)
    matrix = view @ translation(*place)
    outline = _outline(image)
    seen = look(matrix, outline)
    change = (_area(seen) / _area(outline)) ** 0.5
    if change < _SHRUNK:
        smaller = [max(1, round(side * change)) for side in image.shape[::-1]]
        matrix = matrix @ scaling(image.shape[1] / smaller[0], image.shape[0] / smaller[1])
        resized = Image.fromarray(image).resize((smaller[0], smaller[1]), Image.Resampling.BICUBIC)
        image = np.asarray(resized)
    limits = np.array(size[::-1])
    left, top = np.clip(np.floor(seen.min(axis=0)), 0, limits - 1).astype(int)
    right, bottom = np.clip(np.ceil(seen.max(axis=0)), [left + 1, top + 1], limits).astype(int)
    back = np.linalg.inv(matrix) @ translation(left, top)
    back /= back[2, 2]
    shown = Image.fromarray(image).transform(
        (int(right - left), int(bottom - top)),
        Image.Transform.PERSPECTIVE,
        tuple(back.ravel()[:8]),
        Image.Resampling.BICUBIC,
    )
    return Placed(np.asarray(shown), int(left), int(top))


def _outline(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def _area(polygon: np.ndarray) -> float:
    x, y = polygon.T
    following = [1, 2, 3, 0]
    return abs(float(x @ y[following] - y @ x[following])) / 2


def _cut(digit: Placed, size: tuple[int, int]) -> Placed:
    top, left = max(0, -digit.top), max(0, -digit.left)
    bottom, right = size[0] - digit.top, size[1] - digit.left
    image = digit.coverage[top : max(bottom, 0), left : max(right, 0)]
    return Placed(image, digit.left + left, digit.top + top)
