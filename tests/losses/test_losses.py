import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handsum.losses.adversarial import gradient_penalty, relativistic_loss
from handsum.losses.classification import accuracy, cross_entropy_loss, novelty_loss


def test_cross_entropy_is_the_mean_negative_log_likelihood() -> None:
    logits = jnp.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]])
    labels = jnp.array([2, 1])
    likelihood = np.array([np.e**2 / (1 + np.e + np.e**2), 1 / (np.e**3 + 2)])
    assert cross_entropy_loss(logits, labels) == pytest.approx(-np.log(likelihood).mean())
    # Smoothing by s mixes in s of the uniform distribution over the three classes.
    log_softmax = np.asarray(jax.nn.log_softmax(logits))
    smoothed = -0.9 * np.log(likelihood).mean() - 0.1 * log_softmax.mean()
    assert cross_entropy_loss(logits, labels, 0.1) == pytest.approx(smoothed)


def test_accuracy_counts_the_largest_logits() -> None:
    assert accuracy(jnp.eye(4), jnp.array([0, 1, 2, 0])) == 0.75


def test_the_relativistic_loss_falls_as_pairs_separate() -> None:
    winning, losing = jnp.array([2.0, 0.0]), jnp.array([0.0, 0.0])
    expected = (np.log1p(np.exp(-2)) + np.log(2)) / 2
    assert relativistic_loss(winning, losing) == pytest.approx(expected)
    assert relativistic_loss(winning + 5, losing) < relativistic_loss(winning, losing)


def test_the_gradient_penalty_of_a_quadratic_is_exact() -> None:
    images = jax.random.normal(jax.random.key(0), (5, 4, 4, 1))

    def discriminator(pixels: jax.Array) -> jax.Array:
        return 1.5 * jnp.square(pixels).sum((1, 2, 3))

    # The gradient is 3 x, and its squared norm 9 x^2.
    expected = 9 * np.square(np.asarray(images)).sum((1, 2, 3)).mean()
    assert gradient_penalty(discriminator, images) == pytest.approx(expected, rel=1e-5)


def test_the_novelty_loss_uses_the_odds_of_any_class() -> None:
    logits = jnp.array([[1.0, 2.0, 0.5], [-3.0, -4.0, -1.0]])
    mass = np.exp(np.asarray(logits)).sum(1)
    share = mass / (1 + mass)
    expected = -(np.log(share[0]) + np.log(1 - share[1])) / 2
    assert novelty_loss(logits, jnp.array([True, False])) == pytest.approx(expected, rel=1e-5)
