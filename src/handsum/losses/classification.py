"""Losses of classifiers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax


def cross_entropy_loss(logits: jax.Array, labels: jax.Array, smoothing: float = 0.0) -> jax.Array:
    """Mean cross-entropy of logits (N, C) against labels (N,), smoothed by `smoothing` in [0, 1).

    Label smoothing: Szegedy et al., "Rethinking the Inception architecture" (2016).
    """
    targets = optax.smooth_labels(jax.nn.one_hot(labels, logits.shape[-1]), smoothing)
    return optax.softmax_cross_entropy(logits, targets).mean()


def novelty_loss(logits: jax.Array, known: jax.Array) -> jax.Array:
    """Mean cross-entropy of rows of logits (N, C) belonging to any class, against `known` (N,).

    The log-odds of any class are the log-sum-exp of a row: Liu et al.,
    "Energy-based out-of-distribution detection" (2020), with a logistic loss for their hinges.
    """
    odds = jax.nn.logsumexp(logits, axis=-1)
    return jax.nn.softplus(jnp.where(known, -odds, odds)).mean()


def accuracy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Share of rows of logits (N, C) whose largest entry is at labels (N,)."""
    return jnp.mean(logits.argmax(-1) == labels)
