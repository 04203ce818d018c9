"""Reading: picture files to digits, their confidence, and the distribution of their sum."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsum import arguments
from handsum.errors import HandsumError, UsageError
from handsum.images import load_picture
from handsum.reading.page import Page
from handsum.reading.recognition import Decoded, Reader, decode
from handsum.reading.results import LEAST_SHOWN, NO_DIGITS, NOT_DIGITS, FileReading, Prediction
from handsum.sums import sum_distribution, sum_summary

if TYPE_CHECKING:
    from handsum.pretrained.readers import SumReader


# What counts as a picture in a directory; a file that is named is tried whatever it is called.
PICTURE_SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff",
    ".webp", ".pbm", ".pgm", ".ppm", ".pnm", ".jp2", ".j2k", ".avif",
)  # fmt: skip
# Files are read together until their pictures have so many pixels, so that the reader's calls are
# full and the memory is bounded.
_PIXELS_AT_ONCE = 4_000_000


def predict(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    model: str | PathLike[str] | None = None,
    reader: Reader | None = None,
    length: int | None = None,
    punctuation: bool = False,
) -> Prediction:
    """Read the digits in picture files, and the distribution of the sum of all of them.

    Args:
        paths: files, and directories, which stand for the pictures in them in natural order.
        model: the reader by name; by default the best one. Not used where `reader` is given. One
            that reads sums, as cnn-lstm, gives the sum of what the best reader finds.
        reader: a reader that is loaded already.
        length: how many digits each picture shows, where that is known.
        punctuation: keep points and commas in `rows`.

    A file that cannot be read, or shows no digits, is reported in its `error`; the rest is read.

    Raises:
        UsageError: no paths, an empty one, a length below 1, or no such model.
    """
    given = arguments.paths(paths, "pictures to read")
    length, name = arguments.optional_number(length, "a length"), arguments.model_name(model)
    if not given:
        raise UsageError("nothing to read: give one or more picture files or directories")
    if "" in given:
        raise UsageError("an empty name is no file: give a picture, or . for the current directory")
    if length is not None and length < 1:
        raise UsageError(f"a length of {length} reads nothing: use 1 or more")
    sums = _sum_reader(name) if reader is None and name is not None else None
    if reader is None:
        # A model of sums does not read digits: the best reader finds them for it.
        reader = _LateReader(None if sums else name)
    files = [file for path in given for file in _expand(Path(path))]
    readings = tuple(
        reading
        for group in _groups(files)
        for reading in _read_group(group, reader, length, punctuation)
    )
    return _together(readings, sums)


def predict_picture(
    grey: np.ndarray, *, length: int | None = None, punctuation: bool = False
) -> Prediction:
    """As `predict`, of one picture that is loaded already: float32 (H, W) in [0, 1]."""
    loaded = _Loaded(Path("picture"), Page(grey), None)
    readings = tuple(_read_group([loaded], _LateReader(None), length, punctuation))
    return _together(readings, None)


def _together(readings: tuple[FileReading, ...], sums: SumReader | None) -> Prediction:
    """What all files say together; of their sum, what a model of sums says where there is one."""
    probabilities = np.concatenate([reading.probabilities for reading in readings])
    if not len(probabilities):
        return Prediction(readings, None, None, None)
    if sums is None:
        distribution = sum_distribution(probabilities)
    else:
        readings = tuple(
            replace(reading, summed=sums.distributions(reading.images[None])[0])
            if reading.digits
            else reading
            for reading in readings
        )
        found = [reading for reading in readings if reading.digits]
        if len(found) == 1:
            distribution = found[0].distribution
        else:
            images = np.concatenate([reading.images for reading in found])
            distribution = sums.distributions(images[None])[0]
    summary = sum_summary(distribution)
    return Prediction(readings, summary.sum, summary.probability, summary.interval, distribution)


def _sum_reader(model: str) -> SumReader | None:
    """The model where it is one that reads sums, None where it reads digits."""
    from handsum.pretrained.load import load_sum_reader, reads_sums

    return load_sum_reader(model) if reads_sums(model) else None


class _LateReader:
    """A reader by name, loaded when there is something to read: it brings JAX in."""

    def __init__(self, model: str | None) -> None:
        self._model = model
        self._reader: Reader | None = None
        if model is not None:
            # A model that is named is looked up in any case.
            self._load()

    def _load(self) -> Reader:
        from handsum.pretrained.load import load_reader

        self._reader = load_reader(self._model)
        return self._reader

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (self._reader or self._load()).read(images)


def _expand(path: Path) -> list[tuple[Path, str | None]]:
    """Return the file, or a directory's pictures; with what is wrong where that shows already."""
    # os.path's answers for a name that no file can have, too.
    if not os.path.isdir(path):
        return [(path, None)]
    try:
        names = sorted((entry.name for entry in path.iterdir()), key=_natural)
    except OSError as error:
        return [(path, f"cannot read {path}: {error.strerror or error}")]
    pictures = [
        path / name
        for name in names
        if Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith(".")
    ]
    if not pictures:
        return [(path, f"no pictures in {path}: give a directory that holds some")]
    return [(picture, None) for picture in pictures]


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort numbers in names by value: 2.png before 10.png."""
    parts = re.split(r"(\d+)", name.lower(), flags=re.ASCII)
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)]


@dataclass(frozen=True)
class _Loaded:
    """A file, and its page or what is wrong with it."""

    file: Path
    page: Page | None
    error: str | None


def _groups(files: Iterable[tuple[Path, str | None]]) -> Iterator[list[_Loaded]]:
    """Load files, in groups small enough to be held in memory."""
    group: list[_Loaded] = []
    pixels = 0
    for file, error in files:
        page = None
        if error is None:
            try:
                page = Page(load_picture(file))
            except HandsumError as failure:
                error = str(failure)
        if page is not None:
            size = page.width * page.height
            if pixels and pixels + size > _PIXELS_AT_ONCE:
                yield group
                group, pixels = [], 0
            pixels += size
        group.append(_Loaded(file, page, error))
    if group:
        yield group


def _read_group(
    group: list[_Loaded], reader: Reader, length: int | None, punctuation: bool
) -> Iterator[FileReading]:
    """Read the files of a group together."""
    pages = [loaded.page for loaded in group if loaded.page is not None]
    decoded = iter(decode(pages, reader, length))
    for loaded in group:
        if loaded.page is None:
            yield FileReading(str(loaded.file), "", (), (), loaded.error)
        else:
            yield _reading(loaded.file, next(decoded), length, punctuation)


def _reading(file: Path, page: Decoded, length: int | None, punctuation: bool) -> FileReading:
    probabilities = page.probabilities
    digits = "".join(str(row.argmax()) for row in probabilities)
    error = None
    if not digits:
        error = NOT_DIGITS if page.others else NO_DIGITS
    elif not page.asked:
        error = f"{file} does not read as {length} digits, but as {digits}: leave out --length"
        return FileReading(str(file), "", (), (), error)
    return FileReading(
        file=str(file),
        digits=digits,
        confidence=tuple(round(float(row.max()), 6) for row in probabilities),
        boxes=tuple(digit.box for digit in page.digits),
        error=error,
        alternatives=tuple(_alternatives(row) for row in probabilities),
        rows=page.text(punctuation),
        others=page.others,
        images=np.array([digit.image for digit in page.digits], np.uint8).reshape(-1, 28, 28),
        probabilities=probabilities,
    )


def _alternatives(probabilities: np.ndarray) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[1:]
    likely = [label for label in order if probabilities[label] >= LEAST_SHOWN]
    return tuple((str(label), round(float(probabilities[label]), 6)) for label in likely)
