import numpy as np
import pytest

from handsum.metrics.sums import sum_figures


def test_a_certain_and_right_model() -> None:
    totals = np.array([3, 0, 18])
    found = sum_figures(np.eye(19)[totals], totals, 2)
    assert (found.exact, found.error, found.count, found.length) == (1, 0, 3, 2)
    assert found.coverage == pytest.approx(0.9)
    assert found.held == found.claimed == 1


def test_errors_are_in_digits() -> None:
    totals = np.array([3, 5])
    found = sum_figures(np.eye(19)[[3, 9]], totals, 2)
    assert found.exact == 0.5
    assert found.error == 2
    assert found.coverage == pytest.approx(0.45)


@pytest.mark.parametrize("spread", [0.3, 2.0, 9.0])
def test_an_honest_distribution_is_covered_at_its_level(spread: float) -> None:
    rng = np.random.default_rng(0)
    sums = np.arange(91)
    rows = np.exp(-np.square((sums - rng.uniform(20, 70, (4000, 1))) / spread) / 2)
    rows /= rows.sum(1, keepdims=True)
    totals = np.array([rng.choice(91, p=row) for row in rows])
    found = sum_figures(rows, totals, 10)
    assert found.coverage == pytest.approx(0.9, abs=0.015)
    # The interval in whole sums holds what it claims, and at least its 90%.
    assert found.held == pytest.approx(found.claimed, abs=0.015)
    assert found.claimed > 0.9
    # One that claims to know more than it does is not.
    sharp = rows**9 / (rows**9).sum(1, keepdims=True)
    if spread > 1:
        found = sum_figures(sharp, totals, 10)
        assert found.coverage < 0.6
        assert found.held < found.claimed - 0.15
