"""Training in memory, for networks that one evaluation needs."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from handsum.config import TrainingConfig, as_dict
from handsum.data.mnist import Dataset
from handsum.models import registry
from handsum.pretrained.snapshots import Snapshot
from handsum.training.state import begin_state, compile_step, flatten, make_step, snapshot_state

_CHUNK = 10


def fit(
    model: str, config: TrainingConfig, data: Dataset, progress: Callable[[int, int], None]
) -> Snapshot:
    """Train a model on a data set for `config.steps` steps and return its snapshot.

    Nothing is written. `progress` is called with the steps done and all of them.
    """
    module = registry.module(model)
    training_set = module.prepare(config, data)
    config = training_set.config
    definitions, state = begin_state(model, config)
    step = make_step(definitions, module.losses(config), config, module.SNAPSHOT_PART)
    advance = compile_step(step, jax.default_backend())
    on_device = {name: jnp.asarray(values) for name, values in training_set.arrays.items()}
    for start in range(0, config.steps, _CHUNK):
        end = min(config.steps, start + _CHUNK)
        state, _ = advance(state, on_device, training_set.batches.rows(start, end))
        progress(end, config.steps)
    arrays_by_path = flatten(snapshot_state(state, module.SNAPSHOT_PART))
    return Snapshot(arrays_by_path, {"model": model, "config": as_dict(config)})
