import numpy as np
import pytest

from handsum.metrics.entropy import estimate_entropy


def drawn(shares: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(count, shares)


def exact(shares: np.ndarray) -> float:
    return float(-(shares * np.log(shares)).sum())


def test_many_samples_give_the_entropy() -> None:
    shares = np.array([0.5, 0.25, 0.125, 0.125])
    assert estimate_entropy(drawn(shares, 100_000)) == pytest.approx(exact(shares), rel=0.01)
    assert estimate_entropy(np.array([7])) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("outcomes", [1000, 4000])
def test_fewer_samples_than_outcomes_still_give_it(outcomes: int) -> None:
    even = np.full(outcomes, 1 / outcomes)
    counts = drawn(even, 1000)
    assert estimate_entropy(counts) == pytest.approx(np.log(outcomes), rel=0.05)
    seen = counts[counts > 0] / 1000
    # What was seen, taken for all there is, falls short.
    assert exact(seen) < 0.95 * np.log(outcomes)


def test_an_uneven_distribution_falls_short_of_an_even_one() -> None:
    shares = np.arange(1, 1001.0) ** -1.2
    shares /= shares.sum()
    found = estimate_entropy(drawn(shares, 1000))
    assert found == pytest.approx(exact(shares), rel=0.1)
    assert found < 0.8 * np.log(1000)


def test_all_different_is_finite() -> None:
    assert np.isfinite(estimate_entropy(np.ones(50)))
