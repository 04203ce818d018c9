"""The gradients of the losses of a step, each in the parameters of its part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
from flax import nnx

from handsum.losses import Batch, Loss, Losses, Metrics, OfDrawn, Parts

# Plain nested dictionaries of arrays and optimizer states: what checkpoints hold.
State = dict[str, Any]
Definitions = Mapping[str, nnx.GraphDef]


class Networks(NamedTuple):
    """The networks of a run: the definition of each part, and the state with their arrays."""

    definitions: Definitions
    state: State

    def merge(self, **changed: nnx.State) -> Parts:
        """The networks, some with other parameters."""
        params = self.state["params"] | changed
        return {
            name: nnx.merge(definition, params[name], self.state["rest"][name], copy=True)
            for name, definition in self.definitions.items()
        }


class Drawing(NamedTuple):
    """The images that the losses of a step see, and how to differentiate through them.

    `drawn` is what an `OfDrawn` adds to the batch. `pull_back` turns gradients in it into gradients
    in the parameters; `rest` holds the statistics of the part after drawing.
    """

    drawn: Batch
    pull_back: Callable[[Batch], tuple[nnx.State]]
    rest: nnx.State


def draw(networks: Networks, losses: Losses, batch: Batch) -> Drawing | None:
    """Draw the images that the losses of a step see, if one of them is `OfDrawn`."""
    for part, loss in losses.items():
        if isinstance(loss, OfDrawn):
            return _draw(networks, part, loss, batch)
    return None


def _draw(networks: Networks, part: str, loss: OfDrawn, batch: Batch) -> Drawing:
    def drawn(params: nnx.State) -> tuple[Batch, nnx.State]:
        modules = networks.merge(**{part: params})
        return loss.draw(modules, batch), _statistics(modules[part])

    return Drawing(*jax.vjp(drawn, networks.state["params"][part], has_aux=True))


def differentiate(
    networks: Networks,
    part: str,
    loss: Loss | OfDrawn,
    batch: Batch,
    key: jax.Array,
    drawing: Drawing | None,
) -> tuple[nnx.State, Metrics, nnx.State]:
    """The gradients of a part's loss in its parameters, the metrics, and the part's statistics."""
    if drawing:
        batch = batch | drawing.drawn
    if isinstance(loss, OfDrawn):
        assert drawing, "an `OfDrawn` draws"
        through = loss.loss

        def of_drawn(drawn: Batch) -> tuple[jax.Array, Metrics]:
            return through(networks.merge(), batch | drawn, key)

        gradients, metrics = jax.grad(of_drawn, has_aux=True)(drawing.drawn)
        return drawing.pull_back(gradients)[0], metrics, drawing.rest

    def objective(params: nnx.State) -> tuple[jax.Array, Any]:
        modules = networks.merge(**{part: params})
        value, metrics = loss(modules, batch, key)
        # Only the part's own statistics change, not those of the other networks.
        return value, (metrics, _statistics(modules[part]))

    gradients, (metrics, rest) = jax.grad(objective, has_aux=True)(networks.state["params"][part])
    return gradients, metrics, rest


def _statistics(module: nnx.Module) -> nnx.State:
    return nnx.state(module, nnx.Param, ...)[1]
