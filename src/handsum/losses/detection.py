"""Losses of a network that finds and reads signs; see `handsum.data.signs.targets`."""

from __future__ import annotations

import jax
import jax.numpy as jnp

# The unit of distances to the sides of a box, in pixels.
SIDE_UNIT = 8.0


def heat_loss(logits: jax.Array, heat: jax.Array) -> jax.Array:
    """The focal loss of middles, per sign, where `heat` (N, H, W) is not -1.

    Places near a middle count less (Law and Deng, "CornerNet", 2018; Lin et al., "Focal loss for
    dense object detection", 2017).
    """
    positive = heat >= 1
    share = jax.nn.sigmoid(logits)
    hit = jnp.square(1 - share) * jax.nn.log_sigmoid(logits)
    miss = (1 - heat) ** 4 * jnp.square(share) * jax.nn.log_sigmoid(-logits)
    each = jnp.where(positive, hit, jnp.where(heat < 0, 0.0, miss))
    return -each.sum() / jnp.maximum(positive.sum(), 1)


def signs_loss(
    logits: jax.Array, kinds: jax.Array, smoothing: float
) -> tuple[jax.Array, jax.Array]:
    """The cross-entropy of classes where `kinds` (N, H, W) is not -1; and the share read right."""
    counted = kinds >= 0
    labels = jnp.maximum(kinds, 0).astype(jnp.int32)
    logs = jax.nn.log_softmax(logits)
    own = jnp.take_along_axis(logs, labels[..., None], axis=-1)[..., 0]
    each = -(1 - smoothing) * own - smoothing * logs.mean(-1)
    total = jnp.maximum(counted.sum(), 1)
    right = (logits.argmax(-1) == labels) & counted
    return jnp.where(counted, each, 0.0).sum() / total, right.sum() / total


def sides_loss(predicted: jax.Array, sides: jax.Array, kinds: jax.Array) -> jax.Array:
    """The mean difference of logarithms of distances to the sides of boxes."""
    counted = (kinds >= 0)[..., None]
    target = jnp.log(jnp.maximum(sides, 1.0) / SIDE_UNIT)
    away = jnp.where(counted, jnp.abs(predicted - target), 0.0)
    return away.sum() / jnp.maximum(4 * counted.sum(), 1)
