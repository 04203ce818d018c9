import numpy as np
import pytest

from handsum.data.rows import (
    Hands,
    decomposition_counts,
    draw_decompositions,
    draw_groups,
    sum_groups,
)
from handsum.sums import count_sequences


def test_counts_are_exact() -> None:
    counts = decomposition_counts(10)
    for length in range(1, 11):
        for total in range(91):
            assert int(counts[length, total]) == count_sequences(total, length)


def test_decompositions_have_their_total_and_length() -> None:
    random = np.random.default_rng(0)
    lengths = random.integers(1, 11, 2000)
    totals = random.integers(9 * lengths + 1)
    digits = draw_decompositions(totals, lengths, 10, random)
    assert digits.max() == 9
    assert ((digits >= 0).sum(1) == lengths).all()
    assert (np.where(digits >= 0, digits, 0).sum(1) == totals).all()
    assert (digits[np.arange(10) >= lengths[:, None]] == -1).all()


def test_decompositions_are_uniform() -> None:
    count, ways = 20_000, count_sequences(13, 3)
    digits = draw_decompositions(np.full(count, 13), np.full(count, 3), 3, np.random.default_rng(1))
    _, counts = np.unique(digits, axis=0, return_counts=True)
    assert len(counts) == ways
    statistic = ((counts - count / ways) ** 2 / (count / ways)).sum()
    # Chi squared with ways - 1 degrees of freedom: mean that, standard deviation sqrt of twice it.
    assert statistic == pytest.approx(ways - 1, abs=4 * np.sqrt(2 * ways))


def test_a_sequence_is_by_one_writer_except_for_borrowed_digits() -> None:
    random = np.random.default_rng(0)
    labels, writers = random.integers(0, 10, 3000), random.integers(0, 5, 3000)
    labels[(writers == 2) & (labels == 7)] = 8
    hands = Hands(labels, writers)
    digits = np.where(np.arange(6) < 5, random.integers(0, 10, (400, 6)), -1)
    rows = hands.pick(digits, random)
    assert (rows[:, 5] == -1).all()
    rows, digits = rows[:, :5], digits[:, :5]
    assert (labels[rows] == digits).all()
    of_one = [len(set(w[d != 7])) <= 1 for w, d in zip(writers[rows], digits, strict=True)]
    assert all(of_one)
    assert len(np.unique(writers[rows])) == 5


def test_groups_hold_each_digit_once_and_have_its_sums() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 103)
    groups = draw_groups(103, 4, seed=5)
    assert groups.shape == (25, 4)
    assert len(np.unique(groups)) == 100
    sums = sum_groups(labels, groups, as_numbers=False)
    additions = sum_groups(labels, groups, as_numbers=True)
    for group in groups:
        digits = labels[group]
        assert (sums[group] == digits.sum()).all()
        total = int(digits[0] * 10 + digits[1] + digits[2] * 10 + digits[3])
        for row in additions[group]:
            assert int("".join(map(str, row))) == total
