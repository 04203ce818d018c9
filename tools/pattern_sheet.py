"""Draw docs/images/patterns.png: numbers that follow patterns, plain and with effects.

Usage: python tools/pattern_sheet.py docs/images/patterns.png
"""

from __future__ import annotations

import sys

from PIL import Image, ImageDraw, ImageFont

from handsum.datasets import Recipe, draw_samples, parse_realism

NAMES = ("amount", "date", "time", "phone")
HEIGHT, NAME, GAP, WIDTH = 48, 80, 10, 1000


def main() -> None:
    """Write the sheet: a line for each pattern, the second half of it with effects."""
    sheet = Image.new("RGB", (WIDTH, len(NAMES) * (HEIGHT + GAP)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for line, name in enumerate(NAMES):
        top = line * (HEIGHT + GAP)
        pen.text((0, top + HEIGHT // 2 - 8), name, fill="black", font=font)
        for half, realism in enumerate(("none", "all=0.5")):
            options = {"patterns": (name,), "height": HEIGHT, "realism": parse_realism(realism)}
            left, end = (NAME + side * (WIDTH - NAME) // 2 for side in (half, half + 1))
            # Other numbers in the second half.
            for sample in draw_samples(
                Recipe("numbers", 12, 8, lengths=(4, 9), **options), 6 * half
            ):
                picture = Image.fromarray(sample.image)
                if left + picture.width <= end:
                    sheet.paste(picture, (left, top))
                    left += picture.width + GAP
    sheet.quantize(64).save(sys.argv[1], optimize=True)


if __name__ == "__main__":
    main()
