"""Windows of a few sizes through which a detector sees pictures of any size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from handsum.data.pages.answers import Signs
from handsum.data.pages.compose import pad_with_border
from handsum.data.pages.targets import MOST

# The sides of the windows through which pictures are seen, and how many are seen in a call.
WINDOWS = ((64, 32), (128, 8), (256, 2), (512, 1))
# Windows share this much, in pixels, so that each sign is whole in one; in this margin of a window
# a sign is left to the next one.
_SHARED, _MARGIN = 128, 32
# A small picture has this much of its border's tone around it.
_RIM = 4
# Larger pictures are reduced to this many pixels; smaller ones than the other are enlarged as well.
_MOST_PIXELS, _FEW_PIXELS = 3_000_000, 60_000
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
    if high * wide <= _FEW_PIXELS:
        scale = 2.0
    image = Image.fromarray(picture)
    while True:
        size = (max(1, round(wide * scale)), max(1, round(high * scale)))
        if max(size) < _LEAST_SIDE and scale < 1:
            return
        # An antialiased reduction; enlarged softly.
        pixels = picture if scale == 1 else np.asarray(image.resize(size, Image.Resampling.BICUBIC))
        yield from _windows(index, pixels, scale)
        # Once a sign that fills the picture can be read, smaller ones of it are of no use.
        if max(size) <= MOST / 2:
            return
        scale /= 2


def _windows(index: int, pixels: np.ndarray, scale: float) -> Iterator[View]:
    high, wide = pixels.shape
    for side, _ in WINDOWS[:-1]:
        if max(high, wide) + 2 * _RIM <= side:
            top, left = (side - high) // 2, (side - wide) // 2
            padded = pad_with_border(pixels, (side, side), (top, left))
            yield View(index, padded, scale, (-left, -top), (wide, high), (True,) * 4)
            return
    side = WINDOWS[-1][0]
    step = side - _SHARED
    tops = range(0, max(high - _SHARED, 1), step)
    lefts = range(0, max(wide - _SHARED, 1), step)
    for top in tops:
        for left in lefts:
            part = pixels[top : top + side, left : left + side]
            if part.shape != (side, side):
                part = pad_with_border(part, (side, side))
            last = (left == 0, top == 0, left == lefts[-1], top == tops[-1])
            yield View(index, part, scale, (left, top), (wide, high), last)


def in_picture(view: View, signs: Signs) -> Signs:
    """Signs of a window in the picture's pixels, without those that the next window sees better."""
    side = view.pixels.shape[0]
    centre = (signs.boxes[:, :2] + signs.boxes[:, 2:]) / 2
    ends = np.concatenate([centre - _MARGIN, side - _MARGIN - centre], axis=1)
    inside = ((ends >= 0) | np.array(view.last)).all(1)
    x, y = view.origin
    boxes = signs.boxes + np.array([x, y, x, y])
    place = centre + np.array([x, y])
    inside &= (place >= 0).all(1) & (place < view.size).all(1)
    boxes = np.clip(boxes, 0, np.tile(view.size, 2)) / view.scale
    return Signs(boxes[inside], signs.scores[inside], signs.probabilities[inside])
