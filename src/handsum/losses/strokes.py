"""What strokes should be like: smooth, of one nib, few, and in an order in which people write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from handsum.config import Amount, TrainingConfig


@dataclass(frozen=True, kw_only=True)
class StrokesConfig(TrainingConfig):
    """The weights of penalties of strokes.

    `order`: how unlikely the path of the pen is for its digit. `bend`: second differences of
    control points. `pace`: their uneven spacing. `nib`: changes of width. `stroke`: each stroke
    after the first, times one plus the negative logarithm of the share of people who lift the pen
    in this digit.
    """

    order: Amount = 0.02
    bend: Amount = 0.3
    pace: Amount = 0.3
    nib: Amount = 1.0
    stroke: Amount = 0.05


class Mixture(Protocol):
    """Paths of M points: `labels` (K,), `weights` (K,), `means` (K, M, 2), Cholesky `factors`
    (K, 2M, 2M), and from where to where each has a lift, `lifts` (K, 2), -1 for none."""

    @property
    def labels(self) -> np.ndarray: ...
    @property
    def weights(self) -> np.ndarray: ...
    @property
    def means(self) -> np.ndarray: ...
    @property
    def factors(self) -> np.ndarray: ...
    @property
    def lifts(self) -> np.ndarray: ...


# The least share of people who lift the pen in a digit.
_RAREST = 0.01


@dataclass(frozen=True, eq=False)
class PathDensity:
    """A mixture of normal distributions of paths: K of them, each of one digit.

    `lifts` (10,) is the negative logarithm of the share of each digit's paths with a lift.
    """

    labels: np.ndarray
    logarithms: np.ndarray
    middles: np.ndarray
    scales: np.ndarray
    lifts: np.ndarray

    @classmethod
    def of(cls, paths: Mixture) -> PathDensity:
        """From a mixture."""
        labels, weights, means = paths.labels, paths.weights, paths.means
        lifted = paths.lifts[:, 0] >= 0
        shares = np.bincount(labels, weights * lifted, minlength=10)
        lifts = -np.log(shares.clip(_RAREST, 1)).astype(np.float32)
        scales = np.linalg.inv(paths.factors)
        middles = np.einsum("kij,kj->ki", scales, means.reshape(len(means), -1))
        volumes = np.log(np.diagonal(paths.factors, axis1=1, axis2=2)).sum(1)
        return cls(labels, np.log(weights) - volumes, middles, scales, lifts)

    def unlikelihood(self, paths: jax.Array, labels: jax.Array) -> jax.Array:
        """The negative logarithm of the density of paths (N, M, 2) of these digits, but a constant.

        The distributions are twice as wide as fitted and have the tails of Student's t, since other
        people write other paths: a path far from all still has a gradient, and none dominates.
        """
        scaled = jnp.einsum("kij,nj->nki", self.scales, paths.reshape(len(paths), -1))
        distances = jnp.square(scaled - self.middles).sum(-1) / 4
        freedom = self.middles.shape[1]
        logarithms = self.logarithms - freedom * jnp.log1p(distances / freedom)
        own = labels[:, None] == self.labels
        return -jax.nn.logsumexp(jnp.where(own, logarithms, -jnp.inf), axis=1)


def smoothness(
    config: StrokesConfig,
    points: jax.Array,
    half_widths: jax.Array,
    there: jax.Array,
    lifts: jax.Array,
) -> jax.Array:
    """The penalties (N,) of bends, uneven spacing, changes of width and strokes.

    `points` (N, S, P, 2), `half_widths` (N, S, P), `there` (N, S); `lifts` (N,) is how unlikely a
    lift is (see `PathDensity`).
    """
    steps = jnp.diff(points, axis=2)
    bends = jnp.square(jnp.diff(steps, axis=2)).sum((2, 3))
    lengths = jnp.sqrt(jnp.square(steps).sum(-1) + 1e-8)
    uneven = jnp.square(lengths - lengths.mean(-1, keepdims=True)).sum(-1)
    logs = jnp.log(half_widths)
    nib = jnp.square(logs - logs.mean(-1, keepdims=True)).mean(-1)
    each = config.bend * bends + config.pace * uneven + config.nib * nib
    # A stroke that is not there stays in shape, for the time when it is.
    weights = jax.lax.stop_gradient(there) + 0.05
    return (weights * each).sum(-1) + config.stroke * (1 + lifts) * there[:, 1:].sum(-1)


def redrawing_loss(drawn: jax.Array, images: jax.Array) -> jax.Array:
    """How far drawings are from images (N,): the squared difference, plain and blurred.

    Blurred ink attracts strokes from further away.
    """
    plain = jnp.square(drawn - images).sum((1, 2, 3))
    blurred = nnx.avg_pool(drawn - images, (5, 5), (1, 1), "SAME")
    return (plain + 2 * jnp.square(blurred).sum((1, 2, 3))) / 64
