"""Losses, and the form in which a model declares them: one for each of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jax.sharding import PartitionSpec

# The networks of a model by name. Any, since each has its own arguments.
Parts = dict[str, Any]
# "images" float32 (N, 28, 28, 1) in [-1, 1], "labels" and "writers" int32 (N,), "mask" bool (N,);
# of sequences (N, L, ...) each, with a False mask after their ends. "generated" holds the images
# that an `OfDrawn` drew. "step" is the number of steps before this one. "key" is the same for all
# losses of a step; each loss also gets a key of its own.
Batch = dict[str, jax.Array]
Metrics = dict[str, jax.Array]
Loss = Callable[[Parts, Batch, jax.Array], tuple[jax.Array, Metrics]]


@dataclass(frozen=True)
class OfDrawn:
    """The loss of a part that draws images, which all losses of the step then see.

    `draw` returns what it adds to the batch: "generated" images, and what the loss needs besides.
    All is drawn once, and the loss depends on the part's parameters through it alone. (If each loss
    drew the images, batch normalisation would make XLA compute them again.)
    """

    draw: Callable[[Parts, Batch], Batch]
    loss: Loss


Losses = dict[str, Loss | OfDrawn]


def divide_rows(rows: jax.Array) -> jax.Array:
    """Rows (N, ...), divided among the devices of the current mesh, if there is one.

    For random numbers that a loss draws; rows of the batch are divided already.
    """
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty:
        return rows
    return jax.lax.with_sharding_constraint(rows, PartitionSpec(mesh.axis_names[0]))
