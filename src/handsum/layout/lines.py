"""One row of digits: where each digit and each mark stands on the baseline.

Lengths are in pixels of a 28x28 image ("units"); a digit is 20 units high.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handsum import stopping
from handsum.layout.marks import GAP, LOOPED, MARK_NOISE, MARKS, count_whole, write_mark
from handsum.layout.pens import legible_widths, mean_width, take_pen, taper
from handsum.layout.style import DIGIT_HEIGHT, Style
from handsum.strokes import Strokes

DIGIT_GAP = 5.0
WIDE_GAP = 16.0
SMALLEST_GAP = 2.5
# Before a point or comma, around parentheses, slashes, colons and currency signs, and what a space
# beside a mark adds.
POINT_GAP, MARK_GAP, SPACE = 3.0, 4.0, 7.0
# The side of a cell, the plain image of a digit.
CELL = 28.0
_CLOSE = "/:%()$€"
# Rows of the edges that are compared to set a digit beside another, in units.
_ROW = 0.25
# The share of a hand in how its marks differ from others': the rest differs from mark to mark.
_HABIT = 0.7
# Spread of the sizes and gaps of a hand, as shares, and of how far a digit strays from the baseline
# of the one before, in units. In photographed numbers, sizes spread by 0.12 and places by 0.05 of
# the height.
_SIZES, _GAPS, _LIFTS = 0.05, 0.15, 0.7


@dataclass(frozen=True, eq=False)
class Placed:
    """A digit or a mark of a row or sheet: its `character` and its strokes, in units."""

    character: str
    strokes: Strokes

    def shift(self, right: float, down: float) -> Placed:
        """Move it."""
        return replace(self, strokes=self.strokes.shift(right, down))


Line = tuple[Placed, ...]


def extent(line: Line) -> tuple[float, float, float]:
    """How far a row reaches above its baseline, at y = 0, below it, and to the right of x = 0."""
    bounds = np.array([item.strokes.bounds() for item in line])
    return max(0.0, -bounds[:, 1].min()), max(0.0, bounds[:, 3].max()), bounds[:, 2].max()


def cells_line(row: Sequence[Strokes], text: str, style: Style) -> Line:
    """Put the plain images of a row of digits, in units of their height, side by side."""
    return tuple(
        Placed(character, digit.scale(DIGIT_HEIGHT).shift((index + 0.5) * CELL, -0.5 * CELL))
        for index, (character, digit) in enumerate(zip(text, row, strict=True))
    )


def written_line(row: Sequence[Strokes], rng: np.random.Generator, text: str, style: Style) -> Line:
    """Set a row of digits, in units of their height, with the marks and gaps of its text."""
    remaining = iter(count_whole(text))
    written = _write(row, rng, text, style)
    line, neighbours = list[Placed](), list[Edges]()
    before, has_gap = "", False
    for character in text:
        stopping.check()
        if character == GAP:
            has_gap = True
            continue
        strokes, wider = next(written)
        is_mark = character in MARKS
        whole = 0 if is_mark else next(remaining)
        extra = space = 0.0
        if is_mark or (before and before in MARKS):
            # A mark separates groups of digits well enough.
            wanted, space = _mark_gap(before, character), SPACE * has_gap
            # A point or comma belongs to the digit before it.
            extra = (WIDE_GAP - DIGIT_GAP) * (style.wide and character not in ".,")
        else:
            wanted, extra = DIGIT_GAP, _extra_gap(whole, style, has_gap)
        wanted = wanted * (1 + wider) + extra
        edges = Edges.of(strokes)
        left = max((_next_left(other, edges, wanted) for other in neighbours), default=0.0) + space
        line.append(Placed(character, strokes.shift(left, 0)))
        edges = edges.shift(left)
        before, has_gap = character, False
        # A digit must clear the digit before a mark as well as the mark.
        neighbours = [*neighbours[-1:], edges] if is_mark else [edges]
    return tuple(line)


def _write(
    row: Sequence[Strokes], rng: np.random.Generator, text: str, style: Style
) -> Iterator[tuple[Strokes, float]]:
    """The strokes of each digit and mark, its ink from x = 0, and how much wider, as a share, the
    gap before it is."""
    # All random numbers of a row are drawn first, digit by digit: no option changes those of
    # another digit, and no mark changes those of another mark.
    noise = rng.standard_normal((len(row), 3)).clip(-2, 2)
    marks = sum(character in MARKS for character in text)
    habit, *own = rng.standard_normal((marks + 1, *MARK_NOISE))
    row = [digit.scale(_enlargement(digit)) for digit in row]
    names = text.translate(str.maketrans("", "", MARKS + GAP))
    row = take_pen(row, style.nib, names, as_drawn=style.as_drawn)
    width = DIGIT_HEIGHT * float(np.median([mean_width(digit) for digit in row]))
    lean = float(np.clip(np.median([slant(digit) for digit in row]), -0.5, 0.8))
    digits, mark_noise, drift = iter(zip(row, noise, strict=True)), iter(own), 0.0
    for character in text.replace(GAP, ""):
        wider = 0.0
        if character in MARKS:
            mixed = _HABIT * habit + (1 - _HABIT**2) ** 0.5 * next(mark_noise)
            strokes = _write_mark(character, width, lean, mixed, style)
        else:
            digit, (size, lift, gap) = next(digits)
            drift = 0.7 * drift + _LIFTS * lift
            strokes = digit.scale(DIGIT_HEIGHT * (1 + _SIZES * size))
            strokes = strokes.shift(0, drift - strokes.bounds()[3])
            wider = _GAPS * gap
        yield strokes.shift(-strokes.bounds()[0], 0), wider


def _write_mark(mark: str, width: float, lean: float, noise: np.ndarray, style: Style) -> Strokes:
    """A mark with the pen of the digits, finer where that would fill its loops."""
    strokes = write_mark(mark, width, lean, noise)
    if mark in LOOPED and not style.as_drawn:
        left, _, right, _ = strokes.bounds()
        middle = strokes.shift(-(left + right) / 2, DIGIT_HEIGHT / 2).scale(1 / DIGIT_HEIGHT)
        legible = legible_widths([middle], np.array([min(1.0, width / DIGIT_HEIGHT)]), mark)
        strokes = write_mark(mark, DIGIT_HEIGHT * float(legible[0]), lean, noise)
    if not style.nib.taper:
        return strokes
    strokes = strokes.scale(1 / DIGIT_HEIGHT)
    # The width is already that of digits with thinner ends.
    tapered = taper(strokes, style.nib.taper).with_nib(min(1.0, mean_width(strokes)))
    return tapered.scale(DIGIT_HEIGHT)


def slant(digit: Strokes) -> float:
    """The tangent of a digit's lean to the right, from the moments of its strokes."""
    pieces = [np.empty((0, 3))]
    for stroke in digit.sample(4):
        lengths = np.hypot(*np.diff(stroke[:, :2], axis=0).T)
        pieces.append(np.column_stack([(stroke[1:, :2] + stroke[:-1, :2]) / 2, lengths]))
    x, y, length = np.concatenate(pieces).T
    if not length.sum():
        return 0.0
    x, y = (values - np.average(values, weights=length) for values in (x, y))
    return -float((length * x * y).sum() / max((length * y * y).sum(), 1e-9))


def _enlargement(digit: Strokes) -> float:
    """The factor that gives a digit the usual height.

    MNIST fits each digit into a square, so wide digits came out short; people write the digits of a
    number about equally high. Bounded, because the stroke widens with the digit.
    """
    _, top, _, bottom = digit.bounds()
    return min(max(1 / (bottom - top), 0.85), 1.3) if bottom > top else 1.0


def _mark_gap(before: str, character: str) -> float:
    """The gap beside a mark, without the space that the text may have there."""
    if character in ".,":
        return POINT_GAP
    return MARK_GAP if {before, character} & set(_CLOSE) else DIGIT_GAP


def _extra_gap(remaining: int, style: Style, gap_before: bool) -> float:
    """What to add to the gap before the last `remaining` whole digits.

    `gap_before` is set where the text itself has a gap.
    """
    thousands = style.spacing and remaining > 0 and remaining % 3 == 0
    return (WIDE_GAP - DIGIT_GAP) * (style.wide + (thousands or gap_before))


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of ink in rows from `top`, a whole number of rows: float (R,), infinite where there
    is no ink."""

    top: int
    left: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, strokes: Strokes) -> Edges:
        """The edges of strokes in units."""
        points = np.concatenate([np.empty((0, 3)), *strokes.sample()])
        if not len(points):
            return cls(0, np.array([0.0]), np.array([0.0]))
        top = int(np.floor((points[:, 1] - points[:, 2]).min() / _ROW))
        bottom = int(np.ceil((points[:, 1] + points[:, 2]).max() / _ROW))
        rows = (np.arange(top, bottom) + 0.5)[:, None] * _ROW
        x, y, half = points.T
        # The pen is round.
        chord = np.square(half) - np.square(rows - y)
        reach = np.sqrt(chord.clip(0))
        left = np.where(chord >= 0, x - reach, np.inf).min(1)
        return cls(top, left, np.where(chord >= 0, x + reach, -np.inf).max(1))

    def shift(self, right: float) -> Edges:
        """Move them."""
        return Edges(self.top, self.left + right, self.right + right)

    def gap(self, after: Edges) -> float | None:
        """The smallest gap to other edges in any row; None if they share none with ink."""
        top = max(self.top, after.top)
        bottom = min(self.top + len(self.right), after.top + len(after.left))
        if top >= bottom:
            return None
        right = self.right[top - self.top : bottom - self.top]
        gap = float((after.left[top - after.top : bottom - after.top] - right).min())
        return gap if np.isfinite(gap) else None


def _next_left(before: Edges, edges: Edges, gap: float) -> float:
    """The left edge of the next digit, so that the eye sees about `gap` between strokes.

    `edges` are the next digit's, from x = 0. The distance between boxes misleads where strokes
    slant or are round: half of the free room between the strokes, row by row, is taken back. Boxes
    never come closer than SMALLEST_GAP.
    """
    end = before.right.max()
    top = max(before.top, edges.top)
    bottom = max(top, min(before.top + len(before.right), edges.top + len(edges.left)))
    right = before.right[top - before.top : bottom - before.top]
    left = edges.left[top - edges.top : bottom - edges.top]
    room = (end - right) + left
    room = room[np.isfinite(room)]
    free = np.percentile(room, 10) if len(room) else 0.0
    return float(end + max(gap - 0.5 * free, SMALLEST_GAP))
