"""One contract for every model of the zoo."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest
from flax import nnx

from handsum.config import TrainingConfig, from_json, to_json
from handsum.errors import UsageError
from handsum.models import registry
from handsum.training.batches import make_batches
from handsum.training.state import begin_state, make_step

NAMES = sorted(registry.ENTRIES)
# A bundled snapshot is 4 MiB at most, two bytes a parameter.
LIMIT = 2_000_000


def small(name: str) -> Any:
    config = registry.module(name).PRESETS["small"]
    return dataclasses.replace(config, batch_size=4)


def batch(config: Any) -> dict[str, jax.Array]:
    random = np.random.default_rng(0)
    return {
        "images": jax.numpy.asarray(random.integers(0, 256, (20, 28, 28)).astype(np.uint8)),
        "labels": jax.numpy.asarray(np.resize(np.arange(10), 20).astype(np.int32)),
        "writers": jax.numpy.asarray(np.resize(np.arange(3), 20).astype(np.int32)),
    }


@pytest.mark.parametrize("name", NAMES)
def test_presets_are_configurations_of_the_model(name: str) -> None:
    module = registry.module(name)
    assert {"default", "small"} <= set(module.PRESETS)
    for config in module.PRESETS.values():
        assert isinstance(config, module.Config)
        assert isinstance(config, TrainingConfig)
        assert from_json(module.Config, to_json(config)) == config


@pytest.mark.parametrize("name", NAMES)
def test_the_default_is_within_its_size(name: str) -> None:
    module = registry.module(name)
    parts = nnx.eval_shape(lambda: module.build(module.PRESETS["default"], rngs=nnx.Rngs(0)))
    leaves = jax.tree.leaves(nnx.state(parts[module.SNAPSHOT_PART], nnx.Param))
    assert 0 < sum(int(np.prod(leaf.shape)) for leaf in leaves) <= LIMIT


@pytest.mark.parametrize("name", NAMES)
def test_a_step_trains_every_part_and_compiles_once(name: str) -> None:
    module, config = registry.module(name), small(name)
    definitions, state = begin_state(name, config)
    frozen = getattr(module, "FROZEN", {})
    step = jax.jit(make_step(definitions, module.losses(config), config, module.SNAPSHOT_PART))
    data = batch(config)
    batches = make_batches(config, {name: np.asarray(values) for name, values in data.items()})
    first, second = batches.rows(0, 2)
    after, metrics = step(state, data, first)
    again, _ = step(after, data, second)
    assert step._cache_size() == 1
    assert int(again["step"]) == 2
    assert all(np.isfinite(value) for value in metrics.values())
    assert set(module.losses(config)) == set(definitions) - set(frozen)
    for part in definitions:
        before, now = (jax.tree.leaves(s["params"][part]) for s in (state, again))
        changed = [not np.array_equal(a, b) for a, b in zip(before, now, strict=True)]
        assert np.mean(changed) == 0 if part in frozen else np.mean(changed) > 0.8, part
    # The caller's state is whole: a step is a pure function.
    assert int(state["step"]) == 0


def test_unknown_and_unable_models_are_refused_with_those_that_can() -> None:
    with pytest.raises(UsageError, match=r"did you mean r3gan\?"):
        registry.find("r3gann")
    with pytest.raises(UsageError, match="cnn is a digit reader.*r3gan, writer-cgan, cgan can"):
        registry.find("cnn", ("digit generator",))
