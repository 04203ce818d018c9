"""Strokes as networks write them: a decoder, which strokes there are, and the path of the pen."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from handsum.layers import leaky
from handsum.layers.raster import draw, sample

# A digit has at most three strokes, each of as many control points.
STROKES, CONTROLS = 3, 12


class Written(NamedTuple):
    """Strokes of N digits: points (N, S, P, 2), half widths (N, S, P), logits of being there
    (N, S); in units of a digit's height from the middle of the image, y down."""

    points: jax.Array
    half_widths: jax.Array
    logits: jax.Array


class Hand(nnx.Module):
    """Features (N, F) to strokes: the decoder."""

    def __init__(self, features: int, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
        small = nnx.initializers.variance_scaling(0.02, "fan_in", "truncated_normal")
        self.layers = nnx.List(
            nnx.Linear(features, features, kernel_init=init, rngs=rngs) for _ in range(2)
        )
        count = STROKES * CONTROLS
        self.points = nnx.Linear(features, 2 * count, kernel_init=small, rngs=rngs)
        self.widths = nnx.Linear(features, 1 + count, kernel_init=small, rngs=rngs)
        self.presence = nnx.Linear(features, STROKES, kernel_init=small, rngs=rngs)
        # At first, every stroke is a line downwards.
        line = np.zeros((STROKES, CONTROLS, 2), np.float32)
        line[..., 1] = np.linspace(-0.4, 0.4, CONTROLS)
        self.points.bias = nnx.Param(jnp.asarray(line.reshape(-1)))

    def __call__(self, features: jax.Array) -> Written:
        hidden = features
        for layer in self.layers:
            hidden = hidden + leaky(layer(hidden))
        points = self.points(hidden).reshape(-1, STROKES, CONTROLS, 2)
        nib, changes = jnp.split(self.widths(hidden), [1], axis=-1)
        widths = nib[..., None] + 0.3 * changes.reshape(-1, STROKES, CONTROLS)
        # From 0.4 to 3 pixels of 28.
        half_widths = 0.055 * jnp.exp(jnp.tanh(widths))
        there = self.presence(hidden).at[:, 0].set(10.0)
        return Written(points, half_widths, there)


def presence(logits: jax.Array) -> jax.Array:
    """Which strokes there are (N, S), 0 or 1, by their logits; its gradient is a sigmoid's.

    A straight-through estimator (Bengio et al., 2013), so that no stroke is ever faint.
    """
    soft = jax.nn.sigmoid(logits)
    return soft + jax.lax.stop_gradient((logits > 0) - soft)


def images_of(written: Written, there: jax.Array) -> jax.Array:
    """Strokes as images (N, 28, 28, 1) in [-1, 1]; `there` (N, S) says which there are."""
    return draw(written.points, written.half_widths, there)


def whole_path(points: jax.Array, there: jax.Array, size: int) -> jax.Array:
    """The pen's path (N, size, 2), lifts included: evenly spaced points that fill the unit square.

    `points` (N, S, P, 2) are the control points of the strokes; `there` (N, S) is 1 for those that
    there are. The gradient leaves out how the spacing and the scale change.
    """
    samples = sample(points)
    ends = [samples[:, 0]]
    for index in range(1, points.shape[1]):
        last = ends[-1][:, -1:]
        ends.append(jnp.where(there[:, index, None, None] > 0.5, samples[:, index], last))
    way = jnp.concatenate(ends, axis=1)
    lengths = jnp.sqrt(jnp.square(jnp.diff(way, axis=1)).sum(-1) + 1e-8)
    along = jnp.pad(lengths.cumsum(1), ((0, 0), (1, 0)))
    along = jax.lax.stop_gradient(along / along[:, -1:])
    shares = jnp.linspace(0, 1, size)
    piece = jnp.clip((along[:, None] <= shares[:, None]).sum(-1) - 1, 0, along.shape[1] - 2)
    start, end = (jnp.take_along_axis(along, piece + step, axis=1) for step in (0, 1))
    share = ((shares - start) / jnp.maximum(end - start, 1e-6))[..., None]
    first = jnp.take_along_axis(way, piece[..., None], axis=1)
    second = jnp.take_along_axis(way, piece[..., None] + 1, axis=1)
    path = first + jnp.clip(share, 0, 1) * (second - first)
    low, high = path.min(1, keepdims=True), path.max(1, keepdims=True)
    extent = jax.lax.stop_gradient(jnp.maximum(high - low, 0.25))
    return (path - jax.lax.stop_gradient((low + high) / 2)) / extent + 0.5
