"""Whether a generator copies its training digits: distances to the nearest of them, in pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handsum.metrics.manifold import nearest_distances


@dataclass(frozen=True)
class Nearest:
    """Of each of N digits the nearest training digit of its class.

    `distances` (N,): Euclidean, over pixels in [0, 1]; `rows` int64 (N,): which training
    digit. Infinite and -1 where training holds none of the class.
    """

    distances: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Copies:
    """Digits against the test set's, by their distance to the nearest training digit of the class.

    `count`: how many of `known` digits are nearer than any test digit of their class is; `near`:
    the share nearer than 1 in 100 test digits of their class (0.01 for test digits themselves);
    `distance`: the median distance over that of test digits; None where none are known. A copy that
    was moved or turned is far in pixels, and none of these.
    """

    count: int
    known: int
    near: float | None
    distance: float | None


def nearest_of_class(
    images: np.ndarray,
    labels: np.ndarray,
    training_images: np.ndarray,
    training_labels: np.ndarray,
) -> Nearest:
    """For each digit uint8 (N, 28, 28) the nearest training digit with the same label."""
    distances = np.full(len(images), np.inf)
    rows = np.full(len(images), -1, np.int64)
    for label in np.unique(labels):
        own, others = (
            np.flatnonzero(labels == label),
            np.flatnonzero(training_labels == label),
        )
        if len(others):
            queries, pool = (
                part.reshape(len(part), -1).astype(np.float32) / 255
                for part in (images[own], training_images[others])
            )
            distances[own], which = nearest_distances(queries, pool)
            rows[own] = others[which]
    return Nearest(distances, rows)


def count_copies(
    distances: np.ndarray, labels: np.ndarray, test_distances: np.ndarray, test_labels: np.ndarray
) -> Copies:
    """Compare distances (N,) of digits with those (M,) of test digits, class by class.

    Digits of a class that the test set does not hold are left out.
    """
    copied, near, known, ratios = 0, 0, 0, []
    for label in np.unique(labels):
        own, test = distances[labels == label], test_distances[test_labels == label]
        if len(test):
            known += len(own)
            copied += int((own < test.min()).sum())
            near += int((own < np.quantile(test, 0.01)).sum())
            ratios.append(own / np.median(test))
    if not known:
        return Copies(0, 0, None, None)
    return Copies(copied, known, near / known, float(np.median(np.concatenate(ratios))))
