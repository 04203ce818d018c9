import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handsum.layers import strided_convolution
from handsum.layers.windows import Windows, add, cut


@pytest.mark.parametrize("windows", [Windows(3, 1, 5, 4), Windows(5, 2, 7, 8), Windows(4, 3, 8, 7)])
def test_a_window_shows_the_image_and_zeros_beyond_it(windows: Windows) -> None:
    images = jax.random.normal(jax.random.key(0), (2, windows.height, windows.width, 3))
    pieces = cut(windows, images)
    size, stride = windows.size, windows.stride
    assert pieces.shape == (2, *windows.grid, size, size, 3)
    (above, _), (left, _) = windows.margins
    for row, column in np.ndindex(*windows.grid):
        expected = np.zeros((2, size, size, 3))
        for y, x in np.ndindex(size, size):
            place = row * stride - above + y, column * stride - left + x
            if 0 <= place[0] < windows.height and 0 <= place[1] < windows.width:
                expected[:, y, x] = images[:, place[0], place[1]]
        np.testing.assert_array_equal(pieces[:, row, column], expected)


@pytest.mark.parametrize("windows", [Windows(3, 1, 5, 4), Windows(5, 2, 7, 8), Windows(4, 3, 8, 7)])
def test_adding_is_the_transpose_of_cutting(windows: Windows) -> None:
    images = jax.random.normal(jax.random.key(0), (2, windows.height, windows.width, 3))
    pieces = jax.random.normal(jax.random.key(1), cut(windows, images).shape)
    there = (cut(windows, images) * pieces).sum()
    back = (images * add(windows, pieces)).sum()
    np.testing.assert_allclose(there, back, rtol=1e-4)
    gradient = jax.grad(lambda x: (cut(windows, x) * pieces).sum())(images)
    np.testing.assert_allclose(gradient, add(windows, pieces), rtol=1e-6)


def test_a_penalty_on_a_gradient_has_the_direct_convolutions_gradient() -> None:
    images = jax.random.normal(jax.random.key(0), (2, 7, 7, 3))
    kernel = jax.random.normal(jax.random.key(1), (5, 5, 3, 4))

    def direct(images: jax.Array, kernel: jax.Array) -> jax.Array:
        dimensions = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            images, kernel, (2, 2), "SAME", dimension_numbers=dimensions
        )

    def penalty(way, images: jax.Array, kernel: jax.Array) -> jax.Array:
        slope = jax.grad(lambda seen: jnp.sin(way(seen, kernel)).sum())(images)
        return jnp.square(slope).sum()

    found, expected = (
        jax.grad(penalty, argnums=(1, 2))(way, images, kernel)
        for way in (lambda seen, kernel: strided_convolution(seen, kernel, 2), direct)
    )
    for own, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-2)
