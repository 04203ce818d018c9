"""How well sums are predicted: exact, absolute error, and what an interval is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

INTERVAL = 0.9


@dataclass(frozen=True)
class SumFigures:
    """Predicted sums of `count` sequences of `length` digits.

    `exact`: the share right; `error`: mean absolute error; `coverage`: the share within the central
    90% interval (see `sum_figures`), and `width`, the interval's mean number of sums.
    """

    length: int
    count: int
    exact: float
    error: float
    coverage: float
    width: float


def sum_figures(distributions: np.ndarray, totals: np.ndarray, length: int) -> SumFigures:
    """Compare distributions (N, S) over the sums 0 .. S - 1 with the true totals (N,).

    The prediction is the most probable sum. A sum counts as covered by the share of its own
    probability that lies within the central 90%: sums are whole, and an interval of whole sums
    would hold more than its 90%, which would make every honest distribution look too wide.
    """
    rows = np.arange(len(totals))
    above = np.cumsum(distributions, axis=1)
    below = above - distributions
    tail = (1 - INTERVAL) / 2
    inside = np.clip(np.minimum(above, 1 - tail) - np.maximum(below, tail), 0, None)
    share = np.divide(inside, distributions, out=np.zeros_like(inside), where=distributions > 0)
    predicted = distributions.argmax(axis=1)
    return SumFigures(
        length=length,
        count=len(totals),
        exact=float((predicted == totals).mean()),
        error=float(np.abs(predicted - totals).mean()),
        coverage=float(share[rows, totals].mean()),
        width=float((inside > 0).sum(axis=1).mean()),
    )
