"""Reading: picture files to digits, their confidence, and the distribution of their sum."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from handsum.errors import HandsumError, UsageError
from handsum.images import load_picture
from handsum.segmentation import Digit, find_digits
from handsum.sums import sum_distribution, sum_summary

NO_DIGITS = "no digits found"
# What counts as a picture in a directory; a file that is named is tried whatever it is called.
PICTURE_SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff",
    ".webp", ".pbm", ".pgm", ".ppm", ".pnm", ".jp2", ".j2k", ".avif",
)  # fmt: skip


class Reader(Protocol):
    """What `handsum.pretrained.DigitReader` does: uint8 (N, 28, 28) to probabilities (N, 10)."""

    def probabilities(self, images: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class FileReading:
    """What one file says: its digits in reading order, row by row.

    `confidence` is each digit's probability; `boxes` are x, y, width and height of each digit's ink
    in pixels of the upright picture. `error` is None, NO_DIGITS, or why the file could not be read.
    """

    file: str
    digits: str
    confidence: tuple[float, ...]
    boxes: tuple[tuple[int, int, int, int], ...]
    error: str | None

    @property
    def failed(self) -> bool:
        """Whether the file could not be read; a picture without digits could."""
        return self.error not in (None, NO_DIGITS)


@dataclass(frozen=True)
class Prediction:
    """What all files say together, as one sequence of digits.

    `sum` is the most probable sum, `probability` its probability, `interval` the central 90%
    interval (both ends included); all three are None where no digit was found.
    """

    files: tuple[FileReading, ...]
    sum: int | None
    probability: float | None
    interval: tuple[int, int] | None

    def as_dict(self) -> dict[str, Any]:
        """Return what `handsum predict --json` prints."""
        return asdict(self)


def predict(
    paths: str | Path | Iterable[str | Path],
    *,
    model: str | None = None,
    reader: Reader | None = None,
) -> Prediction:
    """Read the digits in picture files, and the distribution of the sum of all of them.

    Args:
        paths: files, and directories, which stand for the pictures in them in natural order.
        model: the reader by name; by default the best one. Not used where `reader` is given.
        reader: a reader that is loaded already.

    A file that cannot be read, or shows no digits, is reported in its `error`; the rest is read.

    Raises:
        UsageError: no paths, or no such model.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise UsageError("nothing to read: give one or more picture files or directories")
    found = [_find(file, error) for path in given for file, error in _expand(Path(path))]
    digits = [digit for _, in_file, _ in found for digit in in_file]
    probabilities = _read(digits, model, reader)
    readings = []
    start = 0
    for file, in_file, error in found:
        own = probabilities[start : start + len(in_file)]
        readings.append(_reading(file, in_file, own, error))
        start += len(in_file)
    if not digits:
        return Prediction(tuple(readings), None, None, None)
    summary = sum_summary(sum_distribution(probabilities))
    return Prediction(tuple(readings), summary.sum, summary.probability, summary.interval)


def _expand(path: Path) -> list[tuple[Path, str | None]]:
    """Return the file, or a directory's pictures; with what is wrong where that shows already."""
    if not path.is_dir():
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


def _find(path: Path, error: str | None) -> tuple[Path, list[Digit], str | None]:
    if error is not None:
        return path, [], error
    try:
        digits = find_digits(load_picture(path))
    except HandsumError as failure:
        return path, [], str(failure)
    return path, digits, None if digits else NO_DIGITS


def _read(digits: list[Digit], model: str | None, reader: Reader | None) -> np.ndarray:
    """Read all digits in one go: float (N, 10)."""
    if reader is None and (digits or model is not None):
        # Imported late, for it brings JAX in; a model that is named is looked up in any case.
        from handsum.pretrained import load_reader

        reader = load_reader() if model is None else load_reader(model)
    if reader is None or not digits:
        return np.zeros((0, 10), np.float32)
    return reader.probabilities(np.stack([digit.image for digit in digits]))


def _reading(
    file: Path, digits: list[Digit], probabilities: np.ndarray, error: str | None
) -> FileReading:
    return FileReading(
        file=str(file),
        digits="".join(str(row.argmax()) for row in probabilities),
        confidence=tuple(round(float(row.max()), 6) for row in probabilities),
        boxes=tuple(digit.box for digit in digits),
        error=error,
    )
