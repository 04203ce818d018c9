"""The results of reading, of one file and of all: as JSON, and drawn on the pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handsum.errors import HandsumError, UsageError
from handsum.files import STREAM, make_folders
from handsum.images import LARGEST_SHOWN, describe, encode_png, load_picture, save_png, tile
from handsum.sums import sum_distribution, sum_summary

NO_DIGITS = "no digits found"
NOT_DIGITS = "what is written is not a digit"
# The least probability of an alternative, or of a sum, that is listed.
LEAST_SHOWN = 0.001
# A digit with less confidence is marked as doubtful.
DOUBTFUL = 0.9
# The most pictures that a notebook shows, and the most digits in a `repr`.
MOST_READINGS = 8
_MOST_DIGITS = 40
_SURE_COLOUR = (0, 130, 60)
_DOUBTFUL_COLOUR = (215, 110, 0)
_OTHER_COLOUR = (140, 140, 140)
Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False, repr=False)
class FileReading:
    """The digits in one file, in reading order, row by row.

    `confidence` is the probability of each digit; `boxes` are x, y, width and height of its ink in
    pixels of the upright picture; `alternatives` its other readings with their probabilities, most
    probable first. `rows` is the text of each row, with points and commas if requested. `others`
    are the boxes of writing that is no digit. `error` is None, NO_DIGITS, NOT_DIGITS, or says why
    the file could not be read. `images` are the digits as the reader saw them, uint8 (N, 28, 28),
    and `probabilities`, (N, 10), its output. `summed` is the distribution of a reader of sums, if
    one was used.
    """

    file: str
    digits: str
    confidence: tuple[float, ...]
    boxes: tuple[Box, ...]
    error: str | None
    alternatives: tuple[tuple[tuple[str, float], ...], ...] = ()
    rows: tuple[str, ...] = ()
    others: tuple[Box, ...] = ()
    images: np.ndarray = field(default_factory=lambda: np.zeros((0, 28, 28), np.uint8))
    probabilities: np.ndarray = field(default_factory=lambda: np.zeros((0, 10), np.float32))
    summed: np.ndarray | None = None

    def __repr__(self) -> str:
        if self.error:
            return f"<{self.file}, {self.error}>" if not self.failed else f"<{self.error}>"
        return f"<{self.file}, {_shorten(self.digits)}, sum {sum_summary(self.distribution).sum}>"

    def _repr_png_(self) -> bytes | None:
        return show_readings([self])

    @property
    def failed(self) -> bool:
        """Whether the file could not be read; a picture without digits has not failed."""
        return self.error not in (None, NO_DIGITS, NOT_DIGITS)

    @property
    def distribution(self) -> np.ndarray:
        """The probability of each sum of the digits, float64 (9N + 1,)."""
        return sum_distribution(self.probabilities) if self.summed is None else self.summed

    def annotate(self, folder: str | PathLike[str]) -> list[Path]:
        """Write the annotated picture into a folder (see `Prediction.annotate`)."""
        return save_annotated(Path(folder), [self])

    def as_dict(self) -> dict[str, Any]:
        """Return the file's part of the output of `handsum predict --json`."""
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


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The digits of all files as one sequence, and their sum.

    `sum` is the most probable sum, `probability` its probability, `interval` the central 90%
    interval (both ends included); all three are None if no digit was found. `distribution` is the
    probability of each sum, float64 (9N + 1,).
    """

    files: tuple[FileReading, ...]
    sum: int | None
    probability: float | None
    interval: tuple[int, int] | None
    distribution: np.ndarray = field(default_factory=lambda: np.ones(1))

    @property
    def notes(self) -> tuple[str, ...]:
        """Which files could not be read, show no digits or have doubtful ones."""
        return tuple(note for reading in self.files for note in _notes(reading))

    def __repr__(self) -> str:
        facts = [f"{len(self.files)} file{'' if len(self.files) == 1 else 's'}"]
        if self.sum is None:
            facts.append(NO_DIGITS)
        else:
            facts.append(_shorten("".join(reading.digits for reading in self.files)))
            facts.append(f"sum {self.sum}")
        failed = len([reading for reading in self.files if reading.failed])
        facts += [f"{failed} not read"] if failed else []
        return f"<{', '.join(facts)}>"

    def _repr_png_(self) -> bytes | None:
        return show_readings(self.files)

    def annotate(self, folder: str | PathLike[str]) -> list[Path]:
        """Write each picture into a folder as PNG, with boxes and digits drawn on it.

        Files that could not be read are left out. The folder is made if needed; no picture is
        written over itself. "-" writes one picture to standard output. Returns the files written.

        Raises:
            UsageError: several pictures for standard output.
            HandsumError: the folder cannot be made or written to, or a picture has gone.
        """
        return save_annotated(Path(folder), self.files)

    def as_dict(self) -> dict[str, Any]:
        """Return the output of `handsum predict --json`."""
        total = sum_dict(self.distribution if self.sum is not None else None)
        files = [reading.as_dict() for reading in self.files]
        return {"files": files, **total, "notes": list(self.notes)}


def _notes(reading: FileReading) -> list[str]:
    if reading.error is not None:
        return [reading.error if reading.failed else f"{reading.file}: {reading.error}"]
    doubtful = sum(confidence < DOUBTFUL for confidence in reading.confidence)
    if not doubtful:
        return []
    of = f"{doubtful} of {len(reading.digits)} digits"
    return [f"{reading.file}: {of} read with a confidence below {DOUBTFUL:.0%}"]


def _shorten(digits: str) -> str:
    return digits if len(digits) <= _MOST_DIGITS else f"{digits[: _MOST_DIGITS - 3]}..."


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


def save_annotated(folder: Path, readings: Iterable[FileReading]) -> list[Path]:
    """Write each picture into `folder` as PNG, annotated (see `Prediction.annotate`)."""

    def draw(reading: FileReading) -> np.ndarray:
        return draw_reading(load_picture(reading.file), reading)

    return _save(folder, readings, draw)


def save_inputs(folder: Path, readings: Iterable[FileReading]) -> list[Path]:
    """Write the digits of each file as the reader saw them, 28x28, side by side in one PNG.

    Files without digits are left out. Returns the files written.

    Raises:
        HandsumError: the folder cannot be made or written to.
    """
    found = (reading for reading in readings if reading.digits)
    return _save(folder, found, lambda reading: tile(reading.images, len(reading.images)))


def draw_reading(grey: np.ndarray, reading: FileReading) -> np.ndarray:
    """Draw the boxes and digits of a reading on its picture: uint8 (H, W, 3).

    `grey` is float (H, W) in [0, 1]. Doubtful digits are orange, and writing that is no digit has a
    grey box.
    """
    image = Image.fromarray(np.rint(grey * 255).clip(0, 255).astype(np.uint8)).convert("RGB")
    heights = [height for _, _, _, height in reading.boxes] or [0]
    size = min(max(11.0, 0.3 * float(np.median(heights))), 60.0)
    font = ImageFont.load_default(size)
    pen = max(1, round(size / 9))
    # A margin for the text: it must not cover the digits.
    margin = round(1.5 * size)
    canvas = Image.new("RGB", (image.width, image.height + margin), (255, 255, 255))
    canvas.paste(image, (0, margin))
    draw = ImageDraw.Draw(canvas)
    for left, top, width, height in reading.others:
        edges = left - pen, top - pen + margin, left + width + pen, top + height + pen + margin
        draw.rectangle(edges, outline=_OTHER_COLOUR, width=pen)
    boxes = zip(reading.digits, reading.confidence, reading.boxes, strict=True)
    for digit, confidence, (left, top, width, height) in boxes:
        color = _DOUBTFUL_COLOUR if confidence < DOUBTFUL else _SURE_COLOUR
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
    chosen = [reading for reading in readings if not reading.failed]
    if str(folder) == STREAM:
        return _write_out(chosen, picture)
    make_folders(folder)
    written: list[Path] = []
    for reading in chosen:
        stem, number = _stem(reading.file), 1
        path = folder / f"{stem}.png"
        while path in written or path.absolute() == Path(reading.file).absolute():
            # Pictures of the same name from several folders, or in this folder.
            number += 1
            path = folder / f"{stem}-{number}.png"
        save_png(path, picture(reading), describe(digits=reading.digits))
        written.append(path)
    return written


def _stem(file: str) -> str:
    return "stdin" if file == STREAM else Path(file).stem


def _write_out(
    readings: list[FileReading], picture: Callable[[FileReading], np.ndarray]
) -> list[Path]:
    """Write the picture of the only file to standard output."""
    if len(readings) > 1:
        raise UsageError(
            f"{len(readings)} pictures do not fit on standard output: name a folder for them"
        )
    place = Path(f"{STREAM}.png")
    for reading in readings:
        save_png(place, picture(reading))
    return [place] * len(readings)


def show_readings(readings: Iterable[FileReading]) -> bytes | None:
    """Return the first pictures, annotated, one below the other, as PNG.

    None if there are none, for example if the files have gone.
    """
    shown = []
    for reading in [one for one in readings if not one.failed][:MOST_READINGS]:
        try:
            image = Image.fromarray(draw_reading(load_picture(reading.file), reading))
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
