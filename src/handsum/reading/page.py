"""What is read on a page, and who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from scipy import ndimage

from handsum import stopping
from handsum.data.pictures.ink import as_mnist, ink_map, is_ink_dark
from handsum.data.signs.answers import Signs
from handsum.images import DIGIT_SIZE

# x, y, width and height in the picture's pixels.
Box = tuple[int, int, int, int]
# A digit without a pixel of this much ink is too faint to be shown as MNIST's are.
_INKED = 0.2
# Fainter ink than this, of the way from black to white, is not brought to full strength.
_FAINTEST = 0.02
# How much of the paper around a digit is looked at to tell its ink, in heights of the digit.
_AROUND = 0.25
# A detector's box may miss the edge of its digit by this much, in heights.
_MISSED = 0.1


@runtime_checkable
class Finder(Protocol):
    """A detector, such as `handsum.pretrained.readers.Detector`.

    Takes pictures uint8 (H, W) and the least probability of a sign; returns the signs in each.
    """

    def find(self, pictures: Sequence[np.ndarray], least: float = ...) -> list[Signs]: ...


@runtime_checkable
class Reader(Protocol):
    """A reader of digits, such as `handsum.pretrained.readers.DigitReader`.

    Takes uint8 (N, 28, 28); returns probabilities (N, 10), and the natural log-odds (N,) of a digit
    against anything else, relative to the threshold of a digit.
    """

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


@runtime_checkable
class SumReader(Protocol):
    """A reader of sums, such as `handsum.pretrained.readers.SumReader`.

    Takes sequences uint8 (N, L, 28, 28); returns the distributions (N, 9L + 1) of their sums.
    """

    def distributions(self, images: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Mark:
    """A sign other than a digit: its row, the x of its middle in pixels, and the sign itself."""

    row: int
    centre: float
    sign: str


@dataclass(frozen=True, eq=False)
class Decoded:
    """The digits of a page in reading order: boxes, rows from 0, and probabilities (N, 10).

    `odds` is how probable it is that each is there and is the most probable digit. `others` are the
    boxes of writing that is no digit, `marks` the signs beside digits.
    `has_length` is false if the page has fewer digits than it should. With a pattern, `unmatched`
    are the rows that it does not allow, and `alternatives` the next best reading of each other row
    with its probability.
    """

    boxes: tuple[Box, ...]
    rows: tuple[int, ...]
    probabilities: np.ndarray
    odds: tuple[float, ...] = ()
    others: tuple[Box, ...] = ()
    marks: tuple[Mark, ...] = ()
    has_length: bool = True
    unmatched: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, float] | None, ...] = ()

    @property
    def digits(self) -> str:
        """The most probable digits."""
        return "".join(map(str, self.probabilities.argmax(-1)))

    def text(self, punctuation: bool) -> tuple[str, ...]:
        """Return the digits of each row as a string, with `punctuation` also the signs."""
        signs = [
            (row, box[0] + box[2] / 2, digit)
            for row, box, digit in zip(self.rows, self.boxes, self.digits, strict=True)
        ]
        if punctuation:
            signs += [(mark.row, mark.centre, mark.sign) for mark in self.marks]
        rows = dict.fromkeys(self.rows, "")
        for row, _, sign in sorted(signs, key=lambda sign: sign[:2]):
            if row in rows:
                rows[row] += sign
        return tuple(rows.values())


def cut_digits(picture: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """Digits of a picture, float (H, W) in [0, 1], as MNIST's: uint8 (N, 28, 28).

    Strokes that go on just beyond a box belong to its digit.
    """
    images = np.zeros((len(boxes), DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    for image, box in zip(images, boxes, strict=True):
        stopping.check()
        left, top, width, height = _within(box, picture.shape)
        rim = max(2, round(_AROUND * height))
        around = _surroundings(picture, (left - rim, top - rim, width + 2 * rim, height + 2 * rim))
        own = np.s_[rim : rim + height, rim : rim + width]
        ink = _with_edges(ink_map(around), own, round(_MISSED * height))
        if ink.max(initial=0) <= _INKED:
            # Nothing stands out from grain or prints; a detector has seen a digit all the same.
            ink = np.abs(around - np.median(around))[own]
            ink = ink / max(float(ink.max(initial=0)), _FAINTEST)
        if ink.max(initial=0) > _INKED:
            image[:] = as_mnist(ink)
    return images


def _within(box: Box, shape: tuple[int, ...]) -> Box:
    """The part of a box that lies in a picture of a shape (H, W)."""
    left, top = max(box[0], 0), max(box[1], 0)
    right, bottom = min(box[0] + box[2], shape[1]), min(box[1] + box[3], shape[0])
    return left, top, max(0, right - left), max(0, bottom - top)


def _surroundings(picture: np.ndarray, box: Box) -> np.ndarray:
    """A picture within a box, which may reach beyond it: there it has the grey of its paper.

    `ink_map` needs to see some paper around a digit, and a tight picture has none.
    """
    left, top, width, height = box
    shown = picture[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    beyond = [
        (max(0, -start), max(0, start + length - side))
        for start, length, side in zip((top, left), (height, width), picture.shape, strict=True)
    ]
    if not shown.size or not np.any(beyond):
        return shown
    middle = np.quantile(shown, (0.05, 0.95)).mean()
    is_paper = shown >= middle if is_ink_dark(shown[None])[0] else shown <= middle
    return np.pad(shown, beyond, constant_values=np.median(shown[is_paper]))


def _with_edges(ink: np.ndarray, own: tuple[slice, slice], missed: int) -> np.ndarray:
    """The ink of a box, and what hangs together with it if that ends soon beyond the box.

    On a side where it goes on for more than `missed` pixels it is a neighbour's, or a line's.
    """
    reach = missed + 1
    wide = tuple(slice(max(0, side.start - reach), side.stop + reach) for side in own)
    grown = ink[wide]
    labels, _ = ndimage.label(grown > _INKED, np.ones((3, 3)))
    box = tuple(
        slice(side.start - beyond.start, side.stop - beyond.start)
        for side, beyond in zip(own, wide, strict=True)
    )
    mine = np.isin(labels, np.setdiff1d(labels[box], [0]))
    kept = ndimage.binary_dilation(mine)
    kept[box] = True
    shown = tuple(
        slice(
            side.start if mine.take(0, axis).any() else 0,
            side.stop if mine.take(-1, axis).any() else mine.shape[axis],
        )
        for axis, side in enumerate(box)
    )
    return (grown * kept)[shown]
