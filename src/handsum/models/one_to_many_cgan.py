"""`one-to-many-cgan`: a sequence of digits that sums to a total, one generator for each position.

After the public One-to-Many CGANs: every position has its own generator, which gets the total; one
discriminator judges the sequence and the total. In the public ones the positions share nothing, so
that digits are independent given the total, and the sum is right by chance. Here all positions
share the latents of one plan; `shared_plan=False` trains without it.

Each position decides on a digit. The latents of a plan are uniform numbers, one for each halving of
the sequence. A real sequence has a plan too: at each halving, the rank of its left sum among all
left sums that its total allows. So the positions learn to follow any plan from real sequences, by
their likelihood and by the exact distribution of their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Amount, Count, Share
from handsum.data.batches import TrainingSet, sequence_batches
from handsum.data.mnist import Dataset
from handsum.data.rows import decomposition_counts
from handsum.data.skills import DrawsSequences
from handsum.layers import DigitPainter, leaky
from handsum.layers.planning import (
    CONDITION_SIZE,
    DIGIT_SIZE,
    Positions,
    SequenceDiscriminator,
    SequenceDrawing,
    commit,
)
from handsum.losses import Losses, Parts
from handsum.losses.planning import SequenceConfig, discriminator_loss, generator_loss
from handsum.losses.sums import sum_loss

SNAPSHOT_PART = "generator"
FROZEN: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Config(SequenceConfig):
    """Settings: `plan` is the width of the planner, `plan_sum_weight` the weight of its sum."""

    steps: Count = 4_000
    beta1: Share = 0.5
    plan: Count = 320
    plan_sum_weight: Amount = 1.0
    shared_plan: bool = True


PRESETS = {
    "default": Config(),
    "small": Config(
        widths=(32, 16, 8), discriminator_widths=(8, 16, 32), batch_size=32, drawn=4, plan=64
    ),
}


def halvings(start: int, stop: int) -> list[tuple[int, int, int]]:
    """Halve positions `start` to `stop` repeatedly: (start, middle, stop) of each halving."""
    if stop - start < 2:
        return []
    middle = (start + stop) // 2
    return [(start, middle, stop), *halvings(start, middle), *halvings(middle, stop)]


def ranks(
    counts: jax.Array,
    left: jax.Array,
    lengths: tuple[jax.Array, jax.Array],
    total: jax.Array,
    key: jax.Array,
) -> jax.Array:
    """The ranks of sums `left` (S,) among all left sums of a total (S,): uniform in [0, 1].

    `lengths` are the lengths of the left and of the right part, `counts[k, s]` the number of
    sequences of k digits that sum to s. Each sum has an interval as long as it is likely.
    """
    sums = jnp.arange(counts.shape[1])
    rest = total[:, None] - sums
    ways = counts[lengths[0]] * jnp.where(
        rest >= 0, jnp.take_along_axis(counts[lengths[1]], jnp.maximum(rest, 0), axis=1), 0
    )
    probabilities = ways / ways.sum(1, keepdims=True)
    own = jnp.take_along_axis(probabilities, left[:, None], axis=1)[:, 0]
    below = jnp.where(sums < left[:, None], probabilities, 0).sum(1)
    return below + own * jax.random.uniform(key, left.shape)


class Planner(nnx.Module):
    """The total, the length and the latents to digit logits for each position."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        longest, width = config.longest, config.plan
        init = nnx.initializers.normal(1.0)
        self.totals = nnx.Embed(9 * longest + 1, 32, embedding_init=init, rngs=rngs)
        self.slacks = nnx.Embed(9 * longest + 1, 32, embedding_init=init, rngs=rngs)
        self.lengths = nnx.Embed(longest + 1, 16, embedding_init=init, rngs=rngs)
        latents = longest - 1 if config.shared_plan else 1
        self.first = nnx.Linear(10 * latents + 82, width, rngs=rngs)
        self.hidden = nnx.List(nnx.Linear(width, width, rngs=rngs) for _ in range(3))
        self.out = Positions(longest, width, 10, rngs=rngs)

    def __call__(self, latents: jax.Array, totals: jax.Array, lengths: jax.Array) -> jax.Array:
        """Latents (S, P, U) in [0, 1], P being 1 or L, and totals and lengths (S,) to logits.

        Logits (S, L, 10).
        """
        # Digits change at steps in the latents, which are easy to place with waves.
        angles = jnp.pi * latents[..., None] * jnp.array([1.0, 2.0, 4.0, 8.0])
        waves = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)
        # A sum of several digits is nearly normal: as a deviation, its rank is nearly linear in it.
        deviations = jax.scipy.stats.norm.ppf(jnp.clip(latents, 1e-3, 1 - 1e-3))
        waves = waves.reshape(*latents.shape[:2], -1)
        latents = jnp.concatenate([latents, deviations, waves], axis=-1)
        slacks = 9 * lengths - totals
        condition = jnp.concatenate(
            [
                self.totals(totals),
                self.slacks(slacks),
                self.lengths(lengths),
                jnp.stack([totals / 20, totals / lengths / 3], axis=-1),
            ],
            axis=-1,
        )
        condition = jnp.broadcast_to(condition[:, None], (*latents.shape[:2], 82))
        features = self.first(jnp.concatenate([latents, condition], axis=-1))
        for layer in self.hidden:
            features = features + layer(leaky(features))
        return self.out(leaky(features))


class Generator(SequenceDrawing):
    """Totals (S,) and lengths (S,) to images (S, L, 28, 28, 1) in [-1, 1] and digits (S, L)."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.longest, self.shared_plan = config.longest, config.shared_plan
        self.plan_sum_weight = config.plan_sum_weight
        self.planner = Planner(config, rngs=rngs)
        init = nnx.initializers.normal(1.0)
        self.digits = nnx.Linear(10, DIGIT_SIZE, use_bias=False, kernel_init=init, rngs=rngs)
        # Each position has its own mapping; all share the painter's convolutions.
        self.mapping = Positions(config.longest, CONDITION_SIZE, config.style, rngs=rngs)
        self.painter = DigitPainter(config.style, config.widths, rngs=rngs)

    def plan_noise(self, key: jax.Array) -> jax.Array:
        """Uniform numbers: (1, L - 1) for the halvings, or (L, 1) for independent positions."""
        shape = (1, self.longest - 1) if self.shared_plan else (self.longest, 1)
        return jax.random.uniform(key, shape)

    def style(self, condition: jax.Array, positions: jax.Array) -> jax.Array:
        """The styles of digits, by the mappings of their positions."""
        return self.mapping(condition, positions)

    def plan(self, noise: dict[str, jax.Array], totals: jax.Array, lengths: jax.Array) -> jax.Array:
        """The digits that the positions decide on: one-hot rows (S, L, 10)."""
        return commit(self.planner(noise["plan"], totals, lengths))

    def plan_loss(self, labels: jax.Array, mask: jax.Array, key: jax.Array) -> jax.Array:
        """The negative log-likelihood of real digits (S, L) and of their sum, for each digit."""
        real = labels * mask
        totals, lengths = real.sum(1), mask.sum(1)
        logits = self.planner(self._real_plans(real, mask, key), totals, lengths)
        likelihood = jnp.take_along_axis(jax.nn.log_softmax(logits), real[..., None], axis=-1)
        digits_loss = -(likelihood[..., 0] * mask).sum() / mask.sum()
        return digits_loss + self.plan_sum_weight * sum_loss(logits, mask, totals)

    def _real_plans(self, digits: jax.Array, mask: jax.Array, key: jax.Array) -> jax.Array:
        """The latents of real digits (S, L)."""
        counts = jnp.asarray(decomposition_counts(self.longest), jnp.float32)
        if not self.shared_plan:
            # For a position alone, its digit is the left sum and all others are the right one.
            totals, lengths = digits.sum(1), mask.sum(1)
            parts = (jnp.ones_like(lengths), lengths - 1)
            columns = [
                ranks(counts, digits[:, i], parts, totals, jax.random.fold_in(key, i))
                for i in range(self.longest)
            ]
            return jnp.stack(columns, axis=1)[..., None]
        columns = []
        for start, middle, stop in halvings(0, self.longest):
            left, right = slice(start, middle), slice(middle, stop)
            parts = (mask[:, left].sum(1), mask[:, right].sum(1))
            total, key = digits[:, start:stop].sum(1), jax.random.fold_in(key, 0)
            columns.append(ranks(counts, digits[:, left].sum(1), parts, total, key))
        return jnp.stack(columns, axis=1)[:, None]


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {
        "discriminator": SequenceDiscriminator(
            config.discriminator_widths, config.features, config.longest, rngs=rngs
        ),
        "generator": Generator(config, rngs=rngs),
    }


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of sequences."""
    return sequence_batches(config, data, config.longest)


def skill(config: Config) -> DrawsSequences:
    """What the trained network does."""
    return DrawsSequences(config.longest)


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {
        "discriminator": partial(discriminator_loss, config),
        "generator": partial(generator_loss, config),
    }
