"""Fréchet distance between two sets of features, as Gaussians.

Heusel et al., "GANs trained by a two time-scale update rule" (2017), with any features: state the
extractor and the number of samples with every figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handsum.errors import UsageError


@dataclass(frozen=True)
class Statistics:
    """Mean (D,) and covariance (D, D) of `count` features, in float64."""

    mean: np.ndarray
    covariance: np.ndarray
    count: int


def feature_statistics(features: np.ndarray) -> Statistics:
    """Mean and covariance of features (N, D).

    Raises:
        UsageError: N is D or less, so the covariance is singular; or a feature is not finite.
    """
    count, size = features.shape
    if count <= size:
        raise UsageError(
            f"{count} samples are too few for a covariance of {size} features: "
            f"at least {size + 1} are needed, and 10,000 are usual"
        )
    if not np.isfinite(features).all():
        raise UsageError("the features hold NaN or infinity")
    wide = features.astype(np.float64)
    return Statistics(wide.mean(0), np.cov(wide, rowvar=False).reshape(size, size), count)


def frechet_distance(first: Statistics, second: Statistics) -> float:
    """Squared Fréchet distance between the Gaussians of two sets of features, 0 or more.

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). The trace of the square root comes from the
    eigenvalues of C1^(1/2) C2 C1^(1/2), which are those of C1 C2 but real despite rounding.
    """
    values, vectors = np.linalg.eigh(first.covariance)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    product = np.linalg.eigvalsh(root @ second.covariance @ root)
    overlap = np.sqrt(np.clip(product, 0, None)).sum()
    distance = np.square(first.mean - second.mean).sum()
    spread = np.trace(first.covariance) + np.trace(second.covariance) - 2 * overlap
    return max(0.0, float(distance + spread))
