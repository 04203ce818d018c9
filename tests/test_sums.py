"""Sums: counting, exactly uniform drawing, and the distribution of a sum."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsum import stopping, sums
from handsum.errors import UsageError


def all_sequences(length: int) -> dict[int, list[tuple[int, ...]]]:
    by_total: dict[int, list[tuple[int, ...]]] = {}
    for digits in itertools.product(range(10), repeat=length):
        by_total.setdefault(sum(digits), []).append(digits)
    return by_total


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_counts_match_brute_force(length: int) -> None:
    expected = {total: len(found) for total, found in all_sequences(length).items()}
    counted = {total: sums.count_sequences(total, length) for total in range(9 * length + 1)}
    assert counted == expected


@pytest.mark.parametrize(("total", "length"), [(-1, 3), (28, 3), (1, 0)])
def test_nothing_is_counted_out_of_reach(total: int, length: int) -> None:
    assert sums.count_sequences(total, length) == 0


def test_a_hundred_digits_have_all_their_sequences() -> None:
    assert sum(sums.count_sequences(total, 100) for total in range(901)) == 10**100


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_drawing_is_exactly_uniform(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walk through every outcome of the random integers and add up the exact probabilities."""
    for total, expected in all_sequences(length).items():
        if len(expected) > 100:
            continue
        shares: Counter[tuple[int, ...]] = Counter()
        pending: list[list[int]] = [[]]
        while pending:
            choices = pending.pop()
            given_choices = iter(choices)
            bounds: list[int] = []

            def next_choice(
                bound: int,
                rng: object,
                bounds: list[int] = bounds,
                given_choices: object = given_choices,
            ) -> int:
                bounds.append(bound)
                return next(given_choices, 0)  # type: ignore[call-overload]

            monkeypatch.setattr(sums, "_uniform_below", next_choice)
            digits = sums.draw_digits(total, length, 1, np.random.default_rng(0))[0]
            share = Fraction(1)
            for bound in bounds:
                share /= bound
            shares[tuple(digits.tolist())] += share
            # Branch off at every choice that this walk took for the first time.
            taken = choices + [0] * (len(bounds) - len(choices))
            for place in range(len(choices), len(bounds)):
                pending.extend([*taken[:place], other] for other in range(1, bounds[place]))
        assert shares == {digits: Fraction(1, len(expected)) for digits in expected}


def test_random_integers_are_uniform_and_in_range() -> None:
    rng = np.random.default_rng(0)
    for bound in (1, 2, 3, 10, 255, 256, 257):
        counts = Counter(sums._uniform_below(bound, rng) for _ in range(100 * bound))
        assert set(counts) == set(range(bound))
        # Six standard deviations of a count with mean 100.
        assert max(abs(count - 100) for count in counts.values()) < 60 or bound == 1


def test_random_integers_may_be_huge() -> None:
    rng = np.random.default_rng(0)
    values = [sums._uniform_below(10**300, rng) for _ in range(200)]
    assert all(0 <= value < 10**300 for value in values)
    assert 0.4 < float(np.mean([value / 10**300 for value in values])) < 0.6


@pytest.mark.parametrize(
    ("total", "length"), [(0, 7), (63, 7), (1350, 300), (4, 400), (4500, 1000)]
)
def test_long_sequences_have_their_sum(total: int, length: int) -> None:
    digits = sums.draw_digits(total, length, 2, np.random.default_rng(1))
    assert digits.shape == (2, length)
    assert digits.dtype == np.int64
    assert digits.sum(axis=1).tolist() == [total, total]
    assert digits.min() >= 0
    assert digits.max() <= 9


def test_digits_of_a_long_sequence_are_spread_alike() -> None:
    digits = sums.draw_digits(900, 200, 50, np.random.default_rng(2))
    shares = np.bincount(digits.ravel(), minlength=10) / digits.size
    assert np.abs(shares - 0.1).max() < 0.02
    assert abs(digits[:, :100].mean() - 4.5) < 0.15


def test_more_sequences_continue_fewer() -> None:
    few = sums.draw_digits(23, 5, 3, np.random.default_rng(3))
    many = sums.draw_digits(23, 5, 9, np.random.default_rng(3))
    assert np.array_equal(many[:3], few)


@pytest.mark.parametrize(
    ("total", "length", "message"),
    [
        (50, 5, "from 0 to 45, not 50: use such a total, or a length of 6 or more"),
        (10, 1, "1 digit reaches sums from 0 to 9"),
        (-1, 3, "use a total of 0 or more"),
        (3, 0, "use 1 to 10000"),
        (3, 10**9, "use 1 to 10000"),
    ],
)
def test_out_of_reach_says_what_would_do(total: int, length: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sums.draw_digits(total, length, 1, np.random.default_rng(0))


@given(st.integers(0, 40_000))
def test_a_chosen_length_holds_the_total(total: int) -> None:
    length = sums.choose_length(total, None)
    assert length >= 1
    assert total <= 9 * length
    assert length == 1 or abs(total / length - 4.5) < 2.3


def test_a_given_length_is_kept() -> None:
    assert sums.choose_length(23, 5) == 5
    with pytest.raises(UsageError):
        sums.choose_length(23, 2)


def test_distribution_matches_brute_force() -> None:
    probabilities = np.random.default_rng(4).dirichlet(np.ones(10), size=3)
    expected = np.zeros(28)
    for digits in itertools.product(range(10), repeat=3):
        expected[sum(digits)] += np.prod(probabilities[np.arange(3), digits])
    np.testing.assert_allclose(sums.sum_distribution(probabilities), expected, rtol=1e-12)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 1000])
def test_distribution_has_its_shape_and_sums_to_one(count: int) -> None:
    rows = np.random.default_rng(5).random((count, 10)).astype(np.float32)
    distribution = sums.sum_distribution(rows)
    assert distribution.shape == (9 * count + 1,)
    assert distribution.dtype == np.float64
    assert distribution.sum() == pytest.approx(1, abs=1e-12)
    means = (rows / rows.sum(axis=1, keepdims=True)) @ np.arange(10)
    assert distribution @ np.arange(9 * count + 1) == pytest.approx(means.sum(), rel=1e-6)


def test_distribution_of_certain_digits_is_certain() -> None:
    distribution = sums.sum_distribution(np.eye(10)[[7, 2, 5, 4, 5]])
    assert distribution[23] == 1
    assert sums.sum_summary(distribution) == sums.SumSummary(23, 1.0, (23, 23))


def test_small_probabilities_stay_exact() -> None:
    row = np.array([1 - 1e-9, 1e-9, *[0.0] * 8])
    assert sums.sum_distribution(np.tile(row, (20, 1)))[20] == pytest.approx(1e-180, rel=1e-6)


def test_distribution_wants_ten_columns() -> None:
    with pytest.raises(ValueError, match="shape"):
        sums.sum_distribution(np.ones((3, 9)))


def test_summary_gives_the_central_interval() -> None:
    distribution = np.array([0.04, 0.02, 0.5, 0.36, 0.05, 0.03])
    assert sums.sum_summary(distribution) == sums.SumSummary(2, 0.5, (1, 4))


def test_a_sum_of_many_digits_can_stop() -> None:
    checks: list[None] = []
    with stopping.checked_by(lambda: checks.append(None)):
        sums.sum_distribution(np.full((40, 10), 0.1))
    assert len(checks) == 39
