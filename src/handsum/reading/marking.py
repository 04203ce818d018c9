"""Readings drawn on their pictures: boxes, digits and a legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handsum.reading.table import Box

# A digit with less confidence is marked as doubtful.
DOUBTFUL = 0.9
_SURE_COLOUR = (0, 130, 60)
_DOUBTFUL_COLOUR = (215, 110, 0)
_OTHER_COLOUR = (140, 140, 140)
_Colour = tuple[int, int, int]
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
# The least size of the legend's letters; digits are marked in letters of these sizes.
_LEGEND_SIZE, _SIZES = 14.0, (11.0, 60.0)


def draw_marks(
    grey: np.ndarray,
    digits: str,
    confidence: Sequence[float],
    boxes: Sequence[Box],
    others: Sequence[Box],
) -> np.ndarray:
    """Draw the boxes and digits of a reading on its picture, and a legend: uint8 (H, W, 3).

    `grey` is float (H, W) in [0, 1]. Doubtful digits are orange, with a question mark; writing that
    is no digit has a grey box. The picture keeps its scale: it only gets margins.
    """
    image = Image.fromarray(np.rint(grey * 255).clip(0, 255).astype(np.uint8)).convert("RGB")
    heights = [height for _, _, _, height in boxes] or [0]
    size = min(max(_SIZES[0], 0.3 * float(np.median(heights))), _SIZES[1])
    font = ImageFont.load_default(size)
    pen = max(1, round(size / 9))
    # A margin for the text: it must not cover the digits.
    margin = round(1.5 * size)
    legend = _draw_legend(_entries(confidence, others), max(size, _LEGEND_SIZE), image.width)
    width = max(image.width, legend.width)
    canvas = Image.new("RGB", (width, image.height + margin + legend.height), "white")
    canvas.paste(image, (0, margin))
    canvas.paste(legend, (0, image.height + margin))
    draw = ImageDraw.Draw(canvas)
    for left, top, width, height in others:
        edges = left - pen, top - pen + margin, left + width + pen, top + height + pen + margin
        draw.rectangle(edges, outline=_OTHER_COLOUR, width=pen)
    for digit, probability, (left, top, width, height) in zip(
        digits, confidence, boxes, strict=True
    ):
        sure = probability >= DOUBTFUL
        colour = _SURE_COLOUR if sure else _DOUBTFUL_COLOUR
        edges = left - pen, top - pen + margin, left + width + pen, top + height + pen + margin
        draw.rectangle(edges, outline=colour, width=pen)
        place = (max(left - pen, 1), max(0, top + margin - pen - 1.2 * size))
        text = digit if sure else f"{digit}?"
        draw.text(place, text, font=font, fill=colour, stroke_width=pen, stroke_fill="white")
    return np.asarray(canvas)


def _entries(confidence: Sequence[float], others: Sequence[Box]) -> list[tuple[_Colour, str]]:
    """The colours in the picture and what they mean."""
    entries = []
    if any(probability >= DOUBTFUL for probability in confidence):
        entries.append((_SURE_COLOUR, "read"))
    if any(probability < DOUBTFUL for probability in confidence):
        entries.append((_DOUBTFUL_COLOUR, f"? doubtful: below {DOUBTFUL:.0%}"))
    if others:
        entries.append((_OTHER_COLOUR, "not a digit: left out"))
    return entries


def _draw_legend(entries: Sequence[tuple[_Colour, str]], size: float, width: int) -> Image.Image:
    """Draw a legend, in one line if `width` is enough, else one entry below the other."""
    font = ImageFont.load_default(size)
    swatch, gap, line = round(0.8 * size), round(0.5 * size), round(1.6 * size)
    widths = [swatch + 3 * gap + round(font.getlength(text)) for _, text in entries]
    stacked = gap + sum(widths) > width
    lines = len(entries) if stacked else min(1, len(entries))
    side = gap + (max(widths, default=0) if stacked else sum(widths))
    legend = Image.new("RGB", (side, lines * line), "white")
    draw = ImageDraw.Draw(legend)
    left, top = gap, 0
    for (colour, text), own in zip(entries, widths, strict=True):
        middle = top + line // 2
        edges = left, middle - swatch // 2, left + swatch, middle + swatch // 2
        draw.rectangle(edges, outline=colour, width=max(2, round(size / 9)))
        draw.text((left + swatch + gap, middle), text, font=font, fill=colour, anchor="lm")
        left, top = (left, top + line) if stacked else (left + own, top)
    return legend
