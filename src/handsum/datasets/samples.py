"""Samples: digits drawn in bulk and set as pictures; each depends on recipe and index alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import compress

import numpy as np

from handsum.datasets import pages
from handsum.datasets.effects import realism
from handsum.datasets.effects.forms import choose_forms, write_form
from handsum.datasets.effects.geometry import Frame
from handsum.datasets.effects.ink import Ink
from handsum.datasets.effects.scene import Drawn, Effects, Scene
from handsum.datasets.effects.sheets import LINE_UNITS, Sheet, photograph_sheet
from handsum.datasets.recipe import EFFECTS, Recipe
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE, encode_png, enlarged
from handsum.layout.lines import written_line
from handsum.layout.marks import GAP
from handsum.layout.pens import mean_width
from handsum.layout.rows import compose
from handsum.layout.style import DIGIT_HEIGHT, Style
from handsum.seeds import SEED_LIMIT, Stream, stream
from handsum.strokes import Strokes
from handsum.sums import draw_digits
from handsum.writing.hands import RowHands
from handsum.writing.write import Options, write_rows

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
    its own unit. For a page, `rows` are the texts of its rows, `text` is all of them with line
    breaks between, and `row_boxes` int64 (R, 4) are around the characters of each row.
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
    effects: dict[str, Drawn]
    signs: tuple[str, ...]
    sign_boxes: np.ndarray
    sign_masks: tuple[np.ndarray, ...]
    rows: tuple[str, ...] = ()
    row_boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.int64))

    def __repr__(self) -> str:
        return f"<sample {self.index}, {self.text}, writer {self.writer}, seed {self.seed}>"

    def _repr_png_(self) -> bytes:
        return encode_png(enlarged(self.image))


def draw_samples(recipe: Recipe, start: int = 0, stop: int | None = None) -> Iterator[Sample]:
    """Draw the samples `start` to `stop` - 1 of a recipe, a block of samples' digits at a time.

    Raises:
        UsageError: the range is not within the recipe's count.
    """
    stop = recipe.count if stop is None else stop
    if not 0 <= start <= stop <= recipe.count:
        raise UsageError(f"samples {start} to {stop} are out of range: there are {recipe.count}")
    size = recipe.block
    for block in range(start // size, -(-stop // size)):
        first = block * size
        drawn = draw_block(recipe, block, min(size, stop - first))
        for index in range(max(start, first), min(stop, first + size)):
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
    indices = range(block * recipe.block, block * recipe.block + count)
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
    if recipe.kind == "pages":
        return "\n".join(_outline(recipe, index).texts)
    return _draw_text(recipe, _stream(recipe, index, _Purpose.DIGITS))


def _outline(recipe: Recipe, index: int) -> pages.Outline:
    """What is on a page."""
    rng = _stream(recipe, index, _Purpose.DIGITS)
    return pages.outline_page(lambda random: _draw_text(recipe, random), rng)


def _draw_text(recipe: Recipe, rng: np.random.Generator) -> str:
    """Draw a number."""
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
    effects = Effects(recipe.realism, rngs)
    side = recipe.picture_height
    strokes: tuple[Strokes, ...] = ()
    shown = "".join(digits.text.split())
    is_digit = np.array([sign.isdigit() for sign in shown])
    if recipe.in_pixels:
        inks: tuple[Ink, ...] = (Ink(digits.images[0], 0, 0),)
        x, y, width, height = inks[0].box
        boxes = np.array([(x, y, x + width, y + height)], np.float64)
        scene = Scene(boxes, np.eye(3), (side, side), side)
        image = realism.develop(inks, scene, effects)
    elif recipe.kind == "digits":
        (digit,) = digits.strokes
        placed = digit.scale(DIGIT_HEIGHT).shift(DIGIT_SIZE / 2, DIGIT_SIZE / 2)
        frame = Frame(side, side, side, centred=False)
        scale = side / DIGIT_SIZE
        image, inks, strokes = realism.photograph([placed], scale, frame, effects, light_ink=True)
    elif recipe.kind == "pages":
        sheet = _set_page(recipe, index, digits)
        signs = frozenset(np.flatnonzero(~is_digit).tolist())
        image, inks, strokes = photograph_sheet(sheet, effects, signs)
    else:
        style = Style(side / LINE_UNITS, as_drawn=True)
        row = _one_pen(digits.strokes)
        rng = _stream(recipe, index, _Purpose.LAYOUT)
        drawn = compose([row], [rng], style, texts=[digits.text])
        frame = Frame(side, None, recipe.greatest_width, centred=True)
        line = [item.strokes for item in drawn.rows[0]]
        places = np.flatnonzero(~is_digit).tolist()
        image, inks, strokes = realism.photograph(line, style.factor, frame, effects, False, places)
    boxes = np.array([ink.box for ink in inks], np.int64)
    masks = [ink.mask for ink in inks]
    rows = tuple(digits.text.split("\n")) if recipe.kind == "pages" else ()
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
        rows=rows,
        row_boxes=_row_boxes(boxes, rows),
    )


def _set_page(recipe: Recipe, index: int, digits: _Digits) -> Sheet:
    """Set the digits of a page, with its words."""
    outline, rng = _outline(recipe, index), _stream(recipe, index, _Purpose.LAYOUT)
    style, waiting = Style(as_drawn=True), iter(_one_pen(digits.strokes))
    numbers = []
    for cell in (cell for row in outline.rows for cell in row if cell.is_number and cell.text):
        row = [next(waiting) for sign in cell.text if sign.isdigit()]
        numbers.append(written_line(row, rng, cell.text, style))
    return pages.set_page(outline, numbers, (recipe.greatest_width, recipe.picture_height), rng)


def _row_boxes(boxes: np.ndarray, rows: Sequence[str]) -> np.ndarray:
    """The x, y, width and height around the characters of each row, whose boxes (N, 4) are so."""
    ends = np.cumsum([len(row.replace(GAP, "")) for row in rows])[:-1]
    around = []
    for own in np.split(boxes, ends) if rows else ():
        own = own[own[:, 2] > 0]
        low = own[:, :2].min(0, initial=2**31)
        high = (own[:, :2] + own[:, 2:]).max(0, initial=0)
        around.append((*low, *(high - low)) if len(own) else (0, 0, 0, 0))
    return np.array(around, np.int64).reshape(-1, 4)


def _one_pen(digits: Sequence[Strokes]) -> list[Strokes]:
    """Digits written with one pen, as a person writes a number; it may fill loops."""
    width = float(np.median([mean_width(digit) for digit in digits]))
    return [digit.with_nib(min(width, 1.0)) for digit in digits]
