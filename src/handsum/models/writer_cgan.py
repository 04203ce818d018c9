"""`writer-cgan`: one digit of a given class in a given writer's hand, sooner than by `r3gan`.

A conditional GAN of convolutions, as `cgan` is: the generator's batch normalisation is scaled and
shifted by latents, digit and writer, the discriminator is conditioned by projection (Miyato and
Koyama, 2018) on digit and writer, and reads the digit too (Odena et al., 2017). Some digits of each
batch are drawn in a new hand, from a Gaussian like the writers' own, and judged whoever wrote them:
so hands that nobody has are as good as those of the training set.
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
    Judge,
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

    In the place of writers it takes hands (N, writer_size) as well, between theirs or beyond.
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
        """Hands (count, writer_size) that nobody has, from a Gaussian like the writers' own."""
        table = self.hands.embedding[...]
        middle = table.mean(0)
        weights = jax.random.normal(key, (count, len(table)))
        return middle + weights @ (table - middle) / jnp.sqrt(max(len(table) - 1, 1))


class Discriminator(nnx.Module):
    """Images with their labels and writers to realness logits (N,) and digit logits (N, 10).

    Where `known` (N,) is 0, the writer is not looked at.
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


def _draw(config: Config, parts: Parts, batch: Batch, key: jax.Array) -> tuple[jax.Array, Judge]:
    """Digits as the batch's, some of them in new hands, and who judges them and the real ones."""
    generator, labels, writers = parts["generator"], batch["labels"], batch["writers"]
    of_latents, of_known, of_hands = jax.random.split(key, 3)
    latents = jax.random.normal(of_latents, (len(labels), LATENT_SIZE))
    known = jax.random.bernoulli(of_known, 1 - config.new_hands, labels.shape)
    new = jax.lax.stop_gradient(generator.new_hands(len(labels), of_hands))
    hands = jnp.where(known[:, None], generator.hands(writers), new)
    conditions = (labels, writers, known.astype(jnp.float32))

    def judge(images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return parts["discriminator"](images, *(part[: len(images)] for part in conditions))

    return generator(latents, labels, hands, training=True), judge


def discriminator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """`conditional_discriminator_loss`, on the writers too."""
    generated, judge = _draw(config, parts, batch, key)
    generated = jax.lax.stop_gradient(generated)
    return conditional_discriminator_loss(
        config, judge, batch["images"], generated, batch["labels"]
    )


def generator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """`conditional_generator_loss`, on the writers too."""
    generated, judge = _draw(config, parts, batch, key)
    return conditional_generator_loss(config, judge, generated, batch["labels"])


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits, for as many writers as the data set has."""
    return digit_batches(replace(config, {"writers": count_writers(data)}), data)


def skill(config: Config) -> DrawsDigits:
    """What the trained network does."""
    return DrawsDigits(config.writers)


def losses(config: Config) -> Losses:
    """What each part minimises, in the order of their updates within a step."""
    return {
        "discriminator": partial(discriminator_loss, config),
        "generator": partial(generator_loss, config),
    }
