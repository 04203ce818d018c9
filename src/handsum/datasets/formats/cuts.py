"""Cuts: each digit cut out of its picture as a reader would see it, in IDX files.

`train` reads the folder as `idx:FOLDER`, so that a reader of 28x28 digits learns from numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from handsum.datasets.formats.arrays import PREFIXES, idx_header
from handsum.datasets.formats.base import PARTS, join_files
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample
from handsum.images import DIGIT_SIZE
from handsum.reading.page import cut_digits

_DIGIT = (DIGIT_SIZE, DIGIT_SIZE)


def cut_sample(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Cut the digits out of a sample's picture as reading does: uint8 (L, 28, 28), and labels (L,).

    Left out are digits that drown in the picture.
    """
    grey = np.asarray(Image.fromarray(sample.image).convert("L"), np.float32) / 255
    boxes = [(int(x), int(y), int(width), int(high)) for x, y, width, high in sample.boxes]
    images = cut_digits(grey, boxes)
    shown = images.any((1, 2))
    return images[shown], np.array([int(digit) for digit in sample.digits], np.int64)[shown]


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
            images, labels = cut_sample(sample)
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
