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
from handsum.hands import hand_vectors, parse_hand
from handsum.images import DIGIT_SIZE
from handsum.marks import MARKS
from handsum.seeds import Stream, choose_seed, stream
from handsum.sums import choose_length, draw_digits
from handsum.verification import REDRAWS, draw_verified

if TYPE_CHECKING:
    from handsum.layout import Style
    from handsum.pretrained import DigitGenerator

BATCH = 1000


@dataclass(frozen=True)
class Sequences:
    """N written sequences of L digits, each in one hand.

    images uint8 (N, L, 28, 28), white ink on black; labels int64 (N, L); totals int64 (N,), their
    sums; writers int64 (N,). `readings` is what the reader makes of each sequence, None where it
    was not asked; redrawn int64 (N,) is how many digits it made the generator draw again. `texts`
    are the sequences with their points, commas and minus signs, None where they have none. `hand`
    names a mixed or new hand; the writers are then -1.
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


@dataclass(frozen=True)
class Digits:
    """N single digits: images uint8 (N, 28, 28), white on black; labels and writers int64 (N,).

    The labels are the classes asked for; where none were, random digits and mixtures, they are what
    the reader makes of them. `columns` is the number of digits in a row of their grid; `hand` names
    a mixed or new hand, the writers are then -1.
    """

    images: np.ndarray
    labels: np.ndarray
    writers: np.ndarray
    columns: int
    seed: int
    model: str
    hand: str | None = None


def sum_sequence(
    total: int,
    length: int | None = None,
    *,
    count: int = 1,
    seed: int | None = None,
    writer: int | str | None = None,
    verify: bool = True,
    model: str | None = None,
    reader: str | None = None,
    style: Style | None = None,
) -> Sequences:
    """Write `count` sequences of `length` digits that sum to `total`, each in one hand.

    The digits are drawn exactly uniformly among all sequences of that length and sum, but by a
    `model` that draws sequences: that one plans its own, and is drawn anew while they are wrong.
    Without `length`, one at which the total is typical; without `writer`, one for each sequence by
    the seed; `model` names a generator of the zoo, `reader` the model that checks its digits. With
    a `style` each sequence is also set as a picture and read in it, for digits that stay legible.
    A writer is a number, a mix such as "12+40" or "12:3+40:1", or "new" for a hand of nobody's.

    Raises:
        UsageError: the length cannot reach the total, or there is no such writer, seed or model.
    """
    seed = choose_seed(seed)
    length = choose_length(total, length)
    if count < 1:
        raise UsageError(f"a count of {count} writes nothing: use 1 or more")
    if model is not None:
        from handsum.pretrained import draws_sequences

        if draws_sequences(model):
            if writer is not None:
                raise UsageError(f"{model} knows no writers: leave out the writer")
            return write_totals(np.full(count, total), length, seed, model, verify, reader)
    labels = draw_digits(total, length, count, stream(seed, Stream.DIGITS))
    return write_rows(labels, seed, writer, verify, model, reader, style)


def number(
    text: str,
    *,
    seed: int | None = None,
    writer: int | str | None = None,
    verify: bool = True,
    model: str | None = None,
    reader: str | None = None,
    style: Style | None = None,
) -> Sequences:
    """Write the digits of `text`, leading zeros included, in one hand: one sequence.

    Points, commas and minus signs are kept for the picture, where they are drawn with its pen.
    With a `style` it is also set as a picture and read in it, for digits that stay legible.

    Raises:
        UsageError: `text` holds anything else, or there is no such writer, seed or model.
    """
    labels = parse_number(text)[None]
    texts = (text,) if len(text) > labels.size else None
    return write_rows(labels, choose_seed(seed), writer, verify, model, reader, style, texts)


def generate(
    digits: str | None = None,
    *,
    random: bool = False,
    rows: int | None = None,
    columns: int | None = None,
    count: int | None = None,
    seed: int | None = None,
    writer: int | str | None = None,
    model: str | None = None,
    mix: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Digits:
    """Draw single digits as the generator makes them, unchecked, each in a hand of its own.

    The labels go through `digits` (default 0123456789) over and over, column by column, or are
    drawn from them where `random` is set. `rows` (default 8) by `columns` (default one for each of
    `digits`), or exactly `count`. With `mix`, such as "6,4,7", every digit is all of these at once.
    `progress` is called with the number of digits drawn and the number wanted.

    Raises:
        UsageError: `digits` are not digits, the model cannot be asked for them or cannot mix, or
            there is no such writer, seed or model.
    """
    seed = choose_seed(seed)
    choices = parse_digits("0123456789" if digits is None else digits)
    shares = None if mix is None else _parse_mix(mix)
    if shares is not None and digits is not None:
        raise UsageError("give either digits or a mix of digits, not both")
    picks, columns = _pick_classes(len(choices), rows, columns, count)
    if random:
        picks = stream(seed, Stream.DIGITS).integers(len(choices), size=len(picks))
    labels, wanted = choices[picks], len(picks)

    from handsum.pretrained import load_generator

    generator = load_generator(model) if model else load_generator()
    if digits is not None and not generator.conditional:
        raise UsageError(f"{generator.name} draws random digits: leave out which ones")
    hands = _choose_hands(generator, writer, wanted, seed)
    images = np.empty((wanted, DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    for start in range(0, wanted, BATCH):
        part = np.arange(start, min(start + BATCH, wanted))
        if shares is None:
            images[part] = generator.draw(labels[part], hands.drawn[part], seed=seed, indices=part)
        else:
            every = np.tile(shares, (len(part), 1))
            images[part] = generator.mix(every, seed=seed, indices=part)
        if progress:
            progress(start + len(part), wanted)
    if shares is not None or not generator.conditional:
        from handsum.pretrained import load_reader

        labels = load_reader().probabilities(images).argmax(-1)
    return Digits(images, labels, hands.writers, columns, seed, generator.name, hands.name)


def _parse_mix(text: str) -> np.ndarray:
    """Return the shares (10,) of each digit in a mix such as "6,4,7"; one given twice counts twice.

    Raises:
        UsageError: anything but digits with commas between them.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part in [*"0123456789"] for part in parts):
        raise UsageError(f"a mix is digits with commas between them, such as 6,4,7, not {text!r}")
    return np.bincount([int(part) for part in parts], minlength=10) / len(parts)


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
        raise UsageError(f"only the digits 0 to 9 can be drawn, not {listed}")
    return np.array([int(character) for character in text], np.int64)


def parse_number(text: str) -> np.ndarray:
    """Return the digits of a number as int64 (L,), its points, commas and minus signs left out.

    Raises:
        UsageError: there are no digits, or anything else.
    """
    others = [c for c in dict.fromkeys(text) if c not in "0123456789" + MARKS]
    if others:
        listed = " ".join(repr(character) for character in others)
        raise UsageError(
            f"only the digits 0 to 9 and . , - can be written, not {listed} "
            "(--spacing sets thousands apart)"
        )
    return parse_digits("".join(character for character in text if character not in MARKS))


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


def write_rows(
    labels: np.ndarray,
    seed: int,
    writer: int | str | np.ndarray | None = None,
    verify: bool = True,
    model: str | None = None,
    reader: str | None = None,
    style: Style | None = None,
    texts: tuple[str, ...] | None = None,
) -> Sequences:
    """Write the digits of each row of `labels`, int (N, L), in one hand; see `sum_sequence`.

    `writer` may be the rows' writers (N,) as well.
    """
    from handsum.pretrained import load_generator, load_reader

    count, length = labels.shape
    generator = load_generator(model) if model else load_generator()
    if not generator.conditional:
        raise UsageError(
            f"{generator.name} draws random digits, not those that are asked for: "
            "`handsum models` lists the digit generators"
        )
    hands = _choose_hands(generator, writer, count, seed)
    if verify:
        checker = load_reader(reader) if reader else load_reader()
        drawn = draw_verified(generator, checker, labels, hands.drawn, seed, style, texts)
        images, readings, redrawn = drawn.images, drawn.readings, drawn.redrawn
    else:
        drawn_as = np.repeat(hands.drawn, length, axis=0)
        indices = np.arange(count * length)
        images = generator.draw(labels.reshape(-1), drawn_as, seed=seed, indices=indices)
        images = images.reshape(count, length, DIGIT_SIZE, DIGIT_SIZE)
        readings, redrawn = None, np.zeros(count, np.int64)
    totals, name = labels.sum(axis=1), generator.name
    return Sequences(
        images, labels, totals, hands.writers, readings, redrawn, seed, name, texts, hands.name
    )


def write_totals(
    totals: np.ndarray,
    length: int,
    seed: int,
    model: str,
    verify: bool = True,
    reader: str | None = None,
) -> Sequences:
    """Write a sequence for each of totals (N,) by a model that plans their digits.

    Where `verify` is set, those whose digits do not sum to the total or do not read as planned are
    drawn again, REDRAWS times at most.
    """
    from handsum.pretrained import load_reader, load_sequence_generator

    generator = load_sequence_generator(model)
    count = len(totals)
    indices = np.arange(count)
    images, labels = generator.draw(totals, length, seed=seed, indices=indices)
    redrawn = np.zeros(count, np.int64)
    if not verify:
        sums, hands = labels.sum(1), np.zeros(count, np.int64)
        return Sequences(images, labels, sums, hands, None, redrawn, seed, generator.name)
    checker = load_reader(reader) if reader else load_reader()
    readings = np.zeros_like(labels)
    scores = np.full(count, -1.0)
    pending, drawn, planned = indices, images, labels.copy()
    for attempt in range(REDRAWS + 1):
        if attempt:
            attempts = np.full(len(pending), attempt)
            drawn, planned = generator.draw(
                totals[pending], length, seed=seed, indices=pending, attempts=attempts
            )
            redrawn[pending] += length
        flat = drawn.reshape(-1, DIGIT_SIZE, DIGIT_SIZE)
        read = checker.probabilities(flat).argmax(-1).reshape(planned.shape)
        # A right sum outweighs any reading; among equals more digits that read as planned.
        score = (planned.sum(1) == totals[pending]) + (read == planned).mean(1)
        better = score > scores[pending]
        kept = pending[better]
        images[kept], labels[kept], readings[kept] = drawn[better], planned[better], read[better]
        scores[kept] = score[better]
        pending = indices[scores < 2]
        if len(pending) == 0:
            break
    texts = tuple("".join(map(str, row)) for row in readings)
    sums, hands = labels.sum(1), np.zeros(count, np.int64)
    return Sequences(images, labels, sums, hands, texts, redrawn, seed, generator.name)


@dataclass(frozen=True)
class _Hands:
    """The hands of N rows: their writers int64 (N,), -1 for no single one's, and the hand's name.

    `drawn` is what the generator takes: the writers, or vectors (N, E).
    """

    writers: np.ndarray
    drawn: np.ndarray
    name: str | None = None


def _choose_hands(
    generator: DigitGenerator, writer: int | str | np.ndarray | None, count: int, seed: int
) -> _Hands:
    """The hands of `count` rows: the seed's choice among writers, or what is asked for."""
    if isinstance(writer, np.ndarray):
        return _Hands(writer, writer)
    if writer is None:
        writers = stream(seed, Stream.WRITERS).integers(generator.writers, size=count)
        return _Hands(writers, writers)
    hand = parse_hand(writer)
    if generator.writers == 1:
        raise UsageError(f"{generator.name} knows no writers: leave out the writer")
    if any(own >= generator.writers for own, _ in hand.parts):
        raise UsageError(
            f"writer {max(hand.parts)[0]} is out of range: {generator.name} has the hands of "
            f"writers 0 to {generator.writers - 1}"
        )
    if hand.writer is not None:
        writers = np.full(count, hand.writer, np.int64)
        return _Hands(writers, writers)
    vectors = hand_vectors(hand, generator.hands, count, seed)
    return _Hands(np.full(count, -1), vectors, hand.name)
