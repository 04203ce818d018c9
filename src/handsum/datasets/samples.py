"""Samples: digits drawn in bulk and set as pictures; each depends on recipe and index alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import compress

import numpy as np

from handsum.datasets.effects import realism
from handsum.datasets.effects.forms import choose_forms, write_form
from handsum.datasets.effects.geometry import Frame
from handsum.datasets.effects.ink import Ink
from handsum.datasets.recipe import EFFECTS, Recipe
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE, encode_png, enlarged
from handsum.layout.marks import GAP
from handsum.layout.pens import mean_width
from handsum.layout.rows import compose
from handsum.layout.style import DIGIT_HEIGHT, Style
from handsum.seeds import SEED_LIMIT, Stream, stream
from handsum.strokes import Strokes
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
    """What a sample's random streams are for; from EFFECTS on, each effect has one."""

    DIGITS = 0
    LAYOUT = 1
    WRITER = 2
    EFFECTS = 3
    FORMS = _STREAMS - 1


@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """One picture with its labels.

    `image` is uint8 (H, W) grey or (H, W, 3); `boxes` is int64 (L, 4), the x, y, width and height
    of each digit in pixels; `masks` has the pixels of each digit's box with its ink, bool (height,
    width). `strokes` are those of each digit in pixels of the picture, none for a digit that was
    drawn in pixels. `signs` are the other characters of the text, without gaps, `sign_boxes` int64
    (S, 4) their boxes and `sign_masks` their masks. `forms` has the local form of each digit, none
    if they are as the generator draws them. `effects` holds the value drawn for each effect, in
    its own unit.
    """

    index: int
    image: np.ndarray
    text: str
    digits: tuple[int, ...]
    boxes: np.ndarray
    masks: tuple[np.ndarray, ...]
    strokes: tuple[Strokes, ...]
    forms: tuple[str, ...]
    total: int
    writer: int
    seed: int
    effects: dict[str, realism.Drawn]
    signs: tuple[str, ...]
    sign_boxes: np.ndarray
    sign_masks: tuple[np.ndarray, ...]

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
        drawn = draw_block(recipe, block, min(BLOCK, stop - first))
        for index in range(max(start, first), min(stop, first + BLOCK)):
            yield set_sample(recipe, index, drawn[index - first])


@dataclass(frozen=True, eq=False, repr=False)
class _Digits:
    """The digits of a sample: labels int64 (L,), and their writer.

    They have images uint8 (L, 28, 28), and strokes in units of their height; none if they were
    drawn in pixels. `forms` has the local form of each. `text` has signs and gaps, too.
    """

    text: str
    images: np.ndarray
    strokes: tuple[Strokes, ...]
    labels: np.ndarray
    writer: int
    forms: tuple[str, ...] = ()


def draw_block(recipe: Recipe, block: int, count: int) -> list[_Digits]:
    """Draw the digits of the first `count` samples of a block, all together."""
    from handsum.pretrained.load import load_generator

    generator = load_generator(recipe.model or None)
    indices = range(block * BLOCK, block * BLOCK + count)
    texts = [_choose_text(recipe, index) for index in indices]
    labels = [np.array([int(sign) for sign in text if sign.isdigit()]) for text in texts]
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
        Options(
            RowHands(own, own), recipe.model, verify=recipe.verify, strokes=not recipe.in_pixels
        ),
    )
    images = np.split(drawn.images[:, 0], np.cumsum(lengths)[:-1])
    written = iter(drawn.strokes or [()] * len(own))
    strokes = [tuple(digit for _ in row for digit in next(written)) for row in labels]
    digits = [_Digits(*each) for each in zip(texts, images, strokes, labels, writers, strict=True)]
    if recipe.forms is None:
        return digits
    # Without writers, each sample is another person's.
    people = writers if generator.writers > 1 else indices
    return [
        _write_forms(recipe, index, own, person)
        for index, own, person in zip(indices, digits, people, strict=True)
    ]


def _write_forms(recipe: Recipe, index: int, digits: _Digits, person: int) -> _Digits:
    """Write a sample's digits in the local forms of a person."""
    assert recipe.forms is not None
    forms = choose_forms(recipe.forms, stream(recipe.seed, Stream.FORMS, person))
    rng = _stream(recipe, index, _Purpose.FORMS)
    written = [
        write_form(digit, int(label), forms[int(label)], rng)
        for digit, label in zip(digits.strokes, digits.labels, strict=True)
    ]
    strokes, own = zip(*written, strict=True)
    return replace(digits, strokes=strokes, forms=own)


def _stream(recipe: Recipe, index: int, purpose: int) -> np.random.Generator:
    """A sample's random stream for one purpose: no effect changes another's randomness."""
    # Stream 0 belongs to the data set as a whole.
    return stream(recipe.seed, Stream.SAMPLES, 1 + index * _STREAMS + purpose)


def _choose_text(recipe: Recipe, index: int) -> str:
    """Draw what a sample shows.

    Digits are uniform; of sums the total is drawn first, then the digits; texts take turns.
    """
    if recipe.texts:
        return recipe.texts[index % len(recipe.texts)]
    rng = _stream(recipe, index, _Purpose.DIGITS)
    if recipe.patterns:
        weights = np.array(recipe.weights or [1.0] * len(recipe.patterns))
        # The sum of the largest numbers would be infinite.
        weights /= weights.max()
        language = recipe.languages[int(rng.choice(len(weights), p=weights / weights.sum()))]
        return language.draw(*(recipe.lengths or language.usual), rng)
    lengths = recipe.possible_lengths
    length = lengths[int(rng.integers(len(lengths)))]
    if recipe.kind != "sums":
        digits = rng.integers(10, size=length)
    else:
        low, high = recipe.totals or (0, 9 * length)
        total = int(rng.integers(low, min(high, 9 * length) + 1))
        digits = draw_digits(total, length, 1, rng)[0]
    return "".join(map(str, digits))


def set_sample(recipe: Recipe, index: int, digits: _Digits) -> Sample:
    """Set a sample's digits as a picture, with the effects of the recipe."""
    rngs = {
        name: _stream(recipe, index, _Purpose.EFFECTS + place)
        for place, name in enumerate(EFFECTS)
        if name in recipe.realism
    }
    effects = realism.Effects(recipe.realism, rngs)
    side = recipe.picture_height
    strokes: tuple[Strokes, ...] = ()
    shown = digits.text.replace(GAP, "")
    is_digit = np.array([sign.isdigit() for sign in shown])
    if recipe.in_pixels:
        inks: tuple[Ink, ...] = (Ink(digits.images[0], 0, 0),)
        x, y, width, height = inks[0].box
        boxes = np.array([(x, y, x + width, y + height)], np.float64)
        image = realism.develop(inks, realism.Scene(boxes, np.eye(3), (side, side)), effects)
    elif recipe.kind == "digits":
        (digit,) = digits.strokes
        placed = digit.scale(DIGIT_HEIGHT).shift(DIGIT_SIZE / 2, DIGIT_SIZE / 2)
        frame = Frame(side, side, side, centred=False)
        scale = side / DIGIT_SIZE
        image, inks, strokes = realism.photograph([placed], scale, frame, effects, light_ink=True)
    else:
        style = Style(side / LINE_UNITS, as_drawn=True)
        row = _one_pen(digits.strokes)
        rng = _stream(recipe, index, _Purpose.LAYOUT)
        sheet = compose([row], [rng], style, texts=[digits.text])
        frame = Frame(side, None, recipe.greatest_width, centred=True)
        line = [item.strokes for item in sheet.rows[0]]
        signs = np.flatnonzero(~is_digit).tolist()
        image, inks, strokes = realism.photograph(line, style.factor, frame, effects, False, signs)
    boxes = np.array([ink.box for ink in inks], np.int64)
    masks = [ink.mask for ink in inks]
    return Sample(
        index=index,
        image=image,
        text=digits.text,
        digits=tuple(int(label) for label in digits.labels),
        boxes=boxes[is_digit],
        masks=tuple(compress(masks, is_digit)),
        strokes=tuple(compress(strokes, is_digit)),
        forms=digits.forms,
        total=int(digits.labels.sum()),
        writer=digits.writer,
        seed=recipe.seed,
        effects=effects.recorded(),
        signs=tuple(compress(shown, ~is_digit)),
        sign_boxes=boxes[~is_digit],
        sign_masks=tuple(compress(masks, ~is_digit)),
    )


def _one_pen(digits: Sequence[Strokes]) -> list[Strokes]:
    """Digits written with one pen, as a person writes a number; it may fill loops."""
    width = float(np.median([mean_width(digit) for digit in digits]))
    return [digit.with_nib(min(width, 1.0)) for digit in digits]
