"""Random changes to digits for training readers: the pens, hands and cameras that MNIST lacks.

All functions are pure. They take images float32 (N, 28, 28, 1) in [-1, 1] and a key, and return
images of the same shape and range. At the strengths used, none turns one digit into another.
"""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp

from handsum.errors import UsageError

_SIZE = 28


@dataclasses.dataclass(frozen=True)
class WarpStrength:
    """How far `warp` changes digits; 0 leaves them as they are.

    `rotation` is in radians, `slant` and `scale` are relative, `shift` and `elastic` in pixels.
    Each is the bound of a uniform draw, except `elastic`: the standard deviation of a smooth field.

    Raises:
        UsageError: a strength is negative or not finite.
    """

    rotation: float = 0.2
    slant: float = 0.3
    scale: float = 0.15
    shift: float = 2.5
    elastic: float = 1.2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < math.inf:
                raise UsageError(f"{name} must be a number of 0 or more, not {value}")


def _ink(images: jax.Array) -> jax.Array:
    return (images + 1) / 2


def warp(images: jax.Array, key: jax.Array, most: WarpStrength = WarpStrength()) -> jax.Array:
    """Rotate, slant, scale, shift and bend each digit, with bilinear interpolation.

    The strengths `most` are multiplied by one uniform draw in [0, 1] for each digit, so that many
    digits change little.
    """
    count = images.shape[0]
    keys = jax.random.split(key, 6)
    strength = jax.random.uniform(keys[5], (count,))

    def uniform(key: jax.Array, bound: float, *shape: int) -> jax.Array:
        draw = jax.random.uniform(key, (count, *shape), minval=-bound, maxval=bound)
        return draw * strength.reshape(count, *(1 for _ in shape))

    angle, lean = uniform(keys[0], most.rotation), uniform(keys[1], most.slant)
    height, width = jnp.exp(uniform(keys[2], most.scale, 2)).T
    move = uniform(keys[3], most.shift, 2)
    grid = jnp.arange(_SIZE, dtype=jnp.float32) - (_SIZE - 1) / 2
    down, across = jnp.meshgrid(grid, grid, indexing="ij")
    cos, sin = (f(angle)[:, None, None] for f in (jnp.cos, jnp.sin))
    source_y = (cos * down - sin * across) * height[:, None, None]
    source_x = (sin * down + cos * across) * width[:, None, None]
    source_x = source_x + lean[:, None, None] * source_y
    # A 6x6 field of displacements, enlarged smoothly: pens wobble, they do not tear.
    field = jax.random.normal(keys[4], (count, 6, 6, 2)) * most.elastic
    field = field * strength[:, None, None, None]
    field = jax.image.resize(field, (count, _SIZE, _SIZE, 2), "cubic")
    source_y = source_y + move[:, 0, None, None] + field[..., 0] + (_SIZE - 1) / 2
    source_x = source_x + move[:, 1, None, None] + field[..., 1] + (_SIZE - 1) / 2

    def sample(image: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
        return jax.scipy.ndimage.map_coordinates(image, [y, x], order=1, mode="constant")

    ink = jax.vmap(sample)(_ink(images)[..., 0], source_y, source_x)
    return ink[..., None] * 2 - 1


def pen(images: jax.Array, key: jax.Array, *, probability: float = 0.4) -> jax.Array:
    """Thicken or thin the strokes of a share of the digits by up to about a pixel."""
    choices, amounts = jax.random.split(key)
    ink = _ink(images)
    window = (1, 3, 3, 1)
    thick = jax.lax.reduce_window(ink, 0.0, jax.lax.max, window, (1, 1, 1, 1), "SAME")
    # By a cross: erosion by a square erases the hairlines of half of all digits.
    thin = jnp.minimum(
        jax.lax.reduce_window(ink, 1.0, jax.lax.min, (1, 3, 1, 1), (1, 1, 1, 1), "SAME"),
        jax.lax.reduce_window(ink, 1.0, jax.lax.min, (1, 1, 3, 1), (1, 1, 1, 1), "SAME"),
    )
    shape = (images.shape[0], 1, 1, 1)
    choice = jax.random.uniform(choices, shape)
    amount = jax.random.uniform(amounts, shape)
    # A thinned stroke keeps a third of its ink, so that one of a single pixel fades but stays.
    thinned = ink + 0.67 * amount * (thin - ink)
    thickened = ink + amount * (thick - ink)
    changed = jnp.where(choice < 0.6 * probability, thickened, thinned)
    return jnp.where(choice < probability, changed, ink) * 2 - 1


def camera(images: jax.Array, key: jax.Array, *, probability: float = 0.25) -> jax.Array:
    """Blur, fade, break by a thin line, and speckle, each for a share of the digits."""
    count = images.shape[0]
    blur, fade, line, noise, amount = jax.random.split(key, 5)
    ink = _ink(images)

    def some(key: jax.Array, share: float) -> jax.Array:
        return jax.random.uniform(key, (count, 1, 1, 1)) < share

    strength = jax.random.uniform(amount, (count, 1, 1, 1))
    padded = jnp.pad(ink, ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    smooth = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
    ink = jnp.where(some(blur, probability), ink + strength * (smooth - ink), ink)
    ink = jnp.where(some(fade, probability), ink * (1 - 0.5 * strength), ink)
    # A broken stroke: one straight line without ink, about a pixel wide.
    angle, offset = jax.random.uniform(line, (2, count, 1, 1, 1), minval=-1.0)
    grid = jnp.arange(_SIZE, dtype=jnp.float32) - (_SIZE - 1) / 2
    down, across = grid[None, :, None, None], grid[None, None, :, None]
    turn = jnp.pi * angle
    distance = jnp.abs(jnp.cos(turn) * down + jnp.sin(turn) * across - 8 * offset)
    gap = jnp.clip(distance - 0.3, 0, 1)
    ink = jnp.where(some(jax.random.fold_in(line, 1), probability / 2), ink * gap, ink)
    grain = 0.08 * jax.random.normal(noise, ink.shape)
    ink = jnp.where(some(jax.random.fold_in(noise, 1), probability), ink + grain * strength, ink)
    return jnp.clip(ink, 0, 1) * 2 - 1


def debris(images: jax.Array, key: jax.Array, *, probability: float = 0.08) -> jax.Array:
    """Draw a ruled line across some digits, and the edge of a neighbour beside others."""
    count = images.shape[0]
    keys = jax.random.split(key, 3)
    ink = _ink(images)
    grid = jnp.arange(_SIZE, dtype=jnp.float32)
    height, slope, strength, lined, beside = jax.random.uniform(keys[0], (5, count, 1, 1, 1))
    distance = grid[None, :, None, None] - 3 - 22 * height
    distance = distance - 0.2 * (slope - 0.5) * (grid[None, None, :, None] - _SIZE / 2)
    rule = (0.4 + 0.6 * strength) * jnp.clip(1.2 - jnp.abs(distance), 0, 1)
    ink = jnp.where(lined < probability, jnp.maximum(ink, rule), ink)
    # The next digit of the batch, moved aside until only its edge is left.
    moves = jax.random.randint(keys[1], (count,), 18, 22)
    moves = jnp.where(jax.random.bernoulli(keys[2], shape=(count,)), moves, -moves)
    moved = jax.vmap(lambda image, by: jnp.roll(image, by, axis=1))(jnp.roll(ink, 1, 0), moves)
    origin = grid - moves[:, None]
    inside = ((origin >= 0) & (origin < _SIZE))[:, None, :, None]
    edge = jnp.where(inside & (beside < probability), moved, 0)
    return jnp.maximum(ink, edge) * 2 - 1


def augment(images: jax.Array, key: jax.Array) -> jax.Array:
    """All changes for training readers: `warp`, then `pen`, then `debris`, then `camera`."""
    keys = jax.random.split(key, 4)
    return camera(debris(pen(warp(images, keys[0]), keys[1]), keys[3]), keys[2])
