"""The outputs of a generator's layers, as pure functions like those of `models.inference`."""

from __future__ import annotations

import itertools
from typing import Any

import jax
from flax import nnx

from handsum.layers import ConditionalNorm, TransposedConvolution
from handsum.layers.batch_norm import BatchNorm
from handsum.layers.planning import Positions
from handsum.models.inference import draw_keys, draw_latents

_LAYERS = (
    nnx.Linear, nnx.Conv, nnx.Embed, BatchNorm, ConditionalNorm, TransposedConvolution, Positions,
)  # fmt: skip


def digit_stages(
    generator: Any,
    seed: jax.Array,
    indices: jax.Array,
    attempts: jax.Array,
    labels: jax.Array,
    writers: jax.Array,
) -> dict[str, jax.Array]:
    """The stages of the digits that `draw_digits` draws, each (N, ...).

    `latents`, the `image` (N, 28, 28, 1) in [-1, 1], and the output of each layer, in call order:
    `000/PATH`, `001/PATH` and so on.
    """
    latents = draw_latents(generator, seed, indices, attempts)
    images, layers = _layer_outputs(generator, latents, labels, writers)
    return {"latents": latents, "image": images} | layers


def sequence_stages(
    generator: Any,
    seed: jax.Array,
    indices: jax.Array,
    attempts: jax.Array,
    totals: jax.Array,
    lengths: jax.Array,
) -> dict[str, jax.Array]:
    """The stages of the sequences that `draw_sequences` draws, each (N, ...).

    The random numbers of each part, as `noise/PART`; the layers as in `digit_stages`, those that
    draw digits for the first digit only; the `image` (N, L, 28, 28, 1), and `digits` (N, L).
    """
    noise = jax.vmap(generator.noise)(draw_keys(seed, indices, attempts))
    (images, digits), layers = _layer_outputs(generator, noise, totals, lengths)
    count = len(totals)
    # A layer that draws digits has a row for each digit of each sequence.
    layers = {name: output[:: len(output) // count] for name, output in layers.items()}
    parts = {f"noise/{part}": rows for part, rows in noise.items()}
    return parts | {"image": images, "digits": digits} | layers


def _layer_outputs(network: Any, *arguments: Any) -> tuple[Any, dict[str, jax.Array]]:
    """Call a network; return its result, and the output of each layer in call order."""
    calls = itertools.count()

    class Ordered(nnx.Intermediate):
        """Outputs of one method of one module, each with its place in the order of all calls."""

        def __setitem__(self, method: Any, outputs: Any) -> None:
            *before, output = outputs
            super().__setitem__(method, (*before, (next(calls), output)))

    result, captured = nnx.capture(network, Ordered, method_outputs=Ordered)(*arguments)
    layers = {path for path, module in nnx.iter_modules(network) if isinstance(module, _LAYERS)}
    outputs = []
    for (*parts, method), variable in nnx.to_flat_state(captured):
        path = tuple(parts)
        # A layer inside a layer is not a stage of its own.
        inside = any(path[:depth] in layers for depth in range(len(path)))
        if method == "__call__" and path in layers and not inside:
            name = "/".join(map(str, path))
            outputs += [(order, name, output) for order, output in variable.get_value()]
    ordered = sorted(outputs, key=lambda one: one[0])
    return result, {f"{at:03}/{name}": output for at, (_, name, output) in enumerate(ordered)}
