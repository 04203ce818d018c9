"""Precision, recall, density and coverage of generated features against real ones.

Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models" (2019);
Naeem et al., "Reliable fidelity and diversity metrics for generative models" (2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handsum.errors import UsageError

# The ball around a feature reaches its k-th neighbour, with this k.
NEIGHBOURS = 5
_ROWS = 1000


@dataclass(frozen=True)
class Manifold:
    """Shares in [0, 1], except `density`, which may exceed 1."""

    precision: float
    recall: float
    density: float
    coverage: float


def compare_manifolds(
    real: np.ndarray, generated: np.ndarray, neighbours: int = NEIGHBOURS
) -> Manifold:
    """Compare features (N, D) and (M, D) by balls that reach the k-th neighbour in their own set.

    Raises:
        UsageError: a set with no more samples than `neighbours`.
    """
    for name, features in (("real", real), ("generated", generated)):
        if len(features) <= neighbours:
            raise UsageError(
                f"{len(features)} {name} samples are too few for {neighbours} neighbours: "
                f"at least {neighbours + 1} are needed"
            )
    real_radius = _radii(real, neighbours)
    generated_radius = _radii(generated, neighbours)
    inside = np.zeros(len(generated), np.int64)
    recalled = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    for start in range(0, len(real), _ROWS):
        part = slice(start, start + _ROWS)
        distances = _squared_distances(real[part], generated)
        within = distances <= real_radius[part, None]
        inside += within.sum(0)
        covered[part] = within.any(1)
        recalled[part] = (distances <= generated_radius).any(1)
    return Manifold(
        precision=float((inside > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside.mean() / neighbours),
        coverage=float(covered.mean()),
    )


def nearest_distances(queries: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of queries (N, D) the distance to the nearest of others (M, D), and its row.

    The search is in float32, twice as fast; the distances are exact.
    """
    distances, which = np.empty(len(queries)), np.empty(len(queries), np.int64)
    pool = others.astype(np.float32)
    halves = np.square(pool).sum(1) / 2
    for start in range(0, len(queries), _ROWS):
        part = queries[start : start + _ROWS]
        # The least distance has the greatest product minus half the square of the other.
        found = (part.astype(np.float32) @ pool.T - halves).argmax(1)
        which[start : start + _ROWS] = found
        differences = part.astype(np.float64) - others[found]
        distances[start : start + _ROWS] = np.sqrt(np.square(differences).sum(1))
    return distances, which


def _radii(features: np.ndarray, neighbours: int) -> np.ndarray:
    """Squared distance of each feature to its k-th neighbour, without itself."""
    radii = np.empty(len(features))
    for start in range(0, len(features), _ROWS):
        squared = _squared_distances(features[start : start + _ROWS], features)
        radii[start : start + _ROWS] = np.partition(squared, neighbours, axis=1)[:, neighbours]
    return radii


def _squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    first, second = first.astype(np.float64), second.astype(np.float64)
    squares = np.square(first).sum(1)[:, None] + np.square(second).sum(1)
    # Rounding can make the distance of a feature to itself slightly negative.
    return np.maximum(squares - 2 * first @ second.T, 0)
