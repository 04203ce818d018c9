"""Rows of digits as a person would write them: on one baseline, with natural gaps.

Lengths are in pixels of a 28x28 digit ("units"); a style's factor turns them into pixels of the
picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handsum.errors import UsageError
from handsum.images import MAX_PICTURE_PIXELS
from handsum.layout.lines import CELL, Line, Placed, cells_line, extent, written_line
from handsum.layout.marks import MARKS, has_marks
from handsum.layout.painting import (
    CAPTION_HEIGHT,
    LEAST_PRINT,
    draw_on,
    measure_print,
    paint,
    print_on,
)
from handsum.layout.style import DIGIT_HEIGHT, Style
from handsum.strokes import Strokes

MARGIN = 9.0
ROW_GAP = 10.0
COLUMN_GAP = 24.0
# The longest sides that formats hold.
_LONGEST = {".gif": 65_535, ".webp": 16_383}


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels uint8 (H, W), (H, W, 3) or (H, W, 4), and the ink box of each digit in them.

    `boxes` is int64 (N, L, 4): x, y, width and height of digit l in row n.
    """

    pixels: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True, eq=False)
class Caption:
    """Print under a row: its text, left and top, and height of its letters, in units."""

    text: str
    left: float
    top: float
    size: float


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of digits on a sheet of `width` x `height` units, from its upper left corner.

    `rows` holds the digits and marks of each row in writing order.
    """

    width: float
    height: float
    rows: tuple[Line, ...]
    captions: tuple[Caption, ...]

    @property
    def digits(self) -> tuple[Line, ...]:
        """The digits of each row, without its marks."""
        return tuple(
            tuple(item for item in row if item.character not in MARKS) for row in self.rows
        )

    def scale(self, factor: float) -> Sheet:
        """The sheet in other lengths, `factor` for each unit."""
        rows = tuple(
            tuple(Placed(item.character, item.strokes.scale(factor)) for item in row)
            for row in self.rows
        )
        captions = tuple(
            Caption(one.text, one.left * factor, one.top * factor, one.size * factor)
            for one in self.captions
        )
        return Sheet(self.width * factor, self.height * factor, rows, captions)

    def pixels(self, scale: float) -> tuple[int, int]:
        """The width and height of its picture, with `scale` pixels for each unit."""
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


def render(
    digits: Sequence[Sequence[Strokes]],
    rngs: Sequence[np.random.Generator],
    style: Style,
    captions: Sequence[str] | None = None,
    texts: Sequence[str] | None = None,
) -> Picture:
    """Draw rows of digits in one picture (see `compose` and `draw_sheet`)."""
    check_least_size(style, len(digits), max(map(len, digits)))
    return draw_sheet(compose(digits, rngs, style, captions, texts), style)


def draw_sheet(sheet: Sheet, style: Style) -> Picture:
    """Draw a sheet in the size and the colours of a style.

    Raises:
        UsageError: the picture would have more pixels than handsum opens.
    """
    covered = cover_sheet(sheet, style.factor)
    return Picture(paint(covered.pixels, *style.colors), covered.boxes)


def cover_sheet(sheet: Sheet, scale: float) -> Picture:
    """Draw a sheet as coverage, uint8 (H, W), with `scale` pixels for each unit.

    Raises:
        UsageError: the picture would have more pixels than handsum opens.
    """
    width, height = sheet.pixels(scale)
    check_size(width, height)
    canvas = np.zeros((height, width), np.uint8)
    boxes = [
        [draw_on(canvas, item.strokes.scale(scale)) for item in row if item.character not in MARKS]
        for row in sheet.rows
    ]
    for row in sheet.rows:
        for item in row:
            if item.character in MARKS:
                draw_on(canvas, item.strokes.scale(scale))
    print_all(canvas, sheet, scale)
    return Picture(canvas, np.array(boxes, np.int64))


def print_all(canvas: np.ndarray, sheet: Sheet, scale: float) -> None:
    """Print the captions of a sheet on coverage (H, W), with `scale` pixels for each unit."""
    for caption in sheet.captions:
        print_on(
            canvas, caption.text, caption.left * scale, caption.top * scale, caption.size * scale
        )


def compose(
    digits: Sequence[Sequence[Strokes]],
    rngs: Sequence[np.random.Generator],
    style: Style,
    captions: Sequence[str] | None = None,
    texts: Sequence[str] | None = None,
) -> Sheet:
    """Place rows of digits, in units of their height; `rngs` holds a generator for each row.

    A caption is printed small under its row. `texts` are the rows with their marks and gaps;
    without them, every character of a row is "0".

    Raises:
        UsageError: cells with marks.
    """
    count = len(digits)
    check_cells(style, texts)
    texts = texts or ["0" * len(row) for row in digits]
    lines = [
        cells_line(row, text, style) if style.cells else written_line(row, rng, text, style)
        for row, rng, text in zip(digits, rngs, texts, strict=True)
    ]
    if style.cells:
        above, below, width = CELL, 0.0, CELL * max(map(len, lines))
    else:
        above, below, width = (max(sides) for sides in zip(*map(extent, lines), strict=True))
    # However small the picture, its print is legible.
    size = max(LEAST_PRINT / style.factor, CAPTION_HEIGHT)
    labels = [measure_print(text, size) for text in captions or [""] * count]
    cell = np.array(
        [max(width, *(wide for wide, _ in labels)), above + below + max(high for _, high in labels)]
    )
    total, corners = _grid(cell, count, style)
    return Sheet(
        width=float(total[0]),
        height=float(total[1]),
        rows=tuple(
            tuple(item.shift(left, top + above) for item in line)
            for line, (left, top) in zip(lines, corners, strict=True)
        ),
        captions=tuple(
            Caption(text, float(left), float(top + above + below), size)
            for text, (left, top) in zip(captions or (), corners, strict=bool(captions))
            if text
        ),
    )


def _grid(cell: np.ndarray, count: int, style: Style) -> tuple[np.ndarray, list[np.ndarray]]:
    """The width and height of a sheet with `count` cells of this size, and the cells' corners."""
    margin, row_gap, column_gap = (0.0, 0.0, 0.0) if style.cells else (MARGIN, ROW_GAP, COLUMN_GAP)
    pitch = cell + np.array([column_gap, row_gap])
    columns = 1 if style.cells else _columns(count, *pitch)
    size = pitch * [columns, -(-count // columns)] - [column_gap, row_gap] + 2 * margin
    return size, [pitch * [place % columns, place // columns] + margin for place in range(count)]


def check_cells(style: Style, texts: Sequence[str] | None) -> None:
    """Raise UsageError for marks in cells."""
    if style.cells and has_marks(texts):
        raise UsageError("cells hold digits only: leave out `cells` to write marks")


def check_least_size(style: Style, count: int, length: int, ending: str = ".png") -> None:
    """Raise UsageError if `count` rows of `length` digits are too large even when set tightly.

    `ending` is the type of the picture.
    """
    height = DIGIT_HEIGHT * style.factor
    check_size(length * height / 2, count * height)
    check_sides(length * height / 2, height, ending)


def check_sides(width: float, height: float, ending: str) -> None:
    """Raise UsageError if a side of a picture is longer than its format holds."""
    longest = _LONGEST.get(ending)
    if longest is not None and max(width, height) > longest:
        raise UsageError(
            f"the animation would have {width:.0f} x {height:.0f} pixels: a {ending} has at most "
            f"{longest} on a side; use a smaller size, or write an .svg"
        )


def check_size(
    width: float,
    height: float,
    advice: str = "use a smaller size, fewer digits, or write an .svg or .npz",
) -> None:
    """Raise UsageError if a picture has more pixels than handsum opens."""
    if width * height > MAX_PICTURE_PIXELS:
        raise UsageError(
            f"the picture would have {width:.0f} x {height:.0f} pixels or more, too many to open "
            f"again: {advice}"
        )


def _columns(count: int, width: float, height: float) -> int:
    """Return the number of columns that makes a sheet about as wide as it is high."""
    return max(1, round((count * height / width) ** 0.5))
