"""Punctuation in a number's own hand: points, commas and minus signs with its pen and its slant.

MNIST holds no punctuation, so it is drawn: each mark is a pen stroke along a curve. Lengths are in
pixels of a 28x28 digit ("units"), y from the baseline up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MARKS = ".,-"
# The pen's way as control points of a quadratic curve, and its width there over a digit's stroke.
_CURVES = {
    ".": (((0.0, 1.45), (0.15, 1.4), (0.3, 1.4)), (1.3, 1.2)),
    ",": (((0.7, 1.0), (1.1, -1.6), (-0.9, -4.0)), (1.15, 0.7)),
    "-": (((0.0, 8.8), (4.0, 9.3), (8.0, 9.0)), (1.0, 0.9)),
}
# How far chance moves the control points.
_WOBBLE = 0.22
_STEPS = 24
# People write no finer a point than this, whatever their pen.
_FINEST = 1.6


def count_whole(text: str) -> int:
    """How many of a number's digits are whole ones: those before its decimal point or comma.

    That is its last point or comma if there is one of its kind only; a lone comma before the last
    three digits sets thousands apart.
    """
    end = max(text.rfind("."), text.rfind(","))
    mark, rest = text[end : end + 1], text[end + 1 :]
    lone_comma = mark == "," and "." not in text and len(rest) == 3
    if end < 0 or text.count(mark) > 1 or lone_comma:
        end = len(text)
    return sum(character not in MARKS for character in text[:end])


@dataclass(frozen=True)
class Pen:
    """A number's pen: its stroke's width in units, and the tangent of its lean to the right."""

    width: float
    slant: float


def measure_pen(images: np.ndarray, sizes: np.ndarray) -> Pen:
    """The pen of a number's digits uint8 (L, 28, 28), each of them enlarged by its size (L,)."""
    from handsum.metrics.hands import slant, stroke_width

    width = float(np.median(stroke_width(images) * sizes))
    return Pen(max(width, _FINEST), float(np.clip(np.median(slant(images)), -0.5, 0.8)))


def draw_mark(mark: str, pen: Pen, scale: float, chance: np.ndarray) -> tuple[np.ndarray, int]:
    """Draw one of MARKS at `scale` pixels to a unit; `chance` (3, 2) is standard normal.

    Returns coverage uint8 (H, W) and how many of its rows lie above the baseline.
    """
    points, widths = _CURVES[mark]
    controls = np.array(points) + _WOBBLE * chance.clip(-2, 2)
    time = np.linspace(0, 1, _STEPS)[:, None]
    start, middle, end = controls
    way = (1 - time) ** 2 * start + 2 * time * (1 - time) * middle + time**2 * end
    way[:, 0] += pen.slant * way[:, 1]
    radii = scale * pen.width / 2 * np.linspace(*widths, _STEPS)
    way = way * scale
    left, low = np.floor((way - radii[:, None]).min(0)) - 1
    right, high = np.ceil((way + radii[:, None]).max(0)) + 1
    x = np.arange(left, right) + 0.5
    y = np.arange(high, low, -1) - 0.5
    # The pen is round: a pixel is inked by how far it lies within the nearest disc on the way.
    distances = np.hypot(x[None, :, None] - way[:, 0], y[:, None, None] - way[:, 1]) - radii
    coverage = (0.5 - distances.min(-1)).clip(0, 1)
    return np.rint(255 * coverage).astype(np.uint8), int(high)
