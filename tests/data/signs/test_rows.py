"""Signs sorted into the rows of a page."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from handsum.data.signs.alphabet import CLASSES
from handsum.data.signs.answers import Signs
from handsum.data.signs.rows import sort_rows, stand_beside


def page(rows: int, digits: int, slope: float = 0.0, seed: int = 0) -> np.ndarray:
    """Boxes (N, 4) of rows of digits in reading order, none as high or as level as the next."""
    random = np.random.default_rng(seed)
    boxes = []
    for row in range(rows):
        for place in range(digits):
            high = int(random.integers(32, 48))
            wide = int(random.integers(8, 30))
            x = 40 * place + int(random.integers(0, 10))
            y = 100 * row + slope * x + random.integers(-3, 4) - high / 2
            boxes.append((x, int(y), wide, high))
    return np.array(boxes, np.int64).reshape(-1, 4)


@pytest.mark.parametrize("slope", [0.0, -0.25, 0.25])
@pytest.mark.parametrize(("rows", "digits"), [(1, 1), (1, 12), (3, 12), (20, 2)])
def test_rows_are_read_from_top_to_bottom_and_from_left_to_right(
    rows: int, digits: int, slope: float
) -> None:
    boxes = page(rows, digits, slope)
    expected = np.arange(rows * digits).reshape(rows, digits)
    order = np.random.default_rng(1).permutation(len(boxes))
    found = sort_rows(boxes[order])
    assert [order[row].tolist() for row in found] == expected.tolist()


def test_a_row_may_climb_by_more_than_its_height() -> None:
    boxes = page(1, 12, slope=-0.25)
    assert np.ptp(boxes[:, 1]) > 2 * boxes[:, 3].max()
    assert sort_rows(boxes) == [list(range(12))]


@pytest.mark.parametrize("y", [0, 20, 40, 70])
def test_a_small_digit_beside_a_large_one_is_in_its_row(y: int) -> None:
    boxes = np.array([[0, 0, 60, 100], [70, y, 15, 30], [95, 0, 60, 100]])
    assert sort_rows(boxes) == [[0, 1, 2]]


def test_digits_that_overlap_sideways_stay_in_one_row() -> None:
    boxes = np.array([[30, 2, 30, 40], [0, 0, 40, 40], [55, 1, 30, 40]])
    assert sort_rows(boxes) == [[1, 0, 2]]


def test_nothing_has_no_rows() -> None:
    assert sort_rows(np.zeros((0, 4), np.int64)) == []


def test_neighbours_in_a_row_share_their_height_wherever_they_lie() -> None:
    random = np.random.default_rng(3)
    boxes = np.concatenate([random.integers(0, 430, (300, 2)), random.integers(2, 30, (300, 2))], 1)
    rows = sort_rows(boxes)
    assert sorted(index for row in rows for index in row) == list(range(300))
    for row in rows:
        assert boxes[row, 0].tolist() == sorted(boxes[row, 0])
        for before, after in pairwise(boxes[row].tolist()):
            top, bottom = max(before[1], after[1]), min(sum(before[1::2]), sum(after[1::2]))
            assert bottom - top >= 0.35 * min(before[3], after[3])
    middles = [np.median(2 * boxes[row, 1] + boxes[row, 3]) for row in rows]
    assert middles == sorted(middles)


@pytest.mark.parametrize(
    ("box", "beside"),
    [
        ((70, 0, 90, 40), True),
        ((-40, 4, -20, 44), True),
        ((20, 0, 40, 40), True),
        ((70, 15, 82, 50), True),
        ((95, 0, 115, 40), False),
        ((40, 30, 60, 70), False),
        ((40, 0, 52, 20), False),
        ((40, -20, 70, 60), False),
        ((5, 5, 25, 38), False),
        ((0, 50, 30, 90), False),
    ],
    ids=[
        "right", "left", "touching", "lower", "far", "below", "small", "tall", "over", "under it",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scale", [0.5, 1.0, 7.0])
def test_signs_beside_each_other_are_alike_near_and_apart(
    box: tuple[int, ...], beside: bool, scale: float
) -> None:
    boxes = scale * np.array([box, (0, 0, 30, 40), (500, 0, 530, 40)], float)
    signs = Signs(boxes, np.ones(3), np.ones((3, CLASSES)) / CLASSES)
    assert stand_beside(signs, np.array([0]), np.array([1, 2])).tolist() == [beside]
    assert stand_beside(signs, np.array([], int), np.array([1])).tolist() == []
    assert stand_beside(signs, np.array([0]), np.array([], int)).tolist() == [False]
