"""Sequences of digits: uniform decompositions of totals, shown with the digits of one writer.

The rows of a data set stand for its digits; a row of -1 is no digit, after the end of a sequence.
"""

from __future__ import annotations

import numpy as np


def decomposition_counts(length: int) -> np.ndarray:
    """The number of sequences of k digits that sum to s: float64 (length + 1, 9 * length + 1).

    Exact up to a length of 15: every count is then below 2**53.
    """
    counts = np.zeros((length + 1, 9 * length + 1))
    counts[0, 0] = 1
    for k in range(length):
        counts[k + 1] = np.convolve(counts[k], np.ones(10))[: 9 * length + 1]
    return counts


def draw_decompositions(
    totals: np.ndarray, lengths: np.ndarray, longest: int, random: np.random.Generator
) -> np.ndarray:
    """Digits int64 (N, longest), uniform among those of each length and total, then -1."""
    counts = decomposition_counts(longest)
    padded = np.pad(counts, ((0, 0), (9, 0)))
    digits = np.full((len(totals), longest), -1)
    remaining, left = totals.astype(int), lengths.astype(int)
    for position in range(longest):
        # After digit d, the digits that are left must sum to remaining - d.
        rests = remaining[:, None] - np.arange(10)
        ways = padded[np.maximum(left - 1, 0)[:, None], rests + 9].cumsum(1)
        ranks = random.random(len(totals)) * ways[:, -1]
        drawn = (ranks[:, None] >= ways).sum(1).clip(0, 9)
        going = left > 0
        digits[going, position] = drawn[going]
        remaining = np.where(going, remaining - drawn, remaining)
        left = left - 1
    return digits


class Hands:
    """The rows of a data set by writer and digit."""

    def __init__(self, labels: np.ndarray, writers: np.ndarray) -> None:
        self.writers = int(writers.max()) + 1
        # The last group stands for all writers: a writer borrows a digit that they never wrote.
        labels = np.concatenate([labels, labels])
        groups = np.concatenate([writers, np.full(len(writers), self.writers)]) * 10 + labels
        self._rows = np.argsort(groups, kind="stable") % len(writers)
        self._counts = np.bincount(groups, minlength=10 * (self.writers + 1))
        self._starts = self._counts.cumsum() - self._counts

    def pick(self, digits: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Rows (N, L) that show digits (N, L), each sequence by one writer; -1 stays -1."""
        writers = random.integers(self.writers, size=(len(digits), 1))
        groups = writers * 10 + np.maximum(digits, 0)
        borrowed = self.writers * 10 + np.maximum(digits, 0)
        groups = np.where(self._counts[groups] > 0, groups, borrowed)
        places = (random.random(digits.shape) * self._counts[groups]).astype(int)
        # If nobody wrote a digit, there is none to pick: take any row.
        places = np.minimum(self._starts[groups] + places, len(self._rows) - 1)
        return np.where(digits >= 0, self._rows[places], -1).astype(np.int32)


def draw_groups(count: int, size: int, seed: int) -> np.ndarray:
    """Rows int32 (G, size) of `count` digits in random groups; no digit is in two groups."""
    order = np.random.default_rng(seed).permutation(count)
    return order[: count // size * size].reshape(-1, size).astype(np.int32)


def sum_groups(labels: np.ndarray, groups: np.ndarray, as_numbers: bool) -> np.ndarray:
    """The sum of each digit's group: int32 (N, 1), or the digits of two numbers' sum (N, K + 1).

    As numbers, a group is two numbers of K digits, one after the other, highest digits first.
    """
    digits = labels[groups].astype(np.int64)
    if not as_numbers:
        sums = digits.sum(1, keepdims=True)
    else:
        first, second = np.split(digits, 2, axis=1)
        sums = np.pad(first + second, ((0, 0), (1, 0)))
        for column in range(sums.shape[1] - 1, 0, -1):
            sums[:, column - 1] += sums[:, column] // 10
            sums[:, column] %= 10
    every = np.zeros((len(labels), sums.shape[1]), np.int32)
    every[groups] = sums[:, None]
    return every
