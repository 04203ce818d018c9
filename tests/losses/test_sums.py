import jax
import jax.numpy as jnp
import numpy as np

from handsum.losses.sums import addition_loss, highest_column_loss, sum_loss, sum_probabilities
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


def test_the_loss_is_small_when_the_digits_sum_to_the_total() -> None:
    mask = jnp.ones((2, 3), bool)
    digits = jnp.array([[1, 2, 3], [9, 9, 9]])
    logits = 5 * jax.nn.one_hot(digits, 10)
    right = sum_loss(logits, mask, digits.sum(1))
    wrong = sum_loss(logits, mask, digits.sum(1) - 1)
    assert right < 0.1 < 1 < wrong
    assert np.isfinite(
        jax.grad(lambda x: sum_loss(x, mask, jnp.array([27, 0])))(100 * logits)
    ).all()


def test_the_loss_of_an_addition_counts_all_ways_to_make_it() -> None:
    logits = 2 * jax.random.normal(jax.random.key(1), (1, 4, 10))
    probabilities = np.asarray(jax.nn.softmax(logits))[0]
    found = np.zeros(200)
    for number in range(10_000):
        digits = [number // 10**place % 10 for place in (3, 2, 1, 0)]
        probability = np.prod([probabilities[i, digit] for i, digit in enumerate(digits)])
        found[number // 100 + number % 100] += probability
    highest = np.convolve(np.convolve(probabilities[0], probabilities[2]), [0.5, 0.5])
    for total in (0, 9, 57, 100, 198):
        sums = jnp.array([[total // 100, total // 10 % 10, total % 10]])
        np.testing.assert_allclose(
            addition_loss(logits, sums), -np.log(found[total]) / 4, rtol=1e-4
        )
        np.testing.assert_allclose(
            highest_column_loss(logits, sums), -np.log(highest[total // 10]), rtol=1e-4
        )


def test_the_sum_of_two_digits_has_one_column() -> None:
    logits = jax.random.normal(jax.random.key(3), (1, 2, 10))
    probabilities = np.asarray(jax.nn.softmax(logits))[0]
    found = np.convolve(probabilities[0], probabilities[1])
    loss = addition_loss(logits, jnp.array([[1, 3]]))
    np.testing.assert_allclose(loss, -np.log(found[13]) / 2, rtol=1e-5)


def test_digits_that_are_right_only_modulo_5_have_a_large_loss() -> None:
    digits = jnp.array([[1, 2, 3, 4, 2, 3, 0, 9]])  # 1234 + 2309 = 3543
    sums = jnp.array([[0, 3, 5, 4, 3]])
    right, shifted = (
        highest_column_loss(20 * jax.nn.one_hot(read, 10), sums)
        for read in (digits, (digits + 5) % 10)
    )
    assert right < 1 < 10 < shifted


def test_long_additions_do_not_underflow() -> None:
    logits = jax.random.normal(jax.random.key(2), (3, 30, 10))
    sums = jnp.zeros((3, 16), jnp.int32).at[:, 1:].set(5)
    gradient = jax.grad(lambda x: addition_loss(x, sums))(logits)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0
