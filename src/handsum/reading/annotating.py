"""Readings drawn on their pictures, and the digits of pictures, as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from handsum.errors import HandsumError, UsageError
from handsum.files import STREAM, make_folders
from handsum.images import LARGEST_SHOWN, describe, encode_png, save_png, tile
from handsum.reading.documents import load_page
from handsum.reading.marking import draw_marks
from handsum.reading.page import Box

# The most pictures that a notebook shows.
MOST_READINGS = 8


class FileReading(Protocol):
    """What is drawn of a reading, such as `handsum.reading.results.FileReading`."""

    @property
    def file(self) -> str: ...
    @property
    def page(self) -> int | None: ...
    @property
    def digits(self) -> str: ...
    @property
    def confidence(self) -> tuple[float, ...]: ...
    @property
    def boxes(self) -> tuple[Box, ...]: ...
    @property
    def others(self) -> tuple[Box, ...]: ...
    @property
    def images(self) -> np.ndarray: ...
    @property
    def failed(self) -> bool: ...


def save_annotated(folder: Path, readings: Iterable[FileReading]) -> list[Path]:
    """Write each picture into `folder` as PNG, annotated (see `Prediction.annotate`)."""

    def draw(reading: FileReading) -> np.ndarray:
        return draw_reading(load_page(reading.file, reading.page), reading)

    return _save(folder, readings, draw)


def save_inputs(folder: Path, readings: Iterable[FileReading]) -> list[Path]:
    """Write the digits of each file, cut out as in MNIST, side by side in one PNG.

    Files without digits are left out. Returns the files written.

    Raises:
        HandsumError: the folder cannot be made or written to.
    """
    found = (reading for reading in readings if reading.digits)
    return _save(folder, found, lambda reading: tile(reading.images, len(reading.images)))


def draw_reading(grey: np.ndarray, reading: FileReading) -> np.ndarray:
    """Draw a reading on its picture, float (H, W) in [0, 1] (see `draw_marks`)."""
    return draw_marks(grey, reading.digits, reading.confidence, reading.boxes, reading.others)


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
        stem, number = _stem(reading), 1
        path = folder / f"{stem}.png"
        while path in written or path.absolute() == Path(reading.file).absolute():
            # Pictures of the same name from several folders, or in this folder.
            number += 1
            path = folder / f"{stem}-{number}.png"
        save_png(path, picture(reading), describe(digits=reading.digits))
        written.append(path)
    return written


def _stem(reading: FileReading) -> str:
    stem = "stdin" if reading.file == STREAM else Path(reading.file).stem
    return stem if reading.page is None else f"{stem}-page-{reading.page}"


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
            image = Image.fromarray(draw_reading(load_page(reading.file, reading.page), reading))
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
