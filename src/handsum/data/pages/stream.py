"""The pages of a training run, each a function of the run's seed and its number."""

from __future__ import annotations

from functools import partial

import numpy as np

from handsum.config import AnyConfig
from handsum.data.batches import TrainingSet
from handsum.data.mnist import Dataset
from handsum.data.pages.compose import compose
from handsum.data.pages.writing import Sources


class PageRows:
    """Numbers of pages: each step has the next `batch_size` ones."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The numbers of steps `start` to `stop`: int32 (K, B)."""
        numbers = np.arange(start * self._batch_size, stop * self._batch_size, dtype=np.int32)
        return numbers.reshape(stop - start, self._batch_size)


def page_batches(config: AnyConfig, data: Dataset, side: int) -> TrainingSet[AnyConfig]:
    """Batches of `config.batch_size` pages of `side` pixels, written with digits of `data`."""
    arrays = {"images": data.images, "labels": data.labels}
    make = partial(compose, Sources.of(data.images, data.labels), side, config.seed)
    return TrainingSet(config, arrays, PageRows(config.batch_size), make)
