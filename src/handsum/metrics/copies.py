"""Whether a generator copies training digits: pixel distances to the nearest of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handsum.metrics.manifold import nearest_distances


@dataclass(frozen=True)
class Nearest:
    """For each of N digits the nearest training digit of its class.

    `distances` (N,): Euclidean, over pixels in [0, 1]. `rows` int64 (N,): the training digits.
    Infinity and -1 if no training digit has the class.
    """

    distances: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Copies:
    """Digits compared with test digits, by distance to the nearest training digit of their class.

    `count`: the number, of `known` digits, that are nearer than every test digit of their class.
    `near`: the share that is nearer than 99 in 100 test digits of the class (0.01 for test digits).
    `distance`: the median distance, divided by that of test digits. None without known digits. A
    shifted or rotated copy is far in pixels and is not found.
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

    Digits of a class that the test set lacks are left out.
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
