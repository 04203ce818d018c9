"""Pictures of everyday troubles, each with what is written there: for measuring readers.

They share no code with the pages that the detector learns from (`handsum.data.pages`), and have
MNIST's validation digits, 80 pixels high unless a kind says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from handsum.data import mnist
from handsum.data.non_digits import HELD_OUT_FONTS, LETTERS, non_digits

Random = np.random.Generator
Picture = tuple[np.ndarray, str]

_HEIGHT = 80


class Writer:
    """Writes rows of digits on sheets of paper, dark on light."""

    def __init__(self, random: Random) -> None:
        data = mnist.load("validation")
        self.images, self._labels, self.random = data.images, data.labels, random

    def digit(self, height: int = _HEIGHT, ones: float = 0) -> tuple[Image.Image, str]:
        """A digit trimmed to its ink, as a mask, and its label; a 1 in a share `ones` of them."""
        row = int(self.random.integers(len(self.images)))
        if ones and self.random.random() < ones:
            row = int(self.random.choice(np.flatnonzero(self._labels == 1)))
        image = self.images[row]
        rows, columns = np.nonzero(image > 60)
        own = Image.fromarray(image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
        scale = height / 20
        size = (max(1, round(own.width * scale)), max(1, round(own.height * scale)))
        large = np.asarray(own.resize(size, Image.Resampling.BICUBIC), np.float32)
        sharp = np.clip((large - 128) * min(scale, 3) + 128, 0, 255)
        return Image.fromarray(sharp.astype(np.uint8)), str(self._labels[row])

    def row(
        self, sheet: Image.Image, at: tuple[int, int], count: int, tone: int = 25, gap: float = 0.2,
        height: int = _HEIGHT, ones: float = 0,
    ) -> tuple[str, tuple[int, int, int, int]]:  # fmt: skip
        """Write a row from its left end at the top; return it and the box of its ink."""
        x, y = at
        text, right = "", x
        for _ in range(count):
            mask, label = self.digit(height, ones)
            sheet.paste(tone, (x, y + (height - mask.height) // 2), mask)
            text += label
            right = x + mask.width
            x = right + round(gap * height)
        return text, (at[0], y, right, y + height)

    def sheet(self, wide: int = 720, high: int = 220, tone: int = 235) -> Image.Image:
        """Paper with a little noise."""
        noise = self.random.normal(tone, 3, (high, wide))
        return Image.fromarray(noise.clip(0, 255).astype(np.uint8))


def _array(sheet: Image.Image) -> np.ndarray:
    return np.asarray(sheet.convert("L"))


def on_a_desk(writer: Writer) -> Picture:
    """A sheet whose edges and the desk behind it show."""
    random = writer.random
    sheet = writer.sheet(520, 240)
    text, _ = writer.row(sheet, (60, 80), 3)
    desk = writer.sheet(760, 440, int(random.integers(30, 130)))
    mask = Image.new("L", sheet.size, 255)
    angle = float(random.uniform(-6, 6))
    turned = sheet.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    desk.paste(turned, (100, 80), mask.rotate(angle, expand=True))
    return _array(desk), text


def mostly_ones(writer: Writer) -> Picture:
    """Most digits are 1s, as near each other as in handwriting."""
    sheet = writer.sheet(900)
    count, gap = int(writer.random.integers(2, 7)), writer.random.uniform(0.15, 0.4)
    text, _ = writer.row(sheet, (90, 70), count, gap=gap, ones=0.7)
    return _array(sheet), text


def dark_edge(writer: Writer) -> Picture:
    """A scan with a dark strip at one side."""
    sheet = writer.sheet(900, 300)
    text, _ = writer.row(sheet, (140, 100), 5)
    pen = ImageDraw.Draw(sheet)
    wide = int(writer.random.integers(15, 60))
    pen.rectangle((0, 0, wide, 300) if writer.random.random() < 0.5 else (0, 0, 900, wide), fill=20)
    return _array(sheet), text


def _gradient(picture: np.ndarray, start: float, soft: float, depth: float) -> np.ndarray:
    x = np.arange(picture.shape[1])
    shade = 1 - depth / (1 + np.exp(np.clip((x - start) / soft, -50, 50)))
    return (picture * shade).astype(np.uint8)


def gutter(writer: Writer) -> Picture:
    """The soft shadow of a book's gutter."""
    sheet = writer.sheet(900)
    text, _ = writer.row(sheet, (90, 70), 5)
    return _gradient(_array(sheet), writer.random.uniform(60, 200), 50, 0.75), text


def shadow(writer: Writer) -> Picture:
    """The hard edge of a shadow across the row."""
    sheet = writer.sheet(900)
    text, box = writer.row(sheet, (90, 70), 5)
    start = writer.random.uniform(box[0], box[2])
    return _gradient(_array(sheet), start, 1.5, writer.random.uniform(0.35, 0.65)), text


def boxes_joined(writer: Writer) -> Picture:
    """A form's joined boxes with a digit each."""
    return _boxes(writer, 0, True)


def boxes_apart(writer: Writer) -> Picture:
    """A form's separate boxes with a digit each."""
    return _boxes(writer, 25, True)


def comb(writer: Writer) -> Picture:
    """A comb: short lines between the digits."""
    return _boxes(writer, 0, False)


def _boxes(writer: Writer, gap: int, closed: bool) -> Picture:
    random = writer.random
    count, side = 4, 110
    sheet = writer.sheet(620, 240)
    pen = ImageDraw.Draw(sheet)
    text, tone, line = "", int(random.integers(40, 160)), int(random.integers(2, 5))
    for index in range(count):
        left = 50 + index * (side + gap)
        if closed:
            pen.rectangle((left, 60, left + side, 60 + side + 20), outline=tone, width=line)
        else:
            pen.line((left, 190, left + side, 190), fill=tone, width=line)
            for x in (left, left + side):
                pen.line((x, 150, x, 190), fill=tone, width=line)
        mask, label = writer.digit()
        at = (left + (side - mask.width) // 2, 75 + (_HEIGHT - mask.height) // 2)
        sheet.paste(25, at, mask)
        text += label
    return _array(sheet), text


def one_in_a_box(writer: Writer) -> Picture:
    """One digit in one box."""
    sheet = writer.sheet(240, 240)
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((50, 50, 190, 190), outline=60, width=3)
    mask, label = writer.digit()
    sheet.paste(25, (120 - mask.width // 2, 120 - mask.height // 2), mask)
    return _array(sheet), label


def circled(writer: Writer) -> Picture:
    """A ringed answer beside a clean row."""
    sheet = writer.sheet(640, 420)
    first, box = writer.row(sheet, (120, 60), int(writer.random.integers(1, 3)))
    second, _ = writer.row(sheet, (120, 260), 3)
    around = (box[0] - 35, box[1] - 28, box[2] + 35, box[3] + 28)
    ImageDraw.Draw(sheet).ellipse(around, outline=40, width=5)
    return _array(sheet), f"{first}/{second}"


def squared_paper(writer: Writer) -> Picture:
    """Dark squared paper."""
    sheet = writer.sheet(720, 300)
    pen = ImageDraw.Draw(sheet)
    pitch, tone = int(writer.random.integers(24, 60)), int(writer.random.integers(110, 190))
    for x in range(5, 720, pitch):
        pen.line((x, 0, x, 300), fill=tone, width=2)
    for y in range(5, 300, pitch):
        pen.line((0, y, 720, y), fill=tone, width=2)
    text, _ = writer.row(sheet, (90, 110), 4, tone=int(writer.random.integers(25, 90)))
    return _array(sheet), text


def ruled_paper(writer: Writer) -> Picture:
    """Ruled paper with a margin line; the digits cross the lines."""
    sheet = writer.sheet(720, 300)
    pen = ImageDraw.Draw(sheet)
    for y in range(int(writer.random.integers(10, 60)), 300, int(writer.random.integers(55, 110))):
        pen.line((0, y, 720, y), fill=150, width=2)
    pen.line((70, 0, 70, 300), fill=130, width=3)
    text, _ = writer.row(sheet, (100, 110), 4)
    return _array(sheet), text


def blurred(writer: Writer) -> Picture:
    """Out of focus by six pixels."""
    sheet = writer.sheet()
    text, _ = writer.row(sheet, (90, 70), 4)
    return _array(sheet.filter(ImageFilter.GaussianBlur(6))), text


def overlapping(writer: Writer) -> Picture:
    """Digits that touch and overlap a little."""
    sheet = writer.sheet()
    text, _ = writer.row(sheet, (90, 70), 4, gap=-0.05)
    return _array(sheet), text


def two_pens(writer: Writer) -> Picture:
    """A row in ink and a row in pencil."""
    sheet = writer.sheet(640, 420)
    first, _ = writer.row(sheet, (90, 60), 4)
    second, _ = writer.row(sheet, (90, 260), 4, tone=int(writer.random.integers(140, 185)))
    return _array(sheet), f"{first}/{second}"


def highlighted(writer: Writer) -> Picture:
    """A part of the number in highlighter, as grey values show it."""
    sheet = writer.sheet()
    text, box = writer.row(sheet, (90, 70), 5)
    picture = _array(sheet).astype(np.float32)
    half = (box[0] + box[2]) // 2
    picture[box[1] - 15 : box[3] + 15, box[0] - 15 : half] *= writer.random.uniform(0.6, 0.9)
    return picture.astype(np.uint8), text


def tall_mark(writer: Writer) -> Picture:
    """A tall line beside two rows."""
    sheet = writer.sheet(640, 420)
    first, _ = writer.row(sheet, (120, 60), 4)
    second, _ = writer.row(sheet, (120, 260), 4)
    ImageDraw.Draw(sheet).line((60, 10, 70, 410), fill=30, width=7)
    return _array(sheet), f"{first}/{second}"


def slashes(writer: Writer) -> Picture:
    """A date with slashes, which are no digits."""
    sheet = writer.sheet(1100, 220)
    text, x = "", 60
    for group in range(3):
        if group:
            line = (x + 45, 55, x + 5, 175)
            ImageDraw.Draw(sheet).line(line, fill=25, width=9)
            x += 65
        own, box = writer.row(sheet, (x, 70), 2)
        text, x = text + own, box[2] + 10
    return _array(sheet), text


def turned(writer: Writer) -> Picture:
    """Turned by up to 15 degrees."""
    sheet = writer.sheet(720, 420)
    text, _ = writer.row(sheet, (120, 170), 4)
    angle = float(writer.random.uniform(-15, 15))
    return _array(sheet.rotate(angle, Image.Resampling.BICUBIC, fillcolor=235)), text


def pale(writer: Writer) -> Picture:
    """A tenth of the contrast."""
    sheet = writer.sheet(tone=230)
    text, _ = writer.row(sheet, (90, 70), 4, tone=207)
    return _array(sheet), text


def small_on_a_page(writer: Writer) -> Picture:
    """Digits of a fortieth of the page's height."""
    sheet = writer.sheet(1300, 1700)
    text, _ = writer.row(sheet, (500, 800), 6, height=42)
    return _array(sheet), text


KINDS: dict[str, Callable[[Writer], Picture]] = {
    function.__name__.replace("_", " "): function
    for function in (
        on_a_desk, dark_edge, gutter, shadow, boxes_joined, boxes_apart, comb, one_in_a_box,
        circled, squared_paper, ruled_paper, blurred, overlapping, two_pens, highlighted, tall_mark,
        slashes, turned, pale, small_on_a_page, mostly_ones,
    )
}  # fmt: skip


def _blank(writer: Writer) -> Picture:
    return _array(writer.sheet(int(writer.random.integers(60, 900)), 300)), ""


def _blank_squared(writer: Writer) -> Picture:
    sheet = writer.sheet(600, 400)
    pitch = int(writer.random.integers(12, 60))
    for place in range(0, 600, pitch):
        ImageDraw.Draw(sheet).line((place, 0, place, 400), fill=150, width=2)
        ImageDraw.Draw(sheet).line((0, place, 600, place), fill=150, width=2)
    return _array(sheet), ""


def _blank_ruled(writer: Writer) -> Picture:
    sheet = writer.sheet(600, 400)
    for y in range(20, 400, int(writer.random.integers(20, 90))):
        ImageDraw.Draw(sheet).line((0, y, 600, y), fill=150, width=2)
    return _array(sheet), ""


def _empty_form(writer: Writer) -> Picture:
    sheet = writer.sheet(700, 300)
    pen = ImageDraw.Draw(sheet)
    side = int(writer.random.integers(30, 110))
    for index in range(5):
        left = 40 + index * (side + int(writer.random.integers(0, 2)) * 12)
        pen.rectangle((left, 80, left + side, 80 + side), outline=70, width=3)
    return _array(sheet), ""


def _shaded(writer: Writer) -> Picture:
    sheet = _array(writer.sheet(700, 400))
    start, soft = writer.random.uniform(100, 600), writer.random.uniform(1, 80)
    return _gradient(sheet, start, soft, writer.random.uniform(0.3, 0.8)), ""


def _letters(writer: Writer) -> Picture:
    """A word of letters that are nobody's digits, in fonts that no reader here learned from."""
    random = writer.random
    letters = [letter for letter in LETTERS if letter.isalpha()]
    word = "".join(random.choice(letters, int(random.integers(1, 8))))
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    font = ImageFont.truetype(folder / f"{random.choice(HELD_OUT_FONTS)}.ttf", _HEIGHT)
    sheet = writer.sheet(720, 220)
    ImageDraw.Draw(sheet).text((60, 60), word, 25, font)
    return _array(sheet), ""


def _other(kind: str) -> Callable[[Writer], Picture]:
    """Something else than digits, 60 to 200 pixels high."""

    def draw(writer: Writer) -> Picture:
        random = writer.random
        (image,) = non_digits(writer.images, 1, random, kinds=[kind])
        size = int(random.integers(80, 280))
        ink = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
        sheet = writer.sheet(400, 300)
        sheet.paste(25, (60, 10), ink)
        return _array(sheet), ""

    return draw


NOTHING: dict[str, Callable[[Writer], Picture]] = {
    "blank paper": _blank,
    "blank squared paper": _blank_squared,
    "blank ruled paper": _blank_ruled,
    "empty boxes": _empty_form,
    "shadows on paper": _shaded,
    "words": _letters,
    "scribbles": _other("scribbles"),
    "blots": _other("blots"),
}


def make(kind: str, count: int) -> list[Picture]:
    """`count` pictures of a kind of KINDS or NOTHING, always the same ones."""
    writer = Writer(np.random.default_rng([len(kind), *kind.encode()]))
    return [(KINDS | NOTHING)[kind](writer) for _ in range(count)]
