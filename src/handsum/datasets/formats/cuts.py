"""Cuts: each digit cut out of its picture as a reader would see it, in IDX files.

`train` reads the folder as `idx:FOLDER`, so that a reader of 28x28 digits learns from numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from handsum.data.pictures.components import Part
from handsum.datasets.formats.arrays import PREFIXES, idx_header
from handsum.datasets.formats.base import PARTS, join_files
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample
from handsum.images import DIGIT_SIZE
from handsum.reading.page import Page

_DIGIT = (DIGIT_SIZE, DIGIT_SIZE)
# A part whose box overlaps the digit's by less (intersection over union) is not this digit.
_LEAST_OVERLAP = 0.7


def cut_digits(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Cut the digits out of a sample's picture as reading does: uint8 (L, 28, 28), and labels (L,).

    Of all the parts that reading considers as digits, each digit gets the one that fits its box
    best. Left out are digits that drown in the picture, and those that reading would never separate
    from their neighbours.
    """
    grey = np.asarray(Image.fromarray(sample.image).convert("L"), np.float32) / 255
    page = Page(grey)
    _, candidates = page.candidates([False] * len(page.writings))
    parts = [candidate.part for candidate in candidates]
    images, labels = [], []
    for digit, box in zip(sample.digits, sample.boxes, strict=True):
        overlaps = [_overlap(part, box) for part in parts]
        if overlaps and max(overlaps) >= _LEAST_OVERLAP:
            images.append(page.digit(parts[int(np.argmax(overlaps))]).image)
            labels.append(digit)
    return np.array(images, np.uint8).reshape(-1, *_DIGIT), np.array(labels, np.int64)


def _overlap(part: Part, box: np.ndarray) -> float:
    """Intersection over union of a part's box and another box."""
    x, y, width, height = (int(side) for side in box)
    across = min(part.right, x + width) - max(part.left, x)
    down = min(part.bottom, y + height) - max(part.top, y)
    shared = max(across, 0) * max(down, 0)
    return shared / (part.width * part.height + width * height - shared)


def _names(plan: Plan) -> dict[str, str]:
    prefix = PREFIXES[plan.split]
    return {"images": f"{prefix}-images-idx3-ubyte", "labels": f"{prefix}-labels-idx1-ubyte"}


def write_shard(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard's part of the images and labels."""
    parts, names = folder / PARTS, _names(plan)
    parts.mkdir()
    with (
        (parts / names["images"]).open("wb") as pixels,
        (parts / names["labels"]).open("wb") as classes,
    ):
        for sample in samples:
            images, labels = cut_digits(sample)
            pixels.write(images.tobytes())
            classes.write(labels.astype(np.uint8).tobytes())


def join(folder: Path, parts: list[Path], plan: Plan) -> list[str]:
    """Make `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`."""
    names = _names(plan)
    count = sum((part / names["labels"]).stat().st_size for part in parts)
    shapes = {"images": (count, *_DIGIT), "labels": (count,)}
    return [
        join_files(folder, names[what], parts, idx_header("ubyte", shapes[what])) for what in names
    ]
