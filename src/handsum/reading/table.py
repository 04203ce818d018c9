"""The numbers in rows of digits, and the columns that they form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

Box = tuple[int, int, int, int]
# A wider gap, in heights of the page's digits, ends a number.
_GAP = 0.9
# These signs belong to the number after them, all others to the one before.
_LEADING = "$(+-"


@dataclass(frozen=True)
class Number:
    """A number in a row: its text, the places `start` to `stop` of its digits, and its box."""

    text: str
    start: int
    stop: int
    box: Box

    @property
    def right(self) -> int:
        """The end of its box."""
        return self.box[0] + self.box[2]


def find_numbers(rows: Sequence[str], boxes: Sequence[Box]) -> list[list[Number]]:
    """Split the text of each row where the gap between two digits is wide.

    `boxes` are those of the digits in all rows, in order.
    """
    if not boxes:
        return [[] for _ in rows]
    gap = _GAP * float(np.median([height for _, _, _, height in boxes]))
    places = iter(range(len(boxes)))
    return [list(_split(row, places, boxes, gap)) for row in rows]


def _split(row: str, places: Iterator[int], boxes: Sequence[Box], gap: float) -> Iterator[Number]:
    """Yield the numbers of one row, which takes its places from `places`."""
    text, own = "", list[int]()
    for sign in row:
        if not sign.isdecimal():
            text += sign
            continue
        place = next(places)
        if own and _distance(boxes[own[-1]], boxes[place]) > gap:
            number = text.rstrip(_LEADING + " ")
            yield Number(number, own[0], own[-1] + 1, join_boxes([boxes[one] for one in own]))
            text, own = text[len(number) :].lstrip(" "), []
        text += sign
        own.append(place)
    if own:
        yield Number(text, own[0], own[-1] + 1, join_boxes([boxes[one] for one in own]))


def _distance(left: Box, right: Box) -> int:
    return right[0] - left[0] - left[2]


def join_boxes(boxes: Sequence[Box]) -> Box:
    """The smallest box around several."""
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def arrange(rows: Sequence[Sequence[Number]]) -> list[list[list[Number]]]:
    """Arrange the numbers of each row in columns: the numbers in each cell, mostly one or none.

    Numbers that lie above one another share a column. A number that spans several columns, as a
    heading does, is in the first of them.
    """
    columns = _find_columns(rows)
    cells: list[list[list[Number]]] = [[[] for _ in columns] for _ in rows]
    for row, numbers in enumerate(rows):
        for number in numbers:
            column = next(
                index
                for index, (left, right) in enumerate(columns)
                if number.box[0] < right and left < number.right
            )
            cells[row][column].append(number)
    return cells


def _find_columns(rows: Sequence[Sequence[Number]]) -> list[tuple[int, int]]:
    """The left and right ends of the columns."""
    every = [number for row in rows for number in row]
    narrow = [number for number in every if not _spans(number, rows)]
    columns: list[tuple[int, int]] = []
    # Those that span others make a column only where there is none.
    for numbers in (narrow, [number for number in every if number not in narrow]):
        ends = sorted((number.box[0], number.right) for number in numbers)
        if columns:
            ends = [
                (left, right)
                for left, right in ends
                if not any(left < end and start < right for start, end in columns)
            ]
        columns += _merge(ends)
    return sorted(columns)


def _spans(number: Number, rows: Sequence[Sequence[Number]]) -> bool:
    """Whether it lies above or below two numbers of one row."""
    return any(
        sum(number.box[0] < other.right and other.box[0] < number.right for other in row) > 1
        for row in rows
    )


def _merge(ends: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join intervals that overlap; they are sorted."""
    merged: list[tuple[int, int]] = []
    for left, right in ends:
        if merged and left < merged[-1][1]:
            merged[-1] = merged[-1][0], max(right, merged[-1][1])
        else:
            merged.append((left, right))
    return merged


def make_table(rows: Sequence[str], boxes: Sequence[Box]) -> tuple[tuple[str, ...], ...]:
    """The text of each cell, row by row; "" is an empty cell."""
    cells = arrange(find_numbers(rows, boxes))
    return tuple(tuple(" ".join(one.text for one in cell) for cell in row) for row in cells)
