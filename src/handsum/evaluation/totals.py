"""Measuring written sequences: their totals as the judge reads them, and how varied they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from handsum.evaluation.figures import Effort, LengthFigures, Progress
from handsum.metrics.entropy import estimate_entropy
from handsum.pretrained.load import DigitReader
from handsum.seeds import SEED_LIMIT
from handsum.sums import count_sequences, draw_digits

LENGTHS = (1, 2, 3, 5, 7, 10)
# With more possible decompositions per drawn sequence than this, hardly any is drawn twice, and
# their entropy cannot be estimated.
_THINNEST = 4
# Writes sequences, uint8 (N, L, 28, 28), from their totals (N,), a length, a seed, and whether
# digits that the reader disagrees with are drawn again.
Write = Callable[[np.ndarray, int, int, bool], np.ndarray]


def measure_sequences(
    write: Write,
    judge: DigitReader,
    effort: Effort,
    seed: int,
    progress: Progress,
    lengths: tuple[int, ...] = LENGTHS,
) -> list[LengthFigures]:
    """Figures for each length, of random totals; the entropy is that of the middle total."""
    found = []
    for step, length in enumerate(lengths):
        random = np.random.default_rng([seed, length])
        totals = random.integers(0, 9 * length + 1, effort.sequences)
        own_seed = int(random.integers(SEED_LIMIT))
        checked, unchecked = (
            float((_read(judge, write(totals, length, own_seed, check)).sum(1) == totals).mean())
            for check in (True, False)
        )
        entropy = _entropy(write, judge, length, effort.entropy_sequences, random)
        found.append(LengthFigures(length, len(totals), checked, unchecked, entropy))
        progress(step + 1, len(lengths))
    return found


def _entropy(
    write: Write, judge: DigitReader, length: int, count: int, random: np.random.Generator
) -> float | None:
    """Entropy of the middle total's decompositions, divided by that of as many uniform ones."""
    total = 9 * length // 2
    ways = count_sequences(total, length)
    if ways == 1 or ways > _THINNEST * count:
        return None
    # Few decompositions need few sequences.
    count = min(count, 50 * ways)
    seed = int(random.integers(SEED_LIMIT))
    readings = _read(judge, write(np.full(count, total), length, seed, False))
    right = readings[readings.sum(1) == total]
    if not len(right):
        return 0.0
    # The same number of both, so that the bias of the estimate is the same.
    even = draw_digits(total, length, len(right), random)
    found, ideal = (
        estimate_entropy(np.unique(rows, axis=0, return_counts=True)[1]) for rows in (right, even)
    )
    return found / ideal if ideal else None


def _read(judge: DigitReader, images: np.ndarray) -> np.ndarray:
    """The judge's readings int (N, L) of sequences uint8 (N, L, 28, 28)."""
    readings = judge.probabilities(images.reshape(-1, 28, 28)).argmax(-1)
    return readings.reshape(images.shape[:2])
