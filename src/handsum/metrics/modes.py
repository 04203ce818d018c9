"""Stacked MNIST: the number of modes that a generator reaches, and how evenly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handsum.errors import UsageError

MODES = 1000


@dataclass(frozen=True)
class StackedModes:
    """`modes` of 1000 that `count` samples reach; `divergence`: KL in nats to the uniform.

    A perfectly even generator has an expected divergence near 999 / (2 count), not 0.
    """

    count: int
    modes: int
    divergence: float


def stacked_modes(readings: np.ndarray) -> StackedModes:
    """Modes and KL divergence to the uniform distribution of triples of digits, int (N, 3).

    Metz et al., "Unrolled generative adversarial networks" (2017): three digits are the colour
    channels of an image, and are read one by one.

    Raises:
        UsageError: there are no triples.
    """
    if not len(readings):
        raise UsageError("Stacked MNIST needs at least one triple of digits")
    counts = np.bincount(readings @ np.array([100, 10, 1]), minlength=MODES)
    shares = counts[counts > 0] / len(readings)
    return StackedModes(len(readings), len(shares), float((shares * np.log(shares * MODES)).sum()))
