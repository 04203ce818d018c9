"""Training in memory, for networks that live as long as one evaluation."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from handsum.config import TrainingConfig, to_json
from handsum.data.mnist import Dataset
from handsum.models import registry
from handsum.pretrained.snapshots import Snapshot
from handsum.training.batches import make_batches, prepare
from handsum.training.state import begin_state, compile_step, flatten, make_step, snapshot_state

_CHUNK = 10


def fit(
    model: str, config: TrainingConfig, data: Dataset, report: Callable[[float], None]
) -> Snapshot:
    """Train a model on a data set for `config.steps` and give its snapshot.

    Nothing is written; `report` is called with the share of the steps that are done.
    """
    module = registry.module(model)
    config, arrays = prepare(config, data)
    definitions, state = begin_state(model, config)
    step = make_step(definitions, module.losses(config), config, module.SNAPSHOT_PART)
    advance = compile_step(step, jax.default_backend())
    batches = make_batches(config, arrays)
    on_device = {name: jnp.asarray(values) for name, values in arrays.items()}
    for start in range(0, config.steps, _CHUNK):
        end = min(config.steps, start + _CHUNK)
        state, _ = advance(state, on_device, batches.rows(start, end))
        report(end / config.steps)
    arrays_by_path = flatten(snapshot_state(state, module.SNAPSHOT_PART))
    return Snapshot(arrays_by_path, {"model": model, "config": to_json(config)})
