"""The results of reading, of one page and of all: as JSON and files, and drawn on the pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from handsum.files import atomic_write
from handsum.reading import formats
from handsum.reading.annotating import save_annotated, show_readings
from handsum.reading.documents import page_name
from handsum.reading.marking import DOUBTFUL
from handsum.reading.table import Box, make_table
from handsum.sums import sum_distribution, sum_summary

NO_DIGITS = "no digits found"
NOT_DIGITS = "what is written is not a digit"
# The least probability of an alternative, or of a sum, that is listed.
LEAST_SHOWN = 0.001
# The most digits in a `repr`.
_MOST_DIGITS = 40
# The most names of files left out that a note lists.
_MOST_NAMES = 5


@dataclass(frozen=True, eq=False, repr=False)
class FileReading:
    """The digits in one picture or page, in reading order, row by row.

    `page` counts the pages of a PDF, or of a TIFF with several, from 1; it is None in a file of one
    picture. `size` is the width and height of the upright picture in pixels, None if it could not
    be read; a page of a PDF is a picture of 200 dpi, or less if it is large. `confidence` is the
    probability of each digit; `boxes` are x, y, width and height of its ink in those pixels;
    `alternatives` its other readings with their probabilities, most probable first. `rows` is the
    text of each row, with its signs if requested; with a pattern, `row_alternatives` is the next
    best reading of each row, with its probability. `others` are the boxes of writing that is no
    digit. `error` is None, NO_DIGITS, NOT_DIGITS, or says why the page could not be read.
    `images` are the digits cut out as MNIST's, uint8 (N, 28, 28), none if they were not asked for,
    and `probabilities`, (N, 10), what the reader makes of each. `summed` is the distribution of a
    reader of sums, if one was used. `note` says how the picture was read, if that is unexpected.
    """

    file: str
    digits: str
    confidence: tuple[float, ...]
    boxes: tuple[Box, ...]
    error: str | None
    alternatives: tuple[tuple[tuple[str, float], ...], ...] = ()
    rows: tuple[str, ...] = ()
    row_alternatives: tuple[tuple[str, float] | None, ...] = ()
    others: tuple[Box, ...] = ()
    images: np.ndarray = field(default_factory=lambda: np.zeros((0, 28, 28), np.uint8))
    probabilities: np.ndarray = field(default_factory=lambda: np.zeros((0, 10), np.float32))
    summed: np.ndarray | None = None
    page: int | None = None
    size: tuple[int, int] | None = None
    note: str | None = None

    def __repr__(self) -> str:
        if self.error:
            return f"<{self.name}, {self.error}>" if not self.failed else f"<{self.error}>"
        return f"<{self.name}, {_shorten(self.digits)}, sum {sum_summary(self.distribution).sum}>"

    def _repr_png_(self) -> bytes | None:
        return show_readings([self])

    @property
    def name(self) -> str:
        """The file and, if it has several, the page."""
        return page_name(self.file, self.page)

    @property
    def table(self) -> tuple[tuple[str, ...], ...]:
        """The numbers of each row in the columns that they form; "" is an empty cell."""
        return make_table(self.rows, self.boxes)

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
            "page": self.page,
            "size": None if self.size is None else list(self.size),
            "digits": self.digits,
            "confidence": list(self.confidence),
            "boxes": [list(box) for box in self.boxes],
            "error": self.error,
            "alternatives": [dict(others) for others in self.alternatives],
            "rows": list(self.rows),
            "row_alternatives": [dict([one] if one else []) for one in self.row_alternatives],
            "table": [list(row) for row in self.table],
            "others": [list(box) for box in self.others],
            **sum_dict(self.distribution if self.digits else None),
        }


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The digits of all pictures and pages as one sequence, and their sum.

    `files` has a reading for each picture and page; `left_out` are the files and folders in the
    given folders that were not read. `sum` is the most probable sum, `probability` its probability,
    `interval` the central 90% interval (both ends included); all three are None if no digit was
    found. `distribution` is the probability of each sum, float64 (9N + 1,).
    """

    files: tuple[FileReading, ...]
    sum: int | None
    probability: float | None
    interval: tuple[int, int] | None
    distribution: np.ndarray = field(default_factory=lambda: np.ones(1))
    left_out: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, and which pages could not be read or have no or doubtful digits."""
        return (*self.remarks, *(note for reading in self.files for note in _notes(reading)))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left out, and which pictures were read in an unexpected way."""
        notes = [f"{one.name}: {one.note}" for one in self.files if one.note is not None]
        return (*_list_left_out(self.left_out), *notes)

    @property
    def scope(self) -> str:
        """What the sum is the sum of, such as "5 digits in 2 pictures and 3 pages"."""
        read = [reading for reading in self.files if not reading.failed]
        pages = len([reading for reading in read if reading.page is not None])
        counts = {"picture": len(read) - pages, "page": pages}
        places = [_count(number, unit) for unit, number in counts.items() if number]
        digits = _count(sum(len(reading.digits) for reading in read), "digit")
        failed = len(self.files) - len(read)
        return f"{digits} in {' and '.join(places)}" + (f"; {failed} not read" if failed else "")

    def __repr__(self) -> str:
        facts = [_count(len([one for one in self.files if one.page in (None, 1)]), "file")]
        pages = len([one for one in self.files if one.page is not None])
        facts += [_count(pages, "page")] if pages else []
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
        """Write each picture into a folder as PNG, with boxes, digits and a legend drawn on it.

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
        return {
            "files": [reading.as_dict() for reading in self.files],
            "left_out": list(self.left_out),
            **total,
            "notes": list(self.notes),
        }

    def save(self, path: str | PathLike[str], table: bool = False) -> None:
        """Write the readings as .csv, .json, .alto.xml or .hocr, by the ending of the file's name.

        A CSV has a line for each row of digits: `confidence` is the probability that the whole row
        is right, and the box is that of its digits. With `table` it has a cell for each column of
        numbers instead. "-" is a CSV on standard output, "-.json" and so on another format.

        Raises:
            UsageError: another ending, or a table as ALTO or hOCR.
            HandsumError: the file cannot be written.
        """
        place = formats.check_path(path, table)
        data = formats.encode(place, self.as_dict(), table)
        with atomic_write(place) as file:
            file.write(data)


def _notes(reading: FileReading) -> list[str]:
    if reading.error is not None:
        return [reading.error if reading.failed else f"{reading.name}: {reading.error}"]
    doubtful = sum(confidence < DOUBTFUL for confidence in reading.confidence)
    if not doubtful:
        return []
    of = f"{doubtful} of {len(reading.digits)} digits"
    return [f"{reading.name}: {of} read with a confidence below {DOUBTFUL:.0%}"]


def _list_left_out(paths: Iterable[str]) -> list[str]:
    """A note for each folder with files that were left out."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(str(Path(path).parent), []).append(Path(path).name)
    notes = []
    for folder, names in folders.items():
        listed = ", ".join(names[:_MOST_NAMES])
        more = len(names) - _MOST_NAMES
        listed += f" and {more} more" if more > 0 else ""
        are = "is neither a picture nor a PDF" if len(names) == 1 else "are no pictures or PDFs"
        notes.append(f"left out of {folder}: {listed}, which {are}")
    return notes


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


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
