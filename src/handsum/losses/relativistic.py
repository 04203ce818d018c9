"""The settings and losses of GANs of digits in hands: relativistic, with critics of features.

R3GAN (Huang et al., "The GAN is dead; long live the GAN!", 2024): a relativistic pairing loss with
zero-centred gradient penalties on real and generated images. The discriminator also reads the
digit (Odena et al., 2017), and critics judge the features that a frozen reader finds in the images
(Sauer et al., "Projected GANs converge faster", 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp

from handsum.config import Amount, Count, Share, WriterCount
from handsum.losses import Batch, Losses, Metrics, OfDrawn, Parts
from handsum.losses.adversarial import gradient_penalty, relativistic_loss
from handsum.losses.classification import cross_entropy_loss
from handsum.losses.conditional import ConditionalConfig, Pairs, conditional_discriminator_loss

# The loss and the metrics that the images, and what else was drawn with them, add.
Penalties = Callable[[Batch], tuple[jax.Array, Metrics]]


@dataclass(frozen=True, kw_only=True)
class HandsConfig(ConditionalConfig):
    """Settings of the generator and its adversaries.

    `writers` is set from the data set. The critics of the reader's features have `critic` features
    and the weight `critic_weight` in the generator's loss; `critic_penalty` / 2 weighs their
    penalties. After the restart, `restart_penalty` multiplies all penalties. `sway` (radians) is
    the angle by which a hand varies from digit to digit when digits are drawn; training draws
    without it.
    """

    steps: Count = 17_500
    learning_rate: Amount = 4e-4
    final_learning_rate: Amount = 1e-5
    restart: Share = 0.2
    restart_rate: Amount = 2e-4
    restart_penalty: Amount = 0.15
    writers: WriterCount = 494
    writer_size: Count = 32
    sway: Amount = 0.3
    penalty: Amount = 1.0
    class_weight: Amount = 0.2
    critic: Count = 96
    critic_weight: Amount = 1.0
    critic_penalty: Amount = 0.3


def relativistic_losses(
    config: HandsConfig,
    draw: Callable[[Parts, Batch], Batch],
    penalties: Penalties | None = None,
) -> Losses:
    """The loss of each part, in the order of their updates within a step.

    The parts are a "discriminator" of images, "critics" of the features of a frozen "reader", and a
    "generator", which `draw` draws with. `penalties` of what it drew are added to its loss.
    """
    return {
        "discriminator": partial(_discriminator_loss, config),
        "critics": partial(_critics_loss, config),
        "generator": OfDrawn(draw, partial(_generator_loss, config, penalties)),
    }


def _easing(config: HandsConfig, batch: Batch) -> jax.Array:
    """The factor of the penalties at the batch's step."""
    return jnp.where(batch["step"] < config.restart_step, 1.0, config.restart_penalty)


def _discriminator_loss(
    config: HandsConfig, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Relativistic loss, both penalties, and reading the real digits."""
    labels, writers = batch["labels"], batch["writers"]

    def discriminate(images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return parts["discriminator"](images, labels[: len(images)], writers[: len(images)])

    images = Pairs(batch["images"], batch["generated"], labels)
    return conditional_discriminator_loss(
        config, discriminate, images, relativistic_loss, easing=_easing(config, batch)
    )


def _critics_loss(
    config: HandsConfig, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Relativistic loss and both penalties, on the reader's features."""
    labels, writers = batch["labels"], batch["writers"]
    share = max(1, round(config.penalty_share * len(labels)))

    def criticise(levels: tuple[jax.Array, ...]) -> jax.Array:
        count = len(levels[0])
        return parts["critics"](levels, labels[:count], writers[:count])

    logits, penalty = [], jnp.zeros(())
    for images in (batch["images"], batch["generated"]):
        levels = jax.lax.stop_gradient(parts["reader"].levels(images))
        logits.append(criticise(levels))
        penalty += gradient_penalty(criticise, tuple(seen[:share] for seen in levels))
    adversarial = relativistic_loss(*logits)
    loss = adversarial + _easing(config, batch) * config.critic_penalty / 2 * penalty
    return loss, {"critics_loss": adversarial, "critics_penalty": penalty}


def _generator_loss(
    config: HandsConfig,
    penalties: Penalties | None,
    parts: Parts,
    batch: Batch,
    key: jax.Array,
) -> tuple[jax.Array, Metrics]:
    """The relativistic losses with the sides exchanged, being read as the requested digit, and
    the penalties, if there are any."""
    discriminator, labels, writers = parts["discriminator"], batch["labels"], batch["writers"]
    generated = batch["generated"]
    real_logits, _ = discriminator(batch["images"], labels, writers)
    generated_logits, readings = discriminator(generated, labels, writers)
    adversarial = relativistic_loss(generated_logits, real_logits)
    reading = cross_entropy_loss(readings, labels)
    real_seen, generated_seen = (
        parts["critics"](parts["reader"].levels(images), labels, writers)
        for images in (batch["images"], generated)
    )
    seen = relativistic_loss(generated_seen, real_seen)
    loss = adversarial + config.critic_weight * seen + config.class_weight * reading
    metrics = {"generator_loss": adversarial, "seen_loss": seen, "asked_loss": reading}
    if penalties is None:
        return loss, metrics
    cost, more = penalties(batch)
    return loss + cost, metrics | more
