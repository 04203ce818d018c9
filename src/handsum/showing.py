"""Results as pictures to look at, such as Jupyter shows of them: PNG bytes, of a bounded size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from handsum.errors import HandsumError
from handsum.images import encode_png, load_picture, tile

if TYPE_CHECKING:
    from handsum.datasets.samples import Sample
    from handsum.drawing import Digits
    from handsum.reading import FileReading
    from handsum.writing import Sequences

# What is beyond these is left out of a picture that is only to be looked at.
MOST_SEQUENCES = 12
MOST_DIGITS = 400
MOST_READINGS = 8
_SIDE = 1000  # pixels


def show_sequences(sequences: Sequences) -> bytes | None:
    """The first sequences as `number` and `sum-sequence` set them; None where they are too long."""
    from handsum.layout import Style
    from handsum.saving import draw_picture

    length = sequences.labels.shape[1]
    scale = min(3.0, max(0.5, _SIDE / (24 * length)))
    try:
        picture = draw_picture(sequences, Style(scale=scale), rows=slice(MOST_SEQUENCES))
    except HandsumError:
        return None
    return encode_png(picture.pixels)


def show_digits(digits: Digits) -> bytes | None:
    """The first digits in their grid; None where there are none."""
    images = digits.images[:MOST_DIGITS]
    if not len(images):
        return None
    columns = min(digits.columns, len(images), _SIDE // 28)
    grid = tile(images, columns)
    return encode_png(_enlarged(grid))


def show_sample(sample: Sample) -> bytes:
    """A data set's picture."""
    return encode_png(_enlarged(sample.image))


def show_readings(readings: Iterable[FileReading]) -> bytes | None:
    """The first pictures, one below the other, with what was read in them drawn on.

    None where there is none, as when the files have gone.
    """
    from PIL import Image

    from handsum.annotation import annotate

    shown = []
    for reading in [one for one in readings if not one.failed][:MOST_READINGS]:
        try:
            image = Image.fromarray(annotate(load_picture(reading.file), reading))
        except HandsumError:
            continue
        image.thumbnail((_SIDE, _SIDE))
        shown.append(image)
    if not shown:
        return None
    width, height = max(image.width for image in shown), sum(image.height for image in shown)
    sheet = Image.new("RGB", (width, height), "white")
    top = 0
    for image in shown:
        sheet.paste(image, (0, top))
        top += image.height
    return encode_png(np.asarray(sheet))


def _enlarged(pixels: np.ndarray) -> np.ndarray:
    """Each pixel as a square of them, where the picture stays small."""
    times = max(1, min(4, _SIDE // 2 // max(pixels.shape[:2])))
    return pixels.repeat(times, 0).repeat(times, 1)
