"""The digit in a picture that shows one."""

from __future__ import annotations

from functools import reduce

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum.data.pictures.components import (
    LEAST_OF_ROW,
    Part,
    find_pieces,
    join_pieces,
    label_ink,
    may_be_digit,
    own_ink,
    typical_height,
)
from handsum.data.pictures.ink import (
    LEAST_CONTRAST,
    as_bytes,
    as_mnist,
    ink_map,
    is_grain,
    is_ink_dark,
    near_ink,
    shrink,
)
from handsum.data.pictures.ruling import without_frame, without_ruling
from handsum.images import DIGIT_SIZE

# A smaller picture is enlarged to this many pixels.
_LEAST_SIDE, _ENLARGED = 28, 56
# The margin around a picture that is cut tight, as a share of its longer side.
_MARGIN = 0.3
# Sharpness is measured at about this size, within a window.
_SHARP_SIDE, _SHARP_WINDOW = 64, 5
# A narrow digit in a small picture has little more variance left in the mean than noise has.
_GRAIN = 0.15


def single_digit(grey: np.ndarray) -> tuple[np.ndarray | None, bool]:
    """Return the digit in a picture of one, and whether it is darker than its paper.

    `grey` is float (H, W) in [0, 1]. The digit is uint8 (28, 28), white on black, as `predict` sees
    it; None if nothing is written. A picture of 28x28 keeps its pixels.
    """
    if grey.shape == (DIGIT_SIZE, DIGIT_SIZE):
        pixels = as_bytes(grey)
        dark = bool(is_ink_dark(pixels[None])[0])
        return (255 - pixels if dark else pixels), dark
    small = max(grey.shape) < _LEAST_SIDE
    # Noise in a small picture, enlarged, would look like strokes.
    if small and not _is_written(grey):
        return None, False
    picture = _enlarge(grey) if small else shrink(grey)[0]
    dark = bool(is_ink_dark(picture[None])[0])
    digit = _find_digit(picture)
    if digit is None and _is_written(picture):
        # Cut tight around the digit, a picture shows too little paper.
        digit = _find_digit(_with_margin(picture, dark))
    return digit, dark


def _enlarge(grey: np.ndarray) -> np.ndarray:
    height, width = grey.shape
    times = -(-_ENLARGED // max(height, width))
    image = Image.fromarray(grey).resize((width * times, height * times), Image.Resampling.BICUBIC)
    return np.asarray(image).clip(0, 1)


def _find_digit(grey: np.ndarray) -> np.ndarray | None:
    ink = without_ruling(without_frame(ink_map(grey)))
    labels = label_ink(ink)
    wholes = join_pieces(find_pieces(labels))
    if not wholes:
        return None
    # The picture is labelled as a digit, even if nothing in it looks like one.
    parts = [part for part in wholes if may_be_digit(part, ink, labels)] or wholes
    least = LEAST_OF_ROW * typical_height(parts)
    digit = reduce(Part.join, (part for part in parts if part.height >= least))
    return as_mnist(own_ink(ink, labels, digit))


def _is_written(grey: np.ndarray) -> bool:
    """Return whether a picture shows something sharp: not noise, no shadow."""
    factor = max(1, min(grey.shape) // _SHARP_SIDE)
    small = np.asarray(Image.fromarray(grey).reduce(factor))
    contrast = np.ptp(small)
    if contrast < LEAST_CONTRAST or is_grain(small, _GRAIN):
        return False
    high, low = (
        extreme(small, _SHARP_WINDOW)
        for extreme in (ndimage.maximum_filter, ndimage.minimum_filter)
    )
    return bool((high - low).max() >= 0.5 * contrast)


def _with_margin(grey: np.ndarray, dark_ink: bool) -> np.ndarray:
    """Add a margin that continues the paper at the edges."""
    window = max(5, round(0.6 * min(grey.shape)))
    light = near_ink(grey[None])[1][0]
    paper = (light == dark_ink).astype(np.float32)
    mean = ndimage.uniform_filter(grey * paper, window)
    mean /= ndimage.uniform_filter(paper, window).clip(1e-3)
    margin = max(4, round(_MARGIN * max(grey.shape)))
    larger = np.pad(mean, margin, mode="edge")
    larger[margin:-margin, margin:-margin] = grey
    return larger
