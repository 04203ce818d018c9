"""Make labelled lines of digits to train OCR with, and show the boxes of the first ones.

python examples/data_for_ocr.py lines/ --count 1000 --realism all
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from handsum.datasets import Sample, draw_samples, write_dataset


def with_boxes(sample: Sample, scale: int = 3) -> Image.Image:
    """The picture of a sample, enlarged, with a box around each digit."""
    pixels = Image.fromarray(sample.image).convert("RGB")
    picture = pixels.resize((pixels.width * scale, pixels.height * scale))
    pen = ImageDraw.Draw(picture)
    for x, y, width, height in sample.boxes * scale:
        pen.rectangle((x, y, x + width, y + height), outline=(0, 130, 200), width=2)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--realism", default="all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    written = write_dataset(
        options.folder,
        "numbers",
        count=options.count,
        realism=options.realism,
        seed=options.seed,
    )
    print(f"{options.folder}: {written.written} lines written, {written.kept} were there")

    # Samples can be drawn without the files: each depends on the recipe and its index alone.
    samples = list(draw_samples(written.plan.recipe, 0, min(6, options.count)))
    pictures = [with_boxes(sample) for sample in samples]
    width, height = max(p.width for p in pictures), sum(p.height for p in pictures)
    sheet = Image.fromarray(np.full((height, width, 3), 255, np.uint8))
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height
    preview = options.folder.with_name(options.folder.name + "-preview.png")
    sheet.save(preview)
    print(f"{preview}: " + ", ".join(sample.text for sample in samples))


if __name__ == "__main__":
    main()
