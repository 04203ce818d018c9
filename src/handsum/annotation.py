"""Pictures with what was read in them drawn on, and the digits as the reader saw them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handsum.errors import HandsumError
from handsum.images import load_picture, save_png, tile
from handsum.reading import FileReading

_SURE = (0, 130, 60)
_DOUBTFUL = (215, 110, 0)
_OTHER = (140, 140, 140)
# A digit read with less than this is drawn as doubtful.
DOUBTFUL = 0.9


def save_annotated(folder: Path, readings: Iterable[FileReading]) -> list[Path]:
    """Write each picture into `folder` as PNG, with its digits' boxes and readings drawn on it.

    Files that could not be read are left out. Returns the names written.

    Raises:
        HandsumError: the folder cannot be made or written to.
    """
    return _save(folder, readings, lambda reading: annotate(load_picture(reading.file), reading))


def save_inputs(folder: Path, readings: Iterable[FileReading]) -> list[Path]:
    """Write each file's digits as the reader saw them, 28x28 each, side by side in one PNG.

    Files without digits are left out. Returns the names written.

    Raises:
        HandsumError: the folder cannot be made or written to.
    """
    found = (reading for reading in readings if reading.digits)
    return _save(folder, found, lambda reading: tile(reading.images, len(reading.images)))


def annotate(grey: np.ndarray, reading: FileReading) -> np.ndarray:
    """Draw a reading's boxes, digits and confidence on its grey picture: uint8 (H, W, 3).

    `grey` is float (H, W) in [0, 1]. What is no digit gets a grey box.
    """
    image = Image.fromarray(np.rint(grey * 255).clip(0, 255).astype(np.uint8)).convert("RGB")
    heights = [height for _, _, _, height in reading.boxes] or [0]
    size = min(max(11.0, 0.3 * float(np.median(heights))), 60.0)
    font = ImageFont.load_default(size)
    pen = max(1, round(size / 9))
    # Small pictures get a margin, for the readings must not lie on the digits.
    margin = round(1.5 * size)
    canvas = Image.new("RGB", (image.width, image.height + margin), (255, 255, 255))
    canvas.paste(image, (0, margin))
    draw = ImageDraw.Draw(canvas)
    for left, top, width, height in reading.others:
        edges = left - pen, top - pen + margin, left + width + pen, top + height + pen + margin
        draw.rectangle(edges, outline=_OTHER, width=pen)
    boxes = zip(reading.digits, reading.confidence, reading.boxes, strict=True)
    for digit, confidence, (left, top, width, height) in boxes:
        color = _DOUBTFUL if confidence < DOUBTFUL else _SURE
        edges = left - pen, top - pen + margin, left + width + pen, top + height + pen + margin
        draw.rectangle(edges, outline=color, width=pen)
        place = (max(left - pen, 1), max(0, top + margin - pen - 1.2 * size))
        draw.text(place, digit, font=font, fill=color, stroke_width=pen, stroke_fill="white")
    return np.asarray(canvas)


def _save(
    folder: Path,
    readings: Iterable[FileReading],
    picture: Callable[[FileReading], np.ndarray],
) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HandsumError(f"cannot write to {folder}: {error.strerror or error}") from error
    written: list[Path] = []
    for reading in readings:
        if reading.failed:
            continue
        stem, number = Path(reading.file).stem, 1
        path = folder / f"{stem}.png"
        while path in written or path.absolute() == Path(reading.file).absolute():
            # Pictures of one name, from several folders, or in the folder itself.
            number += 1
            path = folder / f"{stem}-{number}.png"
        save_png(path, picture(reading))
        written.append(path)
    return written
