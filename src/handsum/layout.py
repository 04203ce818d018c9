"""Digits set in a row as a hand would: on one baseline, with natural gaps, in ink on paper.

Lengths in this file are in pixels of a 28x28 digit ("units") until `scale` turns them into pixels
of the picture. Coverage is uint8: how much of a pixel is ink, 0 to 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

from handsum.errors import UsageError
from handsum.images import MAX_PICTURE_PIXELS

Spacing = Literal["normal", "wide", "thousands"]
Color = tuple[int, int, int]

DIGIT_HEIGHT = 20  # the side of the box into which MNIST scales the ink of every digit
MARGIN = 9.0
ROW_GAP = 10.0
COLUMN_GAP = 24.0
CAPTION_HEIGHT = 5.5
GAP = 5.0
WIDE_GAP = 16.0
SMALLEST_GAP = 2.5
INK_LEVEL = 26  # coverage that the eye takes for ink
FAINTEST_STROKE = 77  # grey of a 28x28 digit that counts for its height
DARK_INK: Color = (26, 34, 56)
WHITE: Color = (255, 255, 255)


@dataclass(frozen=True)
class Style:
    """How digits are set: every field is checked when the style is made.

    `scale` is in picture pixels per 28x28 pixel (default 4, with `cells` 1); `paper` is
    "transparent" or a colour; `ink` is a colour, by default dark on light paper, white on dark;
    `cells` sets the plain 28x28 cells side by side, without gaps and margins.
    """

    scale: float | None = None
    ink: str | None = None
    paper: str = "white"
    spacing: Spacing = "normal"
    cells: bool = False

    def __post_init__(self) -> None:
        if not 0.25 <= self.factor <= 64:
            raise UsageError(f"scale {self.factor:g} is out of range: use 0.25 to 64")
        if self.colors[0] == self.colors[1]:
            raise UsageError(f"ink and paper are both {self.paper}: choose another --ink")

    @property
    def factor(self) -> float:
        """The scale, or its default."""
        if self.scale is None:
            return 1.0 if self.cells else 4.0
        return self.scale

    @property
    def colors(self) -> tuple[Color, Color | None]:
        """Ink and paper; paper None is transparent."""
        paper = None if self.paper == "transparent" else parse_color(self.paper)
        if self.ink is not None:
            return parse_color(self.ink), paper
        dark_paper = paper is not None and sum(paper) < 3 * 128
        return (WHITE if dark_paper else DARK_INK), paper


@dataclass(frozen=True)
class Picture:
    """Pixels uint8 (H, W), (H, W, 3) or (H, W, 4), and each digit's ink box in them.

    `boxes` is int64 (N, L, 4): x, y, width and height of digit l in row n.
    """

    pixels: np.ndarray
    boxes: np.ndarray


def parse_color(name: str) -> Color:
    """Return the red, green and blue of a colour name or of #rrggbb.

    Raises:
        UsageError: the colour is not known, or has transparency.
    """
    try:
        red, green, blue, *alpha = ImageColor.getrgb(name)
    except ValueError:
        alpha = [0]
    if alpha:
        raise UsageError(
            f"unknown colour {name!r}: use a name such as navy, or #rrggbb such as #102a6b"
        )
    return red, green, blue


def render(
    images: np.ndarray,
    rngs: Sequence[np.random.Generator],
    style: Style,
    captions: Sequence[str] | None = None,
) -> Picture:
    """Set digits, uint8 (N, L, 28, 28), as N rows; `rngs` holds one generator per row.

    A caption is printed small under its row.

    Raises:
        UsageError: the picture would be too large to be opened again.
    """
    scale = style.factor
    count, length = images.shape[:2]
    check_least_size(style, count, length)
    pairs = zip(images, rngs, strict=True)
    lines = [_cells(row, style) if style.cells else _line(row, rng, style) for row, rng in pairs]
    above, below, width = (
        max(extent) for extent in zip(*(line.extent for line in lines), strict=True)
    )
    labels = [_caption(text, scale) for text in captions or [""] * len(lines)]
    width = max(width, *(label.shape[1] for label in labels))
    height = above + below + max(label.shape[0] for label in labels)
    margin, row_gap, column_gap = (
        0 if style.cells else round(gap * scale) for gap in (MARGIN, ROW_GAP, COLUMN_GAP)
    )
    columns = 1 if style.cells else _columns(len(lines), width + column_gap, height + row_gap)
    pitch = np.array([width + column_gap, height + row_gap])
    size = pitch * [columns, -(-len(lines) // columns)] - [column_gap, row_gap] + 2 * margin
    check_size(*size)
    canvas = np.zeros(size[::-1], np.uint8)
    boxes = np.zeros((count, length, 4), np.int64)
    for index, (line, label) in enumerate(zip(lines, labels, strict=True)):
        left, top = pitch * [index % columns, index // columns] + margin
        for digit, (ink, x, y) in enumerate(line.digits):
            boxes[index, digit] = _paste(canvas, ink, left + x, top + above + y)
        _paste(canvas, label, left, top + above + below)
    return Picture(_paint(canvas, *style.colors), boxes)


def check_least_size(style: Style, count: int, length: int) -> None:
    """Raise UsageError if `count` rows of `length` digits are too large however they are drawn."""
    height = DIGIT_HEIGHT * style.factor
    check_size(length * height / 2, count * height)


def check_size(width: float, height: float) -> None:
    """Raise UsageError if handsum itself could not read a picture of this size again."""
    if width * height > MAX_PICTURE_PIXELS:
        raise UsageError(
            f"the picture would have {width:.0f} x {height:.0f} pixels or more, too many to read "
            "again: use a smaller scale, fewer digits, or write an .npz"
        )


@dataclass(frozen=True)
class _Line:
    """A row of digits as (coverage, x, y), y from the baseline down.

    `extent` is how far the row reaches above and below the baseline, and to the right.
    """

    digits: list[tuple[np.ndarray, int, int]]

    @property
    def extent(self) -> tuple[int, int, int]:
        above = max(-y for _, _, y in self.digits)
        below = max(0, *(y + ink.shape[0] for ink, _, y in self.digits))
        ink, x, _ = self.digits[-1]
        return above, below, x + ink.shape[1]


def _cells(row: np.ndarray, style: Style) -> _Line:
    cells = [_enlarge(image, style.factor) for image in row]
    side = cells[0].shape[0]
    return _Line([(cell, index * side, -side) for index, cell in enumerate(cells)])


def _line(row: np.ndarray, rng: np.random.Generator, style: Style) -> _Line:
    """Set one row of digits, (L, 28, 28), left to right on a baseline."""
    # All of a row's chance is drawn first, digit by digit: no option moves a number of another.
    chance = rng.standard_normal((len(row), 3)).clip(-2, 2)
    digits: list[tuple[np.ndarray, int, int]] = []
    drift = 0.0
    for index, (image, (size, lift, gap)) in enumerate(zip(row, chance, strict=True)):
        # Some digits of MNIST touch the border, where enlarging would cut their stroke off flat.
        padded = np.pad(image, 3)
        ink = _crop(_enlarge(padded, style.factor * _size(image) * (1 + 0.02 * size)))
        drift = 0.7 * drift + 0.3 * lift
        y = round(drift * style.factor) - ink.shape[0]
        x = 0
        if digits:
            wanted = GAP * (1 + 0.15 * gap) + _extra_gap(len(row) - index, style.spacing)
            x = _next_left(digits[-1], ink, y, wanted * style.factor, style.factor)
        digits.append((ink, x, y))
    return _Line(digits)


def _size(image: np.ndarray) -> float:
    """Return by how much to enlarge a digit so that wide digits are not short ones.

    MNIST fits each digit into a square, so whatever is wider than high came out short; people write
    the digits of a number about equally high. Bounded, for the pen grows with the digit.
    """
    rows = np.flatnonzero((image >= FAINTEST_STROKE).any(axis=1))
    height = rows[-1] - rows[0] + 1 if len(rows) else DIGIT_HEIGHT
    return min(max(DIGIT_HEIGHT / height, 0.85), 1.3)


def _extra_gap(remaining: int, spacing: Spacing) -> float:
    """Return what `spacing` adds to the gap before the last `remaining` digits."""
    thousands = spacing == "thousands" and remaining % 3 == 0
    return WIDE_GAP - GAP if thousands or spacing == "wide" else 0.0


def _next_left(
    before: tuple[np.ndarray, int, int], ink: np.ndarray, y: int, gap: float, scale: float
) -> int:
    """Return where the next digit begins, so that the eye sees about `gap` between the strokes.

    The distance between boxes misleads where strokes slant or round off: half of the free room
    between the strokes, row by row, is taken back. The boxes never come closer than SMALLEST_GAP.
    """
    ink_before, x_before, y_before = before
    top, bottom = max(y, y_before), min(y + ink.shape[0], y_before + ink_before.shape[0])
    right = ink_before[top - y_before : bottom - y_before, ::-1] >= INK_LEVEL
    left = ink[top - y : bottom - y] >= INK_LEVEL
    inked = right.any(axis=1) & left.any(axis=1)
    room = (right.argmax(axis=1) + left.argmax(axis=1))[inked]
    free = np.percentile(room, 10) if len(room) else 0.0
    return x_before + ink_before.shape[1] + round(max(gap - 0.5 * free, SMALLEST_GAP * scale))


def _enlarge(image: np.ndarray, scale: float) -> np.ndarray:
    """Return a square digit's coverage at `scale`, with a pen's smooth, crisp edge."""
    side = max(1, round(len(image) * scale))
    if side == len(image):
        return image
    large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    if scale <= 1:
        return np.asarray(large)
    # Enlarging leaves edges as wide as an old pixel, with its staircase: the blur takes the steps
    # off, the contrast narrows the edge to about two new pixels. The threshold is under one half
    # so that thin grey strokes stay whole, yet no background turns grey.
    large = large.filter(ImageFilter.GaussianBlur(float(0.5 * scale * min(1.0, scale - 1))))
    contrast = max(1.0, 0.7 * scale)
    threshold = max(0.4, 0.5 / contrast)
    coverage = (np.asarray(large) / 255 - threshold) * contrast + 0.5
    return np.rint(coverage.clip(0, 1) * 255).astype(np.uint8)


def ink_box(coverage: np.ndarray) -> tuple[int, int, int, int]:
    """Return x, y, width and height of what the eye takes for ink; of all, if there is none."""
    inked = coverage >= INK_LEVEL
    if not inked.any():
        return 0, 0, coverage.shape[1], coverage.shape[0]
    columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def _crop(coverage: np.ndarray) -> np.ndarray:
    x, y, width, height = ink_box(coverage)
    return coverage[y : y + height, x : x + width]


def _caption(text: str, scale: float) -> np.ndarray:
    """Return a printed caption's coverage, paler than the ink; nothing for an empty text."""
    if not text:
        return np.zeros((0, 0), np.uint8)
    size = max(10.0, CAPTION_HEIGHT * scale)
    font = ImageFont.load_default(size)
    left, _, right, bottom = font.getbbox(text)
    gap = round(size * 0.7)
    label = Image.new("L", (int(right - left) + 1, int(bottom) + gap + 1))
    ImageDraw.Draw(label).text((-left, gap), text, font=font, fill=150)
    return np.asarray(label)


def _columns(count: int, width: int, height: int) -> int:
    """Return how many columns of rows make a sheet about as wide as it is high."""
    return max(1, round((count * height / width) ** 0.5))


def _paste(canvas: np.ndarray, coverage: np.ndarray, x: int, y: int) -> tuple[int, int, int, int]:
    """Put coverage onto the canvas; return the box of its ink."""
    height, width = coverage.shape
    canvas[y : y + height, x : x + width] = coverage
    left, top, width, height = ink_box(coverage) if coverage.size else (0, 0, 0, 0)
    return x + left, y + top, width, height


def _paint(coverage: np.ndarray, ink: Color, paper: Color | None) -> np.ndarray:
    """Return the picture's pixels: grey if both colours are, RGBA on transparent paper."""
    if paper is None:
        color = np.broadcast_to(np.array(ink, np.uint8), (*coverage.shape, 3))
        return np.concatenate([color, coverage[..., None]], axis=-1)
    grey = len(set(ink)) == len(set(paper)) == 1
    channels = 1 if grey else 3
    # One lookup per channel, for pictures of long numbers are large.
    share = np.arange(256)[:, None] / 255
    table = np.rint(np.array(paper) * (1 - share) + np.array(ink) * share).astype(np.uint8)
    pixels = table[:, :channels][coverage]
    return pixels[..., 0] if grey else pixels
