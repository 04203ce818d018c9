"""The result of `number` and `sum_sequence`: saved or shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsum.errors import HandsumError, UsageError, shorten
from handsum.files import atomic_write, check_replaceable
from handsum.images import DIGIT_SIZE, LARGEST_SHOWN, describe, encode_png
from handsum.layout.encoding import (
    NUMBER_MARK,
    VECTORS,
    Encoded,
    Output,
    Places,
    all_captions,
    check_held,
    check_path,
    encode_sheet,
    numbered_paths,
)
from handsum.layout.lines import Placed
from handsum.layout.marks import GAP, group_thousands
from handsum.layout.painting import ink_box
from handsum.layout.rows import Picture, Sheet, check_least_size, compose, draw_sheet
from handsum.layout.style import DIGIT_HEIGHT, Style, check_style
from handsum.seeds import Stream, stream
from handsum.strokes import Strokes
from handsum.strokes.arrays import as_arrays
from handsum.writing.digits import name_hand, save_npz

if TYPE_CHECKING:
    from os import PathLike


# A notebook shows at most this many sequences.
MOST_SEQUENCES = 12


@dataclass(frozen=True, eq=False, repr=False)
class Sequences:
    """N written sequences of L digits, each in one hand.

    `images` is uint8 (N, L, 28, 28), white ink on black; `strokes` are the pen strokes of each
    digit, in units of its height, None for digits drawn in pixels; `labels` int64 (N, L); `totals`
    int64 (N,), the sums of the digits; `writers` int64 (N,), -1 for a mixed, new or fitted hand and
    for a model without writers. `readings` is what the reader sees in each, None if it did not
    check them; `redrawn` int64 (N,) the number of digits drawn again. `texts` are numbers with
    their marks and gaps; None for sums. `hand` names a mixed, new or fitted
    hand. `style` is the style in which the sequences were checked, and that `save` uses. `notes`
    name the sequences that are still misread or have a wrong sum.
    """

    images: np.ndarray
    strokes: tuple[tuple[Strokes, ...], ...] | None
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

    def as_dicts(self, places: Places, *, strokes: bool = True) -> list[dict[str, Any]]:
        """Each sequence as plain values for JSON; `places` are those of its digits in a file.

        Numbers also have their `text`. Their `strokes` are None for digits drawn in pixels.
        """
        texts = [{"text": text} for text in self.texts] if self.texts else [{}] * len(self.labels)
        return [
            {
                **texts[index],
                "digits": digits,
                "total": int(self.totals[index]),
                "boxes": places.boxes[index].tolist(),
                **({"strokes": places.strokes(index)} if strokes else {}),
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
        centerline: bool = False,
        animate: bool = False,
        duration: float | None = None,
    ) -> None:
        """Write them to a file, or to numbered ones for a name with {}.

        The ending sets the type: a .png or .svg picture, a .gif or .webp animation, an .inkml of
        the strokes, or an .npz of arrays.

        `style` defaults to the one that they were written in. `caption` prints each number, or each
        sum, small under it; or a text of your own, or one for each sequence. For an SVG,
        `centerline` draws the way of the pen instead of outlines, and `animate` writes the digits
        stroke by stroke. `duration` is that of the animation, up to 60 seconds; by default it takes
        the time of a hand.

        Raises:
            UsageError: another type of file, one that has no centerline or animation, a picture
                that would be too large, or captions that are not as many as the sequences.
            HandsumError: the file cannot be written.
        """
        output = Output(centerline, animate, duration)
        save_sequences(Path(path), self, style, caption=caption, output=output)

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


def draw_picture(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> Picture:
    """Draw written sequences, or some `rows` of them, in one picture (see `layout.rows`)."""
    check_least_size(style, *sequences.labels[rows].shape)
    return draw_sheet(lay_out(sequences, style, captions, rows), style)


def encode_sequences(
    sequences: Sequences,
    style: Style,
    ending: str = ".png",
    output: Output | None = None,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> Encoded:
    """As `draw_picture`, as a file of a type (see `layout.encoding.encode_sheet`)."""
    if ending not in VECTORS:
        count, length = sequences.labels[rows].shape
        check_least_size(style, count, length, ending)
    sheet = lay_out(sequences, style, captions, rows)
    texts = (sequences.texts or sequences.digits)[rows]
    return encode_sheet(sheet, style, texts, describe_sequences(sequences, rows), ending, output)


def lay_out(
    sequences: Sequences,
    style: Style,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> Sheet:
    """Place written sequences, or some `rows` of them, on a sheet (see `layout.rows`).

    Raises:
        UsageError: sequences without strokes.
    """
    if sequences.strokes is None:
        raise UsageError("these digits were drawn in pixels, without strokes")
    indices = range(len(sequences.images))[rows]
    rngs = [stream(sequences.seed, Stream.LAYOUT, index) for index in indices]
    texts = sequences.texts or sequences.digits
    return compose(sequences.strokes[rows], rngs, style, captions and captions[rows], texts[rows])


def save_sequences(
    path: Path,
    sequences: Sequences,
    style: Style | None = None,
    *,
    caption: bool | str | Sequence[str] = False,
    output: Output | None = None,
) -> Places:
    """Write sequences to a file or to numbered files (see `Sequences.save`).

    Returns where the digits are: in pixels of their picture or animation, or pixels of the sheet
    for an InkML; in the user units of their SVG (those of the viewBox); in pixels of its 28x28
    image for an NPZ.

    Raises:
        UsageError: see `Sequences.save`; also an NPZ, or cells, of numbers with marks.
        HandsumError: the file cannot be written; no half-written file is left.
    """
    check_path(path, output)
    check_style(style)
    ending = path.suffix.lower()
    if ending == ".npz":
        check_held(ending, sequences.texts, style, caption)
        return _save_arrays(path, sequences)
    style = style or sequences.style or Style()
    count = len(sequences.images)
    captions = all_captions(caption, sequences.captions(style), count)
    parts = [slice(None)]
    names = [path]
    if NUMBER_MARK in path.name:
        parts, names = [slice(i, i + 1) for i in range(count)], numbered_paths(path, count)
    for name in names:
        check_replaceable(name)
    files = [
        encode_sequences(sequences, style, ending, output, captions=captions, rows=rows)
        for rows in parts
    ]
    for name, file in zip(names, files, strict=True):
        with atomic_write(name) as opened:
            opened.write(file.data)
    places = [file.places for file in files]
    return Places(
        np.concatenate([one.boxes for one in places]),
        tuple(row for one in places for row in one.rows),
        places[0].height,
    )


def _save_arrays(path: Path, sequences: Sequences) -> Places:
    """Write an .npz; see `save_sequences`."""
    strokes = sequences.strokes
    arrays = {
        "images": sequences.images,
        "labels": sequences.labels,
        "totals": sequences.totals,
        "writers": sequences.writers,
        **(as_arrays([digit for row in strokes for digit in row]) if strokes else {}),
    }
    metadata = describe(seed=sequences.seed, model=sequences.model, writer=sequences.hand)
    save_npz(path, metadata, arrays)
    boxes = np.array([[ink_box(image) for image in row] for row in sequences.images])
    rows = tuple(
        tuple(
            Placed(text, digit.scale(DIGIT_HEIGHT).shift(DIGIT_SIZE / 2, DIGIT_SIZE / 2))
            for text, digit in zip(texts, row, strict=True)
        )
        for texts, row in zip(sequences.digits, strokes or (), strict=bool(strokes))
    )
    return Places(boxes, rows, DIGIT_HEIGHT)


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
        style = (sequences.style or Style()).at_scale(scale)
        rows = slice(MOST_SEQUENCES)
        picture = draw_picture(sequences, style, captions=captions, rows=rows)
    except HandsumError:
        return None
    return encode_png(picture.pixels)
