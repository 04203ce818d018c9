import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handsum.data import augment, mnist
from handsum.errors import UsageError


@pytest.fixture(scope="module")
def digits() -> jax.Array:
    pixels = mnist.load("validation").images[:200].astype(np.float32)
    return jnp.asarray(pixels[..., None] / 127.5 - 1)


@pytest.mark.parametrize(
    "change", [augment.warp, augment.pen, augment.debris, augment.camera, augment.augment]
)
def test_changes_keep_shape_and_range_and_depend_on_the_key(change, digits) -> None:
    once = change(digits, jax.random.key(1))
    assert once.shape == digits.shape
    assert float(once.min()) >= -1 - 1e-6
    assert float(once.max()) <= 1 + 1e-6
    np.testing.assert_array_equal(once, change(digits, jax.random.key(1)))
    assert float(jnp.abs(once - change(digits, jax.random.key(2))).mean()) > 1e-3


def test_a_warp_of_no_strength_is_the_identity(digits) -> None:
    still = augment.WarpStrength(0.0, 0.0, 0.0, 0.0, 0.0)
    np.testing.assert_allclose(augment.warp(digits, jax.random.key(0), still), digits, atol=1e-5)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_strength_is_a_number_of_0_or_more(value: float) -> None:
    with pytest.raises(UsageError, match="slant must be a number of 0 or more"):
        augment.WarpStrength(slant=value)


def test_a_shift_moves_the_ink_and_keeps_it(digits) -> None:
    only = augment.WarpStrength(rotation=0.0, slant=0.0, scale=0.0, shift=2.0, elastic=0.0)
    moved = augment.warp(digits, jax.random.key(0), only)
    grid = jnp.arange(28.0)

    def centre(images: jax.Array) -> jax.Array:
        ink = (images[..., 0] + 1) / 2
        return jnp.stack([(ink.sum(2) * grid).sum(1), (ink.sum(1) * grid).sum(1)]) / ink.sum((1, 2))

    distance = jnp.abs(centre(moved) - centre(digits))
    assert float(distance.max()) < 2.1
    assert float(distance.mean()) > 0.35
    np.testing.assert_allclose((moved + 1).sum((1, 2, 3)), (digits + 1).sum((1, 2, 3)), rtol=0.02)


def test_pens_are_thicker_and_thinner_and_never_vanish(digits) -> None:
    changed = augment.pen(digits, jax.random.key(0), probability=1.0)
    ratio = np.asarray((changed + 1).sum((1, 2, 3)) / (digits + 1).sum((1, 2, 3)))
    assert (ratio > 1.05).sum() > 50
    assert (ratio < 0.95).sum() > 30
    assert ratio.min() > 0.3


def test_debris_adds_lines_and_edges_of_neighbours_and_removes_no_ink(digits) -> None:
    changed = np.asarray(augment.debris(digits, jax.random.key(0), probability=0.3))
    added = (changed - np.asarray(digits))[..., 0]
    assert added.min() >= -1e-6
    touched = added.reshape(len(added), -1).max(1) > 0.2
    assert 0.35 < touched.mean() < 0.65
    level = (added > 0.2).sum(2).max(1) > 14
    assert 0.2 < level.mean() < 0.4
    beside = touched & ~level
    # A neighbour reaches in from one side, and not to the middle, though a line on it may.
    assert (added[beside][:, :, 12:16] > 0.2).mean() < 0.01
    still = augment.debris(digits, jax.random.key(0), probability=0.0)
    np.testing.assert_allclose(still, digits, atol=1e-6)
