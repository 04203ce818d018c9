"""Digits and their sums: exactly uniform drawing, and the exact distribution of a sum."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import comb

import numpy as np

from handsum import stopping
from handsum.errors import UsageError

# Exact counts for longer sequences would fill the memory.
LENGTH_LIMIT = 10_000


def parse_total(text: str) -> int:
    """Parse a total.

    Raises:
        UsageError: not a whole number in the digits 0 to 9.
    """
    if not re.fullmatch(r"-?[0-9]{1,4000}", text):
        raise UsageError(f"a total is a whole number such as 23, not {text!r}")
    return int(text)


def choose_length(total: int, length: int | None) -> int:
    """Return `length`, or if None the typical length for `total`: a digit for every 4.5.

    Raises:
        UsageError: no digits of that length sum to `total`; the message says which would.
    """
    if length is None:
        length = max(1, (2 * total + 4) // 9)
    check_total(total, length)
    return length


def check_total(total: int, length: int) -> None:
    """Raise UsageError unless some `length` digits sum to `total`; the message says which would."""
    if total < 0:
        raise UsageError(f"no digits sum to {total}: use a total of 0 or more")
    if not 1 <= length <= LENGTH_LIMIT:
        raise UsageError(f"a length of {length} is out of range: use 1 to {LENGTH_LIMIT}")
    if total > 9 * length:
        digits = "1 digit reaches" if length == 1 else f"{length} digits reach"
        raise UsageError(
            f"{digits} sums from 0 to {9 * length}, not {total}: "
            f"use such a total, or a length of {-(-total // 9)} or more"
        )


def count_sequences(total: int, length: int) -> int:
    """Return the exact number of sequences of `length` digits that sum to `total`."""
    if length < 1 or not 0 <= total <= 9 * length:
        return int(length == 0 and total == 0)
    # Inclusion and exclusion over the digits of ten or more.
    return sum(
        (-1) ** big * comb(length, big) * comb(total - 10 * big + length - 1, length - 1)
        for big in range(total // 10 + 1)
    )


def draw_digits(total: int, length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `count` digit sequences, exactly uniformly from all with this length and sum.

    Returns int64 (count, length). A larger `count` continues a smaller one.

    Raises:
        UsageError: no sequence of that length has that sum.
    """
    check_total(total, length)
    rows = {part: _counts(part) for part in _halved_lengths(length)}
    ways = count_sequences(total, length)
    sequences = [_draw_sequence(total, length, ways, rows, rng) for _ in range(count)]
    return np.array(sequences, np.int64).reshape(count, length)


def _counts(length: int) -> list[int]:
    """Return the number of sequences of `length` digits for each sum from 0 to 9 * length."""
    # The coefficients of (1 + x + ... + x^9)^length: each follows from the nine before it by
    # J. C. P. Miller's recurrence; every division is exact.
    counts = [1]
    for total in range(1, 9 * length + 1):
        terms = range(1, min(9, total) + 1)
        weighted = sum(((length + 1) * d - total) * counts[total - d] for d in terms)
        counts.append(weighted // total)
    return counts


def _halved_lengths(length: int) -> set[int]:
    """Return the lengths of the parts of a sequence that is halved again and again."""
    lengths: set[int] = set()
    parts = {length}
    while parts:
        parts = {half for part in parts if part > 1 for half in (part // 2, part - part // 2)}
        lengths |= parts
    return lengths


def _draw_sequence(
    total: int, length: int, ways: int, rows: dict[int, list[int]], rng: np.random.Generator
) -> list[int]:
    """Draw one of `ways` sequences; `rows` has the counts for the length of every part.

    The sum of the left half is drawn by its number of completions, then each half in the same way.
    This needs the counts of a few lengths only, so lengths of thousands stay fast.
    """
    stopping.check()
    if length == 1:
        return [total]
    left, right = length // 2, length - length // 2
    rank = _uniform_below(ways, rng)
    for part in range(max(0, total - 9 * right), min(total, 9 * left) + 1):
        left_ways, right_ways = rows[left][part], rows[right][total - part]
        if rank < left_ways * right_ways:
            break
        rank -= left_ways * right_ways
    return [
        *_draw_sequence(part, left, left_ways, rows, rng),
        *_draw_sequence(total - part, right, right_ways, rows, rng),
    ]


def _uniform_below(bound: int, rng: np.random.Generator) -> int:
    """Draw an integer from 0 .. bound - 1, each equally likely, however large the bound."""
    bits = (bound - 1).bit_length()
    size = -(-bits // 8)
    while True:
        value = int.from_bytes(rng.bytes(size), "little") >> (8 * size - bits)
        if value < bound:
            return value


@dataclass(frozen=True)
class SumSummary:
    """The most probable sum, its probability, and the central 90% interval (both ends included)."""

    sum: int
    probability: float
    interval: tuple[int, int]


def sum_distribution(probabilities: np.ndarray) -> np.ndarray:
    """Return the exact distribution of the sum of K independent digits.

    Args:
        probabilities: (K, 10), one digit's distribution per row; rows are normalised.

    Returns:
        float64 (9K + 1,), the probability of each sum from 0 to 9K; it sums to 1.
    """
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or rows.shape[1] != 10:
        raise ValueError(f"digit probabilities must have shape (K, 10), not {rows.shape}")
    parts = list(rows / rows.sum(axis=1, keepdims=True))
    # Joining neighbours pairwise, as in a balanced tree, is far faster than adding digit by digit.
    # Direct convolution, not FFT: it adds positive numbers only, so small probabilities stay exact.
    while len(parts) > 1:
        odd = parts[len(parts) // 2 * 2 :]
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [_added(left, right) for left, right in pairs] + odd
    return parts[0] if parts else np.ones(1)


def _added(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the distribution of the sum of two independent numbers."""
    stopping.check()
    return np.convolve(left, right)


def sum_summary(distribution: np.ndarray) -> SumSummary:
    """Summarise the distribution of a sum: probabilities (S,) of the sums 0 .. S - 1."""
    cumulative = np.cumsum(distribution)
    best = int(np.argmax(distribution))
    # Rounding may leave the last cumulative value slightly below 1, never below 0.95.
    low, high = (int(np.searchsorted(cumulative, level)) for level in (0.05, 0.95))
    return SumSummary(best, float(distribution[best]), (low, high))
