"""A differentiable raster: pen strokes to images, with gradients in their points and widths."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from handsum.strokes import FRAME, spline_matrix
from handsum.strokes.raster import SOFTNESS

SIZE = 28
# The length of a unit, a digit's height, in pixels.
UNIT = SIZE / FRAME
# Straight pieces for each span between two control points: at 28 pixels, a curve and its pieces
# are closer than a tenth of a pixel.
PIECES = 2
# Keeps the lengths of pieces and the distances to them above 0, in square pixels.
_LEAST = 1e-6


def sample(points: jax.Array, pieces: int = PIECES) -> jax.Array:
    """Points (..., M, C) along the curves of control points (..., P, C): `pieces` for each span."""
    matrix = jnp.asarray(spline_matrix(points.shape[-2], pieces), points.dtype)
    return jnp.einsum("mp,...pc->...mc", matrix, points)


def draw(points: jax.Array, half_widths: jax.Array, presence: jax.Array) -> jax.Array:
    """Images (N, 28, 28, 1) in [-1, 1] of digits of up to S strokes.

    `points` (N, S, P, 2) and `half_widths` (N, S, P) are control points of uniform cubic B-splines
    in units of a digit's height, with the origin in the middle of the image; `presence` (N, S), in
    [0, 1], says which strokes there are. A pixel's ink is a sigmoid of its distance to the outline
    of the stroke.
    """
    count, strokes, controls, _ = points.shape
    control = UNIT * jnp.concatenate([points, half_widths[..., None]], axis=-1)
    samples = sample(control.reshape(count * strokes, controls, 3))
    inks = jax.nn.sigmoid(-outline_distance(samples) / SOFTNESS).reshape(count, strokes, -1)
    inks = presence[..., None] * inks
    # Ink upon ink is no darker. But the gradient of the maximum would never bring back a stroke
    # that is not there, as that of independent strokes does.
    independent = 1 - jnp.prod(1 - inks, axis=1)
    ink = independent + jax.lax.stop_gradient(inks.max(1) - independent)
    return (2 * ink - 1).reshape(count, SIZE, SIZE, 1)


@jax.custom_vjp
def outline_distance(samples: jax.Array) -> jax.Array:
    """Signed distances (N, 784) of an image's pixels to the outlines of strokes, negative inside.

    A stroke's `samples` (N, M, 3) are x, y and half the width, in pixels from the image's middle.
    It consists of straight pieces whose widths change linearly; the gradient is that of the
    nearest piece.
    """
    return _distances(samples)[0].min(1)


def _forward(samples: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    nearest = outline_distance(samples)
    return nearest, (samples, nearest)


def _backward(residuals: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array]:
    """The derivatives written out: all sums over pixels are products of matrices.

    Differentiated by JAX, the distance takes twice as long.
    """
    samples, nearest = residuals
    start, step, width, widening = _pieces(samples)
    distances, shares = _distances(samples)
    # Two pieces that meet are equally near to what is outside of their corner.
    chosen = (distances <= nearest[:, None] + 1e-4).astype(samples.dtype)
    chosen *= (gradient / chosen.sum(1))[:, None]
    away = chosen / (distances + width + shares * widening)
    inner = jnp.where((shares > 0) & (shares < 1), chosen, 0)
    weights = jnp.stack([away, away * shares, inner, chosen], axis=1)
    sums = jnp.einsum("nwpk,fk->wnpf", weights, jnp.asarray(_pixels()[:3]))
    (at, count), (at_share, count_share), (at_inner, count_inner), (_, whole) = (
        (part[..., :2], part[..., 2:]) for part in sums
    )
    squares, share_sum, inner_sum = (
        (weights[:, row] * shares).sum(-1, keepdims=True) for row in (1, 3, 2)
    )
    # Of the distance to the nearest point, which moves with both ends of its piece.
    to_start = -(at - start * count - step * count_share)
    to_step = -(at_share - start * count_share - step * squares)
    # Of half the width there: the point slides along the piece.
    length = jnp.square(step).sum(-1, keepdims=True) + _LEAST
    to_start += widening * step * count_inner / length
    to_step -= widening * (at_inner - start * count_inner - 2 * step * inner_sum) / length
    by_start = jnp.concatenate([to_start, -whole], axis=-1)
    by_step = jnp.concatenate([to_step, -share_sum], axis=-1)
    gradients = jnp.zeros_like(samples).at[:, :-1].add(by_start - by_step).at[:, 1:].add(by_step)
    return (gradients,)


outline_distance.defvjp(_forward, _backward)


def _pixels() -> np.ndarray:
    """x, y, 1 and x² + y² of the pixels' middles, from the middle of the image: (4, 784)."""
    middles = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    across, down = np.meshgrid(middles, middles)
    rows = [across, down, np.ones_like(across), across**2 + down**2]
    return np.stack([row.reshape(-1) for row in rows])


def _pieces(samples: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """The start (N, M - 1, 2) of each piece, the step to its end, half its width at the start
    (N, M - 1, 1), and the change of that to its end."""
    starts, steps = samples[:, :-1], jnp.diff(samples, axis=1)
    return starts[..., :2], steps[..., :2], starts[..., 2:], steps[..., 2:]


def _distances(samples: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Signed distances (N, M - 1, 784) of pixels to the pieces, and where along each they are
    nearest, from 0 to 1."""
    start, step, width, widening = _pieces(samples)
    length = jnp.square(step).sum(-1, keepdims=True) + _LEAST
    one = jnp.ones_like(length)
    pixels = jnp.asarray(_pixels())
    # Quadratic in the pixel's place, so that products of matrices do most of the work.
    back = (start * step).sum(-1, keepdims=True)
    along = jnp.concatenate([step, -back], axis=-1) / length @ pixels[:3]
    square = jnp.concatenate([-2 * start, jnp.square(start).sum(-1, keepdims=True), one], axis=-1)
    share = jnp.clip(along, 0, 1)
    across = square @ pixels + length * share * (share - 2 * along)
    return jnp.sqrt(jnp.maximum(across, 0) + _LEAST) - width - share * widening, share
