"""What a model trains on, and which of it at each step: a function of the seed and step alone."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from handsum.config import TrainingConfig, replace
from handsum.data.mnist import Dataset
from handsum.data.rows import Hands, draw_decompositions, draw_groups, sum_groups
from handsum.errors import UsageError


class RowSource(Protocol):
    """Says which rows of the data set each step trains on."""

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows of steps `start` to `stop`: int32 (K, B), or (K, B, L) of sequences.

        A row of -1 is no digit: it is beyond a sequence's end.
        """


def prepare(config: TrainingConfig, data: Dataset) -> tuple[TrainingConfig, dict[str, np.ndarray]]:
    """The configuration fitted to a data set, and the arrays to train on.

    Writers become 0, 1, ... in the order of their ids; a data set that does not know its writers
    has one.
    """
    if data.writers is None:
        hands = np.zeros(len(data), np.int32)
    else:
        hands = np.unique(data.writers, return_inverse=True)[1].astype(np.int32)
    if hasattr(config, "writers"):
        config = replace(config, {"writers": int(hands.max()) + 1})
    if getattr(config, "labels", "digits") != "digits":
        # Training sees no label, only what the labels of a group add up to.
        groups = digit_groups(config, len(data))
        sums = sum_groups(data.labels, groups, getattr(config, "labels", "") == "numbers")
        return config, {"images": data.images, "sums": sums}
    arrays = {"images": data.images, "labels": data.labels.astype(np.int32), "writers": hands}
    return config, arrays


def make_batches(config: TrainingConfig, arrays: dict[str, np.ndarray]) -> RowSource:
    """The batches that a model trains on: of digits, or of sequences up to `config.longest`."""
    if "sums" in arrays:
        groups = digit_groups(config, len(arrays["images"]))
        return GroupBatches(groups, config.batch_size, config.seed)
    if hasattr(config, "longest"):
        hands = Hands(arrays["labels"], arrays["writers"])
        return SequenceBatches(hands, config.batch_size, config.longest, config.seed)
    return Batches(len(arrays["labels"]), config.batch_size, config.seed)


def digit_groups(config: Any, count: int) -> np.ndarray:
    """The groups of digits of which only the sums are told: rows (G, size).

    Raises:
        UsageError: there are not enough digits for one group.
    """
    size = config.addends * (2 if config.labels == "numbers" else 1)
    if size > count:
        raise UsageError(f"{count} digits are too few for addends={config.addends}")
    return draw_groups(count, size, config.seed)


class Batches:
    """Rows of a data set of `count` digits, every epoch in a fresh random order.

    A step's rows can be had without those before it, so that a resumed run sees what an
    uninterrupted one would have seen. The digits left over at an epoch's end wait for the next.
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        # A data set smaller than a batch fills it by repetition.
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


class SequenceBatches:
    """Sequences of all lengths up to `longest` and all totals, each in one writer's hand.

    Lengths come in pairs that fill `longest` + 1 places. Each total is uniform over its length's,
    the digits uniform over the total's decompositions.
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


class GroupBatches:
    """Groups of digits that stay together, in a fresh random order every epoch."""

    def __init__(self, groups: np.ndarray, batch_size: int, seed: int) -> None:
        self._groups = groups
        self._batches = Batches(len(groups), batch_size, seed)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows of steps `start` to `stop`: int32 (stop - start, batch_size, size)."""
        return self._groups[self._batches.rows(start, stop)]
