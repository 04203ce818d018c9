"""`writer-cgan`: one digit of a given class in a given writer's hand, faster than `r3gan`.

A conditional GAN of convolutions like `cgan`. Latents, digit and writer scale and shift the
generator's batch normalisation; the discriminator is conditioned by projection (Miyato and Koyama,
2018) on digit and writer, and reads the digit too (Odena et al., 2017). Some digits of each batch
are drawn in a new hand, from a Gaussian like that of the writers, and judged without a writer. So
invented hands are as good as those of the training set.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Count, Share, WriterCount, replace
from handsum.data.batches import TrainingSet, count_writers, digit_batches
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
    """Settings of the generator, and of its discriminator's channels at 14x14, 7x7 and 4x4.

    `writers` is set from the data set; `new_hands` is the share of digits drawn in a new hand.
    """

    steps: Count = 14_000
    discriminator_widths: tuple[Count, ...] = (24, 48, 96)
    writers: WriterCount = 494
    writer_size: Count = 32
    new_hands: Share = 0.1


PRESETS = {"default": Config(), "small": Config(widths=(48, 32, 16), steps=5_000)}


class Generator(nnx.Module):
    """Latents (N, 64), labels (N,) and writers (N,) to images (N, 28, 28, 1) in [-1, 1].

    Instead of writers it also takes hands (N, writer_size), such as mixtures of theirs.
    """

    latent_size = LATENT_SIZE

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.normal(1.0)
        self.labels = nnx.Embed(10, 32, embedding_init=init, rngs=rngs)
        self.hands = nnx.Embed(config.writers, config.writer_size, embedding_init=init, rngs=rngs)
        self.mapping = nnx.Linear(LATENT_SIZE + 32 + config.writer_size, config.style, rngs=rngs)
        self.painter = DigitPainter(config.style, config.widths, rngs=rngs)

    def __call__(
        self, latents: jax.Array, labels: jax.Array, writers: jax.Array, *, training: bool = False
    ) -> jax.Array:
        hands = writers if writers.ndim == 2 else self.hands(writers)
        condition = jnp.concatenate([latents, self.labels(labels), hands], axis=-1)
        return self.painter(leaky(self.mapping(condition)), training=training)

    def new_hands(self, count: int, key: jax.Array) -> jax.Array:
        """Invented hands (count, writer_size), from a Gaussian like that of the writers."""
        table = self.hands.embedding[...]
        middle = table.mean(0)
        weights = jax.random.normal(key, (count, len(table)))
        return middle + weights @ (table - middle) / jnp.sqrt(max(len(table) - 1, 1))


class Discriminator(nnx.Module):
    """Images with their labels and writers to realness logits (N,) and digit logits (N, 10).

    Where `known` (N,) is 0, the writer is ignored.
    """

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.features = DigitFeatures(config.discriminator_widths, config.features, rngs=rngs)
        self.realness = nnx.Linear(config.features, 1, rngs=rngs)
        init = nnx.initializers.normal(config.features**-0.5)
        self.labels = nnx.Embed(10, config.features, embedding_init=init, rngs=rngs)
        self.hands = nnx.Embed(config.writers, config.features, embedding_init=init, rngs=rngs)
        self.reading = nnx.Linear(config.features, 10, rngs=rngs)

    def __call__(
        self, images: jax.Array, labels: jax.Array, writers: jax.Array, known: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        features = self.features(images)
        condition = self.labels(labels) + self.hands(writers) * known[:, None]
        projection = (features * condition).sum(-1)
        return self.realness(features)[:, 0] + projection, self.reading(features)


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {
        "discriminator": Discriminator(config, rngs=rngs),
        "generator": Generator(config, rngs=rngs),
    }


def _draw(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Discriminate]:
    """Digits of the batch's labels and writers, some in new hands, and their discriminator."""
    generator, labels, writers = parts["generator"], batch["labels"], batch["writers"]
    latents_key, known_key, hands_key = jax.random.split(key, 3)
    latents = jax.random.normal(latents_key, (len(labels), LATENT_SIZE))
    known = jax.random.bernoulli(known_key, 1 - config.new_hands, labels.shape)
    new = jax.lax.stop_gradient(generator.new_hands(len(labels), hands_key))
    hands = jnp.where(known[:, None], generator.hands(writers), new)
    conditions = (labels, writers, known.astype(jnp.float32))

    def discriminate(images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return parts["discriminator"](images, *(part[: len(images)] for part in conditions))

    return generator(latents, labels, hands, training=True), discriminate


def discriminator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """`conditional_discriminator_loss`, on the writers too."""
    generated, discriminate = _draw(config, parts, batch, key)
    images = Pairs(batch["images"], jax.lax.stop_gradient(generated), batch["labels"])
    return conditional_discriminator_loss(config, discriminate, images)


def generator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """`conditional_generator_loss`, on the writers too."""
    generated, discriminate = _draw(config, parts, batch, key)
    return conditional_generator_loss(config, discriminate, generated, batch["labels"])


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits, for as many writers as the data set has."""
    return digit_batches(replace(config, {"writers": count_writers(data)}), data)


def skill(config: Config) -> DrawsDigits:
    """What the trained network does."""
    return DrawsDigits(config.writers)


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {
        "discriminator": partial(discriminator_loss, config),
        "generator": partial(generator_loss, config),
    }
