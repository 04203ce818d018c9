"""Losses, and the form that a model gives them in: what each of its parts minimises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jax.sharding import PartitionSpec

# A model's networks by name. Any, since each is called with arguments of its own.
Parts = dict[str, Any]
# "images" float32 (N, 28, 28, 1) in [-1, 1], "labels" and "writers" int32 (N,), "mask" bool (N,);
# of sequences (N, L, ...) each, the mask False beyond their ends. "generated" is what an `OfDrawn`
# drew. "step" is the number of steps before this one; "key" is common to a step's losses, each of
# which has one of its own besides.
Batch = dict[str, jax.Array]
Metrics = dict[str, jax.Array]
Loss = Callable[[Parts, Batch, jax.Array], tuple[jax.Array, Metrics]]


@dataclass(frozen=True)
class OfDrawn:
    """The loss of a part that draws: it and the step's other losses see the same images.

    They are drawn once, and depend on the part's parameters through the images alone. (Drawn by
    each loss, the same images are computed again where there is batch normalisation.)
    """

    draw: Callable[[Parts, Batch], jax.Array]
    loss: Loss


Losses = dict[str, Loss | OfDrawn]


def divide_rows(rows: jax.Array) -> jax.Array:
    """Rows (N, ...), divided among the devices of the mesh that is set, if there is one.

    For what a loss draws by itself: rows that come from the batch are divided already.
    """
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty:
        return rows
    return jax.lax.with_sharding_constraint(rows, PartitionSpec(mesh.axis_names[0]))
