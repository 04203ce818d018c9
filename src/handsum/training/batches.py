"""Which digits each step trains on: a function of the seed and the step alone."""

from __future__ import annotations

import numpy as np


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
