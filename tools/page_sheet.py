"""Draw pages that the detector learns from, with the boxes and names that it must answer.

python tools/page_sheet.py docs/images/models/detector-pages.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from handsum.data import mnist
from handsum.data.pages.compose import compose
from handsum.data.pages.writing import Sources
from handsum.data.signs.alphabet import SIGNS
from handsum.data.signs.targets import true_signs

_COLUMNS, _ROWS, _SIDE, _ZOOM, _GAP = 6, 3, 128, 2, 8
_SEED = 11
_DIGIT, _SIGN, _OTHER = (0, 140, 60), (210, 110, 0), (60, 90, 220)


def main() -> None:
    """Compose some pages and write them as one picture."""
    data = mnist.load("train")
    sources = Sources.of(data.images, data.labels)
    step = _SIDE * _ZOOM + _GAP
    sheet = Image.new("RGB", (_COLUMNS * step - _GAP, _ROWS * step - _GAP), "white")
    for number in range(_COLUMNS * _ROWS):
        page = compose(sources, _SIDE, _SEED, number)
        image = Image.fromarray(page["images"]).convert("RGB")
        image = image.resize((_SIDE * _ZOOM, _SIDE * _ZOOM), Image.Resampling.BICUBIC)
        pen = ImageDraw.Draw(image)
        for box, label in zip(*true_signs(page), strict=True):
            color = _DIGIT if label < 10 else _OTHER if label == len(SIGNS) else _SIGN
            left, top, right, bottom = (box * _ZOOM).tolist()
            pen.rectangle((left, top, right, bottom), outline=color, width=2)
        sheet.paste(image, (number % _COLUMNS * step, number // _COLUMNS * step))
    sheet.quantize(96).save(Path(sys.argv[1]), optimize=True)


if __name__ == "__main__":
    main()
