"""The digits of pictures as a detector finds them: nothing is cleaned, joined or cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from handsum import stopping
from handsum.data.pages.answers import Signs
from handsum.data.pages.glyphs import SIGNS
from handsum.data.pictures.components import Part
from handsum.data.pictures.ink import as_mnist, ink_map
from handsum.images import DIGIT_SIZE
from handsum.reading.page import Digit, Mark
from handsum.reading.recognition import Decoded
from handsum.reading.rows import sort_rows

# The least probability of a digit or sign that is read, the best on pictures composed of validation
# digits (tools/reading_kinds.py); of the best digit where none has that; and of one that is read
# only because the number of digits is known.
_LEAST, _LEAST_ALONE, _LEAST_BY_LENGTH = 0.65, 0.4, 0.05
_DIGITS = 10
# A sign belongs to a row that reaches, in heights of its digits, this far above and below them.
_ABOVE, _BELOW = 0.2, 0.4
# A digit without a pixel of this much ink is too faint to be shown as MNIST's are.
_INKED = 0.2
# How much of the paper around a digit is looked at to tell its ink, in heights of the digit.
_AROUND = 0.25


@runtime_checkable
class Finder(Protocol):
    """A detector, such as `handsum.pretrained.readers.Detector`.

    Takes pictures uint8 (H, W) and the least probability of a sign; returns the signs in each.
    """

    def find(self, pictures: Sequence[np.ndarray], least: float = ...) -> list[Signs]: ...


def find_digits(
    finder: Finder, pictures: Sequence[np.ndarray], length: int | None = None
) -> list[Decoded]:
    """Find and read the digits of grey pictures, float (H, W) in [0, 1].

    `length` is the number of digits in each, if known: then the most probable ones are read.
    """
    pixels = [np.rint(255 * picture).astype(np.uint8) for picture in pictures]
    least = _LEAST_ALONE if length is None else _LEAST_BY_LENGTH
    found = finder.find(pixels, least)
    return [_decode(*one, length) for one in zip(pictures, found, strict=True)]


def _decode(picture: np.ndarray, signs: Signs, length: int | None) -> Decoded:
    kinds = signs.probabilities.argmax(-1)
    sure = signs.scores >= _LEAST
    chosen = np.flatnonzero((kinds < _DIGITS) & sure)
    if not sure.any():
        chosen = np.flatnonzero((kinds < _DIGITS) & (signs.scores >= _LEAST_ALONE))[:1]
    if length is not None:
        chosen = _most_probable(signs, length)
    parts = [_part(index, signs.boxes[index]) for index in chosen.tolist()]
    rows = sort_rows(parts)
    order = [(part, row) for row, own in enumerate(rows) for part in own]
    places = [part.labels[0] for part, _ in order]
    probabilities = signs.probabilities[places, :_DIGITS]
    others = np.flatnonzero((kinds == len(SIGNS)) & sure)
    marks = np.flatnonzero((kinds >= _DIGITS) & (kinds < len(SIGNS)) & sure)
    return Decoded(
        digits=tuple(_digit(picture, signs.boxes[place]) for place in places),
        rows=tuple(row for _, row in order),
        probabilities=(probabilities / probabilities.sum(1, keepdims=True)).astype(np.float32),
        others=tuple(_box(signs.boxes[index]) for index in others),
        points=tuple(
            mark
            for index in marks
            if (mark := _mark(signs.boxes[index], SIGNS[kinds[index]], rows)) is not None
        ),
        has_length=length is None or len(chosen) == length,
    )


def _most_probable(signs: Signs, count: int) -> np.ndarray:
    """The signs that are most probably digits, `count` or fewer."""
    odds = signs.scores * signs.probabilities[:, :_DIGITS].sum(-1)
    return np.sort(np.argsort(-odds, kind="stable")[:count])


def _box(box: np.ndarray) -> tuple[int, int, int, int]:
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.ceil(box[2:]).astype(int)
    return int(left), int(top), max(1, int(right - left)), max(1, int(bottom - top))


def _part(index: int, box: np.ndarray) -> Part:
    left, top, width, height = _box(box)
    return Part((index,), left, top, left + width, top + height, width * height)


def _mark(box: np.ndarray, sign: str, rows: Sequence[Sequence[Part]]) -> Mark | None:
    """A sign and its row: that of the nearest digit beside which it stands; None without one."""
    x, y = (box[:2] + box[2:]) / 2
    best, nearest = None, np.inf
    for row, parts in enumerate(rows):
        for part in parts:
            above, below = part.top - _ABOVE * part.height, part.bottom + _BELOW * part.height
            away = abs((part.left + part.right) / 2 - x)
            if above <= y <= below and away < nearest:
                best, nearest = row, away
    return None if best is None else Mark(best, float(x), sign)


def _digit(picture: np.ndarray, box: np.ndarray) -> Digit:
    """A digit with its ink as an MNIST digit."""
    stopping.check()
    left, top, width, height = place = _box(box)
    rim = max(2, round(_AROUND * height))
    y, x = max(0, top - rim), max(0, left - rim)
    ink = ink_map(picture[y : top + height + rim, x : left + width + rim])
    own = ink[top - y : top - y + height, left - x : left - x + width]
    blank = np.zeros((DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    return Digit(as_mnist(own) if own.max(initial=0) > _INKED else blank, place)
