"""What a generator in hands draws from: random latents, a digit, and a hand that sways a little."""

from __future__ import annotations

from typing import Protocol

import jax
import jax.numpy as jnp
from flax import nnx

# Random latents of a digit, without those that make its hand sway, and the embedding of its class.
LATENT_SIZE, LABEL_SIZE = 64, 32


class InHands(Protocol):
    """A generator with an embedding of each label (10, 32) and of each writer (W, E).

    `sway` is the angle, in radians, by which a hand varies from digit to digit.
    """

    labels: nnx.Embed
    hands: nnx.Embed
    sway: float


def embed_conditions(
    writers: int, writer_size: int, *, rngs: nnx.Rngs
) -> tuple[nnx.Embed, nnx.Embed]:
    """The embeddings of the ten labels (10, 32) and of the writers (W, E), normal at first."""
    init = nnx.initializers.normal(1.0)
    labels = nnx.Embed(10, LABEL_SIZE, embedding_init=init, rngs=rngs)
    return labels, nnx.Embed(writers, writer_size, embedding_init=init, rngs=rngs)


def condition(
    generator: InHands, latents: jax.Array, labels: jax.Array, writers: jax.Array
) -> jax.Array:
    """What N digits are drawn from (N, 64 + 32 + E): latents, labels and hands.

    `writers` are numbers (N,) or hands (N, E), such as mixtures of writers' hands. Latents
    (N, 64 + W) end with one for each writer, which decide how the hand sways with this digit; with
    latents (N, 64) it does not sway.
    """
    hands = writers if writers.ndim == 2 else generator.hands(writers)
    latents, towards = jnp.split(latents, [LATENT_SIZE], axis=-1)
    if towards.shape[-1]:
        hands = sway_hands(hands, towards, generator.hands.embedding[...], generator.sway)
    return jnp.concatenate([latents, generator.labels(labels), hands], axis=-1)


def sway_hands(hands: jax.Array, towards: jax.Array, table: jax.Array, angle: float) -> jax.Array:
    """Hands (N, E) rotated by an angle in radians towards random mixtures of all hands (W, E).

    `towards` (N, W) are the weights of the mixtures. The mean and covariance of the hands do not
    change.
    """
    middle = table.mean(0)
    others = towards @ (table - middle) / jnp.sqrt(towards.shape[-1])
    return middle + jnp.cos(angle) * (hands - middle) + jnp.sin(angle) * others
