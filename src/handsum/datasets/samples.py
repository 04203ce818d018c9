"""Samples: digits drawn in bulk and set as pictures; each depends on recipe and index alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from handsum.datasets import realism
from handsum.datasets.recipe import EFFECTS, Recipe
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE, encode_png, enlarged
from handsum.layout.painting import enlarge
from handsum.layout.rows import Placed, compose
from handsum.layout.style import Style
from handsum.seeds import SEED_LIMIT, Stream, stream
from handsum.sums import draw_digits
from handsum.writing.hands import RowHands
from handsum.writing.write import Options, write_rows

# The digits of so many samples are drawn together, to fill the batches of the network. They share a
# seed, so that another number would change every data set.
BLOCK = 512
# Height of a picture in units (pixels of a 28x28 digit); its digits are about 22 units high.
LINE_UNITS = 34
# Random streams reserved for each sample, so that a new effect changes no other's randomness.
_STREAMS = 64


class _Purpose(IntEnum):
    """What the first random streams of a sample are for; from EFFECTS on, each effect has one."""

    DIGITS = 0
    LAYOUT = 1
    WRITER = 2
    EFFECTS = 3


@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """One picture with its labels.

    `image` is uint8 (H, W) grey or (H, W, 3); `boxes` is int64 (L, 4), the x, y, width and height
    of each digit in pixels; `effects` holds the value drawn for each effect, in its own unit.
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

    def __repr__(self) -> str:
        return f"<sample {self.index}, {self.text}, writer {self.writer}, seed {self.seed}>"

    def _repr_png_(self) -> bytes:
        return encode_png(enlarged(self.image))


def draw_samples(recipe: Recipe, start: int = 0, stop: int | None = None) -> Iterator[Sample]:
    """Draw the samples `start` to `stop` - 1 of a recipe, 512 samples' digits at a time.

    Raises:
        UsageError: the range is not within the recipe's count.
    """
    stop = recipe.count if stop is None else stop
    if not 0 <= start <= stop <= recipe.count:
        raise UsageError(f"samples {start} to {stop} are out of range: there are {recipe.count}")
    for block in range(start // BLOCK, -(-stop // BLOCK)):
        first = block * BLOCK
        drawn = _draw_block(recipe, block, min(BLOCK, stop - first))
        for index in range(max(start, first), min(stop, first + BLOCK)):
            yield _set_sample(recipe, index, drawn[index - first])


@dataclass(frozen=True)
class _Digits:
    """The digits of a sample: images uint8 (L, 28, 28), labels int64 (L,), and their writer."""

    images: np.ndarray
    labels: np.ndarray
    writer: int


def _draw_block(recipe: Recipe, block: int, count: int) -> list[_Digits]:
    """Draw the digits of the first `count` samples of a block, all together."""
    from handsum.pretrained.load import load_generator

    generator = load_generator(recipe.model or None)
    indices = range(block * BLOCK, block * BLOCK + count)
    labels = [_choose_digits(recipe, index) for index in indices]
    writers = [
        int(_stream(recipe, index, _Purpose.WRITER).integers(generator.writers))
        for index in indices
    ]
    lengths = [len(row) for row in labels]
    own = np.repeat(writers, lengths)
    # Every block of a data set has its own seed.
    base = int(stream(recipe.seed, Stream.SAMPLES).integers(SEED_LIMIT))
    drawn = write_rows(
        np.concatenate(labels)[:, None],
        (base + block) % SEED_LIMIT,
        Options(RowHands(own, own), recipe.model, verify=recipe.verify),
    )
    images = np.split(drawn.images[:, 0], np.cumsum(lengths)[:-1])
    return [_Digits(*each) for each in zip(images, labels, writers, strict=True)]


def _stream(recipe: Recipe, index: int, purpose: int) -> np.random.Generator:
    """A sample's random stream for one purpose: no effect changes another's randomness."""
    # Stream 0 belongs to the data set as a whole.
    return stream(recipe.seed, Stream.SAMPLES, 1 + index * _STREAMS + purpose)


def _choose_digits(recipe: Recipe, index: int) -> np.ndarray:
    """Draw a sample's digits, int64 (L,): uniform; for sums, the total first, then its digits."""
    rng = _stream(recipe, index, _Purpose.DIGITS)
    lengths = recipe.possible_lengths
    length = lengths[int(rng.integers(len(lengths)))]
    if recipe.kind != "sums":
        return rng.integers(10, size=length)
    low, high = recipe.totals or (0, 9 * length)
    total = int(rng.integers(low, min(high, 9 * length) + 1))
    return draw_digits(total, length, 1, rng)[0]


def _set_sample(recipe: Recipe, index: int, digits: _Digits) -> Sample:
    """Set a sample's digits as a picture, with the effects of the recipe."""
    rngs = {
        name: _stream(recipe, index, _Purpose.EFFECTS + place)
        for place, name in enumerate(EFFECTS)
        if name in recipe.realism
    }
    if recipe.kind == "digits":
        side = recipe.picture_height
        placed: tuple[Placed, ...] = (Placed(enlarge(digits.images[0], side / DIGIT_SIZE), 0, 0),)
        frame = realism.Frame(side, side, side, centred=False)
    else:
        style = Style(recipe.picture_height / LINE_UNITS)
        sheet = compose(digits.images[None], [_stream(recipe, index, _Purpose.LAYOUT)], style)
        placed = sheet.digits[0]
        frame = realism.Frame(recipe.picture_height, None, recipe.greatest_width, centred=True)
    light_ink = recipe.kind == "digits"
    image, boxes, effects = realism.photograph(placed, frame, recipe.realism, rngs, light_ink)
    return Sample(
        index=index,
        image=image,
        text="".join(map(str, digits.labels)),
        digits=tuple(int(label) for label in digits.labels),
        boxes=boxes,
        total=int(digits.labels.sum()),
        writer=digits.writer,
        seed=recipe.seed,
        effects=effects,
    )
