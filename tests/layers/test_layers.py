import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from quick import quick

from handsum.layers import (
    ConditionalNorm,
    depth_to_space,
    drop,
    space_to_depth,
    strided_convolution,
    transposed_convolution,
)
from handsum.layers.planning import SequenceDiscriminator, commit


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", quick([2, 3, 4, 5], 1, 2))
def test_a_strided_convolution_equals_the_direct_one(stride: int, size: int) -> None:
    if size < stride:
        pytest.skip("no such network")
    features = jax.random.normal(jax.random.key(0), (2, 7, 8, 3))
    kernel = jax.random.normal(jax.random.key(1), (size, size, 3, 4))

    def direct(features: jax.Array, kernel: jax.Array) -> jax.Array:
        dimensions = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            features, kernel, (stride, stride), "SAME", dimension_numbers=dimensions
        )

    expected, back = jax.vjp(direct, features, kernel)
    found, own_back = jax.vjp(lambda *a: strided_convolution(*a, stride), features, kernel)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    for gradient, own in zip(back(expected), own_back(expected), strict=True):
        np.testing.assert_allclose(own, gradient, atol=1e-2)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", quick([3, 4, 5], 1))
@pytest.mark.parametrize("outputs", [4, 64], ids=["deep", "windows"])
def test_a_transposed_convolution_equals_the_direct_one(
    stride: int, size: int, outputs: int
) -> None:
    features = jax.random.normal(jax.random.key(0), (2, 7, 5, 3))
    kernel = jax.random.normal(jax.random.key(1), (size, size, 3, outputs))

    def direct(features: jax.Array, kernel: jax.Array) -> jax.Array:
        # By definition: the gradient of a convolution in its input.
        shape = (2, 7 * stride, 5 * stride, outputs)
        swapped = kernel.transpose(0, 1, 3, 2)

        def convolution(images: jax.Array) -> jax.Array:
            dimensions = ("NHWC", "HWIO", "NHWC")
            return jax.lax.conv_general_dilated(
                images, swapped, (stride, stride), "SAME", dimension_numbers=dimensions
            )

        return jax.vjp(convolution, jnp.zeros(shape))[1](features)[0]

    if size < stride:
        pytest.skip("no such network")
    ours = jax.jit(transposed_convolution, static_argnums=2)(features, kernel, stride)
    np.testing.assert_allclose(ours, jax.jit(direct)(features, kernel), atol=1e-4)
    gradients = [
        jax.jit(jax.grad(lambda f, k, way=way: jnp.sin(way(f, k)).sum(), argnums=(0, 1)))(
            features, kernel
        )
        for way in (lambda f, k: transposed_convolution(f, k, stride), direct)
    ]
    for mine, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-3)


def test_depth_to_space_inverts_space_to_depth() -> None:
    features = jnp.arange(2 * 4 * 6 * 3.0).reshape(2, 4, 6, 3)
    deep = space_to_depth(features)
    assert deep.shape == (2, 2, 3, 12)
    np.testing.assert_array_equal(deep[0, 0, 0, :3], features[0, 0, 0])
    np.testing.assert_array_equal(deep[0, 0, 0, 3:6], features[0, 0, 1])
    np.testing.assert_array_equal(depth_to_space(deep), features)


def test_the_style_scales_and_shifts_normalised_features() -> None:
    norm = ConditionalNorm(4, 3, rngs=nnx.Rngs(0))
    features = 5 + 3 * jax.random.normal(jax.random.key(0), (64, 7, 7, 4))
    plain = norm(features, jnp.zeros((64, 3)), training=True)
    np.testing.assert_allclose(plain.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(plain.std((0, 1, 2)), 1, atol=1e-3)
    styled = norm(features, jnp.ones((64, 3)), training=True)
    scale, shift = jnp.split(norm.style(jnp.ones((1, 3)))[0], 2)
    np.testing.assert_allclose(styled, plain * (1 + scale) + shift, atol=1e-5)


def test_dropout_keeps_the_mean() -> None:
    dropped = drop(jnp.ones(10_000), 0.3, jax.random.key(0))
    assert float(dropped.mean()) == pytest.approx(1, abs=0.03)
    assert float((dropped == 0).mean()) == pytest.approx(0.3, abs=0.03)


def test_a_decision_is_one_digit_with_the_gradient_of_the_softmax() -> None:
    logits = jax.random.normal(jax.random.key(0), (5, 10))
    chosen = commit(logits)
    np.testing.assert_allclose(chosen, jax.nn.one_hot(logits.argmax(-1), 10), atol=1e-6)
    weights = jnp.arange(10.0)
    ours = jax.grad(lambda x: (commit(x) * weights).sum())(logits)
    soft = jax.grad(lambda x: (jax.nn.softmax(x) * weights).sum())(logits)
    np.testing.assert_allclose(ours, soft, atol=1e-6)


def test_a_sequence_is_judged_by_its_own_digits_and_total() -> None:
    judge = SequenceDiscriminator((4, 4, 4), 8, 3, rngs=nnx.Rngs(0))
    mask = jnp.array([[True, True, False], [True, True, True]])
    flat = jnp.array([0, 1, 3, 4, 5])
    images = jax.random.normal(jax.random.key(0), (5, 28, 28, 1))
    digits = jax.nn.one_hot(jnp.arange(5), 10)
    totals = jnp.array([3, 12])
    before = judge(images, digits, flat, mask, totals)
    assert [part.shape for part in before] == [(5,), (2,), (5, 10)]
    after = judge(images.at[0].set(0.5), digits, flat, mask, totals)
    changed = [np.flatnonzero(np.asarray(a != b)) for a, b in zip(before, after, strict=True)]
    assert changed[0].tolist() == [0]
    assert changed[1].tolist() == [0]
    other = judge(images, digits, flat, mask, totals.at[1].set(13))
    assert (other.digits == before.digits).all()
    assert (other.sequences != before.sequences).tolist() == [False, True]
