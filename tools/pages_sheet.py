"""Draw docs/images/pages.jpg: pages as lists, tables, forms and notes, with their labels below.

Usage: python tools/pages_sheet.py docs/images/pages.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from handsum.datasets import Recipe, Sample, draw_samples, parse_realism

# One page of each layout; the first row of the sheet shows them, the second their labels.
_SEED, _SHOWN, _HEIGHT, _GAP = 8, 4, 520, 8
_DIGIT, _SIGN, _ROW = (0, 150, 60), (40, 80, 220), (220, 40, 40)


def marked(sample: Sample) -> Image.Image:
    """A page, pale, with the boxes of its rows, digits and signs."""
    pale = 128 + sample.image.astype(np.uint16) // 2
    image = Image.fromarray(pale.astype(np.uint8)).convert("RGB")
    pen = ImageDraw.Draw(image)
    for boxes, color, grow in (
        (sample.row_boxes, _ROW, 4), (sample.boxes, _DIGIT, 0), (sample.sign_boxes, _SIGN, 0)
    ):  # fmt: skip
        for x, y, width, height in boxes.tolist():
            pen.rectangle((x - grow, y - grow, x + width + grow, y + height + grow), None, color, 2)
    return image


def main() -> None:
    """Write the sheet."""
    recipe = Recipe("pages", _SHOWN, _SEED, realism=parse_realism("all=0.5"), patterns=("amount",))
    rows = [[], []]  # type: list[list[Image.Image]]
    for sample in draw_samples(recipe):
        for row, image in zip(rows, (Image.fromarray(sample.image), marked(sample)), strict=True):
            width = round(image.width * _HEIGHT / image.height)
            row.append(image.resize((width, _HEIGHT), Image.Resampling.LANCZOS))
    width = rows[0][0].width
    sheet = Image.new("RGB", (_SHOWN * (width + _GAP) - _GAP, 2 * _HEIGHT + _GAP), "white")
    for down, row in enumerate(rows):
        for across, image in enumerate(row):
            sheet.paste(image, (across * (width + _GAP), down * (_HEIGHT + _GAP)))
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    sheet.save(sys.argv[1], quality=82)


if __name__ == "__main__":
    main()
