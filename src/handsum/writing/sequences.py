"""Written sequences: their digits and totals, as a picture, an SVG, an NPZ and in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsum._version import __version__
from handsum.errors import HandsumError, UsageError
from handsum.files import atomic_write, check_place
from handsum.images import LARGEST_SHOWN, encode_png
from handsum.layout.painting import ink_box
from handsum.layout.rows import Picture, Placed, Style, compose, render
from handsum.seeds import Stream, stream
from handsum.writing.digits import hand_facts, save_npz

if TYPE_CHECKING:
    from os import PathLike


NUMBER_MARK = "{}"
# What is beyond these is left out of a picture that is only to be looked at.
MOST_SEQUENCES = 12


@dataclass(frozen=True)
class Sequences:
    """N written sequences of L digits, each in one hand.

    images uint8 (N, L, 28, 28), white ink on black; labels int64 (N, L); totals int64 (N,), their
    sums; writers int64 (N,). `readings` is what the reader makes of each sequence, None where it
    was not asked; redrawn int64 (N,) is how many digits it made the generator draw again. `texts`
    are the sequences with their points, commas and minus signs, None where they have none. `hand`
    names a mixed, new or fitted hand; the writers are then -1, as those of a model that knows none.
    """

    images: np.ndarray
    labels: np.ndarray
    totals: np.ndarray
    writers: np.ndarray
    readings: tuple[str, ...] | None
    redrawn: np.ndarray
    seed: int
    model: str
    texts: tuple[str, ...] | None = None
    hand: str | None = None

    @property
    def digits(self) -> tuple[str, ...]:
        """The digits of each sequence as a string."""
        return tuple("".join(map(str, row)) for row in self.labels)

    @property
    def equations(self) -> tuple[str, ...]:
        """Each sequence with its sum, such as 1+2+3 = 6."""
        sums = zip(self.digits, self.totals, strict=True)
        return tuple(f"{'+'.join(digits)} = {total}" for digits, total in sums)

    @property
    def writer(self) -> int | str | list[int] | None:
        """The writer or the hand of all sequences, or the writers' list where they differ.

        None where the model knows no writers.
        """
        if self.hand:
            return self.hand
        writers = self.writers.tolist()
        if writers and writers[0] < 0:
            return None
        return writers[0] if len(set(writers)) == 1 else writers

    def as_rows(self, boxes: np.ndarray) -> list[dict[str, Any]]:
        """What is told of each sequence as JSON; `boxes` (N, L, 4) are its digits'."""
        return [
            {
                "digits": digits,
                "total": int(self.totals[index]),
                "boxes": boxes[index].tolist(),
                "readings": self.readings[index] if self.readings else None,
                "redrawn": int(self.redrawn[index]),
            }
            for index, digits in enumerate(self.digits)
        ]

    def save(self, path: str | PathLike[str], style: Style | None = None) -> None:
        """Write them to a .png or .svg picture, numbered ones for a name with {}, or an .npz.

        Raises:
            UsageError: another kind of file, or a picture that would be too large.
            HandsumError: the file cannot be written.
        """
        from handsum.layout.rows import Style

        save_sequences(Path(path), self, style or Style())

    def _repr_png_(self) -> bytes | None:

        return show_sequences(self)


def check_sequences_path(path: Path) -> None:
    """Raise unless sequences can be saved under this name: before the work, not after it.

    Raises:
        UsageError: neither PNG, SVG nor NPZ, or numbered NPZ files.
        HandsumError: the name is taken by a directory, or its folder is missing.
    """
    check_place(path)
    if path.suffix.lower() not in (".png", ".svg", ".npz"):
        raise UsageError(f"cannot write {path}: use a name that ends in .png, .svg or .npz")
    if NUMBER_MARK in path.name and path.suffix.lower() == ".npz":
        raise UsageError(f"cannot write {path}: {NUMBER_MARK} numbers pictures; one .npz holds all")


def draw_picture(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> Picture:
    """Set written sequences, or some `rows` of them, as one picture (see `layout.render`)."""
    return render(*_layout(sequences, style, captions, rows))


def encode_sequences(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> tuple[bytes, np.ndarray]:
    """As `draw_picture`, but as the bytes of a PNG, and the digits' boxes int64 (N, L, 4)."""
    picture = draw_picture(sequences, style, captions=captions, rows=rows)
    return encode_png(picture.pixels, _metadata(sequences, rows), style.dpi), picture.boxes


def draw_vector(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> tuple[bytes, np.ndarray]:
    """As `draw_picture`, but as the bytes of an SVG, and the digits' boxes int64 (N, L, 4)."""
    from handsum.layout.svg import TRACE_SCALE, TRACED_PIXELS, draw_svg

    fine = replace(style, scale=TRACE_SCALE)
    # It is as large as the style says: what is traced is never a picture, only digits one by one.
    images, rngs, _, own, marked = _layout(sequences, fine, captions, rows)
    sheet = compose(images, rngs, fine, own, marked, most=TRACED_PIXELS)
    texts = (sequences.texts or sequences.digits)[rows]
    metadata = _metadata(sequences, rows)
    share = style.factor / TRACE_SCALE
    boxes = [[_placed_box(digit) for digit in digits] for digits in sheet.digits]
    data = draw_svg(sheet, style, texts, own, metadata)
    return data, np.rint(np.array(boxes) * share).astype(np.int64)


def _layout(
    sequences: Sequences, style: Style, captions: Sequence[str] | None, rows: slice
) -> tuple[Any, ...]:
    """The arguments of `render` and `compose` for some rows of the sequences."""
    indices = range(len(sequences.images))[rows]
    rngs = [stream(sequences.seed, Stream.LAYOUT, index) for index in indices]
    texts = sequences.texts[rows] if sequences.texts else None
    return sequences.images[rows], rngs, style, captions and captions[rows], texts


def _placed_box(digit: Placed) -> tuple[int, int, int, int]:
    x, y, width, height = ink_box(digit.coverage)
    return digit.left + x, digit.top + y, width, height


def save_sequences(
    path: Path, sequences: Sequences, style: Style, captions: Sequence[str] | None = None
) -> np.ndarray:
    """Write sequences to a PNG or SVG (one sheet; numbered files for a name with {}), or an NPZ.

    Returns int64 (N, L, 4): each digit's ink box in its picture; for an NPZ in its 28x28 image.

    Raises:
        UsageError: an NPZ, or cells, of more than digits.
        HandsumError: the file cannot be written; none is then left half-written.
    """
    check_sequences_path(path)
    if path.suffix.lower() == ".npz":
        if sequences.texts:
            raise UsageError(f"an .npz holds digits only: write {sequences.texts[0]} as a picture")
        save_npz(
            path,
            images=sequences.images,
            labels=sequences.labels,
            totals=sequences.totals,
            writers=sequences.writers,
        )
        return np.array([[ink_box(image) for image in row] for row in sequences.images])
    count = len(sequences.images)
    parts = [slice(None)]
    names = [path]
    if NUMBER_MARK in path.name:
        parts, names = [slice(i, i + 1) for i in range(count)], numbered_paths(path, count)
    boxes, files = [], []
    for rows in parts:
        encode = draw_vector if path.suffix.lower() == ".svg" else encode_sequences
        data, found = encode(sequences, style, captions=captions, rows=rows)
        boxes.append(found)
        files.append(data)
    for name, data in zip(names, files, strict=True):
        with atomic_write(name) as file:
            file.write(data)
    return np.concatenate(boxes)


def numbered_paths(path: Path, count: int) -> list[Path]:
    """Return the names of `count` numbered files, from 1 on, with zeros so that they sort."""
    width = len(str(count))
    numbers = (f"{number:0{width}d}" for number in range(1, count + 1))
    return [path.with_name(path.name.replace(NUMBER_MARK, number)) for number in numbers]


def _metadata(sequences: Sequences, rows: slice = slice(None)) -> dict[str, str]:
    return {
        "Software": f"handsum {__version__}",
        "handsum:seed": str(sequences.seed),
        "handsum:model": sequences.model,
        **hand_facts(sequences.hand, sequences.writers[rows]),
        "handsum:digits": " ".join((sequences.texts or sequences.digits)[rows]),
    }


def show_sequences(sequences: Sequences) -> bytes | None:
    """The first sequences as `number` and `sum-sequence` set them; None where they are too long."""
    from handsum.layout.rows import Style

    length = sequences.labels.shape[1]
    scale = min(3.0, max(0.5, LARGEST_SHOWN / (24 * length)))
    try:
        picture = draw_picture(sequences, Style(scale=scale), rows=slice(MOST_SEQUENCES))
    except HandsumError:
        return None
    return encode_png(picture.pixels)
