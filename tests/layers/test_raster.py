"""The differentiable raster: its images, and its gradients."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handsum.layers import raster
from handsum.strokes import Strokes

_CONTROLS = 12


def _digits(count: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Smooth random strokes."""
    random = np.random.default_rng(1)
    points = random.normal(scale=0.12, size=(count, 3, _CONTROLS, 2)).cumsum(2)
    points -= points.mean(2, keepdims=True)
    half_widths = random.uniform(0.03, 0.09, (count, 3, _CONTROLS))
    presence = np.array(random.random((count, 3)) < 0.7, float)
    return points, half_widths, presence


def _loss(points: jax.Array, half_widths: jax.Array, presence: jax.Array) -> jax.Array:
    weights = np.cos(np.arange(784)).reshape(28, 28, 1)
    return (raster.draw(points, half_widths, presence) * weights).sum()


def test_images_are_those_of_the_exact_raster() -> None:
    points, half_widths, presence = _digits()
    images = np.asarray(raster.draw(*map(jnp.float32, (points, half_widths, presence))))
    controls = np.concatenate([points, half_widths[..., None]], axis=-1)
    for image, digit, there in zip(images, controls, presence, strict=True):
        exact = Strokes(tuple(digit[there > 0])).draw(28) / 127.5 - 1
        # Two pieces a span, or as many as a tenth of a pixel needs.
        assert np.abs(image[..., 0] - exact).max() < 0.3
        assert np.abs(image[..., 0] - exact).mean() < 0.01


@pytest.mark.parametrize("name", ["points", "half_widths"])
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    with jax.enable_x64(True):
        arrays = dict(zip(("points", "half_widths", "presence"), _digits(), strict=True))
        arrays["presence"][:] = 1
        # One stroke: where strokes cross, the gradient is that of independent ones.
        arrays = {key: jnp.asarray(value[:, :1]) for key, value in arrays.items()}
        way = np.random.default_rng(2).normal(size=arrays[name].shape)
        slope = (jax.grad(lambda value: _loss(**arrays | {name: value}))(arrays[name]) * way).sum()
        step = 1e-6
        ends = [_loss(**arrays | {name: arrays[name] + sign * step * way}) for sign in (-1, 1)]
        assert float(slope) == pytest.approx(float(ends[1] - ends[0]) / (2 * step), rel=1e-3)


def test_gradients_in_single_precision_agree_with_double() -> None:
    def gradient(dtype: str) -> np.ndarray:
        arrays = [jnp.asarray(array, dtype) for array in _digits(30)]
        return np.asarray(jax.jit(jax.grad(_loss))(*arrays), np.float64)

    single = gradient("float32")
    with jax.enable_x64(True):
        double = gradient("float64")
    assert np.linalg.norm(single - double) < 0.03 * np.linalg.norm(double)


def test_a_stroke_that_is_not_there_still_learns_to_appear() -> None:
    points, half_widths, _ = map(jnp.float32, _digits(1))
    presence = jnp.array([[1.0, 0.0, 0.0]])
    target = raster.draw(points, half_widths, jnp.ones((1, 3)))

    def off(presence: jax.Array) -> jax.Array:
        return jnp.square(raster.draw(points, half_widths, presence) - target).sum()

    gradient = jax.grad(off)(presence)[0]
    assert gradient[1] < 0
    assert gradient[2] < 0
