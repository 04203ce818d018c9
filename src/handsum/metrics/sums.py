"""How well sums are predicted: exactness, absolute error, and the coverage of intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

INTERVAL = 0.9


@dataclass(frozen=True)
class SumFigures:
    """Predicted sums of `count` sequences of `length` digits.

    `exact`: the share predicted exactly. `error`: mean absolute error. `held`: the share within the
    central 90% interval of whole sums. `claimed`: the probability that the model gives to this
    interval; both are at least 0.9 if the model is calibrated. `coverage`: see `sum_figures`.
    """

    length: int
    count: int
    exact: float
    error: float
    held: float
    claimed: float
    coverage: float


def sum_figures(distributions: np.ndarray, totals: np.ndarray, length: int) -> SumFigures:
    """Compare distributions (N, S) over the sums 0 .. S - 1 with the true totals (N,).

    The prediction is the most probable sum. An interval of whole sums holds more than its 90%. The
    coverage counts a sum by the share of its probability that lies within exactly the central 90%:
    0.9 for a calibrated model, less for an overconfident one.
    """
    rows = np.arange(len(totals))
    above = np.cumsum(distributions, axis=1)
    below = above - distributions
    tail = (1 - INTERVAL) / 2
    inside = np.clip(np.minimum(above, 1 - tail) - np.maximum(below, tail), 0, None)
    share = np.divide(inside, distributions, out=np.zeros_like(inside), where=distributions > 0)
    # Rounding must not add a sum to the interval.
    whole = inside > 1e-9
    predicted = distributions.argmax(axis=1)
    return SumFigures(
        length=length,
        count=len(totals),
        exact=float((predicted == totals).mean()),
        error=float(np.abs(predicted - totals).mean()),
        held=float(whole[rows, totals].mean()),
        claimed=float((distributions * whole).sum(1).mean()),
        coverage=float(share[rows, totals].mean()),
    )
