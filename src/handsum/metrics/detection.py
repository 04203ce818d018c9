"""How well signs in pictures are found and read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Found:
    """Counts over pictures: signs that are there, found, and read right; and false ones."""

    present: int = 0
    found: int = 0
    right: int = 0
    false: int = 0

    @property
    def found_share(self) -> float:
        """The share of the signs that are found."""
        return self.found / max(self.present, 1)

    @property
    def right_share(self) -> float:
        """The share of the signs that are found and read right."""
        return self.right / max(self.present, 1)

    def __add__(self, other: Found) -> Found:
        return Found(
            self.present + other.present,
            self.found + other.found,
            self.right + other.right,
            self.false + other.false,
        )


# A found sign is one that is there if their boxes share this much of the area of both.
SAME = 0.5


def match_signs(overlaps: np.ndarray, labels: np.ndarray, true_labels: np.ndarray) -> Found:
    """Compare N signs, best first, with the M that are there, by the labels of both.

    A sign is found if a box shares `SAME` of the area of both (`overlaps` (N, M)); each box counts
    once.
    """
    free = np.ones(len(true_labels), bool)
    right = 0
    for shares, label in zip(overlaps, labels, strict=True):
        shares = np.where(free, shares, 0)
        best = int(shares.argmax()) if len(shares) else 0
        if len(shares) and shares[best] >= SAME:
            free[best] = False
            right += int(label == true_labels[best])
    found = int((~free).sum())
    return Found(len(true_labels), found, right, len(labels) - found)
