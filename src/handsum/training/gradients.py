"""The gradients of a step's losses, each in the parameters of its part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
from flax import nnx

from handsum.losses import Batch, Loss, Losses, Metrics, OfDrawn, Parts

# Plain nested dictionaries of arrays and optimizer states: what checkpoints hold.
State = dict[str, Any]
Definitions = Mapping[str, nnx.GraphDef]


class Drawing(NamedTuple):
    """What a step's losses see: the images, and what to do with their gradients.

    `pull_back` turns gradients in the images into those in the parameters; `rest` is what drawing
    made of the part's statistics.
    """

    images: jax.Array
    pull_back: Callable[[jax.Array], tuple[nnx.State]]
    rest: nnx.State


def draw(definitions: Definitions, losses: Losses, state: State, batch: Batch) -> Drawing | None:
    """Draw what the losses of a step see, if one of them is `OfDrawn`."""
    for part, loss in losses.items():
        if isinstance(loss, OfDrawn):
            return _draw(definitions, part, loss, state, batch)
    return None


def _draw(
    definitions: Definitions, part: str, loss: OfDrawn, state: State, batch: Batch
) -> Drawing:
    def images(params: nnx.State) -> tuple[jax.Array, nnx.State]:
        modules = _merge(definitions, state, **{part: params})
        return loss.draw(modules, batch), _statistics(modules[part])

    return Drawing(*jax.vjp(images, state["params"][part], has_aux=True))


def differentiate(
    definitions: Definitions,
    part: str,
    loss: Loss | OfDrawn,
    state: State,
    batch: Batch,
    key: jax.Array,
    drawing: Drawing | None,
) -> tuple[nnx.State, Metrics, nnx.State]:
    """The gradients of a part's loss in its parameters, the metrics, and the part's statistics."""
    if drawing:
        batch = batch | {"generated": drawing.images}
    if isinstance(loss, OfDrawn):
        assert drawing, "an `OfDrawn` draws"
        through = loss.loss

        def of_images(images: jax.Array) -> tuple[jax.Array, Metrics]:
            return through(_merge(definitions, state), batch | {"generated": images}, key)

        gradients, metrics = jax.grad(of_images, has_aux=True)(drawing.images)
        return drawing.pull_back(gradients)[0], metrics, drawing.rest

    def objective(params: nnx.State) -> tuple[jax.Array, Any]:
        modules = _merge(definitions, state, **{part: params})
        value, metrics = loss(modules, batch, key)
        # Statistics are the part's own: the other networks are only looked through.
        return value, (metrics, _statistics(modules[part]))

    gradients, (metrics, rest) = jax.grad(objective, has_aux=True)(state["params"][part])
    return gradients, metrics, rest


def _merge(definitions: Definitions, state: State, **changed: nnx.State) -> Parts:
    """The networks of a state, some with other parameters."""
    params = state["params"] | changed
    return {
        name: nnx.merge(definition, params[name], state["rest"][name], copy=True)
        for name, definition in definitions.items()
    }


def _statistics(module: nnx.Module) -> nnx.State:
    return nnx.state(module, nnx.Param, ...)[1]
