"""`r3gan`, the default generator: one digit of a given class in a given writer's hand.

R3GAN (Huang et al., "The GAN is dead; long live the GAN!", 2024): a relativistic pairing loss with
zero-centred gradient penalties on real and generated images, no normalisation, residual blocks
that begin as the identity. Differences: it is small enough for a laptop's CPU; the discriminator
is conditioned by projection (Miyato and Koyama, 2018) on digit and writer, and reads the digit
too (Odena et al., 2017); penalties are taken on a share of each batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.layers import leaky
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.adversarial import relativistic_loss
from handsum.losses.classification import cross_entropy_loss
from handsum.losses.conditional import ConditionalConfig, conditional_discriminator_loss

SNAPSHOT_PART = "generator"
LATENT_SIZE = 64


@dataclass(frozen=True, kw_only=True)
class Config(ConditionalConfig):
    """Settings of the generator and its discriminator, whose channels are the generator's reversed.

    `writers` is set from the data set.
    """

    steps: int = 7_000
    learning_rate: float = 4e-4
    final_learning_rate: float = 1e-5
    widths: tuple[int, ...] = (96, 48, 24)
    writers: int = 494
    writer_size: int = 32
    penalty: float = 1.0
    class_weight: float = 0.2


PRESETS = {"default": Config(), "small": Config(widths=(48, 32, 16), steps=4_000)}


def _conv(inputs: int, outputs: int, size: int, rngs: nnx.Rngs, gain: float = 2.0) -> nnx.Conv:
    init = nnx.initializers.variance_scaling(gain, "fan_in", "truncated_normal")
    return nnx.Conv(inputs, outputs, (size, size), kernel_init=init, rngs=rngs)


class Block(nnx.Module):
    """x + conv(leaky(conv(leaky(x)))), optionally scaled and shifted in between by a style."""

    def __init__(self, width: int, style: int | None, *, rngs: nnx.Rngs) -> None:
        self.first = _conv(width, width, 3, rngs)
        # Small at first, so that the block begins near the identity.
        self.second = _conv(width, width, 3, rngs, gain=0.02)
        zeros = nnx.initializers.zeros_init()
        self.style = (
            nnx.Linear(style, 2 * width, kernel_init=zeros, rngs=rngs)
            if style is not None
            else None
        )

    def __call__(self, features: jax.Array, style: jax.Array | None = None) -> jax.Array:
        change = self.first(leaky(features))
        if self.style is not None and style is not None:
            scale, shift = jnp.split(self.style(style)[:, None, None, :], 2, axis=-1)
            change = change * (1 + scale) + shift
        return features + self.second(leaky(change))


class Generator(nnx.Module):
    """Latents (N, 64), labels (N,) and writers (N,) to images (N, 28, 28, 1) in [-1, 1].

    In the place of writers it takes hands (N, writer_size) as well, between theirs or beyond.
    """

    latent_size = LATENT_SIZE

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.normal(1.0)
        self.labels = nnx.Embed(10, 32, embedding_init=init, rngs=rngs)
        self.hands = nnx.Embed(config.writers, config.writer_size, embedding_init=init, rngs=rngs)
        self.mapping = nnx.Linear(LATENT_SIZE + 32 + config.writer_size, config.style, rngs=rngs)
        self.base = nnx.Linear(config.style, 49 * config.widths[0], rngs=rngs)
        self.blocks = nnx.List(Block(width, config.style, rngs=rngs) for width in config.widths)
        pairs = pairwise(config.widths)
        self.ups = nnx.List(_conv(wide, narrow, 1, rngs, gain=1.0) for wide, narrow in pairs)
        self.out = _conv(config.widths[-1], 1, 3, rngs, gain=1.0)

    def __call__(self, latents: jax.Array, labels: jax.Array, writers: jax.Array) -> jax.Array:
        hands = writers if writers.ndim == 2 else self.hands(writers)
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


class Discriminator(nnx.Module):
    """Images with their labels and writers to realness logits (N,) and digit logits (N, 10)."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        widths = config.widths[-2::-1]
        self.stem = _conv(4, widths[0], 3, rngs)
        self.blocks = nnx.List(Block(width, None, rngs=rngs) for width in widths)
        pairs = pairwise(widths)
        self.downs = nnx.List(_conv(narrow, wide, 1, rngs, gain=1.0) for narrow, wide in pairs)
        self.features = nnx.Linear(49 * widths[-1], config.features, rngs=rngs)
        self.realness = nnx.Linear(config.features, 1, rngs=rngs)
        init = nnx.initializers.normal(config.features**-0.5)
        self.labels = nnx.Embed(10, config.features, embedding_init=init, rngs=rngs)
        self.hands = nnx.Embed(config.writers, config.features, embedding_init=init, rngs=rngs)
        self.reading = nnx.Linear(config.features, 10, rngs=rngs)

    def __call__(
        self, images: jax.Array, labels: jax.Array, writers: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        # Space to depth: each 2x2 block of pixels becomes four channels.
        count = len(images)
        pixels = images.reshape(count, 14, 2, 14, 2).transpose(0, 1, 3, 2, 4)
        hidden = self.blocks[0](self.stem(pixels.reshape(count, 14, 14, 4)))
        for down, block in zip(self.downs, list(self.blocks)[1:], strict=True):
            hidden = block(down(nnx.avg_pool(hidden, (2, 2), (2, 2))))
        features = leaky(self.features(leaky(hidden).reshape(len(hidden), -1)))
        projection = (features * (self.labels(labels) + self.hands(writers))).sum(-1)
        return self.realness(features)[:, 0] + projection, self.reading(features)


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {
        "discriminator": Discriminator(config, rngs=rngs),
        "generator": Generator(config, rngs=rngs),
    }


def _generate(generator: Any, batch: Batch, key: jax.Array) -> jax.Array:
    latents = jax.random.normal(key, (len(batch["labels"]), LATENT_SIZE))
    return generator(latents, batch["labels"], batch["writers"])


def discriminator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Relativistic loss, both penalties, and reading the real digits."""
    labels, writers = batch["labels"], batch["writers"]
    generated = jax.lax.stop_gradient(_generate(parts["generator"], batch, key))

    def judge(images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return parts["discriminator"](images, labels[: len(images)], writers[: len(images)])

    return conditional_discriminator_loss(
        config, judge, batch["images"], generated, labels, relativistic_loss
    )


def generator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """The relativistic loss turned round, and being read as the digit that was asked for."""
    discriminator, labels = parts["discriminator"], batch["labels"]
    generated = _generate(parts["generator"], batch, key)
    real_logits, _ = discriminator(batch["images"], labels, batch["writers"])
    generated_logits, readings = discriminator(generated, labels, batch["writers"])
    adversarial = relativistic_loss(generated_logits, real_logits)
    reading = cross_entropy_loss(readings, labels)
    loss = adversarial + config.class_weight * reading
    return loss, {"generator_loss": adversarial, "asked_loss": reading}


def losses(config: Config) -> Losses:
    """What each part minimises, in the order of their updates within a step."""
    return {
        "discriminator": partial(discriminator_loss, config),
        "generator": partial(generator_loss, config),
    }
