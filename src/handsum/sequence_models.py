"""Trained models of whole sequences: a generator for totals, a reader of sums."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from handsum.arguments import digit_images
from handsum.compiled import batched, per_row, rows
from handsum.digit_models import DigitReader
from handsum.errors import UsageError
from handsum.seeds import choose_seed
from handsum.sums import sum_distribution
from handsum.training.snapshots import Snapshot
from handsum.zoo import Model

_SEEDS = rows(dtype=np.uint32)
_COLUMN = rows(dtype=np.int32)


class SequenceGenerator(Model):
    """Draws sequences of up to `longest` digits for totals, by a plan of its own."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self.longest = snapshot.setting("longest")
        kinds = (_SEEDS, _COLUMN, _COLUMN, _COLUMN, _COLUMN)
        self._draw = batched(snapshot, "draw_sequences", kinds)

    def draw(
        self,
        totals: np.ndarray,
        length: int,
        *,
        seed: int | None = None,
        indices: np.ndarray | None = None,
        attempts: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 (N, length, 28, 28) for totals (N,), and the digits int (N, length) planned.

        Nothing ensures that these sum to their totals. Sequence i depends on `seed`, `indices[i]`,
        `attempts[i]`, its total and the length alone.

        Raises:
            UsageError: the length is not from 1 to `longest`, or digits cannot sum to a total.
        """
        totals, seed = np.asarray(totals), choose_seed(seed)
        if isinstance(length, bool) or not isinstance(length, int | np.integer):
            raise UsageError(f"one length for all sequences, a whole number, not {length!r}")
        if indices is None:
            indices = np.arange(len(totals))
        if not 1 <= length <= self.longest:
            raise UsageError(
                f"{self.name} was trained for lengths from 1 to {self.longest}, not {length}: "
                "the default model writes any"
            )
        if totals.size and not (totals.min() >= 0 and totals.max() <= 9 * length):
            raise UsageError(f"totals of {length} digits are from 0 to {9 * length}")
        if attempts is None:
            attempts = np.zeros_like(indices)
        lengths = np.full_like(totals, length)
        columns = [np.asarray(c).astype(np.int32) for c in (indices, attempts, totals, lengths)]
        images, digits = self._draw(per_row(seed, totals), *columns)
        return images[:, :length], digits[:, :length].astype(np.int64)


class SumReader(Model):
    """Reads the sum of a sequence of digits, as a distribution."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self._digits: DigitReader | None = None
        if self.task != "sum reader":
            self._digits = DigitReader(name, snapshot)

    def distributions(self, images: np.ndarray) -> np.ndarray:
        """Distributions float64 (N, 9L + 1) of the sums of sequences uint8 (N, L, 28, 28).

        A reader of digits gives the exact distribution of its digits' sum.
        """
        images = digit_images(images, "(N, L, 28, 28)")
        count, length = images.shape[:2]
        if self._digits is not None:
            digits = self._digits.probabilities(images.reshape(-1, 28, 28))
            rows = digits.reshape(count, length, 10)
            return np.stack([sum_distribution(row) for row in rows])
        # Few lengths are compiled; what is beyond a sequence's own is masked out.
        padded = 1 << max(length - 1, 0).bit_length()
        images = np.pad(images, ((0, 0), (0, padded - length), (0, 0), (0, 0)))
        sums = self._sums(padded)(images, np.full(count, length, np.int32))
        return sums[:, : 9 * length + 1].astype(np.float64)

    def _sums(self, length: int) -> Callable[..., Any]:
        if length not in self._compiled:
            kinds = (rows(length, 28, 28, dtype=np.uint8), _COLUMN)
            self._compiled[length] = batched(self._snapshot, "read_sums", kinds)
        return self._compiled[length]

    @cached_property
    def _compiled(self) -> dict[int, Callable[..., Any]]:
        return {}
