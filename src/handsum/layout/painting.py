"""Ink on paper: draw strokes, print captions, and colour the coverage.

Coverage is uint8: how much of a pixel is ink, 0 to 255.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from handsum import stopping
from handsum.errors import UsageError
from handsum.strokes import Strokes, draw_window
from handsum.strokes.raster import REACH

Color = tuple[int, int, int]
INK_LEVEL = 26  # the least coverage that the eye sees as ink
CAPTION_HEIGHT = 5.5  # in pixels of a 28x28 digit
LEAST_PRINT = 10.0  # in pixels of the picture
PRINT_GAP = 0.7  # above print, in its size
DARK_INK: Color = (26, 34, 56)
WHITE: Color = (255, 255, 255)


def parse_color(name: str) -> Color:
    """Return the red, green and blue of a colour name or of #rrggbb.

    Raises:
        UsageError: an unknown colour, or one with transparency.
    """
    try:
        red, green, blue, *alpha = ImageColor.getrgb(name if isinstance(name, str) else "")
    except ValueError:
        alpha = [0]
    if alpha:
        raise UsageError(
            f"unknown colour {name!r}: use a name such as navy, or #rrggbb such as #102a6b"
        )
    return red, green, blue


def hex_color(color: Color) -> str:
    """A colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def ink_box(coverage: np.ndarray) -> tuple[int, int, int, int]:
    """Return the ink's x, y, width and height; the whole picture's if there is no ink."""
    inked = coverage >= INK_LEVEL
    if not inked.any():
        return 0, 0, coverage.shape[1], coverage.shape[0]
    columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def draw_on(canvas: np.ndarray, strokes: Strokes) -> tuple[int, int, int, int]:
    """Draw strokes in pixels on coverage (H, W), and return the box of their ink.

    The box lies within the canvas; it is empty for strokes outside of it.
    """
    stopping.check()
    left, top, right, bottom = strokes.bounds()
    height, width = canvas.shape
    x, y = (
        int(np.clip(np.floor(edge - REACH), 0, most))
        for edge, most in ((left, width), (top, height))
    )
    end_x, end_y = (
        int(np.clip(np.ceil(edge + REACH), first, most))
        for edge, first, most in ((right, x, width), (bottom, y, height))
    )
    if end_x == x or end_y == y:
        return x, y, end_x - x, end_y - y
    ink = draw_window(strokes.shift(-x, -y), end_x - x, end_y - y)
    part = canvas[y:end_y, x:end_x]
    np.maximum(part, ink, out=part)
    inner_x, inner_y, wide, high = ink_box(ink)
    return x + inner_x, y + inner_y, wide, high


def _font(size: float) -> Any:
    return ImageFont.load_default(size)


def _printable(text: str) -> str:
    """A text in characters that the font has."""
    return text.replace("€", "EUR")


def measure_print(text: str, size: float) -> tuple[float, float]:
    """The width of print of this size, and its height with the gap above it; 0 without a text."""
    if not text:
        return 0.0, 0.0
    text = _printable(text)
    # Measured large, so that hinting does not count.
    left, _, right, bottom = _font(100.0).getbbox(text)
    return (right - left) * size / 100, bottom * size / 100 + size * PRINT_GAP


def print_on(canvas: np.ndarray, text: str, left: float, top: float, size: float) -> None:
    """Print a text on coverage (H, W), paler than ink, its gap below `top`."""
    font, text = _font(size), _printable(text)
    first, _, last, bottom = font.getbbox(text)
    label = Image.new("L", (int(last - first) + 1, int(bottom) + 1))
    ImageDraw.Draw(label).text((-first, 0), text, font=font, fill=150)
    x, y = round(left), round(top + size * PRINT_GAP)
    part = canvas[y : y + label.height, x : x + label.width]
    part[:] = np.maximum(part, np.asarray(label)[: part.shape[0], : part.shape[1]])


def paint(coverage: np.ndarray, ink: Color, paper: Color | None) -> np.ndarray:
    """Return the picture's pixels: grey if both colours are grey, RGBA on transparent paper."""
    if paper is None:
        color = np.broadcast_to(np.array(ink, np.uint8), (*coverage.shape, 3))
        return np.concatenate([color, coverage[..., None]], axis=-1)
    grey = len(set(ink)) == len(set(paper)) == 1
    channels = 1 if grey else 3
    # A lookup table per channel is fast: pictures of long numbers are large.
    share = np.arange(256)[:, None] / 255
    table = np.rint(np.array(paper) * (1 - share) + np.array(ink) * share).astype(np.uint8)
    pixels = table[:, :channels][coverage]
    return pixels[..., 0] if grey else pixels
