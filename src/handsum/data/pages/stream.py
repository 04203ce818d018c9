"""The pages of a training run, each a function of the run's seed and its number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from handsum.config import AnyConfig
from handsum.data.batches import TrainingSet
from handsum.data.mnist import Dataset
from handsum.data.pages.compose import compose
from handsum.data.pages.own import cut_page
from handsum.data.pages.writing import Sources
from handsum.data.signs.page import Page

# The share of people's own pages, where there are some.
_OWN_SHARE = 0.5


class PageRows:
    """Numbers of pages: each step has the next `batch_size` ones."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The numbers of steps `start` to `stop`: int32 (K, B)."""
        numbers = np.arange(start * self._batch_size, stop * self._batch_size, dtype=np.int32)
        return numbers.reshape(stop - start, self._batch_size)


def page_batches(config: AnyConfig, data: Dataset, side: int) -> TrainingSet[AnyConfig]:
    """Batches of `config.batch_size` pages of `side` pixels; see `page_maker`."""
    arrays = {"images": data.images, "labels": data.labels}
    make = page_maker(data, side, config.seed)
    return TrainingSet(config, arrays, PageRows(config.batch_size), make)


def page_maker(data: Dataset, side: int, seed: int) -> Callable[[int], dict[str, np.ndarray]]:
    """From a page's number to the page (`side` pixels) with its answers (see `make_targets`).

    It is written with digits of `data`, or is part of one of its pages, if it has any.
    """
    sources = Sources.of(data.images, data.labels)
    return partial(_make, sources, data.pages, side, seed)


def _make(
    sources: Sources, pages: tuple[Page, ...], side: int, seed: int, number: int
) -> dict[str, np.ndarray]:
    random = np.random.default_rng((seed, number, len(pages)))
    if pages and random.random() < _OWN_SHARE:
        return cut_page(pages[int(random.integers(len(pages)))], side, random)
    return compose(sources, side, seed, number)
