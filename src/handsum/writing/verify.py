"""Digits drawn until they read as asked: one by one, and set in the picture they are for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum.images import DIGIT_SIZE, to_grey
from handsum.layout.rows import Picture, Style, render
from handsum.reading.page import Page
from handsum.reading.recognition import Decoded, Reader, decode
from handsum.seeds import Stream, stream

if TYPE_CHECKING:
    from handsum.pretrained.generators import DigitGenerator


REDRAWS = 20
# A digit is accepted when the reader takes it for one, and gives it at least this probability of
# being what was asked.
# Of the validation digits of which the reader is as sure, it misreads 0.04%; of all, 0.3%.
ACCEPTED = 0.98
# Nor is it where a speck of ink, less than this share of its own, lies beside it: beside other
# digits that is a decimal point. 1.6% of validation digits have one, and 2.5% of drawn ones.
_SPECK, _SPECK_GREY = 0.05, 64
# How often a picture is set and read again, and how many are at once.
_SETTINGS = 12
_PICTURES_AT_ONCE = 32
# Smaller pictures cannot be read, whatever is drawn in them; larger ones show nothing more.
_LEAST_SCALE, _LARGEST_SCALE = 1.0, 8.0


@dataclass(frozen=True)
class Verified:
    """N sequences of L digits: images uint8 (N, L, 28, 28), and what each one reads as.

    `redrawn`, int64 (N,), is how many of a sequence's digits were drawn again.
    """

    images: np.ndarray
    readings: tuple[str, ...]
    redrawn: np.ndarray


def draw_verified(
    generator: DigitGenerator,
    reader: Reader,
    labels: np.ndarray,
    writers: np.ndarray,
    seed: int,
    style: Style | None = None,
    texts: tuple[str, ...] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verified:
    """Draw labels (N, L) in hands (N,) or (N, E) until they read as asked, or best they can.

    With a `style`, sequence n is also set as the picture that `seed` and n lay out, and read there,
    with the punctuation of its text. `progress` is called with the number of digits that read as
    asked so far and with that of all.
    """
    count, length = labels.shape
    drawer = _Drawer(
        generator, reader, labels.reshape(-1), np.repeat(writers, length, axis=0), seed, progress
    )
    drawer.draw(np.arange(count * length))
    shape = (count, length, DIGIT_SIZE, DIGIT_SIZE)
    if style is None or style.factor < _LEAST_SCALE:
        read = drawer.readings.reshape(count, length)
        readings = ["".join(map(str, row)) for row in read]
    else:
        smaller = replace(style, scale=min(style.factor, _LARGEST_SCALE))

        def set_row(row: int, images: np.ndarray) -> Picture:
            own = texts and texts[row : row + 1]
            return render(images[None], [stream(seed, Stream.LAYOUT, row)], smaller, None, own)

        readings = _draw_legible(drawer, reader, labels, set_row, progress)
    redrawn = drawer.redrawn.reshape(count, length).sum(axis=1)
    return Verified(drawer.images.reshape(shape), tuple(readings), redrawn)


class _Drawer:
    """Draws digits until the reader is sure of them, each from an attempt of its own."""

    def __init__(
        self,
        generator: DigitGenerator,
        reader: Reader,
        labels: np.ndarray,
        writers: np.ndarray,
        seed: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._generator, self._reader, self._seed = generator, reader, seed
        self._progress = progress
        self._labels, self._writers = labels, writers
        self.images = np.zeros((len(labels), DIGIT_SIZE, DIGIT_SIZE), np.uint8)
        self.readings = np.zeros(len(labels), np.int64)
        self._next = np.zeros(len(labels), np.int64)

    @property
    def redrawn(self) -> np.ndarray:
        """Whether each digit was drawn more than once, bool (M,)."""
        return self._next > 1

    def draw(self, places: np.ndarray) -> None:
        """Draw the digits at `places` (M,) anew, REDRAWS times more at most; keep the best."""
        scores = np.full(len(self._labels), -1.0)
        pending = places
        for _ in range(REDRAWS + 1):
            images = self._generator.draw(
                self._labels[pending],
                self._writers[pending],
                seed=self._seed,
                indices=pending,
                attempts=self._next[pending],
            )
            probabilities, odds = self._reader.read(images)
            read = probabilities.argmax(axis=1)
            # A right reading outweighs looking like a digit, that a clean one, and that any
            # probability; among equals the surer one is the better.
            asked = probabilities[np.arange(len(pending)), self._labels[pending]]
            score = (
                asked + ~_specked(images) + 2 * (odds >= 0) + 4 * (read == self._labels[pending])
            )
            better = score > scores[pending]
            kept = pending[better]
            self.images[kept], self.readings[kept] = images[better], read[better]
            scores[kept] = score[better]
            self._next[pending] += 1
            pending = places[scores[places] < 7 + ACCEPTED]
            if self._progress:
                self._progress(len(self._labels) - len(pending), len(self._labels))
            if len(pending) == 0:
                break


def _specked(images: np.ndarray) -> np.ndarray:
    """Whether a speck lies beside each of digits uint8 (N, 28, 28): bool (N,)."""
    within = np.zeros((3, 3, 3), int)
    within[1] = 1
    labels, count = ndimage.label(images > _SPECK_GREY, within)
    pieces = np.arange(1, count + 1)
    ink = ndimage.sum_labels(images.astype(np.float64), labels, pieces)
    owners = np.array([place[0].start for place in ndimage.find_objects(labels)], np.int64)
    own = images.sum((1, 2), dtype=np.float64)
    return np.bincount(owners[ink < _SPECK * own[owners]], minlength=len(images)) > 0


def _draw_legible(
    drawer: _Drawer,
    reader: Reader,
    labels: np.ndarray,
    set_row: Callable[[int, np.ndarray], Picture],
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Draw again what does not read as asked in its picture; give each picture's last reading.

    `set_row` makes the picture of a row from its images (L, 28, 28).
    """
    count, length = labels.shape
    readings = [""] * count
    pending = np.arange(count)
    for attempt in range(_SETTINGS + 1):
        illegible: list[int] = []
        for start in range(0, len(pending), _PICTURES_AT_ONCE):
            rows = pending[start : start + _PICTURES_AT_ONCE]
            images = drawer.images.reshape(count, length, DIGIT_SIZE, DIGIT_SIZE)
            pictures = [set_row(int(row), images[row]) for row in rows]
            pages = [Page(to_grey(Image.fromarray(picture.pixels))) for picture in pictures]
            for row, picture, page in zip(rows, pictures, decode(pages, reader), strict=True):
                readings[row] = "".join(str(values.argmax()) for values in page.probabilities)
                if readings[row] != "".join(map(str, labels[row])):
                    wrong = _misread(picture.boxes[0], labels[row], page)
                    illegible += [int(row) * length + place for place in wrong]
        if progress:
            progress(labels.size - len(illegible), labels.size)
        if not illegible or attempt == _SETTINGS:
            break
        places = np.array(illegible)
        drawer.draw(places)
        pending = np.unique(places // length)
    return readings


def _misread(boxes: np.ndarray, labels: np.ndarray, page: Decoded) -> list[int]:
    """Return the places of the digits that are not read where they were written; all, if none."""
    wrong = []
    for place, ((left, _, width, _), label) in enumerate(zip(boxes, labels, strict=True)):
        here = [
            int(values.argmax())
            for digit, values in zip(page.digits, page.probabilities, strict=True)
            if left <= digit.box[0] + digit.box[2] / 2 < left + width
        ]
        if here != [int(label)]:
            wrong.append(place)
    return wrong or list(range(len(labels)))
