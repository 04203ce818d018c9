"""The rows of a page's writing."""

from __future__ import annotations

import numpy as np

# Signs of a row share at least this much of their height with their left neighbour.
_LEAST_SHARED = 0.35


def sort_rows(boxes: np.ndarray) -> list[list[int]]:
    """Sort signs into rows, each from left to right, as indices; a row may slope.

    `boxes` (N, 4) are x, y, width and height.
    """
    rows: list[list[int]] = []
    # The top and the bottom of each row's last sign.
    tops, bottoms = np.zeros((2, len(boxes)), np.int64)
    for index in np.argsort(boxes[:, 0], kind="stable").tolist():
        _, own, _, height = boxes[index].tolist()
        top, bottom = tops[: len(rows)], bottoms[: len(rows)]
        shared = np.minimum(bottom, own + height) - np.maximum(top, own)
        share = shared / np.minimum(bottom - top, height)
        best = int(np.argmax(share)) if rows else 0
        if rows and share[best] >= _LEAST_SHARED:
            rows[best].append(index)
        else:
            best = len(rows)
            rows.append([index])
        tops[best], bottoms[best] = own, own + height
    return sorted(rows, key=lambda row: float(np.median(2 * boxes[row, 1] + boxes[row, 3])))
