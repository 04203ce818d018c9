"""Writing: which digits, in which hand, drawn by a generator and checked by the reader.

Everything is a function of the seed. Digits, writers and layout each have a random stream of their
own, and sequence i of a seed is the same however many are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE
from handsum.seeds import Stream, choose_seed, stream
from handsum.sums import choose_length, draw_digits
from handsum.verification import draw_verified

if TYPE_CHECKING:
    from handsum.layout import Style
    from handsum.pretrained import DigitGenerator

BATCH = 1000


@dataclass(frozen=True)
class Sequences:
    """N written sequences of L digits, each in one hand.

    images uint8 (N, L, 28, 28), white ink on black; labels int64 (N, L); totals int64 (N,), their
    sums; writers int64 (N,). `readings` is what the reader makes of each sequence, None where it
    was not asked; redrawn int64 (N,) is how many digits it made the generator draw again.
    """

    images: np.ndarray
    labels: np.ndarray
    totals: np.ndarray
    writers: np.ndarray
    readings: tuple[str, ...] | None
    redrawn: np.ndarray
    seed: int
    model: str

    @property
    def digits(self) -> tuple[str, ...]:
        """The digits of each sequence as a string."""
        return tuple("".join(map(str, row)) for row in self.labels)


@dataclass(frozen=True)
class Digits:
    """N single digits: images uint8 (N, 28, 28), white on black; labels and writers int64 (N,).

    `columns` is the number of digits in a row of their grid.
    """

    images: np.ndarray
    labels: np.ndarray
    writers: np.ndarray
    columns: int
    seed: int
    model: str


def sum_sequence(
    total: int,
    length: int | None = None,
    *,
    count: int = 1,
    seed: int | None = None,
    writer: int | None = None,
    verify: bool = True,
    model: str | None = None,
    reader: str | None = None,
    style: Style | None = None,
) -> Sequences:
    """Write `count` sequences of `length` digits that sum to `total`, each in one hand.

    The digits are drawn exactly uniformly among all sequences of that length and sum. Without
    `length`, one at which the total is typical; without `writer`, one for each sequence by the
    seed; `model` names a generator of the zoo, `reader` the model that checks its digits. With a
    `style` each sequence is also set as a picture and read in it, for digits that stay legible.

    Raises:
        UsageError: the length cannot reach the total, or there is no such writer, seed or model.
    """
    seed = choose_seed(seed)
    length = choose_length(total, length)
    if count < 1:
        raise UsageError(f"a count of {count} writes nothing: use 1 or more")
    labels = draw_digits(total, length, count, stream(seed, Stream.DIGITS))
    return _write(labels, seed, writer, verify, model, reader, style)


def number(
    text: str,
    *,
    seed: int | None = None,
    writer: int | None = None,
    verify: bool = True,
    model: str | None = None,
    reader: str | None = None,
    style: Style | None = None,
) -> Sequences:
    """Write the digits of `text`, leading zeros included, in one hand: one sequence.

    With a `style` it is also set as a picture and read in it, for digits that stay legible.

    Raises:
        UsageError: `text` is not all digits, or there is no such writer, seed or model.
    """
    labels = parse_digits(text)[None]
    return _write(labels, choose_seed(seed), writer, verify, model, reader, style)


def generate(
    digits: str = "0123456789",
    *,
    random: bool = False,
    rows: int | None = None,
    columns: int | None = None,
    count: int | None = None,
    seed: int | None = None,
    writer: int | None = None,
    model: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Digits:
    """Draw single digits as the generator makes them, unchecked, each in a hand of its own.

    The labels go through `digits` over and over, column by column, or are drawn from them where
    `random` is set. `rows` (default 8) by `columns` (default one for each of `digits`), or exactly
    `count`. `progress` is called with the number of digits drawn and the number wanted.

    Raises:
        UsageError: `digits` are not digits, or there is no such writer, seed or model.
    """
    seed = choose_seed(seed)
    choices = parse_digits(digits)
    picks, columns = _pick_classes(len(choices), rows, columns, count)
    if random:
        picks = stream(seed, Stream.DIGITS).integers(len(choices), size=len(picks))
    labels, wanted = choices[picks], len(picks)

    from handsum.pretrained import load_generator

    generator = load_generator(model) if model else load_generator()
    writers = _choose_writers(generator, writer, wanted, seed)
    images = np.empty((wanted, DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    for start in range(0, wanted, BATCH):
        part = np.arange(start, min(start + BATCH, wanted))
        images[part] = generator.draw(labels[part], writers[part], seed=seed, indices=part)
        if progress:
            progress(start + len(part), wanted)
    return Digits(images, labels, writers, columns, seed, generator.name)


def parse_digits(text: str) -> np.ndarray:
    """Return the digits of a string as int64 (L,).

    Raises:
        UsageError: the string is empty or holds anything but the digits 0 to 9.
    """
    if not text:
        raise UsageError("there is nothing to write: give at least one digit")
    others = [character for character in dict.fromkeys(text) if character not in "0123456789"]
    if others:
        listed = " ".join(repr(character) for character in others)
        raise UsageError(
            f"only the digits 0 to 9 can be written, not {listed}: "
            "leave out signs, points and separators (--spacing sets thousands apart)"
        )
    return np.array([int(character) for character in text], np.int64)


def _pick_classes(
    classes: int, rows: int | None, columns: int | None, count: int | None
) -> tuple[np.ndarray, int]:
    """Return which of the classes each place of a grid shows, row by row, and its columns."""
    for name, value in (("count", count), ("rows", rows), ("columns", columns)):
        if value is not None and value < 1:
            raise UsageError(f"{name} {value} would be an empty grid: use 1 or more")
    if count is None:
        columns = columns or classes
        return np.tile(np.resize(np.arange(classes), columns), rows or 8), columns
    if rows is not None:
        raise UsageError("give either a count of digits or a number of rows, not both")
    return np.resize(np.arange(classes), count), columns or round(count**0.5)


def _write(
    labels: np.ndarray,
    seed: int,
    writer: int | None,
    verify: bool,
    model: str | None,
    reader: str | None,
    style: Style | None,
) -> Sequences:
    """Draw labels, (N, L), one hand to a row."""
    from handsum.pretrained import load_generator, load_reader

    count, length = labels.shape
    generator = load_generator(model) if model else load_generator()
    writers = _choose_writers(generator, writer, count, seed)
    if verify:
        checker = load_reader(reader) if reader else load_reader()
        drawn = draw_verified(generator, checker, labels, writers, seed, style)
        images, readings, redrawn = drawn.images, drawn.readings, drawn.redrawn
    else:
        hands = np.repeat(writers, length)
        indices = np.arange(count * length)
        images = generator.draw(labels.reshape(-1), hands, seed=seed, indices=indices)
        images = images.reshape(count, length, DIGIT_SIZE, DIGIT_SIZE)
        readings, redrawn = None, np.zeros(count, np.int64)
    totals = labels.sum(axis=1)
    return Sequences(images, labels, totals, writers, readings, redrawn, seed, generator.name)


def _choose_writers(
    generator: DigitGenerator, writer: int | None, count: int, seed: int
) -> np.ndarray:
    if writer is None:
        return stream(seed, Stream.WRITERS).integers(generator.writers, size=count)
    if not 0 <= writer < generator.writers:
        raise UsageError(
            f"writer {writer} is out of range: {generator.name} has the hands of writers "
            f"0 to {generator.writers - 1}"
        )
    return np.full(count, writer, np.int64)
