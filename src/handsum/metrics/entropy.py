"""Entropy of a discrete distribution from fewer samples than it has outcomes."""

from __future__ import annotations

import numpy as np


def estimate_entropy(counts: np.ndarray) -> float:
    """Shannon entropy in nats, from how often each outcome (K,) was seen; 0 or more.

    Chao and Shen, "Nonparametric estimation of Shannon's index of diversity when there are unseen
    species in sample" (2003): the plain estimate falls short wherever outcomes remain unseen; this
    one weighs what was seen by the share of the distribution that it covers.
    """
    seen = np.asarray(counts, np.float64)
    seen = seen[seen > 0]
    total = seen.sum()
    single = (seen == 1).sum()
    # Where every outcome was seen once, nothing would be covered at all.
    single = min(single, total - 1)
    shares = (1 - single / total) * seen / total
    # Divided by the probability that an outcome is seen at all in `total` samples.
    return float(-(shares * np.log(shares) / (1 - (1 - shares) ** total)).sum()) + 0.0
