"""From the answers of a reader of pages to the signs that it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from handsum import stopping
from handsum.data.signs.alphabet import CLASSES, DIGITS, SIGNS
from handsum.data.signs.targets import STRIDE

# Of two boxes that share more than this, in shares of either box or of the smaller one, only the
# better stays.
_SAME, _INSIDE = 0.45, 0.8
# Signs of two sizes of a picture that share this much of either box are the same.
_SEEN_TWICE = 0.5
# What is seen of a sign counts most where its row has this height in pixels, and less by the
# height's logarithm, with this deviation. Without a row its own height or a share of its width
# counts.
_CLEAREST, _DEVIATION, _BROAD = 28.0, 0.5, 0.7
# A row's height is that of the digit next to a sign, which has this score, and is this near, in
# heights. The sides of a small sign, seen twice, differ by no more than this share of the height.
_SURE_DIGIT, _NEXT, _APART = 0.3, 2.5, 0.2
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

    def of(self, rows: np.ndarray | slice) -> Signs:
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
) -> list[Signs]:
    """The signs of each of some pictures, best first, no two in one place.

    `heat` (N, H, W) is the probability of a middle, `probabilities` (N, H, W, 22) those of the
    classes, `sides` (N, H, W, 4) the distances to the box in pixels. Only signs with a score of
    `least` count.
    """
    count, high, wide = heat.shape
    padded = np.pad(heat, ((0, 0), (1, 1), (1, 1)), constant_values=-1.0)
    around = [np.s_[:, d : d + high, a : a + wide] for d in range(3) for a in range(3)]
    highest = np.max([padded[part] for part in around], axis=0)
    pictures, rows, columns = np.nonzero((heat >= least) & (heat >= highest))
    best = heat[pictures, rows, columns]
    peak = _boxes(pictures, rows, columns, sides)
    # The nine places around each, (9, N).
    down, across = np.indices((3, 3)).reshape(2, 9, 1)
    weight = padded[pictures, rows + down, columns + across]
    y, x = np.clip(rows + down - 1, 0, high - 1), np.clip(columns + across - 1, 0, wide - 1)
    own = _boxes(pictures, y, x, sides)
    # Neighbours that mean another sign do not count.
    weight = np.where((weight > 0.5 * best) & (overlap(own, peak) > _SEEN_TWICE), weight, 0.0)
    weight = weight[..., None]
    share = weight.sum(0)
    total = (weight * probabilities[pictures, y, x]).sum(0)
    found = Signs((weight * own).sum(0) / share, best, total / share)
    starts = np.searchsorted(pictures, np.arange(count + 1))
    parts = [found.of(np.s_[start:stop]) for start, stop in pairwise(starts)]
    orders = [np.argsort(-part.scores, kind="stable")[:_MOST] for part in parts]
    return [without_doubles(part.of(order)) for part, order in zip(parts, orders, strict=True)]


def _boxes(
    pictures: np.ndarray, rows: np.ndarray, columns: np.ndarray, sides: np.ndarray
) -> np.ndarray:
    centre = STRIDE * (np.stack([columns, rows, columns, rows], -1) + 0.5)
    return centre + sides[pictures, rows, columns] * [-1, -1, 1, 1]


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


class _Places:
    """Boxes (N, 4) by their middles from left to right, to find those near another quickly."""

    def __init__(self, boxes: np.ndarray) -> None:
        middles = boxes[:, 0] + boxes[:, 2]
        self._order = np.argsort(middles)
        self._middles = middles[self._order]

    def near(self, box: np.ndarray, reach: float) -> np.ndarray:
        """The boxes whose middle is at most `reach` to the left or right of a box's, in order."""
        ends = box[0] + box[2] + np.array([-2, 2]) * reach
        start, stop = np.searchsorted(self._middles, ends)
        return np.sort(self._order[start:stop])


def without_doubles(signs: Signs) -> Signs:
    """Leave out signs that lie where a better one lies; they are sorted, best first."""
    if not len(signs):
        return signs
    boxes, places = signs.boxes, _Places(signs.boxes)
    widths = boxes[:, 2] - boxes[:, 0]
    areas, widest = np.maximum(_area(boxes), 1e-12), widths.max()
    left = np.ones(len(signs), bool)
    for row, box in enumerate(boxes):
        if not left[row]:
            continue
        stopping.check()
        near = places.near(box, (widths[row] + widest) / 2)
        near = near[(near > row) & left[near]]
        shared = _shared(box, boxes[near])
        union = areas[row] + areas[near] - shared
        inside = shared / np.minimum(areas[row], areas[near])
        left[near[(shared > _SAME * union) | (inside > _INSIDE)]] = False
    return signs.of(np.flatnonzero(left))


def merge(parts: Sequence[tuple[float, Signs]], least: float) -> Signs:
    """One sign for each place that was seen at several scales, best first.

    `parts` are the signs of each window with its scale, places and sizes in the whole picture's
    pixels. The probability of a sign is the mean over all scales, 0 where nothing was seen of it,
    and weighted by how clear it is at the scale; those of the classes are averaged with it. Only
    signs with a probability of `least` count.
    """
    if not parts:
        return Signs(np.zeros((0, 4)), np.zeros(0), np.zeros((0, CLASSES)))
    every = Signs(
        np.concatenate([part.boxes for _, part in parts]),
        np.concatenate([part.scores for _, part in parts]),
        np.concatenate([part.probabilities for _, part in parts]),
    )
    scales = np.concatenate([np.full(len(part), scale) for scale, part in parts])
    order = np.argsort(-every.scores, kind="stable")
    every, scales = every.of(order), scales[order]
    chosen = without_doubles(every.of(every.scores >= least))
    seen_at = np.unique([scale for scale, _ in parts])
    scores, probabilities = np.zeros(len(chosen)), np.empty_like(chosen.probabilities)
    places, heights = _Places(every.boxes), _row_heights(chosen)
    own_places, left = _Places(chosen.boxes), np.ones(len(chosen), bool)
    for row, (box, height) in enumerate(zip(chosen.boxes, heights, strict=True)):
        stopping.check()
        # Small signs that are near are one, though their boxes share little.
        better = own_places.near(box, _APART * height)
        better = better[(better < row) & left[better]]
        left[row] = not (np.abs(chosen.boxes[better] - box).max(1) < _APART * height).any()
        # A box that shares as much is nearer than this one is wide.
        near = places.near(box, max(box[2] - box[0], _APART * height))
        boxes = every.boxes[near]
        same = near[
            (overlap(box, boxes) > _SEEN_TWICE) | (np.abs(boxes - box).max(1) < _APART * height)
        ]
        weights = every.scores[same]
        probabilities[row] = weights @ every.probabilities[same] / weights.sum()
        away = np.log(np.maximum(seen_at * height, 1e-6) / _CLEAREST) / _DEVIATION
        # A sign of an unusual size is not clear anywhere, and counts where it was found.
        clear = np.exp(-np.square(away) / 2) + 1e-6 * np.isin(seen_at, scales[same])
        # The best sign of each scale comes first.
        own, first = np.unique(scales[same], return_index=True)
        scores[row] = clear[np.searchsorted(seen_at, own)] @ weights[first] / clear.sum()
    found = Signs(chosen.boxes, scores, probabilities).of(left & (scores >= least))
    return found.of(np.argsort(-found.scores, kind="stable"))


def _row_heights(signs: Signs) -> np.ndarray:
    """The heights (N,) of the rows in which signs stand: of digits their own."""
    sizes = signs.boxes[:, 2:] - signs.boxes[:, :2]
    heights = np.maximum(sizes[:, 1], _BROAD * sizes[:, 0])
    kinds = signs.probabilities.argmax(-1)
    digits = np.flatnonzero((kinds < DIGITS) & (signs.scores >= _SURE_DIGIT))
    if not len(digits):
        return heights
    middles = (signs.boxes[:, :2] + signs.boxes[:, 2:]) / 2
    own = heights.copy()
    for row in np.flatnonzero((kinds >= DIGITS) & (kinds < len(SIGNS))):
        stopping.check()
        away = np.abs(middles[digits] - middles[row]).max(1) / own[digits]
        nearest = int(away.argmin())
        if away[nearest] < _NEXT:
            heights[row] = max(own[digits[nearest]], own[row])
    return heights
