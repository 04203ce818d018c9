"""`lstm-cgan`: a sequence of digits that sums to a total, in one hand.

After the public LSTM-CGANs, corrected: at each position an LSTM gets the remaining total, the
remaining length and noise, and decides on a digit, which the next positions know; the public ones
have no noise and handle two digits. A conditional painter draws the digits with the latents of one
hand for the whole sequence. Images and plan train together: adversarially, with the exact
distribution of the sum that the discriminator reads (`handsum.losses.planning`), and with the
likelihood of real sequences.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.data.batches import TrainingSet, sequence_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import DrawsSequences
from handsum.layers import DigitPainter
from handsum.layers.planning import (
    CONDITION_SIZE,
    DIGIT_SIZE,
    SequenceDiscriminator,
    SequenceDrawing,
    commit,
)
from handsum.losses import Losses, Parts
from handsum.losses.planning import SequenceConfig, discriminator_loss, generator_loss

SNAPSHOT_PART = "generator"
FROZEN: dict[str, str] = {}
# Less likely digits are never chosen: softmax gives impossible ones some probability too.
LEAST = 0.02


@dataclass(frozen=True, kw_only=True)
class Config(SequenceConfig):
    """Settings of the generator and its discriminator."""


PRESETS = {
    "default": Config(),
    "small": Config(widths=(32, 16, 8), discriminator_widths=(8, 16, 32), batch_size=64, drawn=4),
}


class Planner(nnx.Module):
    """The LSTM: which digit comes next, given what remains."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.size, self.longest = config.plan, config.longest
        init = nnx.initializers.normal(1.0)
        self.remaining = nnx.Embed(9 * config.longest + 1, 48, embedding_init=init, rngs=rngs)
        self.slack = nnx.Embed(9 * config.longest + 1, 48, embedding_init=init, rngs=rngs)
        self.left = nnx.Embed(config.longest + 1, 16, embedding_init=init, rngs=rngs)
        self.cell = nnx.OptimizedLSTMCell(112, config.plan, rngs=rngs)
        self.out = nnx.Linear(config.plan, 10, rngs=rngs)

    def step(
        self, carry: tuple[jax.Array, jax.Array], remaining: jax.Array, left: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        """The next carry and the logits (S, 10) of the next of `left` (S,) digits."""
        left = jnp.maximum(left, 0)
        # After a wrong digit, the remaining total may be impossible, too low or too high.
        least, most = (
            jnp.clip(rest, 0, 9 * self.longest) for rest in (remaining, 9 * left - remaining)
        )
        inputs = [self.remaining(least), self.slack(most), self.left(left)]
        carry, hidden = self.cell(carry, jnp.concatenate(inputs, axis=-1))
        return carry, self.out(hidden)

    def start(self, count: int) -> tuple[jax.Array, jax.Array]:
        """The carry before the first position of `count` sequences."""
        return jnp.zeros((count, self.size)), jnp.zeros((count, self.size))


class Generator(SequenceDrawing):
    """Totals (S,) and lengths (S,) to images (S, L, 28, 28, 1) in [-1, 1] and digits (S, L)."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.longest = config.longest
        self.planner = Planner(config, rngs=rngs)
        init = nnx.initializers.normal(1.0)
        self.digits = nnx.Linear(10, DIGIT_SIZE, use_bias=False, kernel_init=init, rngs=rngs)
        self.mapping = nnx.Linear(CONDITION_SIZE, config.style, rngs=rngs)
        self.painter = DigitPainter(config.style, config.widths, rngs=rngs)

    def plan_noise(self, key: jax.Array) -> jax.Array:
        """Gumbel noise (L, 10): the most likely digit with it is a sample."""
        return jax.random.gumbel(key, (self.longest, 10))

    def style(self, condition: jax.Array, positions: jax.Array) -> jax.Array:
        """The styles of digits, the same at all positions."""
        return self.mapping(condition)

    def plan(self, noise: dict[str, jax.Array], totals: jax.Array, lengths: jax.Array) -> jax.Array:
        """The digits that it decides on, one after another: one-hot rows (S, L, 10)."""
        carry, remaining, chosen = self.planner.start(len(totals)), totals, []
        for position in range(self.longest):
            carry, logits = self.planner.step(carry, remaining, lengths - position)
            likely = jax.nn.log_softmax(logits) > jnp.log(LEAST)
            digits = commit(jnp.where(likely, logits, -1e9) + noise["plan"][:, position])
            remaining = remaining - digits.argmax(-1)
            chosen.append(digits)
        return jnp.stack(chosen, axis=1)

    def plan_loss(self, labels: jax.Array, mask: jax.Array, key: jax.Array) -> jax.Array:
        """Mean negative log-likelihood of real digits (S, L), each given those before it.

        Real sequences are uniform among those of their length and total; so is the best plan.
        """
        real = labels * mask
        remaining, left = real.sum(1), mask.sum(1)
        carry, losses = self.planner.start(len(labels)), []
        for position in range(self.longest):
            carry, logits = self.planner.step(carry, remaining, left - position)
            likelihood = jax.nn.log_softmax(logits)
            taken = jnp.take_along_axis(likelihood, real[:, position, None], axis=1)
            losses.append(-taken[:, 0])
            remaining = remaining - real[:, position]
        return (jnp.stack(losses, axis=1) * mask).sum() / mask.sum()


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
