"""Compose random pictures of pages, with the answers that a reader of pages must give."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from handsum.data.pages import paper
from handsum.data.pages.camera import coarsen, halve, take
from handsum.data.pages.glyphs import mnist_glyph
from handsum.data.pages.rows import LEAST_STEP, Sheet, basis, draw_form, write_row
from handsum.data.pages.scribbles import scribble
from handsum.data.pages.writing import Hand, Sources, digits
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
# The share of pages that are made of small pictures, of how many beside each other and how often,
# and how far up a digit reaches in one. The shares of those with a data set's digit, of empty ones,
# of those on blank paper, and of those with a strip beside; and how wide and high each is at least.
_SMALL_SHARE, _PLAIN_SHARE, _EMPTY_SHARE = 0.3, 0.4, 0.12
_CELLS, _CELL_SHARES, _FILLED = (1, 2, 4), (0.15, 0.4, 0.45), 0.7
_CLEAN_SHARE, _STRIP_SHARE, _LEAST_SIDE = 0.35, 0.25, 32
_NOTHING_SHARE = 0.22
# The share of pages with one row and nothing else, and how often that is a single digit, and a 1: a
# digit alone is no scribble, and a straight 1 no ruled line.
_LONE_SHARE, _SINGLE_SHARE, _ONE_SHARE = 0.15, 0.6, 0.4
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
                size = random.uniform(0.3, 2.0)
                glyph = scribble(size, random.uniform(0.04, 0.25), random)
                sheet.put(glyph, own * np.eye(2), at, random.uniform(0.4, 1), own * size)
            elif random.random() < 0.04:
                draw_form(sheet, at, own, angle, random)
            else:
                write_row(sheet, sources, at, (own, angle), random)
            ends = [box[2] for box in sheet.boxes[before:]]
            start = max([*ends, start + height]) + height * random.uniform(0.6, 3)
            if random.random() < 0.3:
                break
        down += pitch
        row += 1


def _write_alone(
    sheet: Sheet, sources: Sources, height: float, angle: float, random: Random
) -> None:
    """A single row on the page, or a single digit."""
    at = sheet.size * random.uniform([0.05, 0.2], [0.8, 0.95])
    text = None
    if random.random() < _SINGLE_SHARE:
        text = "1" if random.random() < _ONE_SHARE else str(random.integers(10))
    write_row(sheet, sources, at, (height, angle), random, text)


def _tight(sheet: Sheet, sources: Sources, height: float, random: Random) -> tuple[int, ...]:
    """One digit or a short row that fills a small picture: its left, top, right and bottom."""
    at = np.array([0.12 * sheet.size, 0.12 * sheet.size + height])
    if random.random() < _PLAIN_SHARE:
        return _plain(sheet, sources, height, at, random)
    hand = Hand.draw(sources, random)
    # Data sets fit each digit into a square.
    stretch = np.exp(random.normal(0, 0.3)) if random.random() < 0.5 else 1.0
    count = 1 if random.random() < 0.75 else int(random.integers(2, 7))
    for sign in digits(count, random):
        glyph = hand.glyph(sign, sources, random)
        matrix = basis(height, 0.06 * random.normal(), hand, random) * [stretch, 1]
        if sheet.put(glyph, matrix, at, random.uniform(0.5, 1), height) is None:
            break
        step = stretch * hand.narrow * glyph.width + random.uniform(0, 0.2)
        at[0] += height * max(step, LEAST_STEP if glyph.label == 1 else 0)
    if not sheet.boxes:
        # The finest line may fall between the pixels.
        return _empty(sheet.size, random)
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


@dataclass(frozen=True, eq=False)
class Picture:
    """Grey values, uint8 (S, S), and the signs in them: boxes and heights in their pixels."""

    pixels: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    heights: np.ndarray
    shown: np.ndarray


def compose(sources: Sources, side: int, seed: int, number: int) -> dict[str, np.ndarray]:
    """A random picture, "images" uint8 (side, side), and its answers (see `make_targets`).

    It depends on the seed and its number alone.
    """
    picture = draw_picture(sources, side, seed, number)
    signs = picture.boxes, picture.labels, picture.heights, picture.shown
    return {"images": picture.pixels, **make_targets(*signs, side)}


def draw_picture(sources: Sources, side: int, seed: int, number: int) -> Picture:
    """A random picture with the places of its signs."""
    random = np.random.default_rng((seed, number))
    whole = _small_pictures if random.random() < _SMALL_SHARE else _page
    return whole(sources, side, random)


def _small_pictures(sources: Sources, side: int, random: Random) -> Picture:
    """Small pictures beside each other, each as it is seen with its border around it.

    Each holds a digit or a short row. A page of one of them would teach little for its pixels.
    """
    cells = min(int(random.choice(_CELLS, p=_CELL_SHARES)), side // _LEAST_SIDE)
    own = side // cells
    pixels = np.zeros((side, side), np.uint8)
    parts = []
    for top in range(0, own * cells, own):
        for left in range(0, own * cells, own):
            part = _small_picture(sources, own, random)
            pixels[top : top + own, left : left + own] = part.pixels
            parts.append(
                (part.boxes + np.tile([left, top], 2), part.labels, part.heights, part.shown)
            )
    boxes, labels, heights, shown = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Picture(pixels, boxes, labels, heights, shown)


def _small_picture(sources: Sources, side: int, random: Random) -> Picture:
    sheet = _new_sheet(_ZOOM * side)
    low, high = _HEIGHTS
    most = min(high, _FILLED * side)
    height = _ZOOM * float(np.exp(random.uniform(np.log(low), np.log(most))))
    if random.random() < _EMPTY_SHARE:
        window = _empty(sheet.size, random)
    else:
        window = _tight(sheet, sources, height, random)
    clean = random.random() < _CLEAN_SHARE
    blank = np.ones((sheet.size, sheet.size))
    background = blank if clean else paper.background(sheet.size, height, 0.0, random)
    page = _ink(sheet, background, random)
    picture = _photograph(sheet, page, height, 0.3, random)
    left, top, right, bottom = (edge // _ZOOM for edge in window)
    inner = picture.pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    moved = picture.boxes - np.tile([left, top], 2)
    if random.random() < _STRIP_SHARE:
        inner, shift = _with_strip(inner, side, random)
        moved = moved + np.tile(shift, 2)
    room = np.array(picture.pixels.shape) - inner.shape
    place = random.integers(0, room + 1)
    pixels = pad_with_border(inner, picture.pixels.shape, (int(place[0]), int(place[1])))
    return replace(picture, pixels=pixels, boxes=moved + np.tile(place[::-1], 2))


def _with_strip(picture: np.ndarray, side: int, random: Random) -> tuple[np.ndarray, list[int]]:
    """A small picture with a strip along one of its sides, and how far that moves it, in x and y.

    It is a shadow, the desk, or what a scanner sees beyond the page. At the size of a digit, such a
    strip looks like a 1.
    """
    axis, before = int(random.integers(2)), random.random() < 0.5
    size = int(random.uniform(0.15, 1) * (side - picture.shape[axis]))
    soft = np.exp(random.uniform(np.log(0.3), np.log(6)))
    away = (np.arange(size) - max(size - 2 * soft, 0)) / soft
    share = 1 / (1 + np.exp(np.clip(away, -30, 30)))
    tones = share * random.uniform(0, 255) + (1 - share) * np.median(picture)
    grain = random.normal(0, random.uniform(0, 6), (picture.shape[1 - axis], size))
    strip = np.clip(tones + grain, 0, 255).astype(np.uint8)
    turned = picture.T if axis == 0 else picture
    whole = np.concatenate([strip, turned] if before else [turned, strip[:, ::-1]], axis=1)
    shift = [0, 0]
    shift[1 - axis] = size if before else 0
    return whole.T if axis == 0 else whole, shift


def _page(sources: Sources, side: int, random: Random) -> Picture:
    sheet = _new_sheet(_ZOOM * side)
    low, high = _HEIGHTS
    height = _ZOOM * float(np.exp(random.uniform(np.log(low), np.log(high))))
    kind = random.random()
    if kind < _LARGER_SHARE:
        height = _ZOOM * random.uniform(high, _LARGER)
    elif kind > 1 - _SMALLER_SHARE:
        height = _ZOOM * random.uniform(_SMALLER, low)
    angle = random.normal(0, 0.04) if random.random() < 0.8 else random.uniform(-0.26, 0.26)
    bare = False
    if random.random() < _NOTHING_SHARE:
        bare = _nothing(sheet, height, angle, random)
    else:
        write = _write_alone if random.random() < _LONE_SHARE else _fill
        write(sheet, sources, height, angle, random)
    background = paper.background(sheet.size, height, angle, random)
    if bare and random.random() < 0.6:
        # Where nobody wrote, an edge of a shadow is easily taken for a 1.
        background = background * paper.shadow(sheet.size, random)
    page = _ink(sheet, background, random)
    if random.random() < _DESK_SHARE:
        page = _on_a_desk(sheet, page, random)
    return _photograph(sheet, page, height, 0.06, random)


def _new_sheet(size: int) -> Sheet:
    return Sheet(size, np.zeros((size, size), np.float32), Image.new("L", (size, size)))


def _photograph(
    sheet: Sheet, page: np.ndarray, height: float, coarse: float, random: Random
) -> Picture:
    """A page as a camera or scanner sees it; a share `coarse` is enlarged from fewer pixels."""
    small = halve(page)
    if random.random() < coarse:
        small = coarsen(small, height / _ZOOM, random)
    pixels = take(small, height / _ZOOM, sheet.faintest, random)
    boxes = np.array(sheet.boxes, float).reshape(-1, 4) / _ZOOM
    shown = np.array(sheet.shown, float)
    for index, box in enumerate(boxes.astype(int)):
        if np.ptp(pixels[box[1] : box[3] + 1, box[0] : box[2] + 1]) < _TRACE:
            shown[index] = 0.0
    if random.random() < 0.25:
        pixels = 255 - pixels
    labels, heights = np.array(sheet.labels, int), np.array(sheet.heights, float)
    return Picture(pixels, boxes, labels, heights / _ZOOM, shown)


def _nothing(sheet: Sheet, height: float, angle: float, random: Random) -> bool:
    """A few scribbles, an empty form, or nothing at all: whether it is nothing."""
    kind = random.random()
    if kind < 0.25:
        for _ in range(int(random.integers(1, 4))):
            draw_form(sheet, random.uniform(0, 0.8, 2) * sheet.size, height, angle, random)
    elif kind < 0.65:
        for _ in range(int(random.integers(1, 4))):
            extent = random.uniform(0.4, 3)
            glyph = scribble(extent, random.uniform(0.03, 0.25), random)
            at, strength = random.uniform(0, sheet.size, 2), random.uniform(0.3, 1)
            sheet.put(glyph, height * np.eye(2), at, strength, height * extent)
    return kind >= 0.65


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
