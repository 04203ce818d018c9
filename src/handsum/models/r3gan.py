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
from handsum.layers.hands import LABEL_SIZE, LATENT_SIZE, condition, embed_conditions
from handsum.losses import Batch, Losses, Parts, divide_rows
from handsum.losses.relativistic import HandsConfig, relativistic_losses

SNAPSHOT_PART = "generator"
# The bundled model whose features the critics judge.
FROZEN: dict[str, str] = {"reader": "cnn"}


@dataclass(frozen=True, kw_only=True)
class Config(HandsConfig):
    """Settings; the discriminator has the generator's `widths` in reverse order."""

    widths: tuple[Count, ...] = (96, 48, 24)


PRESETS = {"default": Config(), "small": Config(widths=(48, 32, 16), steps=5_000)}


class Generator(nnx.Module):
    """Latents (N, 64 + W), labels (N,) and writers (N,) to images (N, 28, 28, 1) in [-1, 1].

    For hands instead of writers, and for how hands sway, see `handsum.layers.hands.condition`.
    """

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.latent_size = LATENT_SIZE + config.writers
        self.sway = config.sway
        self.labels, self.hands = embed_conditions(config.writers, config.writer_size, rngs=rngs)
        inputs = LATENT_SIZE + LABEL_SIZE + config.writer_size
        self.mapping = nnx.Linear(inputs, config.style, rngs=rngs)
        self.base = nnx.Linear(config.style, 49 * config.widths[0], rngs=rngs)
        self.blocks = nnx.List(Block(width, config.style, rngs=rngs) for width in config.widths)
        pairs = pairwise(config.widths)
        self.ups = nnx.List(conv(wide, narrow, 1, rngs, gain=1.0) for wide, narrow in pairs)
        self.out = conv(config.widths[-1], 1, 3, rngs, gain=1.0)

    def __call__(self, latents: jax.Array, labels: jax.Array, writers: jax.Array) -> jax.Array:
        style = leaky(self.mapping(condition(self, latents, labels, writers)))
        features = self.base(style).reshape(len(style), 7, 7, -1)
        features = self.blocks[0](features, style)
        for up, block in zip(self.ups, list(self.blocks)[1:], strict=True):
            features = up(features)
            count, height, width, channels = features.shape
            shape = (count, 2 * height, 2 * width, channels)
            features = block(jax.image.resize(features, shape, "bilinear"), style)
        return jnp.tanh(self.out(leaky(features)))


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
