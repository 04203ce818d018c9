"""Compose random pictures of pages, with the answers that a reader of pages must give."""

from __future__ import annotations

import numpy as np
from PIL import Image

from handsum.data.pages import paper
from handsum.data.pages.camera import coarsen, halve, take
from handsum.data.pages.glyphs import mnist_glyph
from handsum.data.pages.rows import Sheet, basis, draw_form, write_row
from handsum.data.pages.writing import Hand, Sources, scribble
from handsum.data.signs.targets import make_targets
from handsum.data.signs.views import pad_with_border

Random = np.random.Generator

# Pages are drawn at twice their size.
_ZOOM = 2
# The heights of digits, in pixels: those that are read, and, for shares of the pages, larger ones
# and smaller ones, as pages are seen at several scales.
_HEIGHTS = (10.0, 62.0)
_LARGER, _LARGER_SHARE = 170.0, 0.07
_SMALLER, _SMALLER_SHARE = 4.0, 0.05
_TIGHT_SHARE, _PLAIN_SHARE = 0.22, 0.3
_NOTHING_SHARE, _EMPTY_SHARE = 0.12, 0.04
_DESK_SHARE = 0.16
# Ink that differs from its paper by fewer grey levels than these has left no trace, as in the dark
# half of a scan of two tones.
_TRACE = 5


def _fill(sheet: Sheet, sources: Sources, height: float, angle: float, random: Random) -> None:
    """Rows of writing over the page."""
    pitch = height * random.uniform(1.25, 2.6)
    down = random.uniform(0, 1.6) * height
    row = 0
    while down < sheet.size + height and row < 12:
        start = random.uniform(-1.0, 0.4) * height
        while start < sheet.size:
            own = height * np.exp(random.normal(0, 0.05))
            before = len(sheet.boxes)
            at = np.array([start, down + np.tan(angle) * start])
            if random.random() < 0.04:
                size = random.uniform(0.5, 2.0)
                glyph = scribble(size, random.uniform(0.04, 0.2), random)
                sheet.put(glyph, own * np.eye(2), at, random.uniform(0.4, 1), own * size)
            elif random.random() < 0.04:
                draw_form(sheet, at, own, angle, random)
            else:
                write_row(sheet, sources, at, own, angle, random)
            ends = [box[2] for box in sheet.boxes[before:]]
            start = max([*ends, start + height]) + height * random.uniform(0.6, 3)
            if random.random() < 0.3:
                break
        down += pitch
        row += 1


def _tight(sheet: Sheet, sources: Sources, height: float, random: Random) -> tuple[int, ...]:
    """One digit or a short row that fills a small picture: its left, top, right and bottom."""
    at = np.array([0.15 * sheet.size, 0.2 * sheet.size + height])
    if random.random() < _PLAIN_SHARE:
        return _plain(sheet, sources, height, at, random)
    hand = Hand.draw(sources, random)
    # Data sets fit each digit into a square.
    stretch = np.exp(random.normal(0, 0.3)) if random.random() < 0.5 else 1.0
    for _ in range(1 if random.random() < 0.75 else int(random.integers(2, 7))):
        glyph = hand.glyph(str(random.integers(10)), sources, random)
        matrix = basis(height, 0.06 * random.normal(), hand, random) * [stretch, 1]
        if sheet.put(glyph, matrix, at, random.uniform(0.5, 1), height) is None:
            break
        at[0] += height * (stretch * hand.narrow * glyph.width + random.uniform(0, 0.2))
    boxes = np.array(sheet.boxes)
    low, high = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    margin = _ZOOM * random.integers(0, 5, 4) * (1 if random.random() < 0.7 else 4)
    left, top = np.maximum(low - margin[:2], 0).astype(int)
    right, bottom = np.minimum(high + margin[2:], sheet.size).astype(int)
    return left, top, right, bottom


def _plain(
    sheet: Sheet, sources: Sources, height: float, at: np.ndarray, random: Random
) -> tuple[int, ...]:
    """A digit as its data set has it, in the middle of a square with a margin."""
    index = int(random.integers(len(sources.images)))
    label = int(sources.labels[index])
    glyph = mnist_glyph(sources.images[index], label, random)
    box = sheet.put(glyph, height * np.eye(2), at, 1.0, height)
    assert box is not None
    side = (box[2:] - box[:2]).max() * 28 / 20
    left, top = ((box[:2] + box[2:] - side) / 2 + random.normal(0, 0.04, 2) * side).astype(int)
    return max(int(left), 0), max(int(top), 0), int(left + side), int(top + side)


def _empty(size: int, random: Random) -> tuple[int, ...]:
    """A small picture of paper on which nobody wrote: its left, top, right and bottom."""
    sides = random.uniform(0.15, 0.95, 2) * size
    left, top = random.uniform(0, size - sides)
    return int(left), int(top), int(left + sides[0]), int(top + sides[1])


def _background(sheet: Sheet, height: float, angle: float, random: Random) -> np.ndarray:
    """The brightness of the paper with its prints, from 0 to 1."""
    size = sheet.size
    page = paper.light(size, random)
    if random.random() < 0.45:
        for _ in range(1 if random.random() < 0.85 else 2):
            make = paper.PRINTS[int(random.integers(len(paper.PRINTS)))]
            most = 0.75 if make in paper.LINES else 0.45
            page = page * (1 - random.uniform(0.05, most) * make(size, height, angle, random))
    if random.random() < 0.08:
        # A highlighter or a coloured note.
        x, y = np.meshgrid(np.arange(size), np.arange(size))
        x0, y0 = random.uniform(-0.2, 0.8, 2) * size
        inside = (x > x0) & (x < x0 + random.uniform(0.2, 1) * size)
        inside &= (y > y0) & (y < y0 + random.uniform(0.1, 0.8) * size)
        page = page * (1 - random.uniform(0.05, 0.4) * inside)
    return page


def compose(sources: Sources, side: int, seed: int, number: int) -> dict[str, np.ndarray]:
    """A random picture, "images" uint8 (side, side), and its answers (see `make_targets`).

    It depends on the seed and its number alone.
    """
    random = np.random.default_rng((seed, number))
    size = _ZOOM * side
    sheet = Sheet(size, np.zeros((size, size), np.float32), Image.new("L", (size, size)))
    low, high = _HEIGHTS
    height = _ZOOM * float(np.exp(random.uniform(np.log(low), np.log(high))))
    kind = random.random()
    if kind < _LARGER_SHARE:
        height = _ZOOM * random.uniform(high, _LARGER)
    elif kind > 1 - _SMALLER_SHARE:
        height = _ZOOM * random.uniform(_SMALLER, low)
    angle = random.normal(0, 0.04) if random.random() < 0.8 else random.uniform(-0.26, 0.26)
    window = None
    draw = random.random()
    if draw < _EMPTY_SHARE:
        window = _empty(size, random)
    elif draw < _EMPTY_SHARE + _TIGHT_SHARE:
        height = min(max(height, _ZOOM * low), 0.35 * size)
        window = _tight(sheet, sources, height, random)
    elif draw > 1 - _NOTHING_SHARE:
        _nothing(sheet, height, angle, random)
    else:
        _fill(sheet, sources, height, angle, random)
    page = _ink(sheet, _background(sheet, height, angle, random), random)
    if window is None and random.random() < _DESK_SHARE:
        page = _on_a_desk(sheet, page, random)
    small = halve(page)
    if random.random() < (0.3 if window is not None else 0.06):
        small = coarsen(small, height / _ZOOM, random)
    picture = take(small, height / _ZOOM, sheet.faintest, random)
    boxes = np.array(sheet.boxes, float).reshape(-1, 4) / _ZOOM
    for index, box in enumerate(boxes.astype(int)):
        if np.ptp(picture[box[1] : box[3] + 1, box[0] : box[2] + 1]) < _TRACE:
            sheet.shown[index] = 0.0
    if random.random() < 0.25:
        picture = 255 - picture
    if window is not None:
        left, top, right, bottom = (edge // _ZOOM for edge in window)
        inner = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
        room = np.array(picture.shape) - inner.shape
        place = random.integers(0, room + 1)
        picture = pad_with_border(inner, picture.shape, (int(place[0]), int(place[1])))
        boxes += np.tile(place[::-1] - [left, top], 2)
    labels, sizes, shown = map(np.array, (sheet.labels, sheet.heights, sheet.shown))
    return {"images": picture, **make_targets(boxes, labels, sizes / _ZOOM, shown, side)}


def _nothing(sheet: Sheet, height: float, angle: float, random: Random) -> None:
    """A few scribbles, an empty form, or nothing at all."""
    kind = random.random()
    if kind < 0.35:
        for _ in range(int(random.integers(1, 4))):
            draw_form(sheet, random.uniform(0, 0.8, 2) * sheet.size, height, angle, random)
    elif kind < 0.6:
        for _ in range(int(random.integers(1, 4))):
            extent = random.uniform(0.6, 3)
            glyph = scribble(extent, random.uniform(0.03, 0.2), random)
            at, strength = random.uniform(0, sheet.size, 2), random.uniform(0.3, 1)
            sheet.put(glyph, height * np.eye(2), at, strength, height * extent)


def _ink(sheet: Sheet, page: np.ndarray, random: Random) -> np.ndarray:
    """The page with its ink: black, grey, or a pencil's."""
    ink = np.maximum(sheet.ink, np.asarray(sheet.lines, np.float32) / 255)
    if random.random() < 0.3:
        rough = paper.smooth_field(sheet.size, sheet.size // int(random.integers(2, 6)), random)
        ink = ink * (1 - random.uniform(0, 0.7) * rough)
    darkest = random.uniform(0, 0.35) if random.random() < 0.5 else random.uniform(0, 0.12)
    return page * (1 - ink) + darkest * ink * page


def _on_a_desk(sheet: Sheet, page: np.ndarray, random: Random) -> np.ndarray:
    """The page with its edge, and the desk that hides what lies beyond."""
    beyond = paper.edge(sheet.size, random)
    for index, box in enumerate(sheet.boxes):
        x, y = np.clip((box[:2] + box[2:]) / 2, 0, sheet.size - 1).astype(int)
        sheet.shown[index] *= float(1 - beyond[y, x])
    return page * (1 - beyond) + beyond * paper.desk(sheet.size, random)
