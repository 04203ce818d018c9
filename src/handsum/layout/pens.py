"""Pens: how wide a line is, how it swells and tapers, and how fine it must be to be legible.

Widths are shares of a digit's height.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from handsum.errors import UsageError, did_you_mean
from handsum.layout.loops import (
    HAIRLINE,
    LOOKED,
    LOOPS,
    MEANT_LOOP,
    OPEN_LOOP,
    close_loops,
    count_loops,
)
from handsum.strokes import Strokes, draw_strokes
from handsum.strokes.outlines import way_along

# The size of a digit in its row varies: a loop must be open in a small one.
_MARGIN = 1.2
# Digits that can be read with a filled loop: they take no finer pen alone.
_WITHOUT = "123457"
# The widths among which a pen is chosen, as shares of a hand's own, but none below _FINEST.
_SHARES = np.array([1.0, 0.87, 0.76, 0.66, 0.57, 0.5, 0.43, 0.38, 0.33])
_FINEST = 0.03
# The finer widths for one that is asked for: the same for all of these, so that one who asks for a
# wider pen does not get a finer one.
_WIDTHS = 0.3 * 0.87 ** np.arange(24)
# All digits of a number take a pen that is finer by this share at most. A digit that needs a finer
# one takes it alone, but at least this share of the width of the others: more would catch the eye.
# One whose strokes meet only in a wider pen takes one that is wider by this factor at most.
_ALL_FINER, _ALONE, _WIDER = 0.57, 0.65, 1.2


@dataclass(frozen=True)
class Nib:
    """A pen's `width`; None is the width that the digits have.

    `pressure` multiplies the changes of width along strokes: 1 leaves them, 0 removes them. At its
    ends a stroke is thinner by the share `taper`, over a tenth of a digit's height. Where it goes
    down it is wider by about the share `swell`, where it goes up finer: hands press on the way
    down.
    """

    width: float | None = None
    pressure: float = 1.0
    taper: float = 0.0
    swell: float = 0.0


# The pen of a hand has the width of its digits, but the ends and the swell of a pen.
OWN = Nib(taper=0.35, swell=0.08)
PENS = {
    "fine": Nib(0.035, pressure=0.6, taper=0.35, swell=0.12),
    "ballpoint": Nib(0.06, pressure=0.8, taper=0.3, swell=0.12),
    "felt": Nib(0.1, pressure=0.7, taper=0.2, swell=0.12),
    "marker": Nib(0.17, pressure=0.3, taper=0.1, swell=0.06),
}
_TAPERED = 0.1
# The end of a stroke meets a part of it that is further away along it than the first, or another
# stroke, if there is less paper between them than the second.
_MEETING, _NEAR = 0.35, 0.2
# The narrowest nib that can be seen at all, and the widest whose digits are no blobs.
LEAST_WIDTH, WIDEST = 0.002, 0.3
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
    if not LEAST_WIDTH <= width <= WIDEST:
        share = f" is {width:.2g} of a digit's height," if found[2] else " is"
        raise UsageError(
            f"a pen of {name}{share} out of range: use {LEAST_WIDTH} to {WIDEST} of a digit's "
            "height"
        )
    # A pen of so many millimetres may be that of a plotter.
    return Nib(width, pressure=0.5) if found[2] else replace(OWN, width=width, pressure=0.5)


def take_pen(digits: Sequence[Strokes], nib: Nib, text: str, *, as_drawn: bool) -> list[Strokes]:
    """Digits, in units of their height, written with one pen; `text` names them.

    A person writes a number with one pen: without a `width` it is the median of the digits'. Loops
    are closed, and a nib that fills them is made finer, for all digits or, if that is not enough,
    for the digit, unless `as_drawn`, which also leaves each digit the width that it has.
    """
    if not as_drawn:
        digits = close_loops(digits, text)
    widths = np.array([mean_width(digit) for digit in digits])
    own = widths if nib.width is None and as_drawn else np.full(len(digits), np.median(widths))
    if nib.width is not None:
        own = np.full(len(digits), nib.width)
    own = own.clip(LEAST_WIDTH, 1.0)
    if nib.width is None and as_drawn:
        nib = Nib()
    if not as_drawn:
        shares = _SHARES
        if nib.width is not None:
            finer = _WIDTHS[nib.width > _WIDTHS] / nib.width
            shares = np.array([1.0, *finer[finer >= _SHARES[-1]]])
        found = _count_open(digits, own, text, nib, shares)
        own = _finer(own, found, shares, together=True)
    return [_write(digit, width, nib) for digit, width in zip(digits, own, strict=True)]


def _write(digit: Strokes, width: float, nib: Nib) -> Strokes:
    written = _swell(digit.with_nib(float(width), nib.pressure), nib.swell)
    return taper(written, nib.taper)


def _swell(digit: Strokes, share: float) -> Strokes:
    """Strokes that are wider where they go down; the mean width stays."""
    if not share or not digit.controls:
        return digit
    swollen = []
    for stroke in digit.controls:
        steps = np.gradient(stroke[:, :2], axis=0)
        down = steps[:, 1] / np.maximum(np.hypot(*steps.T), 1e-9)
        # A hand changes its pressure slowly.
        slow = np.convolve(np.pad(down, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        swollen.append(np.column_stack([stroke[:, :2], stroke[:, 2] * np.exp(share * slow)]))
    return Strokes(tuple(swollen)).with_nib(min(1.0, mean_width(digit)))


def mean_width(digit: Strokes) -> float:
    """The mean width along a digit's strokes; 0.1 for one without strokes."""
    if not digit.controls:
        return 0.1
    return 2 * float(np.exp(np.log(np.concatenate([s[:, 2] for s in digit.controls])).mean()))


def make_legible(digits: Sequence[Strokes], text: str) -> list[Strokes]:
    """Digits that `text` names, with their loops closed, in the nib that opens them."""
    closed = close_loops(digits, text)
    widths = legible_widths(closed, np.array([mean_width(digit) for digit in closed]), text)
    return [digit.with_nib(float(width)) for digit, width in zip(closed, widths, strict=True)]


def legible_widths(digits: Sequence[Strokes], widths: np.ndarray, text: str) -> np.ndarray:
    """The widths (N,), smaller for a digit or mark with more open loops then; `text` names them."""
    found = _count_open(digits, widths, text, Nib(), _SHARES)
    return _finer(widths, found, _SHARES, together=False)


def _count_open(
    digits: Sequence[Strokes], widths: np.ndarray, text: str, nib: Nib, shares: np.ndarray
) -> np.ndarray:
    """The open loops of digits with each of the shares of the widths, int (S, N).

    It is -1 for widths that need not be known.

    Strokes whose ends do not quite meet make a loop only with a pen that is wide enough, and one
    that is too wide fills it. Of a digit that is not in LOOPS, only loops that a hairline closes
    count: a finer pen must not make a loop that the digit should not have.
    """
    wanted = np.array([LOOPS.get(character, 0) for character in text])
    others = np.flatnonzero(wanted == 0)
    hairlines = [digits[int(one)].with_nib(HAIRLINE) for one in others]
    wanted[others] = count_loops(draw_strokes(hairlines, LOOKED), MEANT_LOOP)
    found = np.full((len(shares), len(digits)), -1)

    def look(index: int, some: np.ndarray) -> None:
        drawn = [_write(digits[int(one)], shares[index] * widths[one], nib) for one in some]
        loops = count_loops(draw_strokes(drawn, LOOKED), _MARGIN * OPEN_LOOP)
        found[index, some] = np.minimum(loops, wanted[some])

    # With no loop to open, the widest will do.
    found[0] = 0
    look(0, np.flatnonzero(wanted))
    fewer = np.flatnonzero(found[0] < wanted)
    has_loops = np.array([character not in _WITHOUT for character in text])
    for index, share in enumerate(shares[1:], 1):
        if share < _ALL_FINER:
            fewer = fewer[has_loops[fewer]]
        look(index, fewer[share * widths[fewer] >= _FINEST])
        if share <= _ALL_FINER:
            fewer = fewer[found[index, fewer] < wanted[fewer]]
    # The others need to know only of a width that all may take, if one digit needs a finer one.
    shared = range(1, int((shares >= _ALL_FINER).sum()))
    if (found.max(0) > found[0]).any():
        rest = np.setdiff1d(np.arange(len(digits)), np.flatnonzero(found[0] < wanted))
        for index in shared:
            found[index, rest] = 0
            look(index, rest[wanted[rest] > 0])
    return found


def _finer(
    widths: np.ndarray, found: np.ndarray, shares: np.ndarray, *, together: bool
) -> np.ndarray:
    """The widest widths (N,) with the most open loops, from `found` int (S, N), by their shares.

    Digits of one number, which are `together`, share one if they can, and none has a much finer
    one.
    """
    legible = found == found.max(0)
    chosen = shares[legible.argmax(0)]
    if together:
        common = shares >= _ALL_FINER
        widest = max(float(chosen.min()) / _ALONE, float(shares[common].min()))
        may_share = common & (widest >= shares)
        best = int((legible.sum(1) * may_share).argmax())
        found = np.where(shares[:, None] <= _WIDER * shares[best], found, -1)
        legible = found == found.max(0)
        chosen = shares[legible.argmax(0)]
        chosen[legible[best]] = shares[best]
    return chosen * widths


def taper(digit: Strokes, share: float) -> Strokes:
    """Thinner ends of strokes, but not where they meet: that would open loops.

    A point, and another stroke that is all ends, stays as it is.
    """
    if not share:
        return digit
    samples, tapered = digit.sample(4), []
    for index, stroke in enumerate(digit.controls):
        along = way_along(stroke)
        to_ends = along, along[-1] - along
        if (np.minimum(*to_ends) < _TAPERED).all():
            tapered.append(stroke)
            continue
        own = samples[index]
        way = way_along(own)
        others = [other for place, other in enumerate(samples) if place != index]
        to_end = np.full(len(stroke), np.inf)
        for end, apart, distance in zip(own[[0, -1]], (way, way[-1] - way), to_ends, strict=True):
            rest = np.concatenate([own[apart > _MEETING + 2 * end[2]], *others])
            paper = np.hypot(*(rest - end)[:, :2].T) - rest[:, 2] - end[2]
            if paper.min(initial=np.inf) > _NEAR:
                to_end = np.minimum(to_end, distance)
        thinner = 1 - share * (1 - to_end / _TAPERED).clip(0, 1)
        tapered.append(np.column_stack([stroke[:, :2], stroke[:, 2] * thinner]))
    return Strokes(tuple(tapered))
