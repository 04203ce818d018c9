"""`cgan`: one digit of a given class, or of several at once.

A conditional GAN (Mirza and Osindero, "Conditional generative adversarial nets", 2014) of
convolutions: the generator's batch normalisation is scaled and shifted by latents and class, the
discriminator is conditioned by projection (Miyato and Koyama, 2018) and reads the digit too
(Odena et al., 2017). A class is a row of weights over the ten digits, so that digits can be mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import TrainingConfig
from handsum.layers import DigitFeatures, DigitPainter, leaky
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.adversarial import gradient_penalty, realness_loss
from handsum.losses.classification import cross_entropy_loss

SNAPSHOT_PART = "generator"
LATENT_SIZE = 64


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings: the generator's `widths` at 7x7, 14x14 and 28x28, the discriminator's in reverse.

    The gradient penalty weighs `penalty` / 2, on `penalty_share` of the batch.
    """

    steps: int = 4_500
    batch_size: int = 64
    learning_rate: float = 5e-4
    final_learning_rate: float = 2e-5
    beta1: float = 0.0
    beta2: float = 0.99
    ema_decay: float = 0.999
    widths: tuple[int, ...] = (80, 40, 20)
    discriminator_widths: tuple[int, ...] = (24, 48, 96)
    style: int = 128
    features: int = 128
    penalty: float = 0.5
    penalty_share: float = 0.25
    class_weight: float = 0.3


PRESETS = {"default": Config(), "small": Config(widths=(48, 32, 16), steps=4_000)}


class Generator(nnx.Module):
    """Latents (N, 64) and labels (N,) to images (N, 28, 28, 1) in [-1, 1]; it knows no writers."""

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


def _generate(parts: Parts, batch: Batch, key: jax.Array) -> jax.Array:
    labels = batch["labels"]
    latents = jax.random.normal(key, (len(labels), LATENT_SIZE))
    return parts["generator"](latents, labels, batch["writers"], training=True)


def discriminator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Telling real from generated, a gradient penalty on both, and reading the real digits."""
    discriminator, real, labels = parts["discriminator"], batch["images"], batch["labels"]
    generated = jax.lax.stop_gradient(_generate(parts, batch, key))
    real_logits, readings = discriminator(real, labels)
    generated_logits, _ = discriminator(generated, labels)
    share = max(1, round(config.penalty_share * len(labels)))

    def penalised(images: jax.Array) -> jax.Array:
        return discriminator(images, labels[:share])[0]

    penalty = gradient_penalty(penalised, real[:share])
    penalty += gradient_penalty(penalised, generated[:share])
    adversarial = realness_loss(real_logits, 1.0) + realness_loss(generated_logits, 0.0)
    reading = cross_entropy_loss(readings, labels)
    loss = adversarial + config.penalty / 2 * penalty + config.class_weight * reading
    metrics = {
        "discriminator_loss": adversarial,
        "penalty": penalty,
        "margin": (real_logits - generated_logits).mean(),
        "reading_loss": reading,
    }
    return loss, metrics


def generator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Being taken for real, and being read as the digit that was asked for."""
    labels = batch["labels"]
    logits, readings = parts["discriminator"](_generate(parts, batch, key), labels)
    adversarial = realness_loss(logits, 1.0)
    reading = cross_entropy_loss(readings, labels)
    loss = adversarial + config.class_weight * reading
    return loss, {"generator_loss": adversarial, "asked_loss": reading}


def losses(config: Config) -> Losses:
    """What each part minimises, in the order of their updates within a step."""
    return {
        "discriminator": partial(discriminator_loss, config),
        "generator": partial(generator_loss, config),
    }
