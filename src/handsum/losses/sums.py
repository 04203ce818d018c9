"""The exact distribution of a sum of digits, differentiable: what a total alone can teach."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def sum_probabilities(probabilities: jax.Array, mask: jax.Array) -> jax.Array:
    """Distributions (N, 9L + 1) of the sums of L independent digits, (N, L, 10); mask (N, L).

    The convolution of the digits' distributions, as in DeepProbLog's addition (Manhaeve et al.,
    2018) but by dynamic programming, in time linear in the number of digits.
    """
    count, length, _ = probabilities.shape
    nothing = jax.nn.one_hot(0, 10)
    steps = jnp.where(mask[..., None], probabilities, nothing).transpose(1, 0, 2)
    width = 9 * length + 1

    def add(sums: jax.Array, digit: jax.Array) -> tuple[jax.Array, None]:
        padded = jnp.pad(sums, ((0, 0), (9, 0)))
        shifted = [padded[:, 9 - d : 9 - d + width] for d in range(10)]
        return (jnp.stack(shifted, axis=1) * digit[:, :, None]).sum(1), None

    start = jnp.zeros((count, width)).at[:, 0].set(1.0)
    return jax.lax.scan(add, start, steps)[0]


def sum_loss(logits: jax.Array, mask: jax.Array, totals: jax.Array) -> jax.Array:
    """Mean negative log-likelihood of totals (N,) under digit logits (N, L, 10) with mask (N, L).

    For each digit of the sequences, so that long ones do not outweigh the rest.
    """
    sums = sum_probabilities(jax.nn.softmax(logits), mask)
    likelihood = jnp.take_along_axis(sums, totals[:, None], axis=1)[:, 0]
    # Below this, a float32's logarithm would be minus infinity.
    surprise = -jnp.log(jnp.maximum(likelihood, 1e-30))
    return (surprise / mask.sum(1)).mean()
