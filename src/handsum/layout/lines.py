"""One row of digits: where each digit and each mark stands on the baseline.

Lengths are in pixels of a 28x28 digit ("units") until a style's factor turns them into pixels of
the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handsum import stopping
from handsum.layout.marks import GAP, MARKS, count_whole, draw_mark, measure_pen
from handsum.layout.painting import INK_LEVEL, crop, enlarge, without_specks
from handsum.layout.style import DIGIT_HEIGHT, Style

DIGIT_GAP = 5.0
WIDE_GAP = 16.0
SMALLEST_GAP = 2.5
MARK_GAP = 3.0
FAINTEST_STROKE = 77  # the least grey of a 28x28 digit that counts towards its height

# Coverage and its corner: x from the left end of the row, y from the baseline down.
Item = tuple[np.ndarray, int, int]


@dataclass(frozen=True, eq=False)
class Line:
    """The digits and the punctuation of a row."""

    digits: list[Item]
    marks: list[Item]

    @property
    def extent(self) -> tuple[int, int, int]:
        """How far the row reaches above the baseline, below it, and to the right."""
        items = self.digits + self.marks
        above = max(-y for _, _, y in items)
        below = max(0, *(y + ink.shape[0] for ink, _, y in items))
        return above, below, max(x + ink.shape[1] for ink, x, _ in items)


def cells_line(row: np.ndarray, style: Style) -> Line:
    """Put the plain 28x28 images of a row (L, 28, 28) side by side."""
    cells = [enlarge(image, style.factor) for image in row]
    side = cells[0].shape[0]
    return Line([(cell, index * side, -side) for index, cell in enumerate(cells)], [])


def written_line(row: np.ndarray, rng: np.random.Generator, text: str, style: Style) -> Line:
    """Set a row of digits (L, 28, 28), with the marks and gaps of its text, on a baseline."""
    scale = style.factor
    # All random numbers of a row are drawn first, digit by digit: no option changes those of
    # another digit.
    noise = rng.standard_normal((len(row), 3)).clip(-2, 2)
    marks = sum(character in MARKS for character in text)
    mark_noise = iter(rng.standard_normal((marks, 3, 2)))
    sizes = np.array([_enlargement(image) for image in row])
    pen = measure_pen(row, sizes) if marks else None
    whole = count_whole(text)
    line, neighbours, drift, index, gap_before = Line([], []), list[Item](), 0.0, 0, False
    for character in text:
        stopping.check()
        if character == GAP:
            gap_before = True
            continue
        if character in MARKS and pen:
            ink, above = draw_mark(character, pen, scale, next(mark_noise))
            y, wanted, items = -above, MARK_GAP, line.marks
        else:
            size, lift, gap = noise[index]
            # Some digits of MNIST touch the border, where enlarging would cut off their stroke.
            padded = np.pad(without_specks(row[index]), 3)
            ink = crop(enlarge(padded, scale * sizes[index] * (1 + 0.02 * size)))
            drift = 0.7 * drift + 0.3 * lift
            y = round(drift * scale) - ink.shape[0]
            # A mark separates groups of digits well enough.
            extra = _extra_gap(whole - index, style, gap_before) if len(neighbours) < 2 else 0.0
            wanted, items = DIGIT_GAP * (1 + 0.15 * gap) + extra, line.digits
            index += 1
        lefts = [_next_left(before, ink, y, wanted * scale, scale) for before in neighbours]
        item = (ink, max(lefts, default=0), y)
        items.append(item)
        gap_before = False
        # A digit must clear the digit before a mark as well as the mark.
        neighbours = [*neighbours[-1:], item] if character in MARKS else [item]
    return line


def _enlargement(image: np.ndarray) -> float:
    """Return the factor that gives a digit the usual height.

    MNIST fits each digit into a square, so wide digits came out short; people write the digits of a
    number about equally high. Bounded, because the stroke widens with the digit.
    """
    rows = np.flatnonzero((image >= FAINTEST_STROKE).any(axis=1))
    height = rows[-1] - rows[0] + 1 if len(rows) else DIGIT_HEIGHT
    return min(max(DIGIT_HEIGHT / height, 0.85), 1.3)


def _extra_gap(remaining: int, style: Style, gap_before: bool) -> float:
    """Return what to add to the gap before the last `remaining` whole digits.

    `gap_before` is set where the text itself has a gap.
    """
    thousands = style.spacing and remaining > 0 and remaining % 3 == 0
    return (WIDE_GAP - DIGIT_GAP) * (style.wide + (thousands or gap_before))


def _next_left(before: Item, ink: np.ndarray, y: int, gap: float, scale: float) -> int:
    """Return the left edge of the next digit, so that the eye sees about `gap` between strokes.

    The distance between boxes misleads where strokes slant or are round: half of the free room
    between the strokes, row by row, is taken back. Boxes never come closer than SMALLEST_GAP.
    """
    ink_before, x_before, y_before = before
    top, bottom = max(y, y_before), min(y + ink.shape[0], y_before + ink_before.shape[0])
    bottom = max(top, bottom)
    right = ink_before[top - y_before : bottom - y_before, ::-1] >= INK_LEVEL
    left = ink[top - y : bottom - y] >= INK_LEVEL
    inked = right.any(axis=1) & left.any(axis=1)
    room = (right.argmax(axis=1) + left.argmax(axis=1))[inked]
    free = np.percentile(room, 10) if len(room) else 0.0
    return x_before + ink_before.shape[1] + round(max(gap - 0.5 * free, SMALLEST_GAP * scale))
