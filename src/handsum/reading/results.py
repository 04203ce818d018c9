"""What was read: of one file, of all files together; as JSON, and drawn on the pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handsum.errors import HandsumError
from handsum.images import LARGEST_SHOWN, encode_png, load_picture, save_png, tile
from handsum.sums import sum_distribution, sum_summary

NO_DIGITS = "no digits found"
NOT_DIGITS = "what is written is not a digit"
# Other readings of a digit and other sums are told down to this probability.
LEAST_SHOWN = 0.001
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class FileReading:
    """What one file says: its digits in reading order, row by row.

    `confidence` is each digit's probability; `boxes` are x, y, width and height of each digit's ink
    in pixels of the upright picture; `alternatives` are each digit's other readings with their
    probabilities, likeliest first. `rows` is the text row by row, with the points and commas where
    they were asked for. `others` are the boxes of what is written and not a digit. `error` is None,
    NO_DIGITS, NOT_DIGITS, or what is wrong. `images` are the digits as the reader saw them, uint8
    (N, 28, 28), and `probabilities`, (N, 10), what it made of them. `summed` is what a model of
    sums makes of them, where one was asked.
    """

    file: str
    digits: str
    confidence: tuple[float, ...]
    boxes: tuple[Box, ...]
    error: str | None
    alternatives: tuple[tuple[tuple[str, float], ...], ...] = ()
    rows: tuple[str, ...] = ()
    others: tuple[Box, ...] = ()
    images: np.ndarray = field(
        default_factory=lambda: np.zeros((0, 28, 28), np.uint8), repr=False, compare=False
    )
    probabilities: np.ndarray = field(
        default_factory=lambda: np.zeros((0, 10), np.float32), repr=False, compare=False
    )
    summed: np.ndarray | None = field(default=None, repr=False, compare=False)

    def _repr_png_(self) -> bytes | None:

        return show_readings([self])

    @property
    def failed(self) -> bool:
        """Whether the file could not be read; a picture without digits could."""
        return self.error not in (None, NO_DIGITS, NOT_DIGITS)

    @property
    def distribution(self) -> np.ndarray:
        """The probability of each sum of the digits, float64 (9N + 1,)."""
        return sum_distribution(self.probabilities) if self.summed is None else self.summed

    def as_dict(self) -> dict[str, Any]:
        """Return the file's part of what `handsum predict --json` prints."""
        return {
            "file": self.file,
            "digits": self.digits,
            "confidence": list(self.confidence),
            "boxes": [list(box) for box in self.boxes],
            "error": self.error,
            "alternatives": [dict(others) for others in self.alternatives],
            "rows": list(self.rows),
            "others": [list(box) for box in self.others],
            **sum_dict(self.distribution if self.digits else None),
        }


@dataclass(frozen=True)
class Prediction:
    """What all files say together, as one sequence of digits.

    `sum` is the most probable sum, `probability` its probability, `interval` the central 90%
    interval (both ends included); all three are None where no digit was found. `distribution` is
    the probability of each sum, float64 (9N + 1,).
    """

    files: tuple[FileReading, ...]
    sum: int | None
    probability: float | None
    interval: tuple[int, int] | None
    distribution: np.ndarray = field(default_factory=lambda: np.ones(1), repr=False, compare=False)

    def _repr_png_(self) -> bytes | None:

        return show_readings(self.files)

    def as_dict(self) -> dict[str, Any]:
        """Return what `handsum predict --json` prints."""
        told = sum_dict(self.distribution if self.sum is not None else None)
        return {"files": [reading.as_dict() for reading in self.files], **told}


def sum_dict(distribution: np.ndarray | None) -> dict[str, Any]:
    """Return a sum, its probability, its interval and its distribution as JSON values."""
    if distribution is None:
        return {"sum": None, "probability": None, "interval": None, "distribution": {}}
    summary = sum_summary(distribution)
    likely = np.flatnonzero(distribution >= LEAST_SHOWN)
    return {
        "sum": summary.sum,
        "probability": summary.probability,
        "interval": list(summary.interval),
        "distribution": {str(total): round(float(distribution[total]), 6) for total in likely},
    }


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


MOST_READINGS = 8


def show_readings(readings: Iterable[FileReading]) -> bytes | None:
    """The first pictures, one below the other, with what was read in them drawn on.

    None where there is none, as when the files have gone.
    """
    from PIL import Image

    shown = []
    for reading in [one for one in readings if not one.failed][:MOST_READINGS]:
        try:
            image = Image.fromarray(annotate(load_picture(reading.file), reading))
        except HandsumError:
            continue
        image.thumbnail((LARGEST_SHOWN, LARGEST_SHOWN))
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
