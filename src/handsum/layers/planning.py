"""Layers of sequence generators: dense layers by position, decisions, drawing and judging."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.layers import DigitFeatures, DigitPainter, leaky

# Sizes: the latents of the hand, shared by a sequence; those of each digit; a digit's embedding.
HAND_SIZE, OWN_SIZE, DIGIT_SIZE = 40, 24, 32
CONDITION_SIZE = HAND_SIZE + OWN_SIZE + DIGIT_SIZE


def commit(logits: jax.Array) -> jax.Array:
    """The most likely of logits (..., 10) as one-hot rows, with the gradient of the softmax.

    The straight-through estimator of Bengio et al. (2013); on logits with Gumbel noise it is a
    sample, as in Jang et al., "Categorical reparameterization with Gumbel-softmax" (2017).
    """
    soft = jax.nn.softmax(logits)
    hard = jax.nn.one_hot(logits.argmax(-1), logits.shape[-1])
    return soft + jax.lax.stop_gradient(hard - soft)


class Positions(nnx.Module):
    """A dense layer for each of L positions: (..., L, I) to (..., L, O).

    With `positions` (N,), rows (N, I) to (N, O), each by the layer of its position.
    """

    def __init__(self, count: int, inputs: int, outputs: int, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.lecun_normal(batch_axis=0)
        self.kernel = nnx.Param(init(rngs.params(), (count, inputs, outputs)))
        self.bias = nnx.Param(jnp.zeros((count, outputs)))

    def __call__(self, features: jax.Array, positions: jax.Array | None = None) -> jax.Array:
        kernel, bias = self.kernel[...], self.bias[...]
        if positions is None:
            return jnp.einsum("...li,lio->...lo", features, kernel) + bias
        return jnp.einsum("ni,nio->no", features, kernel[positions]) + bias[positions]


class SequenceDrawing(nnx.Module):
    """Draws the digits of sequences that the `plan` of a subclass chooses, each in one hand.

    A subclass has `longest`, a linear embedding `digits` and a `painter`. Its `style` turns a
    condition into the painter's style, and `plan_noise` draws the random numbers of its plan.
    """

    longest: int
    digits: nnx.Linear
    painter: DigitPainter

    def plan_noise(self, key: jax.Array) -> jax.Array:
        """The random numbers of the plan of one sequence."""
        raise NotImplementedError

    def plan(self, noise: dict[str, jax.Array], totals: jax.Array, lengths: jax.Array) -> jax.Array:
        """The digits that it decides on: one-hot rows (S, L, 10)."""
        raise NotImplementedError

    def style(self, condition: jax.Array, positions: jax.Array) -> jax.Array:
        """The styles (M, T) of digits at `positions` (M,) of their sequences."""
        raise NotImplementedError

    def noise(self, key: jax.Array) -> dict[str, jax.Array]:
        """The random numbers of one sequence."""
        plan, hand, own = jax.random.split(key, 3)
        return {
            "plan": self.plan_noise(plan),
            "hand": jax.random.normal(hand, (HAND_SIZE,)),
            "own": jax.random.normal(own, (self.longest, OWN_SIZE)),
        }

    def paint(
        self,
        noise: dict[str, jax.Array],
        digits: jax.Array,
        flat: jax.Array,
        *,
        training: bool = False,
    ) -> tuple[jax.Array, jax.Array]:
        """Draw digits (S, L, 10) at places `flat` (M,): images (M, 28, 28, 1), digits (M, 10)."""
        chosen = digits.reshape(-1, 10)[flat]
        hand = noise["hand"][flat // self.longest]
        own = noise["own"].reshape(-1, OWN_SIZE)[flat]
        condition = jnp.concatenate([hand, own, self.digits(chosen)], axis=-1)
        style = leaky(self.style(condition, flat % self.longest))
        return self.painter(style, training=training), chosen

    def __call__(
        self, noise: dict[str, jax.Array], totals: jax.Array, lengths: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        planned = self.plan(noise, totals, lengths)
        images, _ = self.paint(noise, planned, jnp.arange(planned[..., 0].size))
        return images.reshape(*planned.shape[:2], 28, 28, 1), planned.argmax(-1)


class Judgement(NamedTuple):
    """Realness logits of M digits (M,) and of their S sequences (S,), and digit logits (M, 10)."""

    digits: jax.Array
    sequences: jax.Array
    readings: jax.Array


class SequenceDiscriminator(nnx.Module):
    """Judges each digit of a sequence, and the sequence with its total.

    Images (M, 28, 28, 1) of digits (M, 10), at places `flat` (M,) of sequences with mask (S, L) and
    totals (S,). It judges a sequence by the mean and the variance of its digits' features, which
    show whether they are from one hand.
    """

    def __init__(
        self, widths: tuple[int, ...], features: int, longest: int, *, rngs: nnx.Rngs
    ) -> None:
        self.features = DigitFeatures(widths, features, rngs=rngs)
        self.realness = nnx.Linear(features, 1, rngs=rngs)
        init = nnx.initializers.normal(features**-0.5)
        self.digits = nnx.Linear(10, features, use_bias=False, kernel_init=init, rngs=rngs)
        self.reading = nnx.Linear(features, 10, rngs=rngs)
        self.totals = nnx.Embed(9 * longest + 1, 32, rngs=rngs)
        self.lengths = nnx.Embed(longest + 1, 32, rngs=rngs)
        self.hidden = nnx.Linear(2 * features + 64, features, rngs=rngs)
        self.sequence = nnx.Linear(features, 1, rngs=rngs)

    def __call__(
        self,
        images: jax.Array,
        digits: jax.Array,
        flat: jax.Array,
        mask: jax.Array,
        totals: jax.Array,
    ) -> Judgement:
        features = self.features(images)
        projection = (features * self.digits(digits)).sum(-1)
        owners, lengths = flat // mask.shape[1], mask.sum(1)
        mean, square = (
            jax.ops.segment_sum(values, owners, len(mask)) / lengths[:, None]
            for values in (features, jnp.square(features))
        )
        condition = [self.totals(totals), self.lengths(lengths)]
        whole = jnp.concatenate([mean, square - jnp.square(mean), *condition], axis=-1)
        return Judgement(
            self.realness(features)[:, 0] + projection,
            self.sequence(leaky(self.hidden(whole)))[:, 0],
            self.reading(features),
        )
