import jax
import jax.numpy as jnp
import numpy as np

from handsum.losses.sums import sum_loss, sum_probabilities
from handsum.sums import sum_distribution


def test_the_sum_of_digits_has_its_exact_distribution() -> None:
    probabilities = jax.nn.softmax(2 * jax.random.normal(jax.random.key(0), (3, 4, 10)))
    mask = jnp.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], bool)
    found = np.asarray(sum_probabilities(probabilities, mask))
    assert found.shape == (3, 37)
    for row, digits, length in zip(found, np.asarray(probabilities), (4, 2, 1), strict=True):
        expected = sum_distribution(digits[:length])
        np.testing.assert_allclose(row[: len(expected)], expected, atol=1e-6)
        assert not row[len(expected) :].any()


def test_the_loss_falls_as_digits_are_read_to_the_total() -> None:
    mask = jnp.ones((2, 3), bool)
    digits = jnp.array([[1, 2, 3], [9, 9, 9]])
    logits = 5 * jax.nn.one_hot(digits, 10)
    right = sum_loss(logits, mask, digits.sum(1))
    wrong = sum_loss(logits, mask, digits.sum(1) - 1)
    assert right < 0.1 < 1 < wrong
    assert np.isfinite(
        jax.grad(lambda x: sum_loss(x, mask, jnp.array([27, 0])))(100 * logits)
    ).all()
