"""`cgan`: one digit of a given class, or of several at once.

A conditional GAN (Mirza and Osindero, "Conditional generative adversarial nets", 2014) of
convolutions. Latents and class scale and shift the generator's batch normalisation; the
discriminator is conditioned by projection (Miyato and Koyama, 2018) and reads the digit too
(Odena et al., 2017). A class is a row of weights over the ten digits, so that digits can be mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Count
from handsum.data.batches import TrainingSet, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import DrawsDigits
from handsum.layers import DigitFeatures, DigitPainter, leaky
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.conditional import (
    ConditionalConfig,
    Discriminate,
    Pairs,
    conditional_discriminator_loss,
    conditional_generator_loss,
)

SNAPSHOT_PART = "generator"
FROZEN: dict[str, str] = {}
LATENT_SIZE = 64


@dataclass(frozen=True, kw_only=True)
class Config(ConditionalConfig):
    """Settings of the generator, and of its discriminator's channels at 14x14, 7x7 and 4x4."""

    steps: Count = 4_500
    discriminator_widths: tuple[Count, ...] = (24, 48, 96)


PRESETS = {"default": Config(), "small": Config(widths=(48, 32, 16), steps=4_000)}


class Generator(nnx.Module):
    """Latents (N, 64) and labels (N,) to images (N, 28, 28, 1) in [-1, 1]; it ignores writers."""

    latent_size = LATENT_SIZE

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.normal(1.0)
        self.digits = nnx.Linear(10, 32, use_bias=False, kernel_init=init, rngs=rngs)
        self.mapping = nnx.Linear(LATENT_SIZE + 32, config.style, rngs=rngs)
        self.painter = DigitPainter(config.style, config.widths, rngs=rngs)

    def __call__(
        self, latents: jax.Array, labels: jax.Array, writers: jax.Array, *, training: bool = False
    ) -> jax.Array:
        return self.mix(latents, jax.nn.one_hot(labels, 10), training=training)

    def mix(self, latents: jax.Array, shares: jax.Array, *, training: bool = False) -> jax.Array:
        """Digits that are several at once: `shares` (N, 10), each row a distribution."""
        condition = jnp.concatenate([latents, self.digits(shares)], axis=-1)
        return self.painter(leaky(self.mapping(condition)), training=training)


class Discriminator(nnx.Module):
    """Images and their labels to realness logits (N,) and digit logits (N, 10)."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.features = DigitFeatures(config.discriminator_widths, config.features, rngs=rngs)
        self.realness = nnx.Linear(config.features, 1, rngs=rngs)
        init = nnx.initializers.normal(config.features**-0.5)
        self.digits = nnx.Embed(10, config.features, embedding_init=init, rngs=rngs)
        self.reading = nnx.Linear(config.features, 10, rngs=rngs)

    def __call__(self, images: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        features = self.features(images)
        projection = (features * self.digits(labels)).sum(-1)
        return self.realness(features)[:, 0] + projection, self.reading(features)


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {
        "discriminator": Discriminator(config, rngs=rngs),
        "generator": Generator(config, rngs=rngs),
    }


def _draw(parts: Parts, batch: Batch, key: jax.Array) -> tuple[jax.Array, Discriminate]:
    """Digits of the batch's labels, and the discriminator of these and of the real ones."""
    labels = batch["labels"]
    latents = jax.random.normal(key, (len(labels), LATENT_SIZE))

    def discriminate(images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return parts["discriminator"](images, labels[: len(images)])

    return parts["generator"](latents, labels, batch["writers"], training=True), discriminate


def discriminator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """`conditional_discriminator_loss` of the batch's labels."""
    generated, discriminate = _draw(parts, batch, key)
    images = Pairs(batch["images"], jax.lax.stop_gradient(generated), batch["labels"])
    return conditional_discriminator_loss(config, discriminate, images)


def generator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """`conditional_generator_loss` of the batch's labels."""
    generated, discriminate = _draw(parts, batch, key)
    return conditional_generator_loss(config, discriminate, generated, batch["labels"])


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits."""
    return digit_batches(config, data)


def skill(config: Config) -> DrawsDigits:
    """What the trained network does."""
    return DrawsDigits()


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {
        "discriminator": partial(discriminator_loss, config),
        "generator": partial(generator_loss, config),
    }
