"""From the answers of a reader of pages to the signs that it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from handsum.data.pages.glyphs import SIGNS
from handsum.data.pages.targets import STRIDE

# Of two boxes that share more than this, in shares of either box or of the smaller one, only the
# better stays.
_SAME, _INSIDE = 0.45, 0.8
# Signs of two sizes of a picture that share this much of either box are the same.
_SEEN_TWICE = 0.5
# No window shows more signs; a picture of nothing but dots would take long otherwise.
_MOST = 2_000


@dataclass(frozen=True, eq=False)
class Signs:
    """Signs in a picture: boxes (N, 4), left, top, right and bottom in pixels; how sure it is that
    there is a sign (N,); and the probabilities of the classes (N, 22)."""

    boxes: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray

    def __repr__(self) -> str:
        return f"<{len(self.scores)} signs>"

    def __len__(self) -> int:
        return len(self.scores)

    def of(self, rows: np.ndarray) -> Signs:
        """Some of the signs."""
        return Signs(self.boxes[rows], self.scores[rows], self.probabilities[rows])

    def mark(self, picture: np.ndarray) -> np.ndarray:
        """A picture uint8 (H, W) with the boxes, and above each what it reads as."""
        image = Image.fromarray(picture)
        pen = ImageDraw.Draw(image)
        for box, kind in zip(self.boxes, self.probabilities.argmax(-1), strict=True):
            left, top, right, bottom = map(float, box)
            pen.rectangle((left, top, max(left, right), max(top, bottom)), outline=255)
            pen.text((left, top - 9), (SIGNS + "?")[int(kind)], fill=255)
        return np.asarray(image)


def read_answers(
    heat: np.ndarray, probabilities: np.ndarray, sides: np.ndarray, least: float
) -> Signs:
    """The signs of one picture, best first, no two in one place.

    `heat` (H, W) is the probability of a middle, `probabilities` (H, W, 22) those of the classes,
    `sides` (H, W, 4) the distances to the box in pixels. Only signs with a score of `least` count.
    """
    padded = np.pad(heat, 1, constant_values=-1.0)
    high, wide = heat.shape
    near = [
        padded[down : down + high, across : across + wide]
        for down in range(3)
        for across in range(3)
    ]
    rows, columns = np.nonzero((heat >= least) & (heat >= np.max(near, axis=0)))
    best = heat[rows, columns]
    total = np.zeros((len(rows), probabilities.shape[-1]))
    box, share = np.zeros((len(rows), 4)), np.zeros((len(rows), 1))
    peak = _boxes(rows, columns, sides)
    for place, (down, across) in enumerate(np.ndindex(3, 3)):
        y = np.clip(rows + down - 1, 0, high - 1)
        x = np.clip(columns + across - 1, 0, wide - 1)
        own = _boxes(y, x, sides)
        # Neighbours that mean another sign do not count.
        weight = near[place][rows, columns]
        weight = np.where((weight > 0.5 * best) & (overlap(own, peak) > _SEEN_TWICE), weight, 0.0)
        total += weight[:, None] * probabilities[y, x]
        box += weight[:, None] * own
        share += weight[:, None]
    found = Signs(box / share, best, total / share)
    return without_doubles(found.of(np.argsort(-found.scores, kind="stable")[:_MOST]))


def _boxes(rows: np.ndarray, columns: np.ndarray, sides: np.ndarray) -> np.ndarray:
    centre = STRIDE * (np.stack([columns, rows, columns, rows], 1) + 0.5)
    return centre + sides[rows, columns] * [-1, -1, 1, 1]


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The area that boxes (..., 4) share, over the area of either; the arguments broadcast."""
    shared = _shared(first, second)
    return shared / np.maximum(_area(first) + _area(second) - shared, 1e-9)


def _shared(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The area that boxes share, as `overlap`."""
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    area: np.ndarray = np.prod(np.maximum(high - low, 0), axis=-1)
    return area


def _area(boxes: np.ndarray) -> np.ndarray:
    area: np.ndarray = np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
    return area


def without_doubles(signs: Signs) -> Signs:
    """Leave out signs that lie where a better one lies; they are sorted, best first."""
    remaining: list[int] = []
    boxes = signs.boxes
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6), axis=1)
    for row, box in enumerate(boxes):
        other = np.array(remaining, int)
        shared = _shared(box, boxes[other])
        union = areas[row] + areas[other] - shared
        inside = shared / np.minimum(areas[row], areas[other])
        if not ((shared > _SAME * union) | (inside > _INSIDE)).any():
            remaining.append(row)
    return signs.of(np.array(remaining, int))


def merge(parts: Sequence[Signs]) -> Signs:
    """One sign for each place that was seen at several scales; their probabilities are averaged."""
    if not parts:
        return Signs(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 22)))
    every = Signs(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
    )
    every = every.of(np.argsort(-every.scores, kind="stable"))
    chosen = without_doubles(every)
    probabilities = np.empty_like(chosen.probabilities)
    for row, box in enumerate(chosen.boxes):
        same = overlap(box, every.boxes) > _SEEN_TWICE
        weights = np.where(same, every.scores, 0)
        probabilities[row] = weights @ every.probabilities / weights.sum()
    return Signs(chosen.boxes, chosen.scores, probabilities)
