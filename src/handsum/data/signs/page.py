"""A picture of a page whose signs are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Page:
    """A page uint8 (H, W) and its signs: boxes (N, 4), left, top, right and bottom in pixels;
    classes (N,); the heights of their rows (N,); and whether each is there for sure (N,)."""

    pixels: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    heights: np.ndarray
    sure: np.ndarray

    def __repr__(self) -> str:
        return f"<page of {int(self.sure.sum())} signs>"
