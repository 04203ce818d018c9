"""Measuring what writes sequences: totals as the judge reads them, and how evenly they are made."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from handsum.evaluation.figures import Effort, LengthFigures, Report
from handsum.metrics.entropy import estimate_entropy
from handsum.pretrained import DigitReader
from handsum.seeds import SEED_LIMIT
from handsum.sums import count_sequences

LENGTHS = (1, 2, 3, 5, 7, 10)
# Where there are more decompositions than this for each sequence that is drawn, hardly any is drawn
# twice, and how even they are cannot be told.
_THINNEST = 4

# Images uint8 (N, L, 28, 28) of sequences: of a total each (N,), of a length, by a seed.
Write = Callable[[np.ndarray, int, int], np.ndarray]


def measure_sequences(
    write: Write,
    judge: DigitReader,
    effort: Effort,
    seed: int,
    report: Report,
    lengths: tuple[int, ...] = LENGTHS,
) -> list[LengthFigures]:
    """Figures at each length, over random totals and, for the entropy, over the middle one."""
    found = []
    for step, length in enumerate(lengths):
        random = np.random.default_rng([seed, length])
        totals = random.integers(0, 9 * length + 1, effort.sequences)
        readings = _read(judge, write(totals, length, _fresh(random)))
        found.append(
            LengthFigures(
                length=length,
                count=len(totals),
                right=float((readings.sum(1) == totals).mean()),
                entropy=_entropy(write, judge, length, effort.entropy_sequences, _fresh(random)),
            )
        )
        report((step + 1) / len(lengths))
    return found


def _entropy(write: Write, judge: DigitReader, length: int, count: int, seed: int) -> float | None:
    """Entropy of the decompositions of the middle total, over its logarithm of their number."""
    total = 9 * length // 2
    ways = count_sequences(total, length)
    if ways == 1 or ways > _THINNEST * count:
        return None
    # Few ways take few sequences to tell how even they are.
    count = min(count, 50 * ways)
    readings = _read(judge, write(np.full(count, total), length, seed))
    right = readings[readings.sum(1) == total]
    if not len(right):
        return 0.0
    _, counts = np.unique(right, axis=0, return_counts=True)
    return estimate_entropy(counts) / math.log(ways)


def _fresh(random: np.random.Generator) -> int:
    return int(random.integers(SEED_LIMIT))


def _read(judge: DigitReader, images: np.ndarray) -> np.ndarray:
    """The judge's readings int (N, L) of sequences uint8 (N, L, 28, 28)."""
    readings = judge.probabilities(images.reshape(-1, 28, 28)).argmax(-1)
    return readings.reshape(images.shape[:2])
