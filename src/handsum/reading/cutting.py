"""Cuts through touching digits: the paths from top to bottom that cross the least ink.

After the seams of Avidan and Shamir, "Seam carving for content-aware image resizing" (2007). The
reader then decides which cuts are right: it scores the pieces between them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum import stopping
from handsum.data.pictures.components import Part, own_pixels, window

# Cuts are searched at a size at which the writing is about this many pixels high.
_HEIGHT = 48
# Shares of the writing's height: the least distance between cuts, the most ink that one crosses.
_LEAST_APART = 0.14
_MOST_INK = 0.45
_LEAST_AREA = 0.012
# The cost of a pixel of paper and of a step sideways, in pixels of ink.
_PAPER = 0.004
_ASIDE = 0.02


def cut(
    part: Part, ink: np.ndarray, labels: np.ndarray, height: float, first: int
) -> tuple[list[Part], list[float]]:
    """Cut a part where digits may touch; return the pieces from left to right, and the cuts' ink.

    `ink` is float (H, W); `labels`, int32 (H, W), is given a new label for every piece, from
    `first`; `height` is the height of the writing. The ink that a cut crosses is a share of
    `height`; N pieces have N - 1 cuts.
    """
    place = window(part)
    own = own_pixels(labels[place], part)
    factor = max(1, round(height / _HEIGHT))
    crossed = np.where(own, ink[place], 0).astype(np.float32)
    small = np.asarray(Image.fromarray(crossed).reduce(factor))
    seams, costs = _seams(small, height / factor)
    if not seams:
        return [part], []
    rows = np.arange(own.shape[0]) // factor
    side = _sides(np.stack([seam[rows] for seam in seams]) * factor, own.shape)
    labels[place][own] = first + side[own]
    pieces = _pieces(np.where(own, side + 1, 0), first, part)
    kept = sorted(pieces)
    return [pieces[index] for index in kept], [
        costs[index - 1] * factor / height for index in kept[1:]
    ]


def _sides(lines: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the number of lines on the left of each pixel, int32 (H, W).

    A line is given by its columns (H,): each is the first on its right side.
    """
    height, width = shape
    starts = np.zeros((height, width + 1), np.int32)
    np.add.at(starts, (np.arange(height), np.minimum(lines, width)), 1)
    return np.cumsum(starts[:, :-1], axis=1, dtype=np.int32)


def _pieces(numbers: np.ndarray, first: int, part: Part) -> dict[int, Part]:
    """Return the pieces of a part by their place from the left; `numbers` has the places from 1.

    Places without ink are left out; the labels begin with `first`.
    """
    areas = np.bincount(numbers.ravel())
    return {
        index: Part(
            (first + index,),
            part.left + place[1].start,
            part.top + place[0].start,
            part.left + place[1].stop,
            part.top + place[0].stop,
            int(areas[index + 1]),
        )
        for index, place in enumerate(ndimage.find_objects(numbers))
        if place is not None
    }


def _seams(ink: np.ndarray, height: float) -> tuple[list[np.ndarray], list[float]]:
    """Return seams, each the first column (H,) of its right side, and the ink that they cross."""
    cost = ink + np.float32(_PAPER)
    down, up = _cheapest(cost), _cheapest(cost[::-1])[::-1]
    middle = cost.shape[0] // 2
    through = (down + up - cost)[middle]
    left_ink = np.cumsum(ink, axis=1)
    least = _LEAST_AREA * height * height
    chosen: dict[int, tuple[np.ndarray, float, float]] = {}
    order = np.argsort(through, kind="stable")
    columns = order[through[order] <= _MOST_INK * height]
    for column, seam in zip(columns, _trace(down, up, middle, columns), strict=True):
        stopping.check()
        if any(abs(column - other) < _LEAST_APART * height for other in chosen):
            continue
        share = float(left_ink[np.arange(len(seam)), seam].sum())
        taken = [0.0, float(ink.sum()), *(area for _, area, _ in chosen.values())]
        if min(abs(share - area) for area in taken) >= least:
            chosen[int(column)] = seam, share, float(through[column])
    found = [chosen[column] for column in sorted(chosen)]
    return [seam for seam, _, _ in found], [crossed for _, _, crossed in found]


def _cheapest(cost: np.ndarray) -> np.ndarray:
    """Return the lowest cost of a path from the first row to each pixel, inclusive."""
    total = np.pad(cost, ((0, 0), (1, 1)), constant_values=np.inf)
    for before, row in pairwise(total):
        row[1:-1] += np.minimum(before[1:-1], np.minimum(before[:-2], before[2:]) + _ASIDE)
    return total[:, 1:-1]


def _trace(down: np.ndarray, up: np.ndarray, middle: int, columns: np.ndarray) -> np.ndarray:
    """Return the columns (N, H) of the cheapest paths through `columns` (N,) of the middle row."""
    seams = np.empty((len(columns), len(down)), np.int32)
    seams[:, middle] = columns
    aside = np.array([_ASIDE, 0.0, _ASIDE])
    for rows, totals in ((range(middle - 1, -1, -1), down), (range(middle + 1, len(up)), up)):
        padded = np.pad(totals, ((0, 0), (1, 1)), constant_values=np.inf)
        places = columns
        for row in rows:
            near = padded[row, places[:, None] + np.arange(3)] + aside
            places = places - 1 + near.argmin(axis=1)
            seams[:, row] = places
    return seams
