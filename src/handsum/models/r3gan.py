"""`r3gan`, the default generator: one digit of a given class in a given writer's hand.

R3GAN (Huang et al., "The GAN is dead; long live the GAN!", 2024): a relativistic pairing loss with
zero-centred gradient penalties on real and generated images, no normalisation, residual blocks
that start as the identity. Differences: it is small enough for the CPU of a laptop; the
discriminator is conditioned by projection (Miyato and Koyama, 2018) on digit and writer, and reads
the digit too (Odena et al., 2017); penalties are computed on a share of each batch; critics judge
the features that a frozen reader finds in the images (Sauer et al., "Projected GANs converge
faster", 2021); and for the last fifth of the steps the learning rate restarts, with smaller
penalties.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Count, replace
from handsum.data.batches import TrainingSet, count_writers, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import DrawsDigits
from handsum.layers import leaky
from handsum.layers.critics import Block, Critics, Discriminator, conv
from handsum.losses import Batch, Losses, Parts, divide_rows
from handsum.losses.relativistic import HandsConfig, relativistic_losses

SNAPSHOT_PART = "generator"
# The bundled model whose features the critics judge.
FROZEN: dict[str, str] = {"reader": "cnn"}
LATENT_SIZE = 64


@dataclass(frozen=True, kw_only=True)
class Config(HandsConfig):
    """Settings; the discriminator has the generator's `widths` in reverse order."""

    widths: tuple[Count, ...] = (96, 48, 24)


PRESETS = {"default": Config(), "small": Config(widths=(48, 32, 16), steps=5_000)}


class Generator(nnx.Module):
    """Latents (N, 64 + W), labels (N,) and writers (N,) to images (N, 28, 28, 1) in [-1, 1].

    Instead of writers it also takes hands (N, writer_size), such as mixtures of theirs. The last W
    latents, one for each writer, decide how the hand sways with this digit; with latents (N, 64)
    it does not sway.
    """

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.latent_size = LATENT_SIZE + config.writers
        self.sway = config.sway
        init = nnx.initializers.normal(1.0)
        self.labels = nnx.Embed(10, 32, embedding_init=init, rngs=rngs)
        self.hands = nnx.Embed(config.writers, config.writer_size, embedding_init=init, rngs=rngs)
        self.mapping = nnx.Linear(LATENT_SIZE + 32 + config.writer_size, config.style, rngs=rngs)
        self.base = nnx.Linear(config.style, 49 * config.widths[0], rngs=rngs)
        self.blocks = nnx.List(Block(width, config.style, rngs=rngs) for width in config.widths)
        pairs = pairwise(config.widths)
        self.ups = nnx.List(conv(wide, narrow, 1, rngs, gain=1.0) for wide, narrow in pairs)
        self.out = conv(config.widths[-1], 1, 3, rngs, gain=1.0)

    def __call__(self, latents: jax.Array, labels: jax.Array, writers: jax.Array) -> jax.Array:
        hands = writers if writers.ndim == 2 else self.hands(writers)
        latents, towards = jnp.split(latents, [LATENT_SIZE], axis=-1)
        if towards.shape[-1]:
            hands = self.sway_hands(hands, towards)
        condition = jnp.concatenate([latents, self.labels(labels), hands], axis=-1)
        style = leaky(self.mapping(condition))
        features = self.base(style).reshape(len(style), 7, 7, -1)
        features = self.blocks[0](features, style)
        for up, block in zip(self.ups, list(self.blocks)[1:], strict=True):
            features = up(features)
            count, height, width, channels = features.shape
            shape = (count, 2 * height, 2 * width, channels)
            features = block(jax.image.resize(features, shape, "bilinear"), style)
        return jnp.tanh(self.out(leaky(features)))

    def sway_hands(self, hands: jax.Array, towards: jax.Array) -> jax.Array:
        """Hands (N, E) rotated by the angle `sway` towards random mixtures of all hands.

        `towards` (N, W) are the weights of the mixtures. The mean and covariance of the hands do
        not change.
        """
        middle = self.hands.embedding.mean(0)
        others = towards @ (self.hands.embedding - middle) / jnp.sqrt(towards.shape[-1])
        return middle + jnp.cos(self.sway) * (hands - middle) + jnp.sin(self.sway) * others


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    widths = config.widths[-2::-1]
    return {
        "discriminator": Discriminator(widths, config.features, config.writers, rngs=rngs),
        "critics": Critics(config.critic, config.writers, rngs=rngs),
        "generator": Generator(config, rngs=rngs),
    }


def _generate(parts: Parts, batch: Batch) -> Batch:
    latents = divide_rows(jax.random.normal(batch["key"], (len(batch["labels"]), LATENT_SIZE)))
    return {"generated": parts["generator"](latents, batch["labels"], batch["writers"])}


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits, for as many writers as the data set has."""
    return digit_batches(replace(config, {"writers": count_writers(data)}), data)


def skill(config: Config) -> DrawsDigits:
    """What the trained network does."""
    return DrawsDigits(config.writers)


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return relativistic_losses(config, _generate)
