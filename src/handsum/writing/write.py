"""Writing: which digits, in which hand, drawn by a generator and checked by the reader.

Everything is a function of the seed. Digits, writers and layout each have a random stream of their
own, and sequence i of a seed is the same however many are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from handsum.arguments import digit_text, hand_name, model_name, optional_number, whole_number
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE
from handsum.layout.marks import MARKS, count_whole
from handsum.seeds import Stream, choose_seed, stream
from handsum.sums import choose_length, draw_digits
from handsum.writing.digits import LARGEST, parse_digits
from handsum.writing.hands import Hands, choose_hands
from handsum.writing.sequences import Sequences

if TYPE_CHECKING:
    from os import PathLike

    from handsum.layout.rows import Style


def sum_sequence(
    total: int,
    length: int | None = None,
    *,
    count: int = 1,
    seed: int | None = None,
    writer: int | str | None = None,
    verify: bool = True,
    model: str | PathLike[str] | None = None,
    reader: str | PathLike[str] | None = None,
    style: Style | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sequences:
    """Write `count` sequences of `length` digits that sum to `total`, each in one hand.

    The digits are drawn exactly uniformly among all sequences of that length and sum, but by a
    `model` that draws sequences: that one plans its own, and is drawn anew while they are wrong.
    Without `length`, one at which the total is typical; without `writer`, one for each sequence by
    the seed; `model` names a generator of the zoo, `reader` the model that checks its digits. With
    a `style` each sequence is also set as a picture and read in it, for digits that stay legible.
    A writer is a number, a mix such as "12+40" or "12:3+40:1", or "new" for a hand of nobody's.
    `progress` is called with the number of digits (with a model that plans: of sequences) that are
    right so far, and with that of all.

    Raises:
        UsageError: the length cannot reach the total, or there is no such writer, seed or model.
    """
    seed = choose_seed(seed)
    total = whole_number(total, "a total")
    writer, name, checker = hand_name(writer), model_name(model), model_name(reader)
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
            if writer is not None:
                raise UsageError(f"{name} knows no writers: leave out the writer")
            totals = np.full(count, total)
            return write_totals(totals, length, seed, name, verify, checker, progress)
    labels = draw_digits(total, length, count, stream(seed, Stream.DIGITS))
    return write_rows(labels, seed, writer, verify, name, checker, style, progress=progress)


def length_for(total: int, length: int | None, model: str | None) -> int:
    """The length that is asked for, or the typical one that a model of sequences can plan.

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
    verify: bool = True,
    model: str | PathLike[str] | None = None,
    reader: str | PathLike[str] | None = None,
    style: Style | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sequences:
    """Write the digits of `text`, leading zeros included, in one hand: one sequence.

    Points, commas and minus signs are kept for the picture, where they are drawn with its pen.
    With a `style` it is also set as a picture and read in it, for digits that stay legible. A
    whole number may be given for its text.

    Raises:
        UsageError: `text` holds anything else, or there is no such writer, seed or model.
    """
    text = digit_text(text, "a number")
    labels = parse_number(text)[None]
    texts = (text,) if len(text) > labels.size else None
    hand, name, checker = hand_name(writer), model_name(model), model_name(reader)
    seed = choose_seed(seed)
    return write_rows(labels, seed, hand, verify, name, checker, style, texts, progress)


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


def group_thousands(text: str) -> str:
    """A number with a space before every three of its whole digits, where there is no mark."""
    whole, grouped, digits = count_whole(text), "", 0
    for character in text:
        if character not in MARKS:
            remaining = whole - digits
            if remaining > 0 and remaining % 3 == 0 and grouped and grouped[-1] not in MARKS:
                grouped += " "
            digits += 1
        grouped += character
    return grouped


def write_rows(
    labels: np.ndarray,
    seed: int,
    writer: int | str | Hands | None = None,
    verify: bool = True,
    model: str | None = None,
    reader: str | None = None,
    style: Style | None = None,
    texts: tuple[str, ...] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sequences:
    """Write the digits of each row of `labels`, int (N, L), in one hand; see `sum_sequence`.

    `writer` may be the rows' own hands as well.
    """
    from handsum.pretrained.load import load_generator, load_reader

    count, length = labels.shape
    generator = load_generator(model) if model else load_generator()
    if not generator.conditional:
        raise UsageError(
            f"{generator.name} draws random digits, not those that are asked for: "
            "`handsum models` lists the digit generators"
        )
    hands = choose_hands(generator, writer, count, seed)
    # While they are made ready, SciPy is imported.
    generator.prepare(hands.drawn)
    if verify:
        checker = load_reader(reader) if reader else load_reader()
        checker.prepare()
        from handsum.writing.verify import draw_verified

        drawn = draw_verified(generator, checker, labels, hands.drawn, seed, style, texts, progress)
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
    progress: Callable[[int, int], None] | None = None,
) -> Sequences:
    """Write a sequence for each of totals (N,) by a model that plans their digits.

    Where `verify` is set, those whose digits do not sum to the total or do not read as planned are
    drawn again, REDRAWS times at most.
    """
    from handsum.pretrained.load import load_reader, load_sequence_generator
    from handsum.writing.verify import REDRAWS

    generator = load_sequence_generator(model)
    count = len(totals)
    indices = np.arange(count)
    images, labels = generator.draw(totals, length, seed=seed, indices=indices)
    redrawn = np.zeros(count, np.int64)
    if not verify:
        sums, hands = labels.sum(1), np.full(count, -1)
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
        if progress:
            progress(count - len(pending), count)
        if len(pending) == 0:
            break
    texts = tuple("".join(map(str, row)) for row in readings)
    sums, hands = labels.sum(1), np.full(count, -1)
    return Sequences(images, labels, sums, hands, texts, redrawn, seed, generator.name)
