"""Whether a reader's confidence is reliable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bin:
    """Digits of similar confidence: their count, mean confidence and accuracy."""

    count: int
    confidence: float
    accuracy: float


def confidence_bins(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> list[Bin]:
    """Group digits by confidence into `bins` of equal width, without the empty ones.

    `probabilities` (N, C), `labels` (N,).
    """
    confidence = probabilities.max(-1).astype(np.float64)
    right = probabilities.argmax(-1) == labels
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    return [
        Bin(int(own.sum()), float(confidence[own].mean()), float(right[own].mean()))
        for own in (place == index for index in range(bins))
        if own.any()
    ]


def expected_calibration_error(bins: list[Bin]) -> float:
    """Mean difference between confidence and accuracy, weighted by the bins' counts; in [0, 1].

    Guo et al., "On calibration of modern neural networks" (2017).
    """
    total = sum(part.count for part in bins)
    return sum(part.count * abs(part.confidence - part.accuracy) for part in bins) / total


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The divisor of logits (N, C) that makes labels (N,) most likely, from 0.05 to 20.

    Guo et al., "On calibration of modern neural networks" (2017).
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    rows, wide = np.arange(len(labels)), logits.astype(np.float64)

    def negative_log_likelihood(logarithm: float) -> float:
        return -float(log_softmax(wide / np.exp(logarithm), axis=-1)[rows, labels].mean())

    bounds = (np.log(0.05), np.log(20.0))
    return float(
        np.exp(minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded").x)
    )
