"""Rows of digits as a person would write them: on one baseline, with natural gaps.

Lengths are in pixels of a 28x28 digit ("units") until a style's factor turns them into pixels of
the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handsum.errors import UsageError
from handsum.images import MAX_PICTURE_PIXELS
from handsum.layout.lines import Item, cells_line, written_line
from handsum.layout.marks import has_marks
from handsum.layout.painting import paint, paste, print_caption
from handsum.layout.style import DIGIT_HEIGHT, Style

MARGIN = 9.0
ROW_GAP = 10.0
COLUMN_GAP = 24.0


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels uint8 (H, W), (H, W, 3) or (H, W, 4), and the ink box of each digit in them.

    `boxes` is int64 (N, L, 4): x, y, width and height of digit l in row n.
    """

    pixels: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True, eq=False)
class Placed:
    """A digit, mark or caption on a sheet: coverage uint8 (h, w), left and top of its corner."""

    coverage: np.ndarray
    left: int
    top: int


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of digits placed on a sheet of `width` x `height` pixels.

    `digits` holds the digits of each row, `marks` its punctuation, `captions` all captions.
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
    """Draw digits, uint8 (N, L, 28, 28), as N rows in one picture (see `compose`)."""
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
    """Place digits, uint8 (N, L, 28, 28), in N rows; `rngs` holds a generator for each row.

    A caption is printed small under its row. `texts` are the rows with their punctuation and gaps;
    only those are taken from them, the digits come from `images`.

    Raises:
        UsageError: the sheet would have more than `most` pixels (default: as many as handsum
            opens), or cells with punctuation.
    """
    scale = style.factor
    count, length = images.shape[:2]
    if style.cells and has_marks(texts):
        raise UsageError("cells hold digits only: leave out `cells` to draw points and signs")
    check_least_size(style, count, length, most)
    lines = [
        cells_line(row, style) if style.cells else written_line(row, rng, text, style)
        for row, rng, text in zip(images, rngs, texts or ["0" * length] * count, strict=True)
    ]
    above, below, width = (
        max(extent) for extent in zip(*(line.extent for line in lines), strict=True)
    )
    labels = [print_caption(text, scale) for text in captions or [""] * count]
    cell = np.array(
        [
            max(width, *(label.shape[1] for label in labels)),
            above + below + max(label.shape[0] for label in labels),
        ]
    )
    size, corners = _grid(cell, count, style)
    check_size(int(size[0]), int(size[1]), most=most)

    def place(items: list[Item], corner: np.ndarray) -> tuple[Placed, ...]:
        left, top = corner
        return tuple(Placed(ink, int(left + x), int(top + above + y)) for ink, x, y in items)

    return Sheet(
        width=int(size[0]),
        height=int(size[1]),
        digits=tuple(place(line.digits, at) for line, at in zip(lines, corners, strict=True)),
        marks=tuple(place(line.marks, at) for line, at in zip(lines, corners, strict=True)),
        captions=tuple(
            Placed(label, int(left), int(top + above + below))
            for label, (left, top) in zip(labels, corners, strict=True)
            if label.size
        ),
    )


def _grid(cell: np.ndarray, count: int, style: Style) -> tuple[np.ndarray, list[np.ndarray]]:
    """The width and height of a sheet with `count` cells of this size, and the cells' corners."""
    margin, row_gap, column_gap = (
        0 if style.cells else round(gap * style.factor) for gap in (MARGIN, ROW_GAP, COLUMN_GAP)
    )
    pitch = cell + np.array([column_gap, row_gap])
    columns = 1 if style.cells else _columns(count, int(pitch[0]), int(pitch[1]))
    size = pitch * [columns, -(-count // columns)] - [column_gap, row_gap] + 2 * margin
    return size, [pitch * [place % columns, place // columns] + margin for place in range(count)]


def check_least_size(style: Style, count: int, length: int, most: int | None = None) -> None:
    """Raise UsageError if `count` rows of `length` digits are too large even when set tightly."""
    height = DIGIT_HEIGHT * style.factor
    check_size(length * height / 2, count * height, most=most)


def check_size(
    width: float,
    height: float,
    advice: str = "use a smaller size, fewer digits, or write an .npz",
    most: int | None = None,
) -> None:
    """Raise UsageError if a picture has more pixels than handsum opens, or than `most`."""
    if width * height > (MAX_PICTURE_PIXELS if most is None else most):
        raise UsageError(
            f"the picture would have {width:.0f} x {height:.0f} pixels or more, too many to open "
            f"again: {advice}"
        )


def _columns(count: int, width: int, height: int) -> int:
    """Return the number of columns that makes a sheet about as wide as it is high."""
    return max(1, round((count * height / width) ** 0.5))
