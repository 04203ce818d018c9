"""The settings and losses of sequence generators, however they plan their digits.

A batch holds whole sequences, rows of `longest` digits with a mask. All of them train the plan,
which costs little; the first `drawn` are also drawn and judged as images. Lengths come in pairs
that add up to `longest` + 1, so that the number of drawn digits is always the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from handsum.config import Amount, Count, EvenCount, SequenceLength, Share, TrainingConfig
from handsum.losses import Batch, Metrics, Parts, divide_rows
from handsum.losses.adversarial import gradient_penalty, realness_loss
from handsum.losses.classification import cross_entropy_loss
from handsum.losses.sums import sum_loss


@dataclass(frozen=True, kw_only=True)
class SequenceConfig(TrainingConfig):
    """Settings of a sequence generator; `batch_size` counts sequences.

    `widths` are the painter's channels, `discriminator_widths` the discriminator's. The gradient
    penalty has the weight `penalty` / 2, on `penalty_pairs` pairs of sequences.
    """

    steps: Count = 3_500
    batch_size: EvenCount = 768
    learning_rate: Amount = 5e-4
    final_learning_rate: Amount = 2e-5
    beta1: Share = 0.0
    beta2: Share = 0.99
    ema_decay: Share = 0.999
    longest: SequenceLength = 10
    drawn: EvenCount = 12
    widths: tuple[Count, ...] = (80, 40, 20)
    discriminator_widths: tuple[Count, ...] = (24, 48, 96)
    style: Count = 128
    features: Count = 128
    plan: Count = 128
    penalty: Amount = 0.5
    penalty_pairs: Count = 2
    class_weight: Amount = 0.5
    sequence_weight: Amount = 0.25
    sum_weight: Amount = 0.5
    plan_weight: Amount = 1.0


@dataclass(frozen=True)
class _Drawn:
    """The sequences of a batch that are drawn: S of them, with M digits in all."""

    digits: jax.Array  # (S, L) real labels
    mask: jax.Array  # (S, L)
    flat: jax.Array  # (M,) the positions in (S, L) that hold a digit
    images: jax.Array  # (M, 28, 28, 1) real

    @property
    def totals(self) -> jax.Array:
        return (self.digits * self.mask).sum(1)

    @property
    def lengths(self) -> jax.Array:
        return self.mask.sum(1)

    def labels(self) -> jax.Array:
        """The real digits as one-hot rows (M, 10)."""
        return jax.nn.one_hot(self.digits.reshape(-1)[self.flat], 10)


def _drawn(config: SequenceConfig, batch: Batch) -> _Drawn:
    count = min(config.drawn, len(batch["labels"]))
    mask = batch["mask"][:count]
    places = count // 2 * (config.longest + 1)
    flat = divide_rows(jnp.nonzero(mask.reshape(-1), size=places)[0])
    images = batch["images"][:count].reshape(-1, 28, 28, 1)[flat]
    return _Drawn(batch["labels"][:count], mask, flat, images)


def _generate(generator: Any, drawn: _Drawn, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Images (M, 28, 28, 1) and the digits (M, 10) that the generator decided on."""
    noise = jax.vmap(generator.noise)(jax.random.split(key, len(drawn.digits)))
    digits = generator.plan(noise, drawn.totals, drawn.lengths)
    return generator.paint(noise, digits, drawn.flat, training=True)


def discriminator_loss(
    config: SequenceConfig, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Distinguishing real digits and sequences from generated ones, and reading the real digits."""
    discriminator, drawn = parts["discriminator"], _drawn(config, batch)
    generated, committed = jax.lax.stop_gradient(_generate(parts["generator"], drawn, key))
    labels = drawn.labels()
    real = discriminator(drawn.images, labels, drawn.flat, drawn.mask, drawn.totals)
    fake = discriminator(generated, committed, drawn.flat, drawn.mask, drawn.totals)
    adversarial = realness_loss(real.digits, 1.0) + realness_loss(fake.digits, 0.0)
    whole = realness_loss(real.sequences, 1.0) + realness_loss(fake.sequences, 0.0)
    penalty = _penalty(config, discriminator, drawn, drawn.images, labels)
    penalty += _penalty(config, discriminator, drawn, generated, committed)
    reading = cross_entropy_loss(real.readings, labels.argmax(-1))
    loss = adversarial + config.sequence_weight * whole
    loss += config.penalty / 2 * penalty + config.class_weight * reading
    metrics = {
        "discriminator_loss": adversarial,
        "sequence_discriminator_loss": whole,
        "penalty": penalty,
        "margin": real.digits.mean() - fake.digits.mean(),
        "reading_loss": reading,
    }
    return loss, metrics


def _penalty(
    config: SequenceConfig,
    discriminator: Any,
    drawn: _Drawn,
    images: jax.Array,
    digits: jax.Array,
) -> jax.Array:
    # The first pairs of sequences are the first places: each pair has the same number of digits.
    count = 2 * min(config.penalty_pairs, len(drawn.mask) // 2)
    places = count // 2 * (config.longest + 1)

    def logits(pixels: jax.Array) -> jax.Array:
        judged = discriminator(
            pixels, digits[:places], drawn.flat[:places], drawn.mask[:count], drawn.totals[:count]
        )
        whole = config.sequence_weight * judged.sequences
        return jnp.concatenate([judged.digits, whole])

    return gradient_penalty(logits, images[:places])


def generator_loss(
    config: SequenceConfig, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Passing for real, being read as planned and to the total, and planning like real sequences.

    If the plan is a sample, the straight-through gradient carries all of these losses to the plan.
    """
    image_key, plan_key = jax.random.split(key)
    generator, drawn = parts["generator"], _drawn(config, batch)
    generated, committed = _generate(generator, drawn, image_key)
    judged = parts["discriminator"](generated, committed, drawn.flat, drawn.mask, drawn.totals)
    adversarial = realness_loss(judged.digits, 1.0)
    whole = realness_loss(judged.sequences, 1.0)
    reading = cross_entropy_loss(judged.readings, committed.argmax(-1))
    padded = scatter(judged.readings, drawn.flat, drawn.mask)
    sums = sum_loss(padded, drawn.mask, drawn.totals)
    planning = generator.plan_loss(batch["labels"], batch["mask"], plan_key)
    loss = adversarial + config.sequence_weight * whole + config.class_weight * reading
    loss += config.sum_weight * sums + config.plan_weight * planning
    metrics = {
        "generator_loss": adversarial,
        "sequence_generator_loss": whole,
        "asked_loss": reading,
        "sum_loss": sums,
        "plan_loss": planning,
    }
    return loss, metrics


def scatter(values: jax.Array, flat: jax.Array, mask: jax.Array) -> jax.Array:
    """Values (M, C) at their places in (S, L, C), zeros elsewhere; mask (S, L)."""
    places = jnp.zeros((mask.size, values.shape[-1])).at[flat].set(values)
    return places.reshape(*mask.shape, -1)
