"""Numbers in rows, and the columns that they form."""

from __future__ import annotations

import pytest

from handsum.reading.table import Box, find_numbers, make_table

HIGH, WIDE = 20, 12


def place(*rows: str) -> tuple[list[str], list[Box]]:
    """The text and the boxes of rows in which each character is as wide as a digit."""
    boxes = [
        (WIDE * column, 40 * row, WIDE - 2, HIGH)
        for row, text in enumerate(rows)
        for column, sign in enumerate(text)
        if sign.isdecimal()
    ]
    return [text.replace(" ", "") for text in rows], boxes


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        # Columns are aligned left, right or centred; a cell may be empty.
        (["12  407  5", "3        88", "9081  23  64"], None),
        (["12   7", "345"], (("12", "7"), ("345", ""))),
        (["1   2", "    3"], (("1", "2"), ("", "3"))),
        ([" 1", "100", "10"], (("1",), ("100",), ("10",))),
        # A heading spans two columns.
        (["123456789", "12     34"], (("123456789", ""), ("12", "34"))),
        # It is the only one in its place.
        (["12     34", "            123456"], (("12", "34", ""), ("", "", "123456"))),
        (["407"], (("407",),)),
        ([], ()),
    ],
)
def test_numbers_form_columns(rows: list[str], table: tuple[tuple[str, ...], ...] | None) -> None:
    if table is None:
        table = (("12", "407", "5"), ("3", "", "88"), ("9081", "23", "64"))
    assert make_table(*place(*rows)) == table


def test_every_number_has_a_cell() -> None:
    # A staircase: each number overlaps the next one, in the next row.
    rows = ["11      22", "   333", "     4444", "  55    66"]
    table = make_table(*place(*rows))
    assert [" ".join(filter(None, row)) for row in table] == ["11 22", "333", "4444", "55 66"]
    assert len({len(row) for row in table}) == 1


def test_a_narrow_gap_does_not_end_a_number() -> None:
    for gap, count in ((0.5, 1), (1.5, 2)):
        right = 10 + round(gap * HIGH)
        (numbers,) = find_numbers(["12"], [(0, 0, 10, HIGH), (right, 0, 10, HIGH)])
        assert len(numbers) == count


def test_signs_stay_with_their_number() -> None:
    boxes = [(x, 0, 10, HIGH) for x in (0, 12, 24, 100, 112, 200)]
    (numbers,) = find_numbers(["$1,23-45.6%"], [*boxes])
    assert [number.text for number in numbers] == ["$1,23", "-45.", "6%"]
    assert [(number.start, number.stop) for number in numbers] == [(0, 3), (3, 5), (5, 6)]
    assert numbers[1].box == (100, 0, 22, HIGH)
