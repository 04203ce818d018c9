"""Samples: digits drawn in bulk and set as pictures, each a function of recipe and index alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from handsum.datasets import realism
from handsum.datasets.recipe import EFFECTS, Recipe
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE
from handsum.layout import Placed, Style, compose
from handsum.painting import enlarge
from handsum.seeds import SEED_LIMIT, Stream, stream
from handsum.sums import draw_digits
from handsum.writing import Sequences, write_rows

# Samples whose digits are drawn together, so that the network's chunks are full. It is part of what
# a recipe means: the digits of a block share one seed.
BLOCK = 512
# A line's digits are about 22 units (pixels of a 28x28 digit) high; a picture is as high as this.
LINE_UNITS = 34


# Room for the random streams of a sample, so that a new effect moves no other's chance.
_PURPOSES = 64


class _Chance(IntEnum):
    """The random streams of one sample; effects follow."""

    DIGITS = 0
    LAYOUT = 1
    EFFECTS = 2


@dataclass(frozen=True)
class Sample:
    """One picture and all that is known of it.

    image uint8 (H, W) grey or (H, W, 3); boxes int64 (L, 4), each digit's x, y, width and height in
    the picture's pixels; `effects` holds what was drawn for each effect, in its own unit.
    """

    index: int
    image: np.ndarray
    text: str
    digits: tuple[int, ...]
    boxes: np.ndarray
    total: int
    writer: int
    seed: int
    effects: dict[str, realism.Drawn]


def draw_samples(recipe: Recipe, start: int = 0, stop: int | None = None) -> Iterator[Sample]:
    """Draw the samples `start` to `stop` - 1 of a recipe, a block of digits at a time.

    Raises:
        UsageError: the range does not lie within the recipe's count.
    """
    stop = recipe.count if stop is None else stop
    if not 0 <= start <= stop <= recipe.count:
        raise UsageError(f"samples {start} to {stop} are not among the {recipe.count} there are")
    for block in range(start // BLOCK, -(-stop // BLOCK)):
        first = block * BLOCK
        drawn = _draw_block(recipe, block, min(BLOCK, stop - first))
        for index in range(max(start, first), min(stop, first + BLOCK)):
            sequences, row = drawn[index - first]
            yield _set_sample(recipe, index, sequences, row)


def _draw_block(recipe: Recipe, block: int, count: int) -> list[tuple[Sequences, int]]:
    """Draw the digits of a block's first `count` samples: each one's sequences and its row there.

    Samples of one length are drawn together, under a seed that no other block and length has.
    """
    labels = [_choose_digits(recipe, block * BLOCK + row) for row in range(count)]
    lengths = recipe.possible_lengths
    base = int(stream(recipe.seed, Stream.SAMPLES).integers(SEED_LIMIT))
    drawn: dict[int, tuple[Sequences, int]] = {}
    for place, length in enumerate(lengths):
        rows = [row for row in range(count) if len(labels[row]) == length]
        if rows:
            seed = (base + block * len(lengths) + place) % SEED_LIMIT
            chosen = np.stack([labels[row] for row in rows])
            sequences = write_rows(chosen, seed, verify=recipe.verify, model=recipe.model)
            drawn |= {row: (sequences, place) for place, row in enumerate(rows)}
    return [drawn[row] for row in range(count)]


def _stream(recipe: Recipe, index: int, purpose: int) -> np.random.Generator:
    """A sample's random stream for one purpose: no effect moves another's chance."""
    # Number 0 is the data set's own.
    return stream(recipe.seed, Stream.SAMPLES, 1 + index * _PURPOSES + purpose)


def _choose_digits(recipe: Recipe, index: int) -> np.ndarray:
    """A sample's digits, int64 (L,); of sums, the total is uniform and the digits are given it."""
    rng = _stream(recipe, index, _Chance.DIGITS)
    lengths = recipe.possible_lengths
    length = lengths[int(rng.integers(len(lengths)))]
    if recipe.kind != "sums":
        return rng.integers(10, size=length)
    low, high = recipe.totals or (0, 9 * length)
    total = int(rng.integers(low, min(high, 9 * length) + 1))
    return draw_digits(total, length, 1, rng)[0]


def _set_sample(recipe: Recipe, index: int, sequences: Sequences, row: int) -> Sample:
    images, labels = sequences.images[row], sequences.labels[row]
    rngs = {
        name: _stream(recipe, index, _Chance.EFFECTS + place)
        for place, name in enumerate(EFFECTS)
        if name in recipe.realism
    }
    if recipe.kind == "digits":
        side = recipe.picture_height
        placed: tuple[Placed, ...] = (Placed(enlarge(images[0], side / DIGIT_SIZE), 0, 0),)
        frame = realism.Frame(side, side, side, centred=False)
    else:
        style = Style(recipe.picture_height / LINE_UNITS)
        sheet = compose(images[None], [_stream(recipe, index, _Chance.LAYOUT)], style)
        placed = sheet.digits[0]
        frame = realism.Frame(recipe.picture_height, None, recipe.greatest_width, centred=True)
    light_ink = recipe.kind == "digits"
    image, boxes, effects = realism.photograph(placed, frame, recipe.realism, rngs, light_ink)
    return Sample(
        index=index,
        image=image,
        text=sequences.digits[row],
        digits=tuple(int(label) for label in labels),
        boxes=boxes,
        total=int(sequences.totals[row]),
        writer=int(sequences.writers[row]),
        seed=recipe.seed,
        effects=effects,
    )
