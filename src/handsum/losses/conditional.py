"""What conditional GANs of single digits train with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax

from handsum.config import Amount, Count, Share, TrainingConfig
from handsum.losses import Metrics
from handsum.losses.adversarial import gradient_penalty, realness_loss
from handsum.losses.classification import cross_entropy_loss

# Images (N, 28, 28, 1) to realness logits (N,), under the conditions of the batch's first N
# digits, and digit logits (N, 10).
Judge = Callable[[jax.Array], tuple[jax.Array, jax.Array]]
# The loss of telling real from generated, from the realness logits (N,) of both.
Versus = Callable[[jax.Array, jax.Array], jax.Array]


@dataclass(frozen=True, kw_only=True)
class ConditionalConfig(TrainingConfig):
    """Settings: the generator's `widths` are its channels at 7x7, 14x14 and 28x28.

    The penalties weigh `penalty` / 2 each, on `penalty_share` of the batch.
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


def non_saturating_loss(real: jax.Array, generated: jax.Array) -> jax.Array:
    """The discriminator's loss of Goodfellow et al. (2014), on realness logits (N,) of both."""
    return realness_loss(real, 1.0) + realness_loss(generated, 0.0)


def conditional_discriminator_loss(
    config: ConditionalConfig,
    judge: Judge,
    real: jax.Array,
    generated: jax.Array,
    labels: jax.Array,
    versus: Versus = non_saturating_loss,
    easing: jax.Array | float = 1.0,
) -> tuple[jax.Array, Metrics]:
    """Telling real from generated, a gradient penalty on both, and reading the real digits.

    The penalties weigh `easing` times what the configuration says.
    """
    real_logits, readings = judge(real)
    generated_logits, _ = judge(generated)
    share = max(1, round(config.penalty_share * len(labels)))
    penalty = gradient_penalty(lambda images: judge(images)[0], real[:share])
    penalty += gradient_penalty(lambda images: judge(images)[0], generated[:share])
    adversarial = versus(real_logits, generated_logits)
    reading = cross_entropy_loss(readings, labels)
    loss = adversarial + easing * config.penalty / 2 * penalty + config.class_weight * reading
    metrics = {
        "discriminator_loss": adversarial,
        "penalty": penalty,
        "margin": (real_logits - generated_logits).mean(),
        "reading_loss": reading,
    }
    return loss, metrics


def conditional_generator_loss(
    config: ConditionalConfig, judge: Judge, generated: jax.Array, labels: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Being taken for real, and being read as the digit that was asked for."""
    logits, readings = judge(generated)
    adversarial = realness_loss(logits, 1.0)
    reading = cross_entropy_loss(readings, labels)
    loss = adversarial + config.class_weight * reading
    return loss, {"generator_loss": adversarial, "asked_loss": reading}
