"""Cuts through touching digits: the paths from top to bottom that cross the least ink.

After the seams of Avidan and Shamir, "Seam carving for content-aware image resizing" (2007). The
reader then decides which cuts are right: it scores the pieces between them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image

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
    part: Part, ink: np.ndarray, labels: np.ndarray, height: float
) -> tuple[list[Part], list[float]]:
    """Cut a part where digits may touch; return the pieces from left to right, and the cuts' ink.

    `ink` is float (H, W); `labels`, int32 (H, W), is given a new label for every piece; `height` is
    the height of the writing. The ink that a cut crosses is a share of `height`; N pieces have
    N - 1 cuts.
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
    lines = np.stack([seam[rows] for seam in seams]) * factor
    side = (np.arange(own.shape[1]) >= lines[:, :, None]).sum(axis=0)
    first = int(labels.max()) + 1
    labels[place][own] = first + side[own]
    sides = [index for index in range(len(seams) + 1) if (own & (side == index)).any()]
    pieces = [_piece(first + index, place, labels) for index in sides]
    return pieces, [costs[index - 1] * factor / height for index in sides[1:]]


def _piece(label: int, place: tuple[slice, slice], labels: np.ndarray) -> Part:
    rows, columns = np.nonzero(labels[place] == label)
    top, left = place[0].start, place[1].start
    return Part(
        (label,),
        left + int(columns.min()),
        top + int(rows.min()),
        left + int(columns.max()) + 1,
        top + int(rows.max()) + 1,
        len(rows),
    )


def _seams(ink: np.ndarray, height: float) -> tuple[list[np.ndarray], list[float]]:
    """Return seams, each the first column (H,) of its right side, and the ink that they cross."""
    cost = ink + np.float32(_PAPER)
    down, up = _cheapest(cost), _cheapest(cost[::-1])[::-1]
    middle = cost.shape[0] // 2
    through = (down + up - cost)[middle]
    left_ink = np.cumsum(ink, axis=1)
    least = _LEAST_AREA * height * height
    chosen: dict[int, tuple[np.ndarray, float, float]] = {}
    for column in np.argsort(through, kind="stable"):
        if through[column] > _MOST_INK * height:
            break
        if any(abs(column - other) < _LEAST_APART * height for other in chosen):
            continue
        seam = _trace(down, up, middle, int(column))
        share = float(left_ink[np.arange(len(seam)), seam].sum())
        taken = [0.0, float(ink.sum()), *(area for _, area, _ in chosen.values())]
        if min(abs(share - area) for area in taken) >= least:
            chosen[int(column)] = seam, share, float(through[column])
    order = sorted(chosen)
    return [chosen[column][0] for column in order], [chosen[column][2] for column in order]


def _cheapest(cost: np.ndarray) -> np.ndarray:
    """Return the lowest cost of a path from the first row to each pixel, inclusive."""
    total = np.pad(cost, ((0, 0), (1, 1)), constant_values=np.inf)
    for before, row in pairwise(total):
        row[1:-1] += np.minimum(before[1:-1], np.minimum(before[:-2], before[2:]) + _ASIDE)
    return total[:, 1:-1]


def _trace(down: np.ndarray, up: np.ndarray, middle: int, column: int) -> np.ndarray:
    """Return the columns (H,) of the cheapest path through `column` of the middle row."""
    seam = np.full(len(down), column)
    for rows, totals in ((range(middle - 1, -1, -1), down), (range(middle + 1, len(up)), up)):
        place = column
        for row in rows:
            low, high = max(0, place - 1), min(totals.shape[1], place + 2)
            near = totals[row, low:high] + _ASIDE * (np.arange(low, high) != place)
            place = low + int(near.argmin())
            seam[row] = place
    return seam
