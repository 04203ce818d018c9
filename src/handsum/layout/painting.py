"""Ink on paper: enlarge, crop, caption and colour the coverage of digits.

Coverage is uint8: how much of a pixel is ink, 0 to 255.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

from handsum import stopping
from handsum.errors import UsageError

Color = tuple[int, int, int]
INK_LEVEL = 26  # the least coverage that the eye sees as ink
FULL_STROKE = 128  # grey of a 28x28 digit that only strokes reach
CAPTION_HEIGHT = 5.5  # in pixels of a 28x28 digit
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


def without_specks(image: np.ndarray) -> np.ndarray:
    """Remove the faint dots that a generator leaves beside the strokes of a digit uint8 (28, 28).

    Everything within two pixels of a full stroke stays.
    """
    near = Image.fromarray(image).filter(ImageFilter.MaxFilter(5))
    return np.where(np.asarray(near) >= FULL_STROKE, image, 0)


def enlarge(image: np.ndarray, scale: float) -> np.ndarray:
    """Enlarge a square digit by `scale`, with smooth, crisp edges as of a pen."""
    stopping.check()
    side = max(1, round(len(image) * scale))
    if side == len(image):
        return image
    large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    if scale <= 1:
        return np.asarray(large)
    # Enlarging leaves staircase edges as wide as an old pixel: the blur removes the steps, the
    # contrast narrows the edge to about two new pixels. The threshold is below one half to keep
    # thin grey strokes whole, and high enough to keep the background clean.
    large = large.filter(ImageFilter.GaussianBlur(float(0.5 * scale * min(1.0, scale - 1))))
    contrast = max(1.0, 0.7 * scale)
    threshold = max(0.4, 0.5 / contrast)
    coverage = (np.asarray(large) / 255 - threshold) * contrast + 0.5
    return np.rint(coverage.clip(0, 1) * 255).astype(np.uint8)


def ink_box(coverage: np.ndarray) -> tuple[int, int, int, int]:
    """Return the ink's x, y, width and height; the whole picture's if there is no ink."""
    inked = coverage >= INK_LEVEL
    if not inked.any():
        return 0, 0, coverage.shape[1], coverage.shape[0]
    columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def crop(coverage: np.ndarray) -> np.ndarray:
    """Crop coverage to its ink."""
    x, y, width, height = ink_box(coverage)
    return coverage[y : y + height, x : x + width]


def print_caption(text: str, scale: float) -> np.ndarray:
    """Return the coverage of a printed caption, paler than the ink; empty for an empty text."""
    if not text:
        return np.zeros((0, 0), np.uint8)
    size = max(10.0, CAPTION_HEIGHT * scale)
    font = ImageFont.load_default(size)
    left, _, right, bottom = font.getbbox(text)
    gap = round(size * 0.7)
    label = Image.new("L", (int(right - left) + 1, int(bottom) + gap + 1))
    ImageDraw.Draw(label).text((-left, gap), text, font=font, fill=150)
    return np.asarray(label)


def paste(canvas: np.ndarray, coverage: np.ndarray, x: int, y: int) -> tuple[int, int, int, int]:
    """Paste coverage onto the canvas and return the box of its ink."""
    height, width = coverage.shape
    canvas[y : y + height, x : x + width] = coverage
    left, top, width, height = ink_box(coverage) if coverage.size else (0, 0, 0, 0)
    return x + left, y + top, width, height


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
