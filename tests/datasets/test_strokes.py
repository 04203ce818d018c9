"""Other hands: the row keeps its order and gaps, and the pen alone decides the width."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from handsum.datasets.effects.strokes import rewrite
from handsum.layout.style import DIGIT_HEIGHT
from handsum.strokes import Strokes


@pytest.fixture
def row(write_row: Callable[[str], list[Strokes]]) -> list[Strokes]:
    """All digits side by side, in units, on different heights."""
    written = write_row("0123456789")
    return [
        digit.scale(DIGIT_HEIGHT).shift(24 * place, place % 3)
        for place, digit in enumerate(written)
    ]


def boxes(digits: tuple[Strokes, ...] | list[Strokes]) -> np.ndarray:
    return np.array([digit.bounds() for digit in digits])


def test_nothing_changes_without_an_amount(row: list[Strokes]) -> None:
    written, hand = rewrite(row, 0.0, np.random.default_rng(0))
    assert hand == {"slant": 0.0, "width": 1.0, "height": 1.0, "pen": 1.0}
    for before, after in zip(row, written, strict=True):
        for stroke, same in zip(before.controls, after.controls, strict=True):
            assert same == pytest.approx(stroke)


@pytest.mark.parametrize("seed", range(5))
def test_gaps_and_middles_stay_and_no_stroke_is_lost(row: list[Strokes], seed: int) -> None:
    written, _ = rewrite(row, 1.0, np.random.default_rng(seed))
    before, after = boxes(row), boxes(written)
    assert after[1:, 0] - after[:-1, 2] == pytest.approx(before[1:, 0] - before[:-1, 2])
    assert after[:, [1, 3]].sum(1) == pytest.approx(before[:, [1, 3]].sum(1))
    assert [len(digit.controls) for digit in written] == [len(digit.controls) for digit in row]
    # Every digit is another one now, but not another size.
    sizes = (after[:, 2:] - after[:, :2]) / (before[:, 2:] - before[:, :2])
    assert (np.abs(sizes - 1).max(1) > 0.001).all()
    assert 0.5 < sizes[:, 1].min() < sizes[:, 1].max() < 1.7


@pytest.mark.parametrize("seed", range(5))
def test_widths_change_by_the_pen_alone(row: list[Strokes], seed: int) -> None:
    written, hand = rewrite(row, 1.0, np.random.default_rng(seed))
    assert abs(np.log(hand["pen"])) > 0.01
    for before, after in zip(row, written, strict=True):
        for stroke, other in zip(before.controls, after.controls, strict=True):
            assert other[:, 2] == pytest.approx(stroke[:, 2] * hand["pen"])


def test_a_hand_is_the_rows_and_a_bend_each_digits(row: list[Strokes]) -> None:
    same = [row[8].shift(30 * place, 0) for place in range(5)]
    written, hand = rewrite(same, 1.0, np.random.default_rng(1))
    sizes = boxes(written)[:, 2:] - boxes(written)[:, :2]
    assert len(np.unique(sizes[:, 0].round(6))) == 5
    heights = boxes(same)[:, 3] - boxes(same)[:, 1]
    assert np.median(sizes[:, 1] / heights) == pytest.approx(hand["height"], rel=0.15)
