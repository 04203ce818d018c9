"""The ink of digits in a picture: drawn digit by digit, with boxes and masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handsum import stopping
from handsum.layout.painting import INK_LEVEL, ink_box
from handsum.strokes import Strokes, draw_windows
from handsum.strokes.raster import REACH


@dataclass(frozen=True, eq=False, repr=False)
class Ink:
    """A digit's ink in a picture: its coverage uint8 (h, w), at `left` and `top`."""

    coverage: np.ndarray
    left: int
    top: int

    @cached_property
    def box(self) -> tuple[int, int, int, int]:
        """The x, y, width and height of the visible ink; empty outside of the picture."""
        if not self.coverage.size:
            return self.left, self.top, 0, 0
        x, y, width, height = ink_box(self.coverage)
        return self.left + x, self.top + y, width, height

    @cached_property
    def mask(self) -> np.ndarray:
        """The pixels of the box with visible ink, bool (height, width)."""
        x, y, width, height = self.box
        rows = slice(y - self.top, y - self.top + height)
        columns = slice(x - self.left, x - self.left + width)
        mask: np.ndarray = self.coverage[rows, columns] >= INK_LEVEL
        return mask


def draw(digits: Sequence[Strokes], size: tuple[int, int]) -> tuple[Ink, ...]:
    """Draw digits in pixels; what lies outside a picture of `size` (H, W) is cut off."""
    stopping.check()
    bounds = np.array([digit.bounds() for digit in digits])
    most = np.array(size[::-1])
    low = np.floor(bounds[:, :2] - REACH).clip(0, most).astype(int)
    high = np.ceil(bounds[:, 2:] + REACH).clip(low, most).astype(int)
    # All at once, in windows of the largest size: that is faster.
    width, height = (high - low).max(axis=0)
    moved = [digit.shift(*-corner) for digit, corner in zip(digits, low, strict=True)]
    drawn = draw_windows(moved, int(width), int(height))
    return tuple(
        Ink(window[:down, :across], int(x), int(y))
        for window, (across, down), (x, y) in zip(drawn, high - low, low, strict=True)
    )


def overlay(inks: Sequence[Ink], size: tuple[int, int]) -> np.ndarray:
    """Combine the ink of all digits of a picture: float32 (H, W) in [0, 1]."""
    coverage = np.zeros(size, np.uint8)
    for ink in inks:
        height, width = ink.coverage.shape
        part = coverage[ink.top : ink.top + height, ink.left : ink.left + width]
        np.maximum(part, ink.coverage, out=part)
    return coverage.astype(np.float32) / 255
