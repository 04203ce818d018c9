"""Cuts: each digit cut out of its picture and made as a reader is given it, in IDX files.

`train` reads the folder as `idx:FOLDER`. So a reader of 28x28 digits learns from whole numbers.
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
from handsum.ink import as_mnist, ink_map

_DIGIT = (DIGIT_SIZE, DIGIT_SIZE)
# Digits of which less ink than this is found cannot be read: they would teach nothing.
_FAINTEST = 0.5


def cut_digits(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Cut the digits out of a sample's picture by their boxes, as reading prepares its digits.

    Returns uint8 (L, 28, 28), white on black, and int64 (L,) labels. Digits that drown in the
    picture are left out; of those that touch, neighbours' strokes are in the cut.
    """
    grey = np.asarray(Image.fromarray(sample.image).convert("L"), np.float32) / 255
    ink = ink_map(grey)
    images, labels = [], []
    for digit, (x, y, width, height) in zip(sample.digits, sample.boxes, strict=True):
        own = ink[y : y + height, x : x + width]
        if own.size and own.max() >= _FAINTEST:
            images.append(as_mnist(own))
            labels.append(digit)
    return np.array(images, np.uint8).reshape(-1, *_DIGIT), np.array(labels, np.int64)


def _names(plan: Plan) -> dict[str, str]:
    prefix = PREFIXES[plan.split]
    return {"images": f"{prefix}-images-idx3-ubyte", "labels": f"{prefix}-labels-idx1-ubyte"}


def write_shard(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard's part of the images and of the labels."""
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
