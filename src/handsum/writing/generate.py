"""`generate`: draw single digits as a generator makes them, unchecked.

Everything is a function of the seed, and digit i of a seed does not depend on the number of digits.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np

from handsum.arguments import (
    digit_text,
    hand_name,
    model_name,
    optional_number,
    parse_digits,
)
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE
from handsum.seeds import Stream, choose_seed, stream
from handsum.strokes import Strokes, draw_strokes
from handsum.writing.digits import LARGEST, LEAST_HEIGHT, Digits, check_grid
from handsum.writing.hands import choose_hands

BATCH = 1000


def generate(
    digits: str | int | None = None,
    *,
    random: bool = False,
    rows: int | None = None,
    columns: int | None = None,
    count: int | None = None,
    start: int = 0,
    seed: int | None = None,
    writer: int | str | None = None,
    model: str | PathLike[str] | None = None,
    mix: str | None = None,
    height: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Digits:
    """Draw single digits as the generator makes them, unchecked, each in a random hand.

    A generator that writes strokes gives them too, and so does any other with a `height`; their
    images are the strokes drawn at 28x28.

    Args:
        digits: the digits to draw, repeated column by column; all ten by default.
        random: choose each digit at random from `digits`.
        rows: the number of rows of the grid; by default 8.
        columns: the number of columns; by default one for each of `digits`.
        count: the exact number of digits, instead of `rows`.
        start: draw only the digits from this number on; the others may be in another file.
        seed: the random seed; random by default.
        writer: a hand for all digits, as in `sum_sequence`; by default random writers.
        model: the generator: a name from `handsum models`, or a snapshot folder.
        mix: digits such as "6,4,7" that every image mixes; only for models that mix.
        height: the height of a digit in pictures, in pixels, drawn from pen strokes; by default 80
            if the model writes strokes (less in large grids), and the 20 of MNIST if not.
        progress: called with the number of digits drawn and the number of all.

    Raises:
        UsageError: `digits` has other characters, the model draws random digits or cannot mix, or
            there is no such writer, seed or model, or the picture would be too large.
    """
    seed = choose_seed(seed)
    name, hand = model_name(model), hand_name(writer)
    choices = parse_digits("0123456789" if digits is None else digit_text(digits, "`digits`"))
    shares = None if mix is None else _parse_mix(mix)
    if shares is not None and digits is not None:
        raise UsageError("give either digits or a mix of digits, not both")
    if shares is not None and random:
        raise UsageError("every digit of a mix is the same mix: leave out `random`")
    if shares is not None and height is not None:
        raise UsageError("a mix is drawn in pixels: leave out `height`")
    picks, columns = _pick_classes(len(choices), rows, columns, count, start)
    if random:
        picks = stream(seed, Stream.DIGITS).integers(len(choices), size=len(picks))
    labels, wanted = choices[picks[start:]], len(picks) - start
    height = optional_number(height, "a height", LEAST_HEIGHT)
    if height is not None:
        check_grid(wanted, columns, height)

    from handsum.pretrained.load import load_generator

    generator = load_generator(name)
    if digits is not None:
        generator.check_classes("leave out which ones")
    hands = choose_hands(generator, hand, len(picks), seed, start)
    strokes: list[Strokes] | None = None
    if shares is None and (generator.writes_strokes or height is not None):
        strokes = []
    images = np.empty((wanted, DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    for first in range(0, wanted, BATCH):
        part = np.arange(first, min(first + BATCH, wanted))
        own: Any = (labels[part], hands.inputs[part])
        keys: Any = {"seed": seed, "indices": start + part}
        if shares is not None:
            images[part] = generator.mix(np.tile(shares, (len(part), 1)), **keys)
        elif strokes is None:
            images[part] = generator.draw(*own, **keys)
        else:
            strokes += generator.write(*own, **keys)
            images[part] = draw_strokes(strokes[first:], DIGIT_SIZE)
        if progress:
            progress(first + len(part), wanted)
    if shares is not None or not generator.conditional:
        from handsum.pretrained.load import load_reader

        labels = load_reader().probabilities(images).argmax(-1)
    return Digits(
        images=images,
        labels=labels,
        writers=hands.writers,
        columns=columns,
        seed=seed,
        model=generator.name,
        hand=hands.name,
        strokes=None if strokes is None else tuple(strokes),
        height=height,
    )


def _parse_mix(text: str) -> np.ndarray:
    """Return the share (10,) of each digit in a mix such as "6,4,7"; repeated digits count again.

    Raises:
        UsageError: not digits with commas between them.
    """
    parts = [part.strip() for part in text.split(",")] if isinstance(text, str) else [""]
    if not all(part in [*"0123456789"] for part in parts):
        raise UsageError(f"a mix is digits with commas between them, such as 6,4,7, not {text!r}")
    return np.bincount([int(part) for part in parts], minlength=10) / len(parts)


def _pick_classes(
    classes: int, rows: int | None, columns: int | None, count: int | None, start: int
) -> tuple[np.ndarray, int]:
    """Return the class number of each place of a grid, row by row, and the number of columns."""
    count, rows, columns = (
        optional_number(value, f"a number of {name}")
        for name, value in (("digits", count), ("rows", rows), ("columns", columns))
    )
    for name, value in (("count", count), ("rows", rows), ("columns", columns)):
        if value is not None and value < 1:
            raise UsageError(f"{name} {value} would be an empty grid: use 1 or more")
    wanted = (rows or 8) * (columns or classes) if count is None else count
    if not 0 <= start < wanted:
        raise UsageError(f"there is no digit number {start} of {wanted}")
    if wanted - start > LARGEST:
        raise UsageError(
            f"{wanted - start} digits are too many at once: use up to {LARGEST:,}, or write an "
            ".npz in shards"
        )
    if count is None:
        columns = columns or classes
        return np.tile(np.resize(np.arange(classes), columns), rows or 8), columns
    if rows is not None:
        raise UsageError("give either a count of digits or a number of rows, not both")
    return np.resize(np.arange(classes), count), columns or round(count**0.5)
