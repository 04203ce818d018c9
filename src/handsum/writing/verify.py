"""Draw digits until the reader reads them right: one by one, and in their picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from handsum.images import DIGIT_SIZE
from handsum.strokes import Strokes, draw_strokes
from handsum.writing.legible import LEAST_SCALE, Progress, Rows, draw_legible

if TYPE_CHECKING:
    from handsum.layout.style import Style
    from handsum.pretrained.generators import DigitGenerator, SequenceGenerator
    from handsum.pretrained.readers import DigitReader
    from handsum.reading.page import Finder, Reader


REDRAWS = 20
# A digit is accepted if the reader takes it for a digit and gives the requested class at least this
# probability. Of the validation digits with such a probability, it misreads 0.04%; of all, 0.3%.
ACCEPTED = 0.98
# A digit is not accepted with a speck beside it, a piece with less than this share of its ink:
# beside other digits that is a decimal point. 1.6% of validation digits and 2.5% of drawn ones have
# a speck.
_SPECK, _SPECK_GREY = 0.05, 64


@dataclass(frozen=True, eq=False)
class Verified:
    """N sequences of L digits that were checked.

    `images` is uint8 (N, L, 28, 28); `strokes` are those of each digit, none if it was drawn in
    pixels; `labels` int64 (N, L); `readings` is what the reader sees in each; `redrawn`, int64
    (N,), the number of digits drawn again.
    """

    images: np.ndarray
    strokes: tuple[tuple[Strokes, ...], ...] | None
    labels: np.ndarray
    readings: tuple[str, ...]
    redrawn: np.ndarray


def draw_verified(
    generator: DigitGenerator,
    reader: Reader,
    rows: Rows,
    style: Style | None = None,
    finder: Finder | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Draw the digits of rows until they are read right.

    After REDRAWS attempts the best one stays. With a `style` and a `finder`, each row is also drawn
    and read as a picture, without its marks. `progress` gets the number of digits that are right so
    far and the number of all digits.
    """
    count, length = rows.labels.shape
    drawer = _Drawer(generator, reader, rows, progress)
    drawer.draw(np.arange(count * length))
    if style is None or finder is None or style.factor < LEAST_SCALE or not rows.strokes:
        read = drawer.readings.reshape(count, length)
        readings = ["".join(map(str, row)) for row in read]
    else:
        readings = draw_legible(rows, drawer.strokes, drawer.draw, style, finder, progress)
    redrawn = drawer.redrawn.reshape(count, length).sum(axis=1)
    images = drawer.images.reshape(count, length, DIGIT_SIZE, DIGIT_SIZE)
    strokes = in_rows(drawer.strokes, length) if rows.strokes else None
    return Verified(images, strokes, rows.labels, tuple(readings), redrawn)


def in_rows(strokes: Sequence[Strokes], length: int) -> tuple[tuple[Strokes, ...], ...]:
    """Digits in rows of `length`."""
    return tuple(tuple(strokes[start : start + length]) for start in range(0, len(strokes), length))


class _Drawer:
    """Draws digits until the reader is sure of them; each attempt has its own random numbers."""

    def __init__(
        self,
        generator: DigitGenerator,
        reader: Reader,
        rows: Rows,
        progress: Progress | None,
    ) -> None:
        self._generator, self._reader, self._seed = generator, reader, rows.seed
        self._progress, self._as_strokes = progress, rows.strokes
        self._labels = rows.labels.reshape(-1)
        self._hands = np.repeat(rows.hands, rows.labels.shape[1], axis=0)
        self.images = np.zeros((len(self._labels), DIGIT_SIZE, DIGIT_SIZE), np.uint8)
        self.strokes = [Strokes(())] * len(self._labels)
        self.readings = np.zeros(len(self._labels), np.int64)
        self._attempts = np.zeros(len(self._labels), np.int64)

    @property
    def redrawn(self) -> np.ndarray:
        """Which digits were drawn more than once, bool (M,)."""
        return self._attempts > 1

    def draw(self, places: np.ndarray) -> None:
        """Draw the digits at `places` (M,) again, up to REDRAWS more times; keep the best."""
        scores = np.full(len(self._labels), -1.0)
        pending = places
        for _ in range(REDRAWS + 1):
            images, strokes = self._draw_once(pending)
            probabilities, odds = self._reader.read(images)
            read = probabilities.argmax(axis=1)
            # First comes a right reading, then looking like a digit, then having no speck, then
            # the probability.
            wanted = probabilities[np.arange(len(pending)), self._labels[pending]]
            right = read == self._labels[pending]
            score = wanted + ~_specked(images) + 2 * (odds >= 0) + 4 * right
            better = np.flatnonzero(score > scores[pending])
            best = pending[better]
            self.images[best], self.readings[best] = images[better], read[better]
            for place, index in zip(best, better, strict=True) if strokes else ():
                self.strokes[place] = strokes[index]
            scores[best] = score[better]
            self._attempts[pending] += 1
            pending = places[scores[places] < 7 + ACCEPTED]
            if self._progress:
                self._progress(len(self._labels) - len(pending), len(self._labels))
            if len(pending) == 0:
                break

    def _draw_once(self, places: np.ndarray) -> tuple[np.ndarray, list[Strokes]]:
        """The next attempts of digits: images (M, 28, 28), and their strokes, if they have any."""
        return draw_images(
            self._generator,
            self._as_strokes,
            self._labels[places],
            self._hands[places],
            seed=self._seed,
            indices=places,
            attempts=self._attempts[places],
        )


def draw_images(
    generator: DigitGenerator, as_strokes: bool, *columns: np.ndarray, **keys: Any
) -> tuple[np.ndarray, list[Strokes]]:
    """Digits as `generator.draw` draws them; or `as_strokes`, with images of the strokes."""
    if not as_strokes:
        return generator.draw(*columns, **keys), []
    strokes = generator.write(*columns, **keys)
    return draw_strokes(strokes, DIGIT_SIZE), strokes


def _specked(images: np.ndarray) -> np.ndarray:
    """Which of digits uint8 (N, 28, 28) have a speck beside them, bool (N,)."""
    within = np.zeros((3, 3, 3), int)
    within[1] = 1
    labels, count = ndimage.label(images > _SPECK_GREY, within)
    pieces = np.arange(1, count + 1)
    ink = ndimage.sum_labels(images.astype(np.float64), labels, pieces)
    owners = np.array([place[0].start for place in ndimage.find_objects(labels)], np.int64)
    own = images.sum((1, 2), dtype=np.float64)
    return np.bincount(owners[ink < _SPECK * own[owners]], minlength=len(images)) > 0


def draw_planned(
    generator: SequenceGenerator,
    reader: DigitReader,
    totals: np.ndarray,
    length: int,
    seed: int,
    progress: Progress | None = None,
) -> Verified:
    """Draw sequences for totals (N,) until their digits have that sum and are read as planned.

    Each is drawn up to REDRAWS more times; the best attempt is kept. `progress` gets the number of
    sequences that are right so far and the number of all sequences.
    """
    count = len(totals)
    indices = np.arange(count)
    images = np.zeros((count, length, DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    labels, readings = np.zeros((2, count, length), np.int64)
    strokes: list[tuple[Strokes, ...]] = [()] * count
    redrawn = np.zeros(count, np.int64)
    scores = np.full(count, -1.0)
    pending = indices
    for attempt in range(REDRAWS + 1):
        attempts = np.full(len(pending), attempt)
        traced, planned = generator.write(
            totals[pending], length, seed=seed, indices=pending, attempts=attempts
        )
        redrawn[pending] += length * min(attempt, 1)
        flat = draw_strokes(traced, DIGIT_SIZE)
        drawn = flat.reshape(*planned.shape, DIGIT_SIZE, DIGIT_SIZE)
        read = reader.probabilities(flat).argmax(-1).reshape(planned.shape)
        # First comes the right sum, then the share of digits that are read as planned.
        score = (planned.sum(1) == totals[pending]) + (read == planned).mean(1)
        better = np.flatnonzero(score > scores[pending])
        best = pending[better]
        for place, index in zip(best, better, strict=True):
            strokes[place] = tuple(traced[index * length : (index + 1) * length])
        images[best], labels[best], readings[best] = drawn[better], planned[better], read[better]
        scores[best] = score[better]
        pending = indices[scores < 2]
        if progress:
            progress(count - len(pending), count)
        if len(pending) == 0:
            break
    texts = tuple("".join(map(str, row)) for row in readings)
    return Verified(images, tuple(strokes), labels, texts, redrawn)
