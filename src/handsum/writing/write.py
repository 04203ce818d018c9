"""Numbers and sums: choose the digits and the hands, draw the digits and let the reader check them.

Everything is a function of the seed. Digits, writers and layout each have their own random stream,
and sequence i of a seed does not depend on the number of sequences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handsum.arguments import (
    digit_text,
    hand_name,
    model_name,
    optional_number,
    parse_digits,
    truth,
    whole_number,
)
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE
from handsum.layout.marks import GAP, MARKS, read_number
from handsum.layout.rows import check_cells
from handsum.layout.style import Style, check_style
from handsum.models.registry import PIXEL_GENERATOR
from handsum.seeds import Stream, choose_seed, stream
from handsum.strokes import draw_strokes
from handsum.sums import choose_length, draw_digits
from handsum.writing.digits import LARGEST
from handsum.writing.hands import RowHands, choose_hands
from handsum.writing.sequences import Sequences

if TYPE_CHECKING:
    from os import PathLike

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Options:
    """How to write: in whose hand, with which models, in which style.

    `model` is the generator and `reader` the model that checks the digits (with `verify`): a name
    or a snapshot folder, None for the default. With a `style`, the digits are also checked in their
    picture. Without `strokes`, digits are drawn in pixels. Everything is checked when the options
    are made.

    Raises:
        UsageError: a field that is not of its type.
    """

    writer: int | str | RowHands | None = None
    model: str | PathLike[str] | None = None
    reader: str | PathLike[str] | None = None
    verify: bool = True
    style: Style | None = None
    strokes: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.writer, RowHands):
            object.__setattr__(self, "writer", hand_name(self.writer))
        object.__setattr__(self, "model", model_name(self.model))
        object.__setattr__(self, "reader", model_name(self.reader))
        object.__setattr__(self, "verify", truth(self.verify, "verify"))
        check_style(self.style)


def sum_sequence(
    total: int,
    length: int | None = None,
    *,
    count: int = 1,
    seed: int | None = None,
    writer: int | str | None = None,
    model: str | PathLike[str] | None = None,
    reader: str | PathLike[str] | None = None,
    verify: bool = True,
    style: Style | None = None,
    progress: Progress | None = None,
) -> Sequences:
    """Write `count` sequences of `length` digits that sum to `total`, each in one hand.

    The digits are drawn exactly uniformly from all sequences of that length and sum. A `model` that
    plans sequences chooses its own digits; sequences with a wrong sum are drawn again.

    Args:
        total: the sum of the digits.
        length: the number of digits; by default a length for which the total is typical.
        count: the number of sequences.
        seed: the random seed; random by default.
        writer: a writer's number, a mix such as "12+40" or "12:3+40:1", "new" for an invented hand,
            or "like:..." for a fitted one; by default a random writer for each sequence.
        model: the generator: a name from `handsum models`, or a snapshot folder.
        reader: the model that checks the digits.
        verify: check every digit with the reader, and redraw those that it misreads.
        style: how the sequences will look; each is then also checked in its picture.
        progress: called with the number of digits that are right so far (with a model that plans:
            of sequences), and the number of all.

    Raises:
        UsageError: the length cannot reach the total, or there is no such writer, seed or model.
    """
    seed = choose_seed(seed)
    total = whole_number(total, "a total")
    options = Options(writer, model, reader, verify, style)
    name = model_name(model)
    length = length_for(total, optional_number(length, "a length"), name)
    count = whole_number(count, "a count", 1)
    if count * length > LARGEST:
        raise UsageError(
            f"{count} sequences of {length} digits are too many at once: use up to {LARGEST:,} "
            "digits in all, or handsum dataset sums"
        )
    if name is not None:
        from handsum.pretrained.load import draws_sequences

        if draws_sequences(name):
            return write_totals(np.full(count, total), length, seed, options, progress)
    labels = draw_digits(total, length, count, stream(seed, Stream.DIGITS))
    return write_rows(labels, seed, options, progress=progress)


def length_for(total: int, length: int | None, model: str | None) -> int:
    """The given length, or a typical one that a model of sequences can plan.

    Raises:
        UsageError: no digits of that length sum to the total, or there is no such model.
    """
    if length is None and model is not None:
        from handsum.pretrained.load import draws_sequences, load_sequence_generator

        if draws_sequences(model):
            longest = load_sequence_generator(model).longest
            if total > 9 * longest:
                raise UsageError(
                    f"{model} was trained for totals from 0 to {9 * longest}, not {total}: the "
                    "default model writes any"
                )
            return min(choose_length(total, None), longest)
    return choose_length(total, length)


def number(
    text: str | int,
    *,
    seed: int | None = None,
    writer: int | str | None = None,
    model: str | PathLike[str] | None = None,
    reader: str | PathLike[str] | None = None,
    verify: bool = True,
    style: Style | None = None,
    progress: Progress | None = None,
) -> Sequences:
    """Write a number in one hand.

    `text` has the digits, leading zeros included, and the marks . , - + = / : % ( ) $ €, which are
    written with the pen of the digits. A single space, or an apostrophe between two digits, is a
    gap. A whole number may be given as an int. It is checked in its picture, with the default
    `style` if none is given. For the other arguments see `sum_sequence`.

    Raises:
        UsageError: other characters, or there is no such writer, seed or model.
    """
    text = read_number(digit_text(text, "a number", "12.50"))
    labels = parse_digits(text.translate(str.maketrans("", "", MARKS + GAP)))[None]
    style = Style() if style is None else style
    options = Options(writer, model, reader, verify, style)
    check_cells(style, [text])
    return write_rows(labels, choose_seed(seed), options, (text,), progress)


def write_rows(
    labels: np.ndarray,
    seed: int,
    options: Options,
    texts: tuple[str, ...] | None = None,
    progress: Progress | None = None,
) -> Sequences:
    """Write each row of digits `labels`, int (N, L), in one hand.

    `texts` are the rows as numbers with marks and gaps. The options' writer may also be the
    hands of all rows.

    Raises:
        UsageError: there is no such writer or model, or the model draws random digits.
    """
    from handsum.pretrained.load import load_detector, load_generator, load_reader

    count, length = labels.shape
    # Digits in pixels are MNIST's, whatever draws pictures.
    default = None if options.strokes else PIXEL_GENERATOR
    generator = load_generator(model_name(options.model) or default)
    generator.check_classes("`handsum models` lists the digit generators")
    hands = choose_hands(generator, options.writer, count, seed)
    # The networks compile in a thread while SciPy is imported below.
    generator.prepare(hands.inputs, strokes=options.strokes)
    readings, redrawn = None, np.zeros(count, np.int64)
    if options.verify:
        reader = load_reader(model_name(options.reader))
        reader.prepare()
        from handsum.writing.legible import Rows
        from handsum.writing.verify import draw_verified

        rows = Rows(labels, hands.inputs, seed, texts, options.strokes)
        finder = load_detector() if options.style is not None and options.strokes else None
        drawn = draw_verified(generator, reader, rows, options.style, finder, progress)
        images, strokes = drawn.images, drawn.strokes
        readings, redrawn = drawn.readings, drawn.redrawn
    else:
        from handsum.writing.verify import draw_images, in_rows

        inputs = np.repeat(hands.inputs, length, axis=0)
        images, written = draw_images(
            generator, options.strokes, labels.reshape(-1), inputs, seed=seed
        )
        images = images.reshape(count, length, DIGIT_SIZE, DIGIT_SIZE)
        strokes = in_rows(written, length) if options.strokes else None
    given = isinstance(options.writer, RowHands)
    return Sequences(
        images=images,
        strokes=strokes,
        labels=labels,
        totals=labels.sum(axis=1),
        writers=hands.writers,
        readings=readings,
        redrawn=redrawn,
        seed=seed,
        model=generator.name,
        texts=texts,
        hand=hands.name,
        style=options.style,
        notes=_misread(labels, readings, generator.writers > 1 and not given),
    )


def write_totals(
    totals: np.ndarray,
    length: int,
    seed: int,
    options: Options,
    progress: Progress | None = None,
) -> Sequences:
    """Write a sequence for each of the totals (N,) with a model that plans the digits.

    With `verify`, sequences with a wrong sum or misread digits are drawn again.

    Raises:
        UsageError: a writer is given, or the model cannot plan such sequences.
    """
    from handsum.pretrained.load import load_reader, load_sequence_generator

    name = model_name(options.model)
    if name is None:
        raise UsageError("give the `model` that plans the digits: `handsum models` lists them")
    if options.writer is not None:
        raise UsageError(f"{name} knows no writers: leave out the writer")
    generator = load_sequence_generator(name)
    count = len(totals)
    readings, redrawn = None, np.zeros(count, np.int64)
    if options.verify:
        from handsum.writing.verify import draw_planned

        reader = load_reader(model_name(options.reader))
        drawn = draw_planned(generator, reader, totals, length, seed, progress)
        images, strokes, labels = drawn.images, drawn.strokes, drawn.labels
        readings, redrawn = drawn.readings, drawn.redrawn
    else:
        from handsum.writing.verify import in_rows

        traced, labels = generator.write(totals, length, seed=seed)
        images = draw_strokes(traced, DIGIT_SIZE).reshape(*labels.shape, DIGIT_SIZE, DIGIT_SIZE)
        strokes = in_rows(traced, length)
    return Sequences(
        images=images,
        strokes=strokes,
        labels=labels,
        totals=labels.sum(axis=1),
        writers=np.full(count, -1),
        readings=readings,
        redrawn=redrawn,
        seed=seed,
        model=generator.name,
        style=options.style,
        notes=_misread(labels, readings, False) + _wrong(labels, totals, options.verify),
    )


def _misread(
    labels: np.ndarray, readings: tuple[str, ...] | None, has_writers: bool
) -> tuple[str, ...]:
    """A note for each row (N, L) that the reader still misreads."""
    advice = "`seed` or `writer`" if has_writers else "`seed`"
    texts = ("".join(map(str, row)) for row in labels)
    return tuple(
        f"{digits} still reads as {seen or 'nothing'}: try another {advice}"
        for digits, seen in zip(texts, readings or (), strict=False)
        if seen != digits
    )


def _wrong(labels: np.ndarray, totals: np.ndarray, verify: bool) -> tuple[str, ...]:
    """A note if rows (N, L) do not sum to their totals (N,)."""
    wrong = int((labels.sum(axis=1) != totals).sum())
    if not wrong:
        return ()
    sums = f"to {totals[0]}" if len({*totals}) == 1 else "to their totals"
    advice = "try another `seed`" if verify else "`verify` redraws them"
    return (f"{wrong} of {len(totals)} do not sum {sums}: {advice}",)
