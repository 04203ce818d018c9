"""Digits in other hands: stretched, slanted, rotated and bent, with other pens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum.layout.painting import ink_box
from handsum.layout.rows import Placed

# The maximum of each change at an amount of 1: in radians, or as fractions of a digit's height.
_TURN, _SLANT, _STRETCH, _BEND, _PEN = 0.2, 0.35, 0.2, 0.035, 0.01
# Independently moved places along a digit's height.
_CELLS = 6


def rewrite(
    placed: Sequence[Placed], amount: float, rng: np.random.Generator
) -> tuple[tuple[Placed, ...], dict[str, float]]:
    """Write a row of digits again in another hand; `amount` in [0, 1] bounds the difference.

    Slant, proportions and pen are the same for the whole row; each digit is also rotated and bent
    on its own. Gaps between the digits stay. Returns the digits and the parameters of the hand.
    """
    slant, wide, high, pen = amount * rng.uniform(-1, 1, 4)
    hand = {
        "slant": round(float(_SLANT * slant), 4),
        "width": round(float(np.exp(_STRETCH * wide)), 4),
        "height": round(float(np.exp(_STRETCH * high)), 4),
        "pen": round(float(pen), 4),
    }
    written: list[Placed] = []
    before: tuple[int, int] | None = None
    for digit in placed:
        x, y, width, height = ink_box(digit.coverage)
        bent = _bend(digit.coverage, hand, amount, rng)
        image = _press(bent, hand["pen"] * _PEN * len(digit.coverage))
        new_x, new_y, new_width, new_height = ink_box(image)
        left = digit.left + x
        if before is None:
            # The first digit stays about where it was.
            ink_left = left + (width - new_width) // 2
        else:
            ink_left = before[1] + left - before[0]
        top = digit.top + y + (height - new_height) // 2
        written.append(Placed(image, ink_left - new_x, top - new_y))
        before = left + width, ink_left + new_width
    return tuple(written), hand


def _bend(
    coverage: np.ndarray, hand: dict[str, float], amount: float, rng: np.random.Generator
) -> np.ndarray:
    """Rotate, slant, stretch and bend a digit uint8 (h, w); the result has wider margins."""
    rim = len(coverage) // 2
    image = np.pad(coverage, rim)
    size = np.array(image.shape)
    down, across = np.indices(image.shape) - (size[:, None, None] - 1) / 2
    angle = amount * _TURN * rng.uniform(-1, 1)
    cos, sin = np.cos(angle), np.sin(angle)
    source_y = (cos * down - sin * across) / hand["height"]
    source_x = (sin * down + cos * across) / hand["width"]
    source_x = source_x + hand["slant"] * source_y
    reach = amount * _BEND * len(coverage)
    cells = np.rint(_CELLS * size / len(coverage)).astype(int)
    for source in (source_y, source_x):
        field = rng.standard_normal(cells, np.float32) * np.float32(reach)
        smooth = Image.fromarray(field).resize((size[1], size[0]), Image.Resampling.BICUBIC)
        source += np.asarray(smooth)
    places = [source_y + (size[0] - 1) / 2, source_x + (size[1] - 1) / 2]
    bent = ndimage.map_coordinates(image.astype(np.float32), places, order=1)
    return np.rint(bent).astype(np.uint8)


def _press(coverage: np.ndarray, by: float) -> np.ndarray:
    """Make strokes thicker by so many pixels on each side, or thinner."""
    ink = coverage.astype(np.float32) / 255
    inside = ink >= 0.5
    # The depth of each pixel's centre in its stroke; at an edge, its ink gives it more exactly.
    depth = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    depth = np.where(np.abs(depth) < 2, ink, depth - np.sign(depth) / 2 + 0.5)
    changed = ink + (depth + by).clip(0, 1) - depth.clip(0, 1)
    return np.rint(255 * changed.clip(0, 1)).astype(np.uint8)
