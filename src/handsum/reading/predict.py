"""Read picture files: their digits, with confidence, and the distribution of their sum."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np

from handsum import arguments, stopping
from handsum.errors import UsageError
from handsum.files import STREAM
from handsum.reading.documents import READ_SUFFIXES, Loaded, load_pages, page_name
from handsum.reading.finding import Finder, find_digits
from handsum.reading.recognition import Decoded, Reader, SumReader, read_pictures
from handsum.reading.results import LEAST_SHOWN, NO_DIGITS, NOT_DIGITS, FileReading, Prediction
from handsum.sums import sum_distribution, sum_summary

# Files are read together until their pictures have this many pixels, so that the reader's batches
# are full and the memory is bounded.
_PIXELS_AT_ONCE = 4_000_000
# Reads pictures, float (H, W) in [0, 1], with the number of digits in each, if known.
ReadPictures = Callable[[Sequence[np.ndarray], int | None], list[Decoded]]


def predict(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    reader: str | PathLike[str] | Reader | Finder | SumReader | None = None,
    length: int | None = None,
    punctuation: bool = False,
) -> Prediction:
    """Read the digits in picture files, and the distribution of the sum of all of them.

    Args:
        paths: files and directories; a directory's pictures and PDFs are read in natural order.
            "-" is a picture or PDF from standard input. Every page of a PDF or TIFF is read.
        reader: the model that reads: its name, a snapshot's folder, or a loaded one
            (`handsum.load_model`). By default the best reader. A reader of sums, such as cnn-lstm,
            gives the sum of the digits that the best reader finds.
        length: the number of digits in each picture, if known.
        punctuation: keep points and commas in `rows`.

    A file or page that cannot be read, or shows no digits, is reported in its `error`; the others
    are read.

    Raises:
        UsageError: no paths, an empty one, a length below 1, or no such reader.
        SnapshotError: the reader's snapshot is missing or damaged.
    """
    given = arguments.paths(paths, "pictures to read")
    length = arguments.optional_number(length, "a length")
    if not given:
        raise UsageError("nothing to read: give one or more picture files or directories")
    if "" in given:
        raise UsageError("an empty name is no file: give a picture, or . for the current directory")
    if length is not None and length < 1:
        raise UsageError(f"a length of {length} reads nothing: use 1 or more")
    read, sums = _choose_reader(reader)
    left_out: list[str] = []
    files = [file for path in given for file in _expand(Path(path), left_out)]
    readings = tuple(
        reading
        for group in _load_groups(files)
        for reading in _read_group(group, read, length, punctuation)
    )
    return replace(_combine(readings, sums), left_out=tuple(left_out))


def predict_picture(
    grey: np.ndarray, *, length: int | None = None, punctuation: bool = False
) -> Prediction:
    """As `predict`, for one picture in memory: float32 (H, W) in [0, 1]."""
    loaded = Loaded(Path("the picture"), None, grey)
    readings = tuple(_read_group([loaded], _read_by_default, length, punctuation))
    return _combine(readings, None)


def _choose_reader(
    reader: str | PathLike[str] | Reader | Finder | SumReader | None,
) -> tuple[ReadPictures, SumReader | None]:
    """Return the function that reads pictures, and the reader of sums, if it is one."""
    if reader is None:
        return _read_by_default, None
    # Names first: a string has a method `find`, as a detector has.
    if not isinstance(reader, str | PathLike):
        if isinstance(reader, Reader):
            return partial(read_pictures, reader.read), None
        if isinstance(reader, Finder):
            return partial(find_digits, reader), None
        if isinstance(reader, SumReader):
            return _read_by_default, reader
    name = arguments.model_name(reader)
    assert name is not None

    from handsum.pretrained.load import load_picture_reader

    return _choose_reader(load_picture_reader(name))


def _read_by_default(pictures: Sequence[np.ndarray], length: int | None) -> list[Decoded]:
    return read_pictures(_read_digits, pictures, length)


def _read_digits(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # Loaded only now: it imports JAX, and there may be nothing to read.
    from handsum.pretrained.load import load_reader

    return load_reader().read(images)


def _combine(readings: tuple[FileReading, ...], sums: SumReader | None) -> Prediction:
    """Make one sequence of the digits of all files; a reader of sums, if any, gives their sum."""
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


def _expand(path: Path, left_out: list[str]) -> list[tuple[Path, str | None]]:
    """Return the file, or those to read in a directory, each with an error, if any so far.

    The other files in the directory are added to `left_out`, except hidden ones.
    """
    # Unlike Path.is_dir, os.path.isdir allows names that no file can have.
    if str(path) == STREAM or not os.path.isdir(path):
        return [(path, None)]
    try:
        names = sorted((entry.name for entry in path.iterdir()), key=_natural)
    except OSError as error:
        return [(path, f"cannot read {path}: {error.strerror or error}")]
    shown = [path / name for name in names if not name.startswith(".")]
    chosen = [file for file in shown if file.suffix.lower() in READ_SUFFIXES]
    left_out += [str(file) for file in shown if file.suffix.lower() not in READ_SUFFIXES]
    if not chosen:
        return [(path, f"no pictures in {path}: give a directory with some")]
    return [(file, None) for file in chosen]


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts numbers in names by value: 2.png before 10.png."""
    parts = re.split(r"(\d+)", name.lower(), flags=re.ASCII)
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)]


def _load_groups(files: Iterable[tuple[Path, str | None]]) -> Iterator[list[Loaded]]:
    """Load the pages of files in groups that fit into memory."""
    group: list[Loaded] = []
    pixels = 0
    for file, error in files:
        for loaded in [Loaded(file, None, None, error)] if error else load_pages(file):
            stopping.check()
            if loaded.picture is not None:
                size = loaded.picture.size
                if pixels and pixels + size > _PIXELS_AT_ONCE:
                    yield group
                    group, pixels = [], 0
                pixels += size
            group.append(loaded)
    if group:
        yield group


def _read_group(
    group: list[Loaded], read: ReadPictures, length: int | None, punctuation: bool
) -> Iterator[FileReading]:
    """Read the pages of a group together."""
    pictures = [loaded.picture for loaded in group if loaded.picture is not None]
    decoded = iter(read(pictures, length))
    for loaded in group:
        if loaded.picture is None:
            yield _fail(loaded, loaded.error)
        else:
            yield _describe(loaded, loaded.picture, next(decoded), length, punctuation)


def _fail(loaded: Loaded, error: str | None) -> FileReading:
    return FileReading(str(loaded.file), "", (), (), error, page=loaded.page)


def _describe(
    loaded: Loaded, picture: np.ndarray, page: Decoded, length: int | None, punctuation: bool
) -> FileReading:
    """Return the reading of one page."""
    name = page_name(loaded.file, loaded.page)
    if page.error is not None:
        return _fail(loaded, f"cannot read {name}: {page.error}")
    probabilities = page.probabilities
    digits = "".join(str(row.argmax()) for row in probabilities)
    error = None
    if not digits and page.others and length is not None:
        error = f"{name} does not read as {length} digits: give another length, or none"
        return _fail(loaded, error)
    if not digits:
        error = NOT_DIGITS if page.others else NO_DIGITS
    elif not page.has_length:
        error = f"{name} does not read as {length} digits, but as {digits}: give another length"
        return _fail(loaded, error)
    return FileReading(
        file=str(loaded.file),
        digits=digits,
        confidence=tuple(round(float(row.max()), 6) for row in probabilities),
        boxes=tuple(digit.box for digit in page.digits),
        error=error,
        alternatives=tuple(_alternatives(row) for row in probabilities),
        rows=page.text(punctuation),
        others=page.others,
        images=np.array([digit.image for digit in page.digits], np.uint8).reshape(-1, 28, 28),
        probabilities=probabilities,
        page=loaded.page,
        size=(picture.shape[1], picture.shape[0]),
        note=loaded.note,
    )


def _alternatives(probabilities: np.ndarray) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[1:]
    likely = [label for label in order if probabilities[label] >= LEAST_SHOWN]
    return tuple((str(label), round(float(probabilities[label]), 6)) for label in likely)
