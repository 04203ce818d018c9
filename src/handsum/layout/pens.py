"""Pens: how wide a line is, how it swells and tapers, and how fine it must be to be legible.

Widths are shares of a digit's height.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from handsum.errors import UsageError, did_you_mean
from handsum.strokes import Strokes, draw_strokes

# Pixels of an image of a digit in which loops are looked for: at 64 pixels a digit.
_LOOKED = 90
_DIGIT = 64
# A loop that the eye sees open has at least this area, in squared heights of a digit; with a
# hairline, one that is meant as a loop has at least the second.
OPEN_LOOP, _MEANT = 0.004, 0.015
_HAIRLINE = 0.02
# A pen is made finer in these steps, at most to the last: a finer one would be another pen.
_FINER = (0.87, 0.76, 0.66, 0.57, 0.5)


@dataclass(frozen=True)
class Nib:
    """A pen's `width`; None is the width that the digits have.

    `pressure` multiplies the changes of width along strokes: 1 leaves them, 0 removes them. At its
    ends a stroke is thinner by the share `taper`, over a tenth of a digit's height.
    """

    width: float | None = None
    pressure: float = 1.0
    taper: float = 0.0


PENS = {
    "fine": Nib(0.035, pressure=0.6, taper=0.35),
    "ballpoint": Nib(0.06, pressure=0.8, taper=0.2),
    "felt": Nib(0.1, pressure=0.7, taper=0.1),
    "marker": Nib(0.17, pressure=0.3),
}
_TAPERED = 0.1
# The narrowest nib that can be seen at all.
LEAST_WIDTH = 0.002
_WIDTH = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(mm)?")


def read_pen(name: str | float, height: float | None) -> Nib:
    """The pen of a name in PENS, a share of the digit's height, or a width such as 0.5mm.

    `height` is a digit's in millimetres, None if it has no size on paper.

    Raises:
        UsageError: no such pen, a width out of range, or in millimetres without a height.
    """
    text = "" if isinstance(name, bool) else str(name).strip().lower()
    if text in PENS:
        return PENS[text]
    found = _WIDTH.fullmatch(text)
    if not found:
        raise UsageError(
            f"no pen {name!r}: {did_you_mean(text, PENS)}use {', '.join(PENS)}, or a width such as "
            "0.5mm or 0.06 of the height"
        )
    width = float(found[1])
    if found[2]:
        if height is None:
            raise UsageError(
                f"a pen of {name} needs a size on paper: give a `height` in mm, or a `dpi`"
            )
        width /= height
    if not LEAST_WIDTH <= width <= 1:
        share = f" is {width:.2g} of a digit's height," if found[2] else " is"
        raise UsageError(
            f"a pen of {name}{share} out of range: use {LEAST_WIDTH} to 1 of a digit's height"
        )
    return Nib(width, pressure=0.5)


def take_pen(digits: Sequence[Strokes], nib: Nib, *, as_drawn: bool) -> list[Strokes]:
    """Digits, in units of their height, written with one pen.

    A person writes a number with one pen: without a `width` it is the median of the digits'. A nib
    that fills a digit's loops is made finer for it, unless `as_drawn`, which also leaves each digit
    the width that it has.
    """
    widths = np.array([mean_width(digit) for digit in digits])
    own = widths if nib.width is None and as_drawn else np.full(len(digits), np.median(widths))
    if nib.width is not None:
        own = np.full(len(digits), nib.width)
    own = own.clip(LEAST_WIDTH, 1.0)
    if not as_drawn:
        own = legible_widths(digits, own)
    return [
        taper(digit.with_nib(float(width), nib.pressure), nib.taper)
        for digit, width in zip(digits, own, strict=True)
    ]


def mean_width(digit: Strokes) -> float:
    """The mean width along a digit's strokes; 0.1 for one without strokes."""
    if not digit.controls:
        return 0.1
    return 2 * float(np.exp(np.log(np.concatenate([s[:, 2] for s in digit.controls])).mean()))


def legible_widths(digits: Sequence[Strokes], widths: np.ndarray) -> np.ndarray:
    """The widths (N,), smaller where a digit's loops are open only then."""
    factors = np.ones(len(digits))
    meant = count_loops(_drawn(digits, np.full(len(digits), _HAIRLINE)), _MEANT)
    open_loops = count_loops(_drawn(digits, widths), OPEN_LOOP)
    filled = np.flatnonzero(open_loops < meant)
    most = open_loops.copy()
    for factor in _FINER:
        if not len(filled):
            break
        some = [digits[int(index)] for index in filled]
        found = count_loops(_drawn(some, factor * widths[filled]), OPEN_LOOP)
        # Only a nib that opens a loop is worth a finer line.
        better = found > most[filled]
        factors[filled[better]] = factor
        most[filled] = np.maximum(most[filled], found)
        filled = filled[found < meant[filled]]
    return factors * widths


def _drawn(digits: Sequence[Strokes], widths: np.ndarray) -> np.ndarray:
    nibs = [digit.with_nib(float(width)) for digit, width in zip(digits, widths, strict=True)]
    return draw_strokes(nibs, _LOOKED)


def count_loops(images: np.ndarray, area: float) -> np.ndarray:
    """Count the loops of images of digits, uint8 (N, S, S), of at least an `area`, in squared
    heights of a digit, (N,)."""
    count, size, _ = images.shape
    scale = size / _LOOKED * _DIGIT
    paper = np.pad(images < 128, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    flat = np.zeros((3, 3, 3), int)
    flat[1] = [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    labels, _ = ndimage.label(paper, flat)
    sizes = np.bincount(labels.ravel())
    outside = labels[:, 0, 0]
    loops = np.zeros(count, np.int64)
    found = np.flatnonzero(sizes >= area * scale**2)
    found = found[(found > 0) & ~np.isin(found, outside)]
    if len(found):
        places = ndimage.find_objects(labels)
        np.add.at(loops, [places[label - 1][0].start for label in found], 1)
    return loops


def taper(digit: Strokes, share: float) -> Strokes:
    """Thinner ends of strokes; a point, which is shorter than its ends would be, stays as it is."""
    if not share:
        return digit
    tapered = []
    for stroke in digit.controls:
        along = np.concatenate([[0], np.hypot(*np.diff(stroke[:, :2], axis=0).T).cumsum()])
        if along[-1] < _TAPERED:
            tapered.append(stroke)
            continue
        to_end = np.minimum(along, along[-1] - along)
        thinner = 1 - share * (1 - to_end / _TAPERED).clip(0, 1)
        tapered.append(np.column_stack([stroke[:, :2], stroke[:, 2] * thinner]))
    return Strokes(tuple(tapered))
