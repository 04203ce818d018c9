"""The settings and losses of conditional GANs of single digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax

from handsum.config import Amount, Count, Share, TrainingConfig
from handsum.losses import Metrics
from handsum.losses.adversarial import gradient_penalty, realness_loss
from handsum.losses.classification import cross_entropy_loss

# Images (N, 28, 28, 1) to realness logits (N,), conditioned on the first N digits of the batch, and
# digit logits (N, 10).
Discriminate = Callable[[jax.Array], tuple[jax.Array, jax.Array]]
# The realness logits (N,) of real and of generated images to the discriminator's loss.
RealnessLoss = Callable[[jax.Array, jax.Array], jax.Array]


@dataclass(frozen=True, kw_only=True)
class ConditionalConfig(TrainingConfig):
    """Settings: the generator's `widths` are its channels at 7x7, 14x14 and 28x28.

    Each penalty has the weight `penalty` / 2, on `penalty_share` of the batch.
    """

    batch_size: Count = 64
    learning_rate: Amount = 5e-4
    final_learning_rate: Amount = 2e-5
    beta1: Share = 0.0
    beta2: Share = 0.99
    ema_decay: Share = 0.999
    widths: tuple[Count, ...] = (80, 40, 20)
    style: Count = 128
    features: Count = 128
    penalty: Amount = 0.5
    penalty_share: Amount = 0.25
    class_weight: Amount = 0.3


@dataclass(frozen=True)
class Pairs:
    """Real and generated images (N, 28, 28, 1) of the same labels (N,)."""

    real: jax.Array
    generated: jax.Array
    labels: jax.Array


def non_saturating_loss(real: jax.Array, generated: jax.Array) -> jax.Array:
    """The discriminator's loss of Goodfellow et al. (2014), on realness logits (N,) of both."""
    return realness_loss(real, 1.0) + realness_loss(generated, 0.0)


def conditional_discriminator_loss(
    config: ConditionalConfig,
    discriminate: Discriminate,
    images: Pairs,
    realness: RealnessLoss = non_saturating_loss,
    easing: jax.Array | float = 1.0,
) -> tuple[jax.Array, Metrics]:
    """Distinguishing real from generated, a gradient penalty on both, and reading the real digits.

    `easing` multiplies the weight of the penalties.
    """
    real_logits, readings = discriminate(images.real)
    generated_logits, _ = discriminate(images.generated)
    share = max(1, round(config.penalty_share * len(images.labels)))
    penalty = gradient_penalty(lambda some: discriminate(some)[0], images.real[:share])
    penalty += gradient_penalty(lambda some: discriminate(some)[0], images.generated[:share])
    adversarial = realness(real_logits, generated_logits)
    reading = cross_entropy_loss(readings, images.labels)
    loss = adversarial + easing * config.penalty / 2 * penalty + config.class_weight * reading
    metrics = {
        "discriminator_loss": adversarial,
        "penalty": penalty,
        "margin": (real_logits - generated_logits).mean(),
        "reading_loss": reading,
    }
    return loss, metrics


def conditional_generator_loss(
    config: ConditionalConfig, discriminate: Discriminate, generated: jax.Array, labels: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Passing for real, and being read as the requested digit."""
    logits, readings = discriminate(generated)
    adversarial = realness_loss(logits, 1.0)
    reading = cross_entropy_loss(readings, labels)
    loss = adversarial + config.class_weight * reading
    return loss, {"generator_loss": adversarial, "asked_loss": reading}
