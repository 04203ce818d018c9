"""The rows of a page's writing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handsum.data.signs.alphabet import DIGITS, SIGNS
from handsum.data.signs.answers import Signs

# A sign belongs to a row that reaches, in heights of its digits, this far above and below them.
_ABOVE, _BELOW = 0.2, 0.4
# Digits beside each other: the higher is at most this many times as high as the lower, and the gap
# between them is at most this many heights.
_ALIKE, _NEAR = 1.6, 1.5

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


def possible_rows(signs: Signs, least: float) -> list[np.ndarray]:
    """The signs of each row from left to right, as indices, with those that are improbable.

    Digits with a score of `least` make the rows, and other signs belong to the nearest.
    """
    boxes, kinds = pixel_boxes(signs.boxes), signs.probabilities.argmax(-1)
    likely = np.flatnonzero((kinds < len(SIGNS)) & (signs.scores >= least))
    tall = [place for place in likely.tolist() if kinds[place] < DIGITS]
    rows = [[tall[place] for place in row] for row in sort_rows(boxes[tall])]
    own = [[*row] for row in rows]
    for place in range(len(signs)):
        if place not in tall:
            near = nearest_row(signs.boxes[place], rows, boxes)
            if near is not None:
                own[near].append(place)
    for row in own:
        row.sort(key=lambda place: boxes[place, 0] + boxes[place, 2] / 2)
    return [np.array(row, int) for row in own]


def nearest_row(edges: np.ndarray, rows: Sequence[Sequence[int]], boxes: np.ndarray) -> int | None:
    """The row of the nearest digit beside which a sign stands, if there is one."""
    x, y = (edges[:2] + edges[2:]) / 2
    best, nearest = None, np.inf
    for row, places in enumerate(rows):
        for left, top, width, height in boxes[places].tolist():
            away = abs(left + width / 2 - x)
            if top - _ABOVE * height <= y <= top + (1 + _BELOW) * height and away < nearest:
                best, nearest = row, away
    return best


def stand_beside(signs: Signs, places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each sign of `places` stands beside one of `others`, and over none: bool (N,).

    Both are indices. Signs that stand beside each other are about as high, on one height and near.
    """
    near = signs.boxes[others]
    # One by one: thousands by thousands would fill the memory.
    return np.array([_stands_beside(own, near) for own in signs.boxes[places]], bool)


def _stands_beside(own: np.ndarray, near: np.ndarray) -> bool:
    """As `stand_beside`, for one box (4,) and those of the others (N, 4)."""
    width, height = own[2:] - own[:2]
    others_height = near[:, 3] - near[:, 1]
    shared = np.minimum(own[2:], near[:, 2:]) - np.maximum(own[:2], near[:, :2])
    lower = np.minimum(height, others_height)
    beside = np.maximum(height, others_height) <= _ALIKE * lower
    beside &= (shared[:, 1] >= lower / 2) & (shared[:, 0] > -_NEAR * others_height)
    over = (shared[:, 0] > width / 2) & (shared[:, 1] > height / 2)
    return bool(beside.any() and not over.any())


def pixel_boxes(edges: np.ndarray) -> np.ndarray:
    """From left, top, right and bottom (N, 4) to x, y, width and height in whole pixels."""
    low = np.floor(edges[:, :2]).astype(np.int64)
    size = np.maximum(np.ceil(edges[:, 2:]).astype(np.int64) - low, 1)
    return np.concatenate([low, size], axis=1)
