"""Pages: numbers and words in rows, as people fill lists, tables, forms and notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from handsum.data.pages.shapes import letter
from handsum.datasets.effects.sheets import LINE_UNITS, Sheet
from handsum.datasets.recipe import PAGE_ROWS
from handsum.layout.lines import Line, extent
from handsum.layout.marks import GAP
from handsum.layout.style import DIGIT_HEIGHT
from handsum.strokes import Strokes

Random = np.random.Generator

LAYOUTS = ("list", "table", "form", "notes")
# The most characters of a row, and the fewest rows.
_ROW_LIMIT, _LEAST_ROWS = 28, 3
# In units of 1/20 of a digit's height: from baseline to baseline; the room around a cell's number;
# a form's box; a margin of the sheet.
_PITCHES, _GAP, _BOX, _MARGINS = (38.0, 64.0), 14.0, (27.0, 31.0), (24.0, 60.0)
# The greatest height of a digit as a share of the page's, and how much of the page is written on,
# as shares of its height or width, whichever is full first.
_TALLEST, _FILLED = 1 / 15, (0.6, 1.0)
_WORDS = tuple(
    """
    Item Date Name Total Sum Rent Milk Bread Eggs Fuel Taxi Hotel Lunch Books Paper Water Gas Power
    Room Meter Start End Price Count Weight Net Tax Paid Due Left Right Old New Flour Butter Train
    Bus Post Phone Repair Paint Wood Nails Seeds Plants Fee Gift Team Home Guest Week Month Year
    Kilo Hours Miles Order Box Tray North South Ref Code Class Tea Salt Soap Rice Pens Glue Tape
    """.split()  # noqa: SIM905
)
# Capitals of handwritten and printed words, and half the width of a printed line.
_WRITTEN, _PRINTED, _PRINT_WIDTH = 19.0, 14.0, 0.7


@dataclass(frozen=True)
class Cell:
    """A number of a row, or a word."""

    text: str
    is_number: bool


@dataclass(frozen=True)
class Outline:
    """What is on a page: a layout of LAYOUTS, and the cells of each row from left to right."""

    layout: str
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The numbers of each row that has some, with a space between them."""
        found = (
            GAP.join(cell.text for cell in row if cell.is_number and cell.text) for row in self.rows
        )
        return tuple(text for text in found if text)


def outline_page(draw_number: Callable[[Random], str], random: Random) -> Outline:
    """Draw what is on a page; `draw_number` draws a number."""
    layout = LAYOUTS[int(random.integers(len(LAYOUTS)))]
    count = int(random.integers(_LEAST_ROWS, PAGE_ROWS))
    if layout == "table":
        return Outline(layout, _table_rows(count, draw_number, random))
    rows = []
    for _ in range(count):
        if layout == "notes":
            rows.append(_note(draw_number, random))
        else:
            rows.append((Cell(_word(random), False), Cell(draw_number(random), True)))
    if not any(cell.is_number for row in rows for cell in row):
        rows.append((Cell(draw_number(random), True),))
    return Outline(layout, tuple(rows))


def _word(random: Random) -> str:
    return _WORDS[int(random.integers(len(_WORDS)))]


def _note(draw_number: Callable[[Random], str], random: Random) -> tuple[Cell, ...]:
    """Numbers and words as they come."""
    cells: list[Cell] = []
    for _ in range(int(random.integers(1, 5))):
        is_number = random.random() < 0.65
        cell = Cell(draw_number(random) if is_number else _word(random), is_number)
        if sum(len(one.text) + 1 for one in [*cells, cell]) <= _ROW_LIMIT or not cells:
            cells.append(cell)
    return tuple(cells)


def _table_rows(
    count: int, draw_number: Callable[[Random], str], random: Random
) -> tuple[tuple[Cell, ...], ...]:
    """A row of words, and rows of numbers; a cell may be empty."""
    columns = int(random.integers(2, 5))
    rows = [
        [draw_number(random) if random.random() < 0.9 else "" for _ in range(columns)]
        for _ in range(count)
    ]
    if not any(map(any, rows)):
        rows[0][0] = draw_number(random)

    def width(kept: int) -> int:
        return sum(max(4, *(len(row[place]) for row in rows)) + 1 for place in range(kept))

    while columns > 1 and width(columns) > _ROW_LIMIT and any(any(row[:-1]) for row in rows):
        columns -= 1
        rows = [row[:columns] for row in rows]
    head = tuple(Cell(_word(random), False) for _ in range(columns))
    return (head, *(tuple(Cell(text, True) for text in row) for row in rows))


@dataclass(eq=False)
class _Page:
    """A page that is being written, in units: numbers by row, words, and what is printed."""

    random: Random
    numbers: Iterator[Line]
    lean: float
    half: float
    printed: bool
    rows: list[list[Line]] = field(default_factory=list)
    words: list[Strokes] = field(default_factory=list)
    prints: list[Strokes] = field(default_factory=list)

    def write(self, at: tuple[float, float]) -> float:
        """Write the next number from a place on its baseline on; return its width."""
        line = next(self.numbers)
        placed = tuple(item.shift(*at) for item in line)
        self.rows[-1].append(placed)
        return extent(line)[2]

    def say(self, word: str, at: tuple[float, float]) -> float:
        """Write or print a word from a place on its baseline on; return its width."""
        size = _PRINTED if self.printed else _WRITTEN * self.random.uniform(0.9, 1.1)
        strokes, place = [], 0.0
        for name in word:
            lines = [size * line for line in letter(name)]
            wide = max(float(line[:, 0].max()) for line in lines)
            strokes += [line + np.array([place, 0]) for line in lines]
            place += wide + 0.22 * size
        half = _PRINT_WIDTH if self.printed else self.half
        controls = []
        for line in strokes:
            points = line.astype(float)
            if not self.printed:
                points = points + self.random.normal(0, 0.02 * size, points.shape)
                points[:, 0] -= self.lean * points[:, 1]
            # Twice the same point makes a corner.
            points = np.repeat(points, 3 if self.printed else 2, axis=0)
            controls.append(np.column_stack([points + at, np.full(len(points), half)]))
        (self.prints if self.printed else self.words).append(Strokes(tuple(controls)))
        return place

    def rule(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Print a straight line."""
        ends = np.column_stack([np.array([start, end]), np.full(2, _PRINT_WIDTH)])
        self.prints.append(Strokes((ends,)))


def set_page(
    outline: Outline, numbers: Sequence[Line], size: tuple[int, int], random: Random
) -> Sheet:
    """Set a page of `size` (W, H) pixels; `numbers` are its numbers in reading order, in units."""
    items = [item for line in numbers for item in line]
    widths = [float(points[:, 2].mean()) for item in items for points in item.strokes.controls]
    page = _Page(
        random, iter(numbers), random.normal(0.1, 0.15), float(np.median(widths)),
        printed=outline.layout in ("table", "form") or random.random() < 0.3,
    )  # fmt: skip
    pitch = float(random.uniform(*_PITCHES))
    _SET[outline.layout](page, outline.rows, list(numbers), pitch)
    margin = float(random.uniform(*_MARGINS))
    every = [item.strokes for row in page.rows for line in row for item in line]
    bounds = np.array([one.bounds() for one in [*every, *page.words, *page.prints]])
    low, high = bounds[:, :2].min(0) - margin, bounds[:, 2:].max(0) + margin
    fitting = float((np.array(size) / (high - low)).min())
    scale = min(size[1] * _TALLEST / DIGIT_HEIGHT, fitting * float(random.uniform(*_FILLED)))
    room = np.array(size) - scale * (high - low)
    # People begin at the top.
    shift = room * random.random(2) * [1, 0.5] - scale * low

    def place(strokes: Strokes) -> Strokes:
        return strokes.scale(scale).shift(*shift)

    return Sheet(
        size=size,
        unit=scale * LINE_UNITS,
        apart=outline.layout == "form",
        lines=tuple(
            tuple(place(item.strokes) for item in line) for row in page.rows for line in row
        ),
        words=tuple(map(place, page.words)),
        prints=tuple(map(place, page.prints)),
    )


_Rows = tuple[tuple[Cell, ...], ...]


def _set_list(page: _Page, rows: _Rows, numbers: list[Line], pitch: float) -> None:
    """Words, and beside each its number, in a column that is aligned on the left or right."""
    column = 20.0 * max(len(cell.text) for row in rows for cell in row if not cell.is_number)
    column += page.random.uniform(10, 120)
    widest = max(extent(line)[2] for line in numbers)
    to_the_right = page.random.random() < 0.5
    under = page.random.random() < 0.3
    for place, row in enumerate(rows):
        down = place * pitch
        page.rows.append([])
        page.say(row[0].text, (0.0, down))
        spare = widest - extent(numbers[place])[2] if to_the_right else 0.0
        page.write((column + spare, down))
        if under:
            page.rule((column - 6, down + 6), (column + widest + 6, down + 6))


def _set_table(page: _Page, rows: _Rows, numbers: list[Line], pitch: float) -> None:
    """Numbers in columns between lines, aligned on the right, under printed words."""
    head, *body = rows
    waiting = iter(numbers)
    widths = [[extent(next(waiting))[2] if cell.text else 0.0 for cell in row] for row in body]
    columns = [
        max(13.0 * len(cell.text), *(row[place] for row in widths)) + 2 * _GAP
        for place, cell in enumerate(head)
    ]
    edges = np.cumsum([0.0, *columns])
    for left, cell in zip(edges, head, strict=False):
        page.say(cell.text, (left + _GAP, 0.0))
    for place, row in enumerate(body, 1):
        page.rows.append([])
        for right, cell, width in zip(edges[1:], row, widths[place - 1], strict=True):
            if cell.text:
                page.write((float(right) - _GAP - width, place * pitch))
    floor = 0.3 * pitch
    for place in range(-1, len(body) + 1):
        down = place * pitch + floor
        page.rule((0.0, down), (float(edges[-1]), down))
    for edge in edges:
        page.rule((float(edge), floor - pitch), (float(edge), len(body) * pitch + floor))


def _set_form(page: _Page, rows: _Rows, numbers: list[Line], pitch: float) -> None:
    """Printed words, and beside each its number, a character in each box."""
    wide, high = _BOX
    pitch = max(pitch, high + 8)
    column = 15.0 * max(len(cell.text) for row in rows for cell in row if not cell.is_number) + 16
    apart = float(page.random.choice([0.0, 0.0, 4.0, 8.0]))
    for place, row in enumerate(rows):
        down = place * pitch
        page.rows.append([])
        page.say(row[0].text, (0.0, down))
        line = next(page.numbers)
        placed = []
        for box, item in enumerate(line):
            left = column + box * (wide + apart)
            bounds = item.strokes.bounds()
            middle = left + wide / 2 + page.random.normal(0, 1.2)
            placed.append(item.shift(middle - (bounds[0] + bounds[2]) / 2, down))
            top, bottom, right = down - high + 5.5, down + 5.5, left + wide
            corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
            for start, end in pairwise(corners):
                page.rule(start, end)
        page.rows[-1].append(tuple(placed))


def _set_notes(page: _Page, rows: _Rows, numbers: list[Line], pitch: float) -> None:
    """Numbers and words as they come, perhaps beside a margin line."""
    indent = page.random.random() < 0.4
    for place, row in enumerate(rows):
        down = place * pitch
        across = float(page.random.uniform(0, 80)) if indent else float(page.random.normal(0, 4))
        page.rows.append([])
        for cell in row:
            at = (across, down + float(page.random.normal(0, 1)))
            width = page.write(at) if cell.is_number else page.say(cell.text, at)
            across += width + float(page.random.uniform(1.6, 3.4)) * _GAP
    if page.random.random() < 0.4:
        page.rule((-18.0, -40.0), (-18.0, len(rows) * pitch))


_SET = {"list": _set_list, "table": _set_table, "form": _set_form, "notes": _set_notes}
