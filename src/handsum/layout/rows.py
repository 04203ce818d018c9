"""Digits set in a row as a hand would: on one baseline, with natural gaps, in ink on paper.

Lengths in this file are in pixels of a 28x28 digit ("units") until `scale` turns them into pixels
of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from handsum.errors import UsageError
from handsum.images import MAX_PICTURE_PIXELS
from handsum.layout.marks import MARKS, count_whole, draw_mark, measure_pen
from handsum.layout.painting import (
    INK_LEVEL,
    Color,
    crop,
    enlarge,
    paint,
    parse_color,
    paste,
    print_caption,
    without_specks,
)

Spacing = Literal["normal", "wide", "thousands"]
DIGIT_HEIGHT = 20  # the side of the box into which MNIST scales the ink of every digit
LEAST_SCALE, LARGEST_SCALE = 0.25, 64.0
MARGIN = 9.0
ROW_GAP = 10.0
COLUMN_GAP = 24.0
GAP = 5.0
WIDE_GAP = 16.0
SMALLEST_GAP = 2.5
MARK_GAP = 3.0
FAINTEST_STROKE = 77  # grey of a 28x28 digit that counts for its height
DARK_INK: Color = (26, 34, 56)
WHITE: Color = (255, 255, 255)


@dataclass(frozen=True)
class Style:
    """How digits are set: every field is checked when the style is made.

    `scale` is in picture pixels per 28x28 pixel (default 4, with `cells` 1); `paper` is
    "transparent" or a colour; `ink` is a colour, by default dark on light paper, white on dark;
    `cells` sets the plain 28x28 cells side by side, without gaps and margins; `dpi`, pixels to an
    inch, is written into the file for those who print it.
    """

    scale: float | None = None
    ink: str | None = None
    paper: str = "white"
    spacing: Spacing = "normal"
    cells: bool = False
    dpi: float | None = None

    def __post_init__(self) -> None:
        if not LEAST_SCALE <= self.factor <= LARGEST_SCALE:
            bounds = f"{LEAST_SCALE:g} to {LARGEST_SCALE:g}"
            raise UsageError(f"scale {self.factor:g} is out of range: use {bounds}")
        if self.dpi is not None and not 1 <= self.dpi <= 10_000:
            raise UsageError(f"{self.dpi:g} dpi is out of range: use 1 to 10000")
        if self.colors[0] == self.colors[1]:
            raise UsageError(f"ink and paper are both {self.paper}: choose another `ink`")

    @property
    def factor(self) -> float:
        """The scale, or its default."""
        if self.scale is None:
            return 1.0 if self.cells else 4.0
        return self.scale

    @property
    def colors(self) -> tuple[Color, Color | None]:
        """Ink and paper; paper None is transparent."""
        paper = None if self.paper == "transparent" else parse_color(self.paper)
        if self.ink is not None:
            return parse_color(self.ink), paper
        dark_paper = paper is not None and sum(paper) < 3 * 128
        return (WHITE if dark_paper else DARK_INK), paper


@dataclass(frozen=True)
class Picture:
    """Pixels uint8 (H, W), (H, W, 3) or (H, W, 4), and each digit's ink box in them.

    `boxes` is int64 (N, L, 4): x, y, width and height of digit l in row n.
    """

    pixels: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True)
class Placed:
    """Something on a sheet: its coverage uint8 (h, w), and the left and top of its corner."""

    coverage: np.ndarray
    left: int
    top: int


@dataclass(frozen=True)
class Sheet:
    """Rows of digits in their places on a sheet of `width` x `height` pixels.

    `digits` holds each row's digits, `marks` its punctuation, `captions` the rows' captions.
    """

    width: int
    height: int
    digits: tuple[tuple[Placed, ...], ...]
    marks: tuple[tuple[Placed, ...], ...]
    captions: tuple[Placed, ...]


def render(
    images: np.ndarray,
    rngs: Sequence[np.random.Generator],
    style: Style,
    captions: Sequence[str] | None = None,
    texts: Sequence[str] | None = None,
) -> Picture:
    """Set digits, uint8 (N, L, 28, 28), as N rows and paint them (see `compose`)."""
    sheet = compose(images, rngs, style, captions, texts)
    canvas = np.zeros((sheet.height, sheet.width), np.uint8)
    boxes = np.zeros((*images.shape[:2], 4), np.int64)
    for row, placed in enumerate(sheet.digits):
        for index, digit in enumerate(placed):
            boxes[row, index] = paste(canvas, digit.coverage, digit.left, digit.top)
    for other in (*(mark for row in sheet.marks for mark in row), *sheet.captions):
        paste(canvas, other.coverage, other.left, other.top)
    return Picture(paint(canvas, *style.colors), boxes)


def compose(
    images: np.ndarray,
    rngs: Sequence[np.random.Generator],
    style: Style,
    captions: Sequence[str] | None = None,
    texts: Sequence[str] | None = None,
    most: int | None = None,
) -> Sheet:
    """Place digits, uint8 (N, L, 28, 28), as N rows; `rngs` holds one generator per row.

    A caption is printed small under its row. `texts` are the rows with their punctuation: their
    digits are those of `images`, whatever they say.

    Raises:
        UsageError: the sheet would have more than `most` pixels, by default than can be opened, or
            cells of more than digits.
    """
    scale = style.factor
    count, length = images.shape[:2]
    if style.cells and texts:
        raise UsageError("cells are of digits: leave them out to draw points, commas and signs")
    check_least_size(style, count, length, most)
    lines = [
        _cells(row, style) if style.cells else _line(row, rng, text, style)
        for row, rng, text in zip(images, rngs, texts or ["0" * length] * count, strict=True)
    ]
    above, below, width = (
        max(extent) for extent in zip(*(line.extent for line in lines), strict=True)
    )
    labels = [print_caption(text, scale) for text in captions or [""] * len(lines)]
    width = max(width, *(label.shape[1] for label in labels))
    height = above + below + max(label.shape[0] for label in labels)
    margin, row_gap, column_gap = (
        0 if style.cells else round(gap * scale) for gap in (MARGIN, ROW_GAP, COLUMN_GAP)
    )
    columns = 1 if style.cells else _columns(len(lines), width + column_gap, height + row_gap)
    pitch = np.array([width + column_gap, height + row_gap])
    size = pitch * [columns, -(-len(lines) // columns)] - [column_gap, row_gap] + 2 * margin
    check_size(int(size[0]), int(size[1]), most=most)
    corners = [pitch * [index % columns, index // columns] + margin for index in range(count)]

    def place(items: list[_Item], corner: np.ndarray) -> tuple[Placed, ...]:
        left, top = corner
        return tuple(Placed(ink, int(left + x), int(top + above + y)) for ink, x, y in items)

    return Sheet(
        width=int(size[0]),
        height=int(size[1]),
        digits=tuple(map(place, (line.digits for line in lines), corners)),
        marks=tuple(map(place, (line.marks for line in lines), corners)),
        captions=tuple(
            Placed(label, int(left), int(top + above + below))
            for label, (left, top) in zip(labels, corners, strict=True)
            if label.size
        ),
    )


def check_least_size(style: Style, count: int, length: int, most: int | None = None) -> None:
    """Raise UsageError if `count` rows of `length` digits are too large however they are drawn."""
    height = DIGIT_HEIGHT * style.factor
    check_size(length * height / 2, count * height, most=most)


def check_size(
    width: float,
    height: float,
    advice: str = "use a smaller size, fewer digits, or write an .npz",
    most: int | None = None,
) -> None:
    """Raise UsageError if handsum itself could not read a picture of this size again.

    `most` pixels are another limit in its place.
    """
    if width * height > (MAX_PICTURE_PIXELS if most is None else most):
        raise UsageError(
            f"the picture would have {width:.0f} x {height:.0f} pixels or more, too many to read "
            f"again: {advice}"
        )


# Coverage, and where its corner is: x from the row's left end, y from the baseline down.
_Item = tuple[np.ndarray, int, int]


@dataclass(frozen=True)
class _Line:
    """A row's digits and its punctuation.

    `extent` is how far the row reaches above and below the baseline, and to the right.
    """

    digits: list[_Item]
    marks: list[_Item]

    @property
    def extent(self) -> tuple[int, int, int]:
        items = self.digits + self.marks
        above = max(-y for _, _, y in items)
        below = max(0, *(y + ink.shape[0] for ink, _, y in items))
        return above, below, max(x + ink.shape[1] for ink, x, _ in items)


def _cells(row: np.ndarray, style: Style) -> _Line:
    cells = [enlarge(image, style.factor) for image in row]
    side = cells[0].shape[0]
    return _Line([(cell, index * side, -side) for index, cell in enumerate(cells)], [])


def _line(row: np.ndarray, rng: np.random.Generator, text: str, style: Style) -> _Line:
    """Set one row of digits, (L, 28, 28), and its text's marks left to right on a baseline."""
    # All of a row's chance is drawn first, digit by digit: no option moves a number of another.
    chance = rng.standard_normal((len(row), 3)).clip(-2, 2)
    marks = sum(character in MARKS for character in text)
    wobble = iter(rng.standard_normal((marks, 3, 2)))
    sizes = np.array([_size(image) for image in row])
    pen = measure_pen(row, sizes) if marks else None
    whole = count_whole(text)
    line, order, drift, index = _Line([], []), list[_Item](), 0.0, 0
    for character in text:
        if character in MARKS and pen:
            ink, above = draw_mark(character, pen, style.factor, next(wobble))
            y, wanted, kind = -above, MARK_GAP, line.marks
        else:
            size, lift, gap = chance[index]
            # Some digits of MNIST touch the border, where enlarging would cut their stroke off.
            padded = np.pad(without_specks(row[index]), 3)
            ink = crop(enlarge(padded, style.factor * sizes[index] * (1 + 0.02 * size)))
            drift = 0.7 * drift + 0.3 * lift
            y = round(drift * style.factor) - ink.shape[0]
            # A mark sets the groups of digits apart well enough.
            extra = _extra_gap(whole - index, style.spacing) if len(order) < 2 else 0.0
            wanted, kind = GAP * (1 + 0.15 * gap) + extra, line.digits
            index += 1
        gaps = [_next_left(one, ink, y, wanted * style.factor, style.factor) for one in order]
        item = (ink, max(gaps, default=0), y)
        kind.append(item)
        # A digit must clear the one before a mark as well as the mark.
        order = [*order[-1:], item] if character in MARKS else [item]
    return line


def _size(image: np.ndarray) -> float:
    """Return by how much to enlarge a digit so that wide digits are not short ones.

    MNIST fits each digit into a square, so whatever is wider than high came out short; people write
    the digits of a number about equally high. Bounded, for the pen grows with the digit.
    """
    rows = np.flatnonzero((image >= FAINTEST_STROKE).any(axis=1))
    height = rows[-1] - rows[0] + 1 if len(rows) else DIGIT_HEIGHT
    return min(max(DIGIT_HEIGHT / height, 0.85), 1.3)


def _extra_gap(remaining: int, spacing: Spacing) -> float:
    """Return what `spacing` adds to the gap before the last `remaining` digits."""
    thousands = spacing == "thousands" and remaining > 0 and remaining % 3 == 0
    return WIDE_GAP - GAP if thousands or spacing == "wide" else 0.0


def _next_left(
    before: tuple[np.ndarray, int, int], ink: np.ndarray, y: int, gap: float, scale: float
) -> int:
    """Return where the next digit begins, so that the eye sees about `gap` between the strokes.

    The distance between boxes misleads where strokes slant or round off: half of the free room
    between the strokes, row by row, is taken back. The boxes never come closer than SMALLEST_GAP.
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


def _columns(count: int, width: int, height: int) -> int:
    """Return how many columns of rows make a sheet about as wide as it is high."""
    return max(1, round((count * height / width) ** 0.5))
