"""The width of the pen that wrote digits in a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from handsum.data.pictures.ink import exact_stroke, ink_map, shrink

# A digit is measured at this height, so that the edges of its ink lie between pixels.
_HEIGHT = 300
# Its ink is looked for this far above and below its box, in shares of the height.
_RIM = 0.06
# Digits as high as a hand writes them have strokes of this width, in shares of their height: with
# another nib, the way of the pen stays.
_USUAL = 0.125


def nib_width(grey: np.ndarray, boxes: Sequence[tuple[int, int, int, int]]) -> float:
    """The width of the pen, in shares of a digit's height, in a picture float (H, W) in [0, 1].

    `boxes` are x, y, width and height of the ink of its digits, one at least.
    """
    small, factor = shrink(grey)
    ink = ink_map(small)
    found = [_measure(ink, *(round(side / factor) for side in box)) for box in boxes]
    width, height = np.median(found, axis=0)
    # The height of a digit in a number is that with the usual pen, on the same way.
    return float((1 - _USUAL) * width / max(height - width, width))


def _measure(ink: np.ndarray, x: int, y: int, width: int, height: int) -> tuple[float, int]:
    """The mean width of strokes in a box of ink, and the ink's height, in pixels."""
    # A detector's box is a little higher or lower than the ink.
    rim = round(_RIM * height)
    part = ink[max(0, y - rim) : y + height + rim, x : x + max(1, width)]
    rows = np.flatnonzero((part > 0.5).any(1))
    if len(rows):
        part = part[rows[0] : rows[-1] + 1]
    height = max(1, len(part))
    size = max(1, round(part.shape[1] * _HEIGHT / height)), _HEIGHT
    large = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BICUBIC))
    inside = np.pad(large > 0.5, 1)
    return (exact_stroke(inside)[0] * height / _HEIGHT if inside.any() else 0.0), height
