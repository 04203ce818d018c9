"""The networks that a run holds: those that it trains, and trained ones that they learn from."""

from __future__ import annotations

import jax
from flax import nnx

from handsum.config import TrainingConfig
from handsum.models import registry
from handsum.training.processor import compiler_options
from handsum.training.snapshots import WEIGHTS, load_snapshot, restore
from handsum.training.state import State, init_state


def begin_state(model: str, config: TrainingConfig) -> tuple[dict[str, nnx.GraphDef], State]:
    """The definitions of a model's parts, and the state of its run before the first step.

    Its own networks are new, from the configuration's seed. Those that its module names as `FROZEN`
    are the package's trained ones of other models, and stay as they are.
    """
    module = registry.module(model)
    frozen: dict[str, str] = getattr(module, "FROZEN", {})
    trained = {
        part: nnx.split(restore(load_snapshot(WEIGHTS / name))) for part, name in frozen.items()
    }
    definitions: dict[str, nnx.GraphDef] = {}

    def begin(arrays: dict[str, nnx.State]) -> State:
        parts = module.build(config, rngs=nnx.Rngs(config.seed))
        for part, (definition, _) in trained.items():
            parts[part] = nnx.merge(definition, arrays[part])
        found, state = init_state(parts, config, module.SNAPSHOT_PART, frozen)
        definitions.update(found)
        return state

    # Compiled as one: one by one, what the initialisers of all shapes compute takes two to five
    # times as long to compile for most models.
    arrays = {part: state for part, (_, state) in trained.items()}
    return definitions, jax.jit(begin, compiler_options=compiler_options())(arrays)
