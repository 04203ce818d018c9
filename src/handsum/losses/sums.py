"""The exact distribution of a sum of digits, differentiable: losses that need only the total."""

from __future__ import annotations

from typing import Any

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

    Divided by the length of each sequence, so that long ones do not outweigh the rest.
    """
    sums = sum_probabilities(jax.nn.softmax(logits), mask)
    return (_negative_log_likelihood(sums, totals) / mask.sum(1)).mean()


def addition_loss(logits: jax.Array, sums: jax.Array) -> jax.Array:
    """Mean negative log-likelihood of the sums of two K-digit numbers, for each of their digits.

    Digit logits (N, 2K, 10), one number after the other, highest digits first; the digits of the
    sums (N, K + 1). Exact, from column to column with the carry as the only state.
    """
    count, length, _ = logits.shape
    first, second = jnp.split(jax.nn.softmax(logits), 2, axis=1)
    pairs = _pair_sums(first, second)

    def add(state: tuple[jax.Array, jax.Array], column: tuple[jax.Array, jax.Array]) -> Any:
        loss, carry = state
        carry = _carry_on(carry, *column)
        scale = jnp.maximum(carry.sum(1), 1e-30)
        return (loss - jnp.log(scale), carry / scale[:, None]), None

    start = jnp.zeros(count), jnp.tile(jnp.array([1.0, 0.0]), (count, 1))
    columns = pairs.transpose(1, 0, 2), sums[:, 1:].T
    (loss, carry), _ = jax.lax.scan(add, start, columns, reverse=True)
    loss = loss + _negative_log_likelihood(carry, sums[:, 0])
    return (loss / length).mean()


def highest_column_loss(logits: jax.Array, sums: jax.Array) -> jax.Array:
    """`addition_loss` of the highest column alone, with either carry into it equally likely.

    All other columns determine digits only up to d + 5 modulo 10, which has the same sums modulo
    10. So an untrained reader should learn this column first.
    """
    length = logits.shape[1]
    highest = jax.nn.softmax(logits[:, :: length // 2])
    either = jnp.full((len(logits), 2), 0.5)
    onward = _carry_on(either, _pair_sums(*jnp.split(highest, 2, axis=1))[:, 0], sums[:, 1])
    return _negative_log_likelihood(onward, sums[:, 0]).mean()


def _pair_sums(first: jax.Array, second: jax.Array) -> jax.Array:
    """Distributions (N, K, 19) of the sums of two digits each, from theirs (N, K, 10)."""
    padded = jnp.pad(first, ((0, 0), (0, 0), (9, 9)))
    shifted = jnp.stack([padded[..., 9 - d : 28 - d] for d in range(10)], axis=2)
    return (shifted * second[..., None]).sum(2)


def _carry_on(carry: jax.Array, pairs: jax.Array, digit: jax.Array) -> jax.Array:
    """The probabilities (N, 2) of a column's digit (N,) with a carry of 0 and of 1 to the next.

    `carry` (N, 2) are the probabilities of the carry into the column, `pairs` (N, 19) those of the
    sum of its two digits.
    """
    # With a carry the sum is one more: pad for -1 and for 19.
    padded = jnp.pad(pairs, ((0, 0), (1, 1)))

    def probability(value: jax.Array) -> jax.Array:
        return jnp.take_along_axis(padded, value[:, None] + 1, axis=1)[:, 0]

    onward = [
        carry[:, 0] * probability(digit + ten) + carry[:, 1] * probability(digit + ten - 1)
        for ten in (0, 10)
    ]
    return jnp.stack(onward, axis=1)


def _negative_log_likelihood(probabilities: jax.Array, value: jax.Array) -> jax.Array:
    """The negative log-likelihoods (N,) of values (N,) with probabilities (N, C)."""
    found = jnp.take_along_axis(probabilities, value[:, None], axis=1)[:, 0]
    # A smaller float32 would have the logarithm minus infinity.
    return -jnp.log(jnp.maximum(found, 1e-30))
