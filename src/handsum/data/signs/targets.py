"""What a reader of pages must answer at each place of a picture."""

from __future__ import annotations

import numpy as np

# Pixels between two places.
STRIDE = 4
# The heights of signs, in pixels, that are read at one scale; those between these and the outer
# ones may be read or not.
LEAST, MOST = 11.0, 60.0
_OUTER = (8.0, 80.0)
# A sign counts if this share of its ink shows; with less than the other nobody can ask for it.
_SHOWN, _HIDDEN = 0.75, 0.15
# How far around its middle a sign is at home: a share of its size, and some pixels.
_SPREAD, _LEAST_SPREAD = 0.16, 1.6
_CORE = 0.22


def make_targets(
    boxes: np.ndarray, labels: np.ndarray, sizes: np.ndarray, shown: np.ndarray, side: int
) -> dict[str, np.ndarray]:
    """The answers for a picture (side, side) with signs.

    `boxes` (N, 4) are left, top, right and bottom in pixels, `sizes` (N,) the heights of the rows
    in which they stand, `shown` (N,) the shares of the ink that are inside of the picture.

    The answers are (side / 4, side / 4, ...). "heat" float16 is 1 at the middle of a sign and falls
    beside it; it is -1 where there may be one or not. "kinds" int8 are the classes near middles,
    else -1. "sides" float16 (..., 4) are the distances to the sides of the box.
    """
    cells = side // STRIDE
    centre = (np.arange(cells) + 0.5) * STRIDE
    x, y = centre[None, :], centre[:, None]
    heat = np.zeros((cells, cells), np.float32)
    kinds = np.full((cells, cells), -1, np.int8)
    sides = np.zeros((cells, cells, 4), np.float32)
    nearest = np.full((cells, cells), np.inf)
    unsure = np.zeros((cells, cells), bool)
    for box, label, size, share in zip(boxes, labels, sizes, shown, strict=True):
        middle, extent = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        away = np.abs(np.stack(np.broadcast_arrays(x - middle[0], y - middle[1])))
        if not (LEAST <= size <= MOST and share > _SHOWN):
            if _OUTER[0] <= size <= _OUTER[1] and share >= _HIDDEN:
                unsure |= (away <= extent[:, None, None] / 2 + STRIDE / 2).all(0)
            continue
        spread = _SPREAD * extent + _LEAST_SPREAD
        close = np.square(away / spread[:, None, None]).sum(0)
        np.maximum(heat, np.exp(-close / 2), out=heat)
        row, column = np.unravel_index(away.sum(0).argmin(), heat.shape)
        heat[row, column] = 1
        own = (away <= _CORE * extent[:, None, None]).all(0)
        own[row, column] = True
        own &= close < nearest
        nearest[own], kinds[own] = close[own], label
        left, top, right, bottom = box
        every = np.broadcast_arrays(x - left, y - top, right - x, bottom - y)
        sides[own] = np.stack(every, -1)[own]
    heat[unsure & (heat < 1)] = -1
    return {
        "heat": heat.astype(np.float16),
        "kinds": kinds,
        "sides": sides.astype(np.float16),
    }


def true_signs(answers: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The boxes (N, 4) and the labels (N,) that answers tell of."""
    rows, columns = np.nonzero((answers["heat"] == 1) & (answers["kinds"] >= 0))
    centre = STRIDE * (np.stack([columns, rows, columns, rows], 1) + 0.5)
    boxes = centre + answers["sides"][rows, columns].astype(np.float64) * [-1, -1, 1, 1]
    return boxes, answers["kinds"][rows, columns].astype(np.int64)


def is_asked(answers: dict[str, np.ndarray], boxes: np.ndarray) -> np.ndarray:
    """Which of the boxes (N, 4) are where a sign either is or is not: those count, bool (N,)."""
    heat = answers["heat"]
    places = ((boxes[:, :2] + boxes[:, 2:]) / 2 / STRIDE).astype(int)
    columns, rows = np.clip(places, 0, np.array(heat.shape[::-1]) - 1).T
    return heat[rows, columns] >= 0
