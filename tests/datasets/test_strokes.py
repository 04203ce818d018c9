"""Other hands: the row keeps its order and gaps, and no digit is lost."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from handsum.data.mnist import load
from handsum.datasets.strokes import rewrite
from handsum.layout.painting import enlarge, ink_box
from handsum.layout.rows import Placed

SIDE = 50


@pytest.fixture(scope="module")
def row() -> list[Placed]:
    """Real digits side by side, hairlines among them."""
    images = load("validation").images[:40]
    return [Placed(enlarge(image, SIDE / 28), 60 * i, 7) for i, image in enumerate(images)]


def spans(digits: tuple[Placed, ...] | list[Placed]) -> np.ndarray:
    """Where each digit's ink begins and ends, (N, 2)."""
    boxes = [ink_box(digit.coverage) for digit in digits]
    return np.array(
        [(d.left + b[0], d.left + b[0] + b[2]) for d, b in zip(digits, boxes, strict=True)]
    )


def test_nothing_changes_without_an_amount(row: list[Placed]) -> None:
    written, hand = rewrite(row, 0.0, np.random.default_rng(0))
    assert hand == {"slant": 0.0, "width": 1.0, "height": 1.0, "pen": 0.0}
    np.testing.assert_array_equal(spans(written), spans(row))
    for before, after in zip(row, written, strict=True):
        inked = [digit.coverage[ink_box_slice(digit)] for digit in (before, after)]
        np.testing.assert_allclose(inked[0].astype(int), inked[1].astype(int), atol=1)


def ink_box_slice(digit: Placed) -> tuple[slice, slice]:
    x, y, width, height = ink_box(digit.coverage)
    return slice(y, y + height), slice(x, x + width)


@pytest.mark.parametrize("seed", range(5))
def test_gaps_stay_and_no_digit_is_lost(row: list[Placed], seed: int) -> None:
    written, _ = rewrite(row, 1.0, np.random.default_rng(seed))
    before, after = spans(row), spans(written)
    np.testing.assert_array_equal(after[1:, 0] - after[:-1, 1], before[1:, 0] - before[:-1, 1])
    ink = [np.array([d.coverage.sum() for d in digits]) for digits in (row, written)]
    assert (ink[1] / ink[0]).min() > 0.25
    assert (ink[1] / ink[0]).max() < 3


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_pen_is_what_it_says(row: list[Placed], sign: int) -> None:
    # A thick pen has more ink for a stroke's length, whatever was stretched.
    pens, widths = [], []
    for seed in range(60):
        written, hand = rewrite(row[seed % 40 : seed % 40 + 1], 1.0, np.random.default_rng(seed))
        inside = written[0].coverage > 127
        if hand["pen"] * sign > 0.3:
            pens.append(hand["pen"])
            depths = [
                ndimage.distance_transform_edt(d.coverage > 127)
                for d in (written[0], row[seed % 40])
            ]
            widths.append(
                np.mean(depths[0][inside]) / np.mean(depths[1][row[seed % 40].coverage > 127])
            )
    assert len(pens) > 10
    assert sign * (np.median(widths) - 1) > 0.05
