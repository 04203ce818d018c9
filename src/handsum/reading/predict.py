"""Read picture files: their digits, with confidence, and the distribution of their sum."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np

from handsum import arguments, stopping
from handsum.data.pictures.ink import as_bytes
from handsum.data.signs.answers import Signs
from handsum.data.signs.pattern import Pattern
from handsum.errors import UsageError
from handsum.files import STREAM
from handsum.images import DIGIT_SIZE
from handsum.reading.documents import READ_SUFFIXES, Loaded, load_pages, page_name
from handsum.reading.finding import find_digits
from handsum.reading.page import Decoded, Finder, Reader, SumReader, cut_digits
from handsum.reading.results import LEAST_SHOWN, NO_DIGITS, NOT_DIGITS, FileReading, Prediction
from handsum.sums import sum_distribution, sum_summary

# Files are read together until their pictures have this many pixels, so that the reader's batches
# are full and the memory is bounded.
_PIXELS_AT_ONCE = 4_000_000
_NO_IMAGES = np.zeros((0, DIGIT_SIZE, DIGIT_SIZE), np.uint8)


def predict(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    reader: str | PathLike[str] | Reader | Finder | SumReader | None = None,
    length: int | None = None,
    punctuation: bool = False,
    pattern: str | None = None,
    images: bool = True,
) -> Prediction:
    """Read the digits in picture files, and the distribution of the sum of all of them.

    Args:
        paths: files and directories; a directory's pictures and PDFs are read in natural order.
            "-" is a picture or PDF from standard input. Every page of a PDF or TIFF is read.
        reader: the model that reads: its name, a snapshot's folder, or a loaded one
            (`handsum.load_model`). By default `detector`. A reader of single digits, such as cnn,
            reads the digits that `detector` found; a reader of sums, such as cnn-lstm, gives their
            sum.
        length: the number of digits in each picture, if known.
        punctuation: keep signs in `rows`: . , - / : + = % ( ) $
        pattern: what each row may be: "amount", "date", "time", "phone", "digits", "digits{4}", or
            an expression of signs, sets, groups and repetitions such as `"[1-9][0-9]*%"`. `rows`
            then have their signs.
        images: cut the digits out, to images of 28x28 pixels. Without them, large pictures take
            half the time. A reader of digits or sums cuts them out in any case.

    A file or page that cannot be read, or shows no digits, is reported in its `error`; the others
    are read.

    Raises:
        UsageError: no paths, an empty one, a length below 1, no such reader, or no pattern.
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
    asked = _Asked(length, punctuation, None if pattern is None else Pattern(pattern), images)
    readers = _choose_reader(reader)
    left_out: list[str] = []
    files = [file for path in given for file in _expand(Path(path), left_out)]
    readings = tuple(
        reading for group in _load_groups(files) for reading in _read_group(group, readers, asked)
    )
    return replace(_combine(readings, readers.sums), left_out=tuple(left_out))


def predict_picture(
    grey: np.ndarray,
    *,
    length: int | None = None,
    punctuation: bool = False,
    pattern: str | None = None,
) -> Prediction:
    """As `predict`, for one picture in memory: float32 (H, W) in [0, 1]."""
    loaded = Loaded(Path("the picture"), None, grey)
    asked = _Asked(length, punctuation, None if pattern is None else Pattern(pattern))
    readings = tuple(_read_group([loaded], _Readers(), asked))
    return _combine(readings, None)


@dataclass(frozen=True)
class _Asked:
    """What is asked of each picture: its number of digits, signs as well, a pattern of its rows,
    images of its digits."""

    length: int | None
    punctuation: bool
    pattern: Pattern | None
    images: bool = True

    def __post_init__(self) -> None:
        if self.length is not None and self.pattern is not None:
            raise UsageError("give a `length` or a `pattern`: digits{4} is a pattern of 4 digits")


@dataclass(frozen=True)
class _Readers:
    """What finds digits; if given, what reads those that were found; and what reads their sum."""

    finder: Finder | None = None
    digits: Reader | None = None
    sums: SumReader | None = None

    def find(self, pictures: Sequence[np.ndarray], least: float = 0.3) -> list[Signs]:
        """What the finder finds; the default one is loaded only now, as it imports JAX."""
        from handsum.pretrained.load import load_detector

        finder = self.finder or load_detector()
        return finder.find(pictures, least)


def _choose_reader(
    reader: str | PathLike[str] | Reader | Finder | SumReader | None,
) -> _Readers:
    """The readers that `reader` stands for."""
    if reader is None:
        return _Readers()
    # Names first: a string has a method `find`, as a detector has.
    if not isinstance(reader, str | PathLike):
        if isinstance(reader, Finder):
            return _Readers(finder=reader)
        if isinstance(reader, Reader):
            return _Readers(digits=reader)
        if isinstance(reader, SumReader):
            return _Readers(sums=reader)
    name = arguments.model_name(reader)
    assert name is not None

    from handsum.pretrained.load import load_picture_reader

    return _choose_reader(load_picture_reader(name))


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


def _read_group(group: list[Loaded], readers: _Readers, asked: _Asked) -> Iterator[FileReading]:
    """Read the pages of a group together."""
    pictures = [loaded.picture for loaded in group if loaded.picture is not None]
    pixels = [as_bytes(picture) for picture in pictures]
    pages = find_digits(readers, pixels, asked.length, asked.pattern)
    images = [_NO_IMAGES] * len(pages)
    if asked.images or readers.digits is not None or readers.sums is not None:
        images = [cut_digits(*one) for one in zip(pictures, (p.boxes for p in pages), strict=True)]
    if readers.digits is not None:
        pages = _read_again(readers.digits, pages, images)
    decoded = iter(zip(pages, images, strict=True))
    for loaded in group:
        if loaded.picture is None:
            yield _fail(loaded, loaded.error)
        else:
            yield _describe(loaded, *next(decoded), asked)


def _read_again(
    reader: Reader, pages: Sequence[Decoded], images: Sequence[np.ndarray]
) -> list[Decoded]:
    """The pages with the probabilities of a reader of single digits."""
    if not any(map(len, images)):
        return list(pages)
    probabilities, _ = reader.read(np.concatenate(images))
    ends = np.cumsum([0, *map(len, images)])
    return [
        replace(page, probabilities=probabilities[start:stop])
        for page, start, stop in zip(pages, ends[:-1], ends[1:], strict=True)
    ]


def _fail(loaded: Loaded, error: str | None) -> FileReading:
    return FileReading(str(loaded.file), "", (), (), error, page=loaded.page)


def _describe(loaded: Loaded, page: Decoded, images: np.ndarray, asked: _Asked) -> FileReading:
    """Return the reading of one page."""
    assert loaded.picture is not None
    name = page_name(loaded.file, loaded.page)
    written = bool(page.digits or page.others or page.marks)
    if written and not page.has_length:
        other = f", but as {page.digits}" if page.digits else ""
        digits = f"does not read as {asked.length} digits{other}"
        return _fail(loaded, f"{name} {digits}: give another length")
    unmatched = " and ".join(page.unmatched)
    if unmatched and not page.digits and asked.pattern is not None:
        other = f"does not read as {asked.pattern.text}, but as {unmatched}"
        return _fail(loaded, f"{name} {other}: give another pattern")
    notes = [loaded.note] if loaded.note else []
    notes += [f"left out {unmatched}, which the pattern does not allow"] if unmatched else []
    error = None if page.digits else NOT_DIGITS if written else NO_DIGITS
    high, wide = loaded.picture.shape
    return FileReading(
        file=str(loaded.file),
        digits=page.digits,
        confidence=tuple(round(float(row.max()), 6) for row in page.probabilities),
        boxes=page.boxes,
        error=error,
        alternatives=tuple(_alternatives(row) for row in page.probabilities),
        rows=page.text(asked.punctuation or asked.pattern is not None),
        row_alternatives=page.alternatives,
        others=page.others,
        images=images,
        probabilities=page.probabilities,
        page=loaded.page,
        size=(wide, high),
        note="; ".join(notes) or None,
    )


def _alternatives(probabilities: np.ndarray) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[1:]
    likely = [label for label in order if probabilities[label] >= LEAST_SHOWN]
    return tuple((str(label), round(float(probabilities[label]), 6)) for label in likely)
