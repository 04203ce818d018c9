"""The result of `number` and `sum_sequence`: saved as a picture, an SVG or an NPZ, or shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsum.errors import HandsumError, UsageError
from handsum.files import atomic_write, check_place, check_replaceable
from handsum.images import LARGEST_SHOWN, describe, encode_png
from handsum.layout.marks import GAP, group_thousands, has_marks
from handsum.layout.painting import ink_box
from handsum.layout.rows import Picture, Placed, compose, render
from handsum.layout.style import Style
from handsum.seeds import Stream, stream
from handsum.writing.digits import name_hand, save_npz, shorten

if TYPE_CHECKING:
    from os import PathLike


NUMBER_MARK = "{}"
# A notebook shows at most this many sequences.
MOST_SEQUENCES = 12


@dataclass(frozen=True, eq=False, repr=False)
class Sequences:
    """N written sequences of L digits, each in one hand.

    `images` is uint8 (N, L, 28, 28), white ink on black; `labels` int64 (N, L); `totals` int64
    (N,), the sums of the digits; `writers` int64 (N,), -1 for a mixed, new or fitted hand and for a
    model without writers. `readings` is what the reader sees in each sequence, None if it did not
    check them; `redrawn` int64 (N,) the number of digits drawn again. `texts` are numbers with
    their points, commas, minus signs and gaps; None for sums. `hand` names a mixed, new or fitted
    hand. `style` is the style in which the sequences were checked, and that `save` uses. `notes`
    name the sequences that are still misread or have a wrong sum.
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
    style: Style | None = None
    notes: tuple[str, ...] = ()

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
        """The writer or hand of all sequences; a list if the writers differ.

        None if the model has no writers.
        """
        if self.hand:
            return self.hand
        writers = self.writers.tolist()
        if writers and writers[0] < 0:
            return None
        return writers[0] if len(set(writers)) == 1 else writers

    def captions(self, style: Style | None = None) -> tuple[str, ...]:
        """The usual captions: each number, with its thousands apart if the style has gaps; sums."""
        if self.texts is None:
            return self.equations
        gaps = (style or self.style or Style()).spacing
        return tuple(group_thousands(text) if gaps else text for text in self.texts)

    def as_dicts(self, boxes: np.ndarray) -> list[dict[str, Any]]:
        """Each sequence as plain values for JSON; `boxes` (N, L, 4) are its digits' ink boxes.

        Numbers also have their `text`.
        """
        texts = [{"text": text} for text in self.texts] if self.texts else [{}] * len(self.labels)
        return [
            {
                **texts[index],
                "digits": digits,
                "total": int(self.totals[index]),
                "boxes": boxes[index].tolist(),
                "readings": self.readings[index] if self.readings else None,
                "redrawn": int(self.redrawn[index]),
            }
            for index, digits in enumerate(self.digits)
        ]

    def save(
        self,
        path: str | PathLike[str],
        style: Style | None = None,
        *,
        caption: bool | str | Sequence[str] = False,
    ) -> None:
        """Write them to a .png or .svg picture, numbered ones for a name with {}, or an .npz.

        `style` defaults to the one that they were written in. `caption` prints each number, or each
        sum, small under it; or a text of your own, or one for each sequence.

        Raises:
            UsageError: another type of file, a picture that would be too large, or captions that
                are not as many as the sequences.
            HandsumError: the file cannot be written.
        """
        save_sequences(Path(path), self, style, caption=caption)

    def __repr__(self) -> str:
        count, length = self.labels.shape
        if count == 1:
            what = "1 number" if self.texts else "1 sequence"
            what += f", {shorten(self.texts[0] if self.texts else self.equations[0])}"
        else:
            what = f"{count} sequences of {length} digits"
        writer = self.writer
        whose = f", {len(set(writer))} writers" if isinstance(writer, list) else ""
        if writer is not None and not whose:
            whose = f", writer {shorten(str(writer))}"
        return f"<{what}{whose}, seed {self.seed}>"

    def _repr_png_(self) -> bytes | None:
        return show_sequences(self)


def check_sequences_path(path: Path) -> None:
    """Raise unless sequences can be saved under this name; to be called before the work.

    Raises:
        UsageError: not a PNG, SVG or NPZ, or numbered NPZ files.
        HandsumError: the name is that of a directory, or its folder is missing.
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
    """Draw written sequences, or some `rows` of them, in one picture (see `layout.rows`)."""
    return render(*_layout(sequences, style, captions, rows))


def encode_sequences(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> tuple[bytes, np.ndarray]:
    """As `draw_picture`: the bytes of a PNG, and the digits' boxes int64 (N, L, 4)."""
    picture = draw_picture(sequences, style, captions=captions, rows=rows)
    return encode_png(
        picture.pixels, describe_sequences(sequences, rows), style.resolution
    ), picture.boxes


def draw_vector(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> tuple[bytes, np.ndarray]:
    """As `draw_picture`: the bytes of an SVG, and the digits' boxes int64 (N, L, 4).

    The boxes are in the user units of the SVG, those of its viewBox.
    """
    from handsum.layout.svg import TRACE_SCALE, TRACED_PIXELS, draw_svg

    fine = replace(style, scale=TRACE_SCALE, height=None)
    images, rngs, _, own, marked = _layout(sequences, fine, captions, rows)
    # Digits are traced one by one and never painted on the sheet, so the sheet may be large.
    sheet = compose(images, rngs, fine, own, marked, most=TRACED_PIXELS)
    texts = (sequences.texts or sequences.digits)[rows]
    metadata = describe_sequences(sequences, rows)
    boxes = np.array([[_placed_box(digit) for digit in digits] for digits in sheet.digits])
    # The SVG's user units are the pixels of the traced sheet.
    return draw_svg(sheet, style, texts, own, metadata), boxes


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
    path: Path,
    sequences: Sequences,
    style: Style | None = None,
    *,
    caption: bool | str | Sequence[str] = False,
) -> np.ndarray:
    """Write sequences to a file or to numbered files (see `Sequences.save`).

    Returns int64 (N, L, 4), the ink box of each digit: in pixels of its PNG, in the user units of
    its SVG (those of the viewBox), in pixels of its 28x28 image for an NPZ.

    Raises:
        UsageError: see `Sequences.save`; also an NPZ, or cells, of numbers with punctuation.
        HandsumError: the file cannot be written; no half-written file is left.
    """
    check_sequences_path(path)
    style = style or sequences.style or Style()
    if path.suffix.lower() == ".npz":
        if sequences.texts and has_marks(sequences.texts):
            raise UsageError(f"an .npz holds digits only: write {sequences.texts[0]} as a picture")
        arrays = {
            "images": sequences.images,
            "labels": sequences.labels,
            "totals": sequences.totals,
            "writers": sequences.writers,
        }
        metadata = describe(seed=sequences.seed, model=sequences.model, writer=sequences.hand)
        save_npz(path, metadata, arrays)
        return np.array([[ink_box(image) for image in row] for row in sequences.images])
    captions = _check_captions(sequences, style, caption)
    count = len(sequences.images)
    parts = [slice(None)]
    names = [path]
    if NUMBER_MARK in path.name:
        parts, names = [slice(i, i + 1) for i in range(count)], numbered_paths(path, count)
    for name in names:
        check_replaceable(name)
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


def _check_captions(
    sequences: Sequences, style: Style, caption: bool | str | Sequence[str]
) -> Sequence[str] | None:
    """The captions to print, one for each sequence; None for none."""
    if isinstance(caption, bool):
        return sequences.captions(style) if caption else None
    captions = [caption] if isinstance(caption, str) else list(caption)
    count = len(sequences.images)
    if len(captions) != count or not all(isinstance(one, str) for one in captions):
        raise UsageError(f"a `caption` is True, or a text for each sequence: {count} in all")
    return captions


def numbered_paths(path: Path, count: int) -> list[Path]:
    """Return the names of `count` numbered files, from 1, padded with zeros so that they sort."""
    width = len(str(count))
    numbers = (f"{number:0{width}d}" for number in range(1, count + 1))
    return [path.with_name(path.name.replace(NUMBER_MARK, number)) for number in numbers]


def describe_sequences(sequences: Sequences, rows: slice = slice(None)) -> dict[str, str]:
    """The metadata of a picture with some `rows` of the sequences (see `images.describe`)."""
    texts = (sequences.texts or sequences.digits)[rows]
    return describe(
        seed=sequences.seed,
        model=sequences.model,
        writer=name_hand(sequences.hand, sequences.writers[rows]),
        # A space separates sequences.
        digits=" ".join(text.replace(GAP, "") for text in texts),
    )


def show_sequences(sequences: Sequences, captions: Sequence[str] | None = None) -> bytes | None:
    """The first sequences as a small PNG; None if they are too long."""
    length = sequences.labels.shape[1]
    scale = min(3.0, max(0.5, LARGEST_SHOWN / (24 * length)))
    try:
        style = replace(sequences.style or Style(), scale=scale, height=None)
        rows = slice(MOST_SEQUENCES)
        picture = draw_picture(sequences, style, captions=captions, rows=rows)
    except HandsumError:
        return None
    return encode_png(picture.pixels)
