"""A sheet of paper with rows of writing on it, and with what people draw around it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from handsum.data.pages.glyphs import Glyph
from handsum.data.pages.shapes import PLAIN
from handsum.data.pages.writing import Hand, Sources, text_of
from handsum.data.signs.alphabet import OTHER

Random = np.random.Generator

# Ink of a pixel from which it belongs to a sign's box.
_INKED = 0.35
# A letter with this share of its ink on the sheet shows that it is part of a word. A sign with only
# the other share of its ink need not be found.
_READABLE, _UNASKED = 0.75, 0.5
# Rows end this far beyond the sheet, in pixels.
_BEYOND = 60
# Gaps between the signs of a row, in heights, and how often each occurs.
_GAPS, _GAP_SHARES = [-0.16, -0.08, 0.02, 0.12, 0.3, 0.7], [0.1, 0.16, 0.22, 0.3, 0.15, 0.07]
# Two 1s that are nearer, in heights, would be one line.
LEAST_STEP = 0.28


@dataclass(eq=False)
class Sheet:
    """The ink on a page of `size` pixels (at twice its size), and the signs in it."""

    size: int
    ink: np.ndarray
    lines: Image.Image
    boxes: list[np.ndarray] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    faintest: float = 1.0

    def put(
        self, glyph: Glyph, matrix: np.ndarray, at: np.ndarray, strength: float, height: float
    ) -> np.ndarray | None:
        """Draw a sign; return the box of its ink that shows, or None."""
        drawn, left, top = glyph.draw(matrix, at)
        high, wide = drawn.shape
        rows = slice(max(0, -top), max(0, min(high, self.size - top)))
        columns = slice(max(0, -left), max(0, min(wide, self.size - left)))
        seen = drawn[rows, columns]
        whole = float((drawn > _INKED).sum())
        inked = seen > _INKED
        if not whole or not inked.any():
            return None
        y, x = top + rows.start, left + columns.start
        place = self.ink[y : y + seen.shape[0], x : x + seen.shape[1]]
        np.maximum(place, strength * seen, out=place)
        down, across = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
        box = np.array([x + across[0], y + down[0], x + across[-1] + 1, y + down[-1] + 1], float)
        self.boxes.append(box)
        self.labels.append(glyph.label)
        self.heights.append(height)
        self.shown.append(float(inked.sum()) / whole)
        self.faintest = min(self.faintest, strength)
        return box

    def stroke(self, line: np.ndarray, half: float, strength: float) -> None:
        """Draw a line (M, 2) that is no sign."""
        points = [(float(x), float(y)) for x, y in line]
        width = max(1, round(2 * half))
        ImageDraw.Draw(self.lines).line(points, round(255 * strength), width, joint="curve")


def basis(height: float, angle: float, hand: Hand, random: Random) -> np.ndarray:
    """From a sign's heights to pixels: its size, slant and turn."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if hand.by_machine:
        return height * turn
    uneven = np.exp(random.normal(0, 0.06, 2))
    slant = hand.slant + random.normal(0, 0.06)
    tilt = random.normal(0, 0.03)
    shape = np.array([[hand.narrow * uneven[0], -slant], [tilt, uneven[1]]])
    return height * turn @ shape


def write_row(
    sheet: Sheet,
    sources: Sources,
    at: np.ndarray,
    pose: tuple[float, float],
    random: Random,
    text: str | None = None,
) -> None:
    """Write a row of signs, by default random ones, from a place on.

    `pose` is their height and the row's angle. Perhaps a line, boxes or rings come with it.
    """
    row = _Row(sheet, sources, np.array(at, float), *pose, random)
    for sign in text_of(random) if text is None else text:
        row.write(sign)
        if (row.place < -_BEYOND).any() or (row.place > sheet.size + _BEYOND).any():
            break
    row.end_word()
    row.finish()


class _Row:
    """A row that is being written: its hand, its strength, and how its signs are spaced."""

    def __init__(
        self, sheet: Sheet, sources: Sources, place: np.ndarray, height: float, angle: float,
        random: Random,
    ) -> None:  # fmt: skip
        self.sheet, self.sources, self.random = sheet, sources, random
        self.place, self.height, self.angle = place, height, angle
        self.hand = Hand.draw(sources, random)
        faint = random.random() < 0.35
        self.strength = random.uniform(0.25, 1.0) if faint else random.uniform(0.75, 1)
        self.tracking = random.choice(_GAPS, p=_GAP_SHARES)
        forms, shares = ["free", "boxes", "comb", "apart"], [0.8, 0.08, 0.06, 0.06]
        self.form = str(random.choice(forms, p=shares))
        self.along = np.array([np.cos(angle), np.sin(angle)])
        self.down = np.array([-self.along[1], self.along[0]])
        self.pitch = height * random.uniform(1.05, 1.7)
        self.drift = random.normal(0, 0.02)
        self.first, self.cells = len(sheet.boxes), list[np.ndarray]()
        self.word_start, self.is_word = self.first, False
        # Where the 1 before stands.
        self.one: np.ndarray | None = None

    def write(self, sign: str) -> None:
        """Write a sign, or leave a space, and go on."""
        random, height = self.random, self.height
        if sign == " ":
            self.place = self.place + height * random.uniform(0.35, 0.8) * self.along
            self.one = None
            self.end_word()
            return
        glyph = self.hand.glyph(sign, self.sources, random)
        matrix = basis(height, self.angle, self.hand, random)
        if sign == "1" and self.one is not None:
            short = LEAST_STEP * height - (self.place - self.one) @ self.along
            self.place = self.place + max(0.0, short) * self.along
        self.one = self.place if sign == "1" else None
        start = self.place
        if self.form != "free":
            start = start + (self.pitch - height * glyph.width) / 2 * self.along
        if not self.hand.by_machine:
            start = start + height * random.normal(0, 0.04) * self.down
        if self.sheet.put(glyph, matrix, start, self.strength, height) is not None:
            self.is_word |= sign in PLAIN and self.sheet.shown[-1] > _READABLE
        if self.form == "free":
            gap = self.tracking + abs(random.normal(0, 0.08))
            step = height * (self.hand.narrow * glyph.width + gap)
        else:
            self.cells.append(self.place)
            step = self.pitch + (height * 0.2 if self.form == "apart" else 0.0)
        self.place = self.place + step * self.along + self.drift * height * self.down

    def end_word(self) -> None:
        """Ask for no letter where nothing shows that it is one: an O alone may be a 0."""
        for index in range(self.word_start, len(self.sheet.boxes)):
            if self.sheet.labels[index] == OTHER and not self.is_word:
                self.sheet.shown[index] = min(self.sheet.shown[index], _UNASKED)
        self.word_start, self.is_word = len(self.sheet.boxes), False

    def finish(self) -> None:
        """Draw what belongs around the row."""
        if self.cells:
            form, axes = (self.form, self.pitch, self.height), (self.along, self.down)
            _frame(self.sheet, self.cells, form, axes, self.random)
        elif len(self.sheet.boxes) > self.first:
            boxes = np.array(self.sheet.boxes[self.first :])
            nib = self.hand.nib * self.height / 2
            _mark(self.sheet, boxes, self.height, nib, self.random)


def draw_form(sheet: Sheet, at: np.ndarray, height: float, angle: float, random: Random) -> None:
    """Draw boxes or a comb that nobody has filled in."""
    along = np.array([np.cos(angle), np.sin(angle)])
    pitch = height * random.uniform(0.8, 1.7)
    name = str(random.choice(["boxes", "comb", "apart"]))
    step = pitch + (height * 0.2 if name == "apart" else 0.0)
    cells = [at + index * step * along for index in range(int(random.integers(1, 8)))]
    _frame(sheet, cells, (name, pitch, height), (along, np.array([-along[1], along[0]])), random)


def _frame(
    sheet: Sheet,
    cells: list[np.ndarray],
    form: tuple[str, float, float],
    axes: tuple[np.ndarray, np.ndarray],
    random: Random,
) -> None:
    """The boxes or the comb of a form around the cells of a row."""
    name, pitch, height = form
    along, down = axes
    over, under = height * random.uniform(1.1, 1.4), height * random.uniform(0.1, 0.3)
    half, strength = random.uniform(0.5, 2.5), random.uniform(0.2, 1.0)
    tall = random.uniform(0.2, 0.6) * over if name == "comb" else over
    more = int(random.integers(0, 3))
    step = pitch + (height * 0.2 if name == "apart" else 0.0)
    cells = cells + [cells[-1] + step * (index + 1) * along for index in range(more)]
    for cell in cells:
        left, right = cell, cell + pitch * along
        sheet.stroke(np.stack([left + under * down, right + under * down]), half, strength)
        if name != "comb":
            sheet.stroke(np.stack([left - over * down, right - over * down]), half, strength)
        for side in (left, right):
            sheet.stroke(np.stack([side + under * down, side - tall * down]), half, strength)


def _mark(sheet: Sheet, boxes: np.ndarray, height: float, nib: float, random: Random) -> None:
    """Perhaps a ring, a line under or through, or a box around some signs."""
    if random.random() > 0.28:
        return
    low, high = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    if random.random() < 0.4:
        one = boxes[int(random.integers(len(boxes)))]
        low, high = one[:2], one[2:]
    middle, extent = (low + high) / 2, (high - low) / 2
    strength, half = random.uniform(0.4, 1), max(0.7, nib * random.uniform(0.5, 1.5))
    form = random.random()
    if form < 0.55:
        turn = np.linspace(0, random.uniform(5.6, 7), 40)
        ring = np.stack([np.cos(turn), np.sin(turn)], 1) * (1 + 0.02 * turn[:, None])
        radius = extent * random.uniform(1.1, 1.4) + height * random.uniform(0.15, 0.4)
        sheet.stroke(middle + ring * radius, half, strength)
    elif form < 0.75:
        y = high[1] + height * random.uniform(0.08, 0.3)
        ends = np.array([[low[0] - height * 0.2, y], [high[0] + height * 0.2, y]])
        sheet.stroke(ends + random.normal(0, 0.04 * height, (2, 2)), half, strength)
    else:
        away = height * random.uniform(0.15, 0.5)
        (x0, y0), (x1, y1) = low - away, high + away
        corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]])
        sheet.stroke(corners, half, strength)
