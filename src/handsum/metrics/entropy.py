"""Entropy of a discrete distribution from fewer samples than it has outcomes."""

from __future__ import annotations

import numpy as np


def estimate_entropy(counts: np.ndarray) -> float:
    """Shannon entropy in nats from the counts of each outcome (K,); 0 or more.

    Chao and Shen, "Nonparametric estimation of Shannon's index of diversity when there are unseen
    species in sample" (2003). The plain estimate is too low if outcomes remain unseen; this one
    corrects for the share of the distribution that was seen.
    """
    seen = np.asarray(counts, np.float64)
    seen = seen[seen > 0]
    total = seen.sum()
    single = (seen == 1).sum()
    # If every outcome was seen once, the covered share would be zero.
    single = min(single, total - 1)
    shares = (1 - single / total) * seen / total
    # Divided by the probability that an outcome is seen in `total` samples.
    return float(-(shares * np.log(shares) / (1 - (1 - shares) ** total)).sum()) + 0.0
