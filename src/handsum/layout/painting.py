"""Ink on paper: how a digit's coverage is enlarged, boxed, printed beside and coloured.

Coverage is uint8: how much of a pixel is ink, 0 to 255.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

from handsum.errors import UsageError

Color = tuple[int, int, int]
INK_LEVEL = 26  # coverage that the eye takes for ink
FULL_STROKE = 128  # grey of a 28x28 digit that only ink reaches
CAPTION_HEIGHT = 5.5  # in pixels of a 28x28 digit


def parse_color(name: str) -> Color:
    """Return the red, green and blue of a colour name or of #rrggbb.

    Raises:
        UsageError: the colour is not known, or has transparency.
    """
    try:
        red, green, blue, *alpha = ImageColor.getrgb(name)
    except ValueError:
        alpha = [0]
    if alpha:
        raise UsageError(
            f"unknown colour {name!r}: use a name such as navy, or #rrggbb such as #102a6b"
        )
    return red, green, blue


def without_specks(image: np.ndarray) -> np.ndarray:
    """Return a digit uint8 (28, 28) without the faint dots that a generator leaves off its strokes.

    Ink is what lies within two pixels of a full stroke.
    """
    near = Image.fromarray(image).filter(ImageFilter.MaxFilter(5))
    return np.where(np.asarray(near) >= FULL_STROKE, image, 0)


def enlarge(image: np.ndarray, scale: float) -> np.ndarray:
    """Return a square digit's coverage at `scale`, with a pen's smooth, crisp edge."""
    side = max(1, round(len(image) * scale))
    if side == len(image):
        return image
    large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    if scale <= 1:
        return np.asarray(large)
    # Enlarging leaves edges as wide as an old pixel, with its staircase: the blur takes the steps
    # off, the contrast narrows the edge to about two new pixels. The threshold is under one half
    # so that thin grey strokes stay whole, yet no background turns grey.
    large = large.filter(ImageFilter.GaussianBlur(float(0.5 * scale * min(1.0, scale - 1))))
    contrast = max(1.0, 0.7 * scale)
    threshold = max(0.4, 0.5 / contrast)
    coverage = (np.asarray(large) / 255 - threshold) * contrast + 0.5
    return np.rint(coverage.clip(0, 1) * 255).astype(np.uint8)


def ink_box(coverage: np.ndarray) -> tuple[int, int, int, int]:
    """Return x, y, width and height of what the eye takes for ink; of all, if there is none."""
    inked = coverage >= INK_LEVEL
    if not inked.any():
        return 0, 0, coverage.shape[1], coverage.shape[0]
    columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def crop(coverage: np.ndarray) -> np.ndarray:
    x, y, width, height = ink_box(coverage)
    return coverage[y : y + height, x : x + width]


def print_caption(text: str, scale: float) -> np.ndarray:
    """Return a printed caption's coverage, paler than the ink; nothing for an empty text."""
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
    """Put coverage onto the canvas; return the box of its ink."""
    height, width = coverage.shape
    canvas[y : y + height, x : x + width] = coverage
    left, top, width, height = ink_box(coverage) if coverage.size else (0, 0, 0, 0)
    return x + left, y + top, width, height


def paint(coverage: np.ndarray, ink: Color, paper: Color | None) -> np.ndarray:
    """Return the picture's pixels: grey if both colours are, RGBA on transparent paper."""
    if paper is None:
        color = np.broadcast_to(np.array(ink, np.uint8), (*coverage.shape, 3))
        return np.concatenate([color, coverage[..., None]], axis=-1)
    grey = len(set(ink)) == len(set(paper)) == 1
    channels = 1 if grey else 3
    # One lookup per channel, for pictures of long numbers are large.
    share = np.arange(256)[:, None] / 255
    table = np.rint(np.array(paper) * (1 - share) + np.array(ink) * share).astype(np.uint8)
    pixels = table[:, :channels][coverage]
    return pixels[..., 0] if grey else pixels
