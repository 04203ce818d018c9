"""Draw docs/images/realism.png: each effect of `handsum dataset` at strengths 0.3 and 1.

Usage: python tools/realism_sheet.py docs/images/realism.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handsum.datasets import EFFECTS, Recipe, Sample, draw_samples, parse_realism
from handsum.datasets.effects.marks import MARKS
from handsum.layout.painting import parse_color

HEIGHT, WIDTH, GAP, NAMES, HEADING = 48, 166, 6, 86, 22
COLUMNS = (("0.3", 2), ("1", 3))


def cells(name: str) -> list[np.ndarray]:
    """A row of pictures (HEIGHT, WIDTH, 3) with one effect, or with all of them."""
    row = []
    for strength, count in COLUMNS:
        realism = parse_realism(f"{name}={strength}")
        if name in MARKS or name == "moire":
            # These have colours of their own.
            realism["colors"] = 1e-3
        recipe = Recipe("numbers", 40, 11, (4, 4), realism=realism, height=HEIGHT)
        # Show those of 40 samples on which the effect is strongest.
        samples = list(draw_samples(recipe, 0, 40))
        chosen = samples[4 : 4 + count] if name == "all" else sorted(samples, key=reach)[-count:]
        for sample in chosen:
            image = np.asarray(Image.fromarray(sample.image).convert("RGB"))[:, :WIDTH]
            cell = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
            left = (WIDTH - image.shape[1]) // 2
            cell[:, left : left + image.shape[1]] = image
            row.append(cell)
    return row


def reach(sample: Sample) -> float:
    """The strength of a sample's only effect, in its own unit."""
    *_, (name, value) = sample.effects.items()
    if name == "colors":
        # Colourful samples show the effect best.
        return float(np.mean([np.ptp(parse_color(str(color))) for color in value.values()]))
    if name == "lines":
        return float(value["opacity"])
    if name == "strokes":
        return float(np.abs([value["slant"], np.log(value["pen"])]).max())
    if name == "touching":
        return len(value)
    return -float(value) if name == "jpeg" else float(np.abs(value).max())


def main() -> None:
    """Write the sheet."""
    rows = {name: cells(name) for name in [*EFFECTS, "all"] if name != "desk"}
    across = sum(count for _, count in COLUMNS)
    size = (NAMES + across * (WIDTH + GAP), HEADING + len(rows) * (HEIGHT + GAP))
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place, heading in ((0, "strength 0.3"), (COLUMNS[0][1], "strength 1")):
        pen.text((NAMES + place * (WIDTH + GAP), 3), heading, "black", font)
    for index, (name, row) in enumerate(rows.items()):
        top = HEADING + index * (HEIGHT + GAP)
        pen.text((4, top + HEIGHT // 2 - 8), name, "black", font)
        for place, cell in enumerate(row):
            sheet.paste(Image.fromarray(cell), (NAMES + place * (WIDTH + GAP), top))
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(256, dither=Image.Dither.NONE).save(sys.argv[1], optimize=True)


if __name__ == "__main__":
    main()
