"""What each step of a run learns from: rows of a data set, or examples composed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from jax.sharding import Mesh

from handsum.data.batches import TrainingSet
from handsum.data.pages.composing import start_composer
from handsum.training.sharding import replicate

# From the first step and the one after the last to arrays on the devices, and rows of them.
Feed = Callable[[int, int], tuple[dict[str, Any], np.ndarray]]


@contextmanager
def start_feed(training_set: TrainingSet, mesh: Mesh, steps: int, chunk: int) -> Iterator[Feed]:
    """Feed a run of `steps`; `chunk` is how many are taken at once."""
    batches = training_set.batches
    if training_set.compose is None:
        arrays = replicate(training_set.arrays, mesh)
        yield lambda start, stop: (arrays, batches.rows(start, stop))
        return
    with start_composer(training_set.compose) as composer:

        def feed(start: int, stop: int) -> tuple[dict[str, Any], np.ndarray]:
            numbers = batches.rows(start, stop)
            composer.ask(numbers)
            if stop < steps:
                composer.ask(batches.rows(stop, min(steps, stop + chunk)))
            examples = replicate(composer.take(numbers), mesh)
            return examples, np.arange(numbers.size, dtype=np.int32).reshape(numbers.shape)

        yield feed
