"""The networks that a run holds: those that it trains, and trained ones that they learn from."""

from __future__ import annotations

from flax import nnx

from handsum.config import TrainingConfig
from handsum.models import registry
from handsum.training.snapshots import WEIGHTS, load_snapshot, restore
from handsum.training.state import State, init_state


def begin_state(model: str, config: TrainingConfig) -> tuple[dict[str, nnx.GraphDef], State]:
    """The definitions of a model's parts, and the state of its run before the first step.

    Its own networks are new, from the configuration's seed. Those that its module names as `FROZEN`
    are the package's trained ones of other models, and stay as they are.
    """
    module = registry.module(model)
    parts = module.build(config, rngs=nnx.Rngs(config.seed))
    frozen: dict[str, str] = getattr(module, "FROZEN", {})
    for part, name in frozen.items():
        parts[part] = restore(load_snapshot(WEIGHTS / name))
    return init_state(parts, config, module.SNAPSHOT_PART, frozen)
