"""Windows of a few sizes through which a detector sees pictures of any size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from handsum.data.signs.answers import Signs
from handsum.data.signs.targets import MOST

# The heights and widths of the windows through which pictures are seen, and how many are seen in a
# call. Rows are wide and low.
WINDOWS = ((64, 64, 32), (128, 128, 8), (128, 512, 2), (256, 256, 2), (512, 512, 1))
_SIZES: tuple[tuple[int, int], ...] = tuple(window[:2] for window in WINDOWS)
_ROWS, _LARGEST = (128, 512), (512, 512)
# Reductions of a picture are seen through the same windows as the picture, since the program of one
# more takes longer to load than it saves; but for these.
_FOR_REDUCTIONS = {(256, 256): (128, 128), _LARGEST: _ROWS}
# Windows share this much, in pixels, so that each sign is whole in one; in this margin of a window
# a sign is left to the next one.
_SHARED, _MARGIN = 128, 32
# A small picture has this much of its border's tone around it.
_RIM = 4
# Larger pictures are reduced to this many pixels; those with a short side up to the other are
# enlarged as well.
_MOST_PIXELS, _SHORT_SIDE = 3_000_000, 100
# Of a picture whose long side is shorter than this nothing can be read.
_LEAST_SIDE = 14


@dataclass(frozen=True, eq=False)
class View:
    """A window on a picture at one scale: `origin` is x and y in the picture at that scale."""

    picture: int
    pixels: np.ndarray
    scale: float
    origin: tuple[int, int]
    size: tuple[int, int]
    last: tuple[bool, bool, bool, bool]


def views_of(index: int, picture: np.ndarray) -> Iterator[View]:
    """All windows on a picture, at all scales."""
    high, wide = picture.shape
    scale = min(1.0, (_MOST_PIXELS / (high * wide)) ** 0.5)
    if min(high, wide) <= _SHORT_SIDE:
        scale = min(2.0, 2 * scale)
    image = Image.fromarray(picture)
    largest, windows = scale, _SIZES
    while True:
        size = (max(1, round(wide * scale)), max(1, round(high * scale)))
        if max(size) < _LEAST_SIDE and scale < 1:
            return
        # An antialiased reduction; enlarged softly.
        pixels = picture if scale == 1 else np.asarray(image.resize(size, Image.Resampling.BICUBIC))
        window = _window_for(pixels.shape, windows)
        if scale == largest:
            windows = (_FOR_REDUCTIONS.get(window, window), window)
        yield from _windows(index, pixels, scale, window)
        # Once a sign that fills the picture can be read, smaller ones of it are of no use.
        if max(size) <= MOST / 2:
            return
        scale /= 2


def _window_for(shape: tuple[int, ...], windows: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """The first window in which a picture fits with its rim, or that shows it in parts."""
    for window in windows:
        if _fits(shape, window):
            return window
    return _ROWS if shape[0] <= _ROWS[0] else _LARGEST


def _fits(shape: tuple[int, ...], window: tuple[int, int]) -> bool:
    return all(side + 2 * _RIM <= room for side, room in zip(shape, window, strict=True))


def _windows(
    index: int, pixels: np.ndarray, scale: float, window: tuple[int, int]
) -> Iterator[View]:
    (high, wide), (tall, broad) = pixels.shape, window
    if _fits(pixels.shape, window):
        top, left = (tall - high) // 2, (broad - wide) // 2
        padded = pad_with_border(pixels, window, (top, left))
        yield View(index, padded, scale, (-left, -top), (wide, high), (True,) * 4)
        return
    tops, lefts = _starts(high, tall), _starts(wide, broad)
    for top in tops:
        for left in lefts:
            part = pixels[top : top + tall, left : left + broad]
            if part.shape != window:
                part = pad_with_border(part, window)
            last = (left == 0, top == 0, left == lefts[-1], top == tops[-1])
            yield View(index, part, scale, (left, top), (wide, high), last)


def _starts(length: int, window: int) -> range:
    """Where windows start that share pixels with the next one and cover a length."""
    if length <= window:
        return range(1)
    return range(0, max(length - _SHARED, 1), window - _SHARED)


def in_picture(view: View, signs: Signs) -> Signs:
    """Signs of a window in the picture's pixels, without those that the next window sees better."""
    sides = np.array(view.pixels.shape[::-1])
    centre = (signs.boxes[:, :2] + signs.boxes[:, 2:]) / 2
    ends = np.concatenate([centre - _MARGIN, sides - _MARGIN - centre], axis=1)
    inside = ((ends >= 0) | np.array(view.last)).all(1)
    x, y = view.origin
    boxes = signs.boxes + np.array([x, y, x, y])
    place = centre + np.array([x, y])
    inside &= (place >= 0).all(1) & (place < view.size).all(1)
    boxes = np.clip(boxes, 0, np.tile(view.size, 2)) / view.scale
    return Signs(boxes[inside], signs.scores[inside], signs.probabilities[inside])


def pad_with_border(
    picture: np.ndarray, shape: tuple[int, ...], place: tuple[int, int] = (0, 0)
) -> np.ndarray:
    """A picture (H, W) at a place in a larger one, which has the median tone of its border."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    whole = np.full(shape, np.median(border), picture.dtype)
    top, left = place
    whole[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return whole
