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


def addition_loss(logits: jax.Array, sums: jax.Array) -> jax.Array:
    """Mean negative log-likelihood of the sums of two K-digit numbers, for each digit of them.

    Digit logits (N, 2K, 10), one number after the other, highest digits first; the digits of the
    sums (N, K + 1). Exact, from column to column with the carry as the only state.
    """
    count, length, _ = logits.shape
    first, second = jnp.split(jax.nn.softmax(logits), 2, axis=1)
    carry = jnp.tile(jnp.array([1.0, 0.0]), (count, 1))
    surprise = jnp.zeros(count)
    for column in reversed(range(length // 2)):
        # The two digits' sum; with a carry it is one more: -1 stands before it, 20 behind.
        padded = jnp.pad(first[:, column], ((0, 0), (9, 9)))
        shifted = jnp.stack([padded[:, 9 - d : 28 - d] for d in range(10)], axis=1)
        pairs = (shifted * second[:, column, :, None]).sum(1)
        pairs = jnp.pad(pairs, ((0, 0), (1, 1)))
        digit = sums[:, column + 1]

        def chance(value: jax.Array, pairs: jax.Array = pairs) -> jax.Array:
            return jnp.take_along_axis(pairs, value[:, None] + 1, axis=1)[:, 0]

        onward = [
            carry[:, 0] * chance(digit + ten) + carry[:, 1] * chance(digit + ten - 1)
            for ten in (0, 10)
        ]
        carry = jnp.stack(onward, axis=1)
        scale = jnp.maximum(carry.sum(1), 1e-30)
        surprise, carry = surprise - jnp.log(scale), carry / scale[:, None]
    last = jnp.take_along_axis(carry, sums[:, :1], axis=1)[:, 0]
    return ((surprise - jnp.log(jnp.maximum(last, 1e-30))) / length).mean()
