"""Batches of digits, of sequences and of sums: which rows of a data set each step trains on.

A step's batch depends on the seed and the step alone, so that a resumed run sees the batches that
an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol

import numpy as np

from handsum.config import AnyConfig
from handsum.data.mnist import Dataset
from handsum.data.rows import Hands, draw_decompositions, draw_groups, sum_groups
from handsum.errors import UsageError


class Batches(Protocol):
    """The rows of the data set that each step trains on."""

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows of steps `start` to `stop`: int32 (K, B), or (K, B, L) of sequences.

        A row of -1 is no digit: the sequence has ended.
        """


@dataclass(frozen=True, eq=False)
class TrainingSet(Generic[AnyConfig]):
    """A data set prepared for a run: `config` fitted to it, its columns, and the batches.

    `arrays` are (N, ...): "images" uint8 (N, 28, 28), and what the losses see of each digit beside
    its image. With `compose`, the rows are numbers of examples that it makes of the arrays while
    the run trains.
    """

    config: AnyConfig
    arrays: dict[str, np.ndarray]
    batches: Batches
    compose: Callable[[int], dict[str, np.ndarray]] | None = None

    def __repr__(self) -> str:
        columns = ", ".join(self.arrays)
        return f"<training set of {len(self.arrays['images']):,} digits: {columns}>"


def number_writers(data: Dataset) -> np.ndarray:
    """The writer of each digit: int32 (N,), numbered 0, 1, ... in the order of their ids.

    All digits have writer 0 if the data set does not know its writers.
    """
    if data.writers is None:
        return np.zeros(len(data), np.int32)
    return np.unique(data.writers, return_inverse=True)[1].astype(np.int32)


def count_writers(data: Dataset) -> int:
    """The number of writers of a data set; 1 if it does not know them."""
    return int(number_writers(data).max()) + 1


def digit_batches(config: AnyConfig, data: Dataset) -> TrainingSet[AnyConfig]:
    """Batches of `config.batch_size` single digits, with their labels and writers."""
    rows = DigitRows(len(data), config.batch_size, config.seed)
    return TrainingSet(config, _labelled(data), rows)


def sequence_batches(config: AnyConfig, data: Dataset, longest: int) -> TrainingSet[AnyConfig]:
    """Batches of `config.batch_size` sequences of up to `longest` digits, labels and writers."""
    arrays = _labelled(data)
    hands = Hands(arrays["labels"], arrays["writers"])
    rows = SequenceRows(hands, config.batch_size, longest, config.seed)
    return TrainingSet(config, arrays, rows)


def sum_batches(
    config: AnyConfig, data: Dataset, addends: int, numbers: bool = False
) -> TrainingSet[AnyConfig]:
    """Batches of `config.batch_size` groups of digits, of which only the sum is known.

    A group is `addends` digits, or with `numbers` two numbers of `addends` digits each. "sums" is
    (N, 1), or with `numbers` the digits of the sum, (N, addends + 1): see `sum_groups`.

    Raises:
        UsageError: there are not enough digits for one group.
    """
    size = addends * (2 if numbers else 1)
    if size > len(data):
        raise UsageError(f"{len(data)} digits are too few for addends={addends}")
    groups = draw_groups(len(data), size, config.seed)
    arrays = {"images": data.images, "sums": sum_groups(data.labels, groups, numbers)}
    return TrainingSet(config, arrays, GroupRows(groups, config.batch_size, config.seed))


def _labelled(data: Dataset) -> dict[str, np.ndarray]:
    labels, writers = data.labels.astype(np.int32), number_writers(data)
    return {"images": data.images, "labels": labels, "writers": writers}


class DigitRows:
    """Rows of a data set of `count` digits, in a new random order every epoch.

    The digits left over at the end of an epoch wait for the next one. A data set smaller than a
    batch is repeated to fill it.
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self._repeats = -(-batch_size // count)
        self._count, self._batch_size, self._seed = count, batch_size, seed
        self._per_epoch = count * self._repeats // batch_size
        self._epoch, self._order = -1, np.empty(0, np.int32)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows of steps `start` to `stop`: int32 (stop - start, batch_size)."""
        return np.stack([self._step(step) for step in range(start, stop)])

    def _step(self, step: int) -> np.ndarray:
        epoch, position = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            random = np.random.default_rng([self._seed, epoch])
            orders = [random.permutation(self._count) for _ in range(self._repeats)]
            self._epoch, self._order = epoch, np.concatenate(orders).astype(np.int32)
        return self._order[position * self._batch_size :][: self._batch_size]


class SequenceRows:
    """Sequences of every length up to `longest` and every total, each in one writer's hand.

    Lengths come in pairs that add up to `longest` + 1. A total is uniform over those of its length,
    the digits are uniform over the total's decompositions.
    """

    def __init__(self, hands: Hands, batch_size: int, longest: int, seed: int) -> None:
        self._hands, self._longest, self._seed = hands, longest, seed
        self._batch_size = batch_size

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows of steps `start` to `stop`: int32 (stop - start, batch_size, longest)."""
        return np.stack([self._step(step) for step in range(start, stop)])

    def _step(self, step: int) -> np.ndarray:
        random = np.random.default_rng([self._seed, step])
        first = random.integers(1, self._longest + 1, size=-(-self._batch_size // 2))
        pairs = np.stack([first, self._longest + 1 - first], axis=1)
        lengths = pairs.reshape(-1)[: self._batch_size]
        totals = random.integers(9 * lengths + 1)
        digits = draw_decompositions(totals, lengths, self._longest, random)
        return self._hands.pick(digits, random)


class GroupRows:
    """Groups of digits that stay together, in a new random order every epoch."""

    def __init__(self, groups: np.ndarray, batch_size: int, seed: int) -> None:
        self._groups = groups
        self._order = DigitRows(len(groups), batch_size, seed)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows of steps `start` to `stop`: int32 (stop - start, batch_size, size)."""
        return self._groups[self._order.rows(start, stop)]
