"""Draw docs/images/models/detector-failures.png: composed pictures that `predict` misreads.

Usage: python tools/failures.py docs/images/models/detector-failures.png

Under each picture stands what is written and what was read; see `reading_kinds.py`.
"""

from __future__ import annotations

import sys

import numpy as np
from measure_reading import read
from PIL import Image, ImageDraw, ImageFont
from reading_kinds import make

KINDS = ("overlapping", "circled", "two pens", "dark edge", "slashes", "scribbles", "blots")
_TRIED, _SHOWN, _WIDTH, _HEIGHT, _NAME, _TEXT = 40, 4, 210, 120, 90, 18


def cell(picture: np.ndarray, text: str) -> Image.Image:
    """A picture, reduced, with a line of text below it."""
    image = Image.new("L", (_WIDTH, _HEIGHT + _TEXT), 255)
    small = Image.fromarray(picture)
    small.thumbnail((_WIDTH - 6, _HEIGHT))
    image.paste(small, ((_WIDTH - small.width) // 2, _HEIGHT - small.height))
    ImageDraw.Draw(image).text((4, _HEIGHT + 1), text, 0, ImageFont.load_default(12))
    return image


def main() -> None:
    """Write the sheet: a row for each kind with something misread."""
    rows = []
    for kind in KINDS:
        pictures = make(kind, _TRIED)
        read_as = read(pictures, None)
        wrong = [
            cell(picture, f"{label or 'nothing'} as {reading or 'nothing'}")
            for (picture, label), reading in zip(pictures, read_as, strict=True)
            if label != reading
        ]
        print(f"{kind}: {len(wrong)} of {len(pictures)} misread")
        if wrong:
            rows.append((kind, wrong[:_SHOWN]))
    high = _HEIGHT + _TEXT + 8
    sheet = Image.new("L", (_NAME + _SHOWN * _WIDTH, len(rows) * high), 255)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for row, (kind, wrong) in enumerate(rows):
        pen.text((2, row * high + _HEIGHT // 2), kind, 0, font)
        for place, image in enumerate(wrong):
            sheet.paste(image, (_NAME + place * _WIDTH, row * high))
    sheet.quantize(64).save(sys.argv[1], optimize=True)


if __name__ == "__main__":
    main()
