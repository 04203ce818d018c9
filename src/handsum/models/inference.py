"""The uses of a trained network, as pure functions from plain integers and bytes.

They only call the network, so that a compiled function can be stored and run without its class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from handsum.layers.raster import draw
from handsum.losses.detection import SIDE_UNIT


def draw_digits(
    generator: Any,
    seed: jax.Array,
    indices: jax.Array,
    attempts: jax.Array,
    labels: jax.Array,
    writers: jax.Array,
) -> jax.Array:
    """Digits uint8 (N, 28, 28) of labels and writers (N,), each from its own random key.

    The key of digit i depends on its seed (see `draw_keys`), `indices[i]` and `attempts[i]` alone.
    """
    latents = draw_latents(generator, seed, indices, attempts)
    return to_bytes(generator(latents, labels, writers))


def draw_between(
    generator: Any,
    seed: jax.Array,
    indices: jax.Array,
    shares: jax.Array,
    labels: jax.Array,
    writers: jax.Array,
) -> jax.Array:
    """Digits uint8 (N, 28, 28) between the first and the second drawing of a key (`draw_digits`).

    `shares` (N,) in [0, 1] rotate the latents from the first to the second, at constant length.
    """
    first, second = (
        draw_latents(generator, seed, indices, jnp.full_like(indices, attempt))
        for attempt in (0, 1)
    )
    turn = shares[:, None] * jnp.pi / 2
    return to_bytes(generator(jnp.cos(turn) * first + jnp.sin(turn) * second, labels, writers))


def mix_digits(
    generator: Any,
    seed: jax.Array,
    indices: jax.Array,
    attempts: jax.Array,
    shares: jax.Array,
) -> jax.Array:
    """Digits uint8 (N, 28, 28) that are several at once: `shares` (N, 10), rows that sum to 1."""
    return to_bytes(generator.mix(draw_latents(generator, seed, indices, attempts), shares))


def draw_latents(
    generator: Any, seed: jax.Array, indices: jax.Array, attempts: jax.Array
) -> jax.Array:
    """The latents (N, Z) of digits."""
    keys = draw_keys(seed, indices, attempts)
    return jax.vmap(lambda key: jax.random.normal(key, (generator.latent_size,)))(keys)


def draw_sequences(
    generator: Any,
    seed: jax.Array,
    indices: jax.Array,
    attempts: jax.Array,
    totals: jax.Array,
    lengths: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """Sequences for totals and lengths (N,): images uint8 (N, L, 28, 28) and digits int (N, L).

    L is the longest length of the generator; ignore what follows the end of a sequence. The keys
    are those of `draw_digits`.
    """
    noise = jax.vmap(lambda key: generator.noise(key))(draw_keys(seed, indices, attempts))
    images, digits = generator(noise, totals, lengths)
    return to_bytes(images), digits


def draw_keys(seed: jax.Array, indices: jax.Array, attempts: jax.Array) -> jax.Array:
    """A random key for each row; `seed` is one for all rows, or one for each."""
    roots = jax.vmap(jax.random.key)(jnp.broadcast_to(seed, indices.shape))
    by_index = jax.vmap(jax.random.fold_in)(roots, indices)
    return jax.vmap(jax.random.fold_in)(by_index, attempts)


def to_bytes(images: jax.Array) -> jax.Array:
    """Images (..., H, W, 1) in [-1, 1] as uint8 (..., H, W)."""
    return jnp.round((images[..., 0] + 1) * 127.5).astype(jnp.uint8)


def from_bytes(pixels: jax.Array) -> jax.Array:
    """The inverse of `to_bytes`."""
    return pixels.astype(jnp.float32)[..., None] / 127.5 - 1


def digit_features(classifier: Any, pixels: jax.Array) -> jax.Array:
    """The features (N, D) that a classifier's logits are linear in, of digits uint8 (N, 28, 28)."""
    return classifier.features(from_bytes(pixels))


def read_digits(classifier: Callable[[jax.Array], jax.Array], pixels: jax.Array) -> jax.Array:
    """Digit logits (N, 10) of digits uint8 (N, 28, 28)."""
    return classifier(from_bytes(pixels))


def read_sums(reader: Any, pixels: jax.Array, lengths: jax.Array) -> jax.Array:
    """Distributions (N, 9L + 1) of the sums of sequences uint8 (N, L, 28, 28) of `lengths` (N,)."""
    mask = jnp.arange(pixels.shape[1]) < lengths[:, None]
    return reader.sums(from_bytes(pixels), mask)


def trace_digits(pen: Any, pixels: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The strokes of digits uint8 (N, 28, 28): see `strokes_of`."""
    return strokes_of(pen(from_bytes(pixels)))


def write_digits(
    generator: Any,
    seed: jax.Array,
    indices: jax.Array,
    attempts: jax.Array,
    labels: jax.Array,
    writers: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """The strokes of the digits that `draw_digits` draws: see `strokes_of`."""
    latents = draw_latents(generator, seed, indices, attempts)
    return strokes_of(generator.write(latents, labels, writers))


def strokes_of(written: Any) -> tuple[jax.Array, jax.Array]:
    """Control points (N, S, P, 3), x, y and half the width; which of the strokes there are (N, S).

    `written` is a `handsum.layers.pen.Written`.
    """
    points, half_widths, logits = written
    return jnp.concatenate([points, half_widths[..., None]], axis=-1), logits > 0


def redraw_digits(pen: Any, pixels: jax.Array) -> jax.Array:
    """Digits uint8 (N, 28, 28), traced by a pen and drawn again."""
    points, half_widths, logits = pen(from_bytes(pixels))
    return to_bytes(draw(points, half_widths, (logits > 0).astype(points.dtype)))


def find_signs(detector: Any, pixels: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """What a detector sees at each square of four by four pixels of pictures uint8 (N, H, W).

    The probability of a middle (N, H/4, W/4), those of the classes (..., 22), and the distances to
    the sides of the box in pixels (..., 4).
    """
    heat, signs, sides = detector(from_bytes(pixels))
    return jax.nn.sigmoid(heat), jax.nn.softmax(signs), SIDE_UNIT * jnp.exp(sides)
