"""The state of a training run and the one compiled step that every model trains with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.sharding import Mesh

from handsum.config import TrainingConfig
from handsum.errors import UsageError
from handsum.losses import Losses
from handsum.models import registry
from handsum.models.inference import from_bytes
from handsum.pretrained.snapshots import WEIGHTS, load_snapshot, restore
from handsum.training.gradients import Networks, State, differentiate, draw
from handsum.training.processor import compiler_options, keep_memory
from handsum.training.sharding import divide, replicated

StepFunction = Callable[[State, dict[str, jax.Array], jax.Array], tuple[State, Any]]


def optimizer(config: TrainingConfig) -> optax.GradientTransformation:
    """AdamW with the schedule of `config`; without a decay, Adam."""
    first, end = config.restart_step, config.final_learning_rate
    schedule = optax.warmup_cosine_decay_schedule(
        init_value=config.learning_rate / 100,
        peak_value=config.learning_rate,
        warmup_steps=min(config.warmup_steps, first // 2),
        decay_steps=first,
        end_value=end,
    )
    if first < config.steps:
        rate = config.restart_rate
        again = optax.warmup_cosine_decay_schedule(rate, rate, 0, config.steps - first, end)
        schedule = optax.join_schedules([schedule, again], [first])
    return optax.adamw(schedule, b1=config.beta1, b2=config.beta2, weight_decay=config.weight_decay)


def init_state(
    modules: Mapping[str, nnx.Module],
    config: TrainingConfig,
    snapshot_part: str,
    frozen: Collection[str] = (),
) -> tuple[dict[str, nnx.GraphDef], State]:
    """Split networks into their definitions and the state of a run.

    The `frozen` parts have no optimizer, and must have no loss.
    """
    definitions: dict[str, nnx.GraphDef] = {}
    params: dict[str, nnx.State] = {}
    rest: dict[str, nnx.State] = {}
    for part, module in modules.items():
        definitions[part], *states = nnx.split(module, nnx.Param, ...)
        params[part], rest[part] = states
    transform = optimizer(config)
    state: State = {
        "params": params,
        "rest": rest,
        "optimizer": {part: transform.init(params[part]) for part in params if part not in frozen},
        "step": jnp.zeros((), jnp.int32),
    }
    if config.ema_decay:
        copied = jax.tree.map(jnp.copy, (params[snapshot_part], rest[snapshot_part]))
        state["ema"] = copied
    return definitions, state


def snapshot_state(state: State, snapshot_part: str) -> tuple[nnx.State, nnx.State]:
    """The parameters and statistics for inference: the moving average if there is one."""
    if "ema" in state:
        return state["ema"]
    return state["params"][snapshot_part], state["rest"][snapshot_part]


def flatten(states: tuple[nnx.State, ...]) -> dict[str, np.ndarray]:
    """The arrays of some states by their paths, joined by slashes."""
    return {
        "/".join(str(part) for part in path): np.asarray(leaf.get_value())
        for state in states
        for path, leaf in nnx.to_flat_state(state)
    }


def make_step(
    definitions: Mapping[str, nnx.GraphDef],
    losses: Losses,
    config: TrainingConfig,
    snapshot_part: str,
) -> StepFunction:
    """One update of every part, in the order of `losses`, as a pure function.

    The step takes the state, the whole data set on the device, and the rows of its batch, (B,) or
    (B, L) with -1 for no digit. It returns the new state and a flat dictionary of scalar metrics.
    """
    transform = optimizer(config)

    def step(
        state: State, data: dict[str, jax.Array], rows: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        key = jax.random.fold_in(jax.random.key(config.seed), state["step"])
        batch = {name: values[rows] for name, values in data.items()}
        batch["images"] = from_bytes(batch["images"])
        batch["mask"] = rows >= 0
        batch["step"] = state["step"]
        batch["key"] = key
        state = jax.tree.map(lambda leaf: leaf, state)  # a new tree: the caller keeps its own
        metrics: dict[str, jax.Array] = {}
        networks = Networks(definitions, state)
        drawing = draw(networks, losses, batch)
        for index, (part, loss) in enumerate(losses.items()):
            loss_key = jax.random.fold_in(key, index)
            gradients, new, state["rest"][part] = differentiate(
                networks, part, loss, batch, loss_key, drawing
            )
            metrics |= new
            params, before = state["params"][part], state["optimizer"][part]
            updates, state["optimizer"][part] = transform.update(gradients, before, params)
            state["params"][part] = optax.apply_updates(params, updates)
        state["step"] = state["step"] + 1
        if "ema" in state:
            current = (state["params"][snapshot_part], state["rest"][snapshot_part])
            # The memory is short at first, so that the average forgets the untrained network.
            now = state["step"].astype(jnp.float32)
            decay = jnp.minimum(config.ema_decay, (1 + now) / (10 + now))
            state["ema"] = jax.tree.map(
                lambda mean, new: decay * mean + (1 - decay) * new, state["ema"], current
            )
        return state, metrics

    return step


def compile_step(
    step: StepFunction, platform: str, mesh: Mesh | None = None
) -> Callable[..., tuple[State, Any]]:
    """Compile `step` for K batches: rows (K, B) in, metrics (K,) out; the state is donated.

    On a CPU the K steps are K dispatches, since the weight gradient of a convolution inside
    `lax.scan` is 30 to 170 times slower there; elsewhere they are one. Each batch is divided among
    the devices of the `mesh`; the state is on all of them, before and after.
    """
    everywhere = replicated(mesh) if mesh else None

    def place(rows: np.ndarray, axis: int) -> Any:
        return divide(rows, mesh, axis) if mesh else rows

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        once = jax.jit(
            function,
            donate_argnums=0,
            out_shardings=everywhere,
            compiler_options=compiler_options(),
        )

        def call(*arguments: Any) -> Any:
            with jax.set_mesh(mesh) if mesh else nullcontext():
                return once(*arguments)

        return call

    if platform == "cpu":
        keep_memory()
    else:

        def scanned(state: State, data: dict[str, jax.Array], rows: jax.Array) -> Any:
            return jax.lax.scan(lambda carry, row: step(carry, data, row), state, rows)

        many = compiled(scanned)
        return lambda state, data, rows: many(state, data, place(rows, 1))

    single = compiled(step)

    def looped(state: State, data: dict[str, jax.Array], rows: np.ndarray) -> Any:
        collected = []
        for row in rows:
            state, metrics = single(state, data, place(row, 0))
            collected.append(metrics)
        return state, jax.tree.map(lambda *values: np.array(values), *collected)

    return looped


def begin_state(
    model: str, config: TrainingConfig, start: nnx.Module | None = None
) -> tuple[dict[str, nnx.GraphDef], State]:
    """The definitions of a model's parts, and the state of its run before the first step.

    Its own networks are new, from the seed of the configuration. Those that its module names in
    `FROZEN` are bundled trained networks of other models, and do not change; the layers that its
    entry names in `warm` start as theirs. The network that a snapshot keeps starts as `start`.

    Raises:
        UsageError: `start` has other sizes than the configuration asks for.
    """
    module, warm = registry.module(model), registry.find(model).warm
    frozen = module.FROZEN
    trained = {
        part: nnx.split(restore(load_snapshot(WEIGHTS / name))) for part, name in frozen.items()
    }
    definitions: dict[str, nnx.GraphDef] = {}

    def begin(arrays: dict[str, nnx.State], started: nnx.State | None) -> State:
        parts = module.build(config, rngs=nnx.Rngs(config.seed))
        for part, (definition, _) in trained.items():
            parts[part] = nnx.merge(definition, arrays[part])
        for layer, part in warm:
            _copy_layer(parts[part], parts[module.SNAPSHOT_PART], layer)
        if started is not None:
            _start_as(parts[module.SNAPSHOT_PART], started)
        found, state = init_state(parts, config, module.SNAPSHOT_PART, frozen)
        definitions.update(found)
        return state

    # Compiled as one function: compiling the initialisers one by one takes two to five times as
    # long for most models.
    arrays = {part: state for part, (_, state) in trained.items()}
    started = None if start is None else nnx.state(start)
    state: State = jax.jit(begin, compiler_options=compiler_options())(arrays, started)
    return definitions, state


def _start_as(network: nnx.Module, started: nnx.State) -> None:
    """Let a network start with the arrays of a trained one."""
    if _sizes(nnx.state(network)) != _sizes(started):
        raise UsageError(
            "`start_from` is a network of other sizes: give the preset and the settings that it "
            "was trained with"
        )
    nnx.update(network, started)


def _copy_layer(trained: nnx.Module, own: nnx.Module, layer: str) -> None:
    """Let a layer of a network start as that of a trained one, if all its arrays are as large."""
    before, after = (nnx.state(getattr(network, layer)) for network in (own, trained))
    if _sizes(before) == _sizes(after):
        nnx.update(getattr(own, layer), after)


def _sizes(arrays: nnx.State) -> Any:
    return jax.tree.map(jnp.shape, arrays)


def count_parameters(params: Mapping[str, nnx.State]) -> dict[str, int]:
    """The number of parameters of each part."""
    return {part: sum(leaf.size for leaf in jax.tree.leaves(params[part])) for part in params}
