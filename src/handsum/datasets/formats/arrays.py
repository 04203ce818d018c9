"""Arrays: NPZ files, and IDX files as MNIST has. Pictures of numbers are padded to one width."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from handsum.datasets.formats.base import PARTS, join_files
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.recipe import Recipe
from handsum.datasets.samples import Sample

# The splits in the names of MNIST's files, which its readers look for.
PREFIXES = {"train": "train", "validation": "validation", "test": "t10k"}
# Padding of labels after a number's last digit.
NO_DIGIT = 255


def padded(image: np.ndarray, width: int) -> np.ndarray:
    """Pad a picture (H, W) or (H, W, 3) with paper on the right."""
    missing = width - image.shape[1]
    if not missing:
        return image
    paper = np.median(image, axis=(0, 1)).astype(np.uint8)
    blank = np.broadcast_to(paper, (image.shape[0], missing, *image.shape[2:]))
    return np.concatenate([image, blank], axis=1)


def write_npz(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard as `train-00000-of-00004.npz`: images, labels, boxes, totals, writers, ...

    images uint8 (N, H, W) or (N, H, W, 3), with the width before padding in `widths`; labels uint8
    (N,) for digits, (N, L) for numbers, shorter ones padded with NO_DIGIT; boxes int32 (N, L, 4).
    """
    recipe, count = plan.recipe, len(shard)
    longest = recipe.length_range[1]
    shape = (count, recipe.picture_height, recipe.greatest_width)
    images = np.empty((*shape, 3) if recipe.channels == 3 else shape, np.uint8)
    labels = np.full((count, longest), NO_DIGIT, np.uint8)
    boxes = np.zeros((count, longest, 4), np.int32)
    columns = np.zeros((4, count), np.int64)
    effects = []
    for row, sample in enumerate(samples):
        width = sample.image.shape[1]
        images[row] = padded(sample.image, shape[2])
        labels[row, : len(sample.digits)] = sample.digits
        boxes[row, : len(sample.boxes)] = sample.boxes
        columns[:, row] = width, sample.total, sample.writer, sample.index
        effects.append(json.dumps(sample.effects))
    np.savez_compressed(
        folder / f"{plan.split}-{shard.of}.npz",
        allow_pickle=False,
        images=images,
        labels=labels[:, 0] if recipe.kind == "digits" else labels,
        boxes=boxes,
        **dict(zip(("widths", "totals", "writers", "indices"), columns, strict=True)),
        effects=np.array(effects),
        seed=np.int64(recipe.seed),
    )


def _idx_files(plan: Plan) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The IDX files: the type of each, and the shape of one entry."""
    recipe = plan.recipe
    longest = recipe.length_range[1]
    single = recipe.kind == "digits"
    return {
        "images": ("ubyte", (recipe.picture_height, recipe.greatest_width)),
        "labels": ("ubyte", () if single else (longest,)),
        "boxes": ("int", (longest, 4)),
        "widths": ("int", ()),
        "totals": ("int", ()),
        "writers": ("int", ()),
    }


def _idx_name(plan: Plan, what: str) -> str:
    dtype, shape = _idx_files(plan)[what]
    return f"{PREFIXES[plan.split]}-{what}-idx{len(shape) + 1}-{dtype}"


def write_idx(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard's entries of each IDX file; pictures are grey and padded to one width."""
    parts = folder / PARTS
    parts.mkdir()
    names = {what: parts / _idx_name(plan, what) for what in _idx_files(plan)}
    files = {what: path.open("wb") for what, path in names.items()}
    try:
        for sample in samples:
            for what, values in _idx_entry(plan.recipe, sample).items():
                files[what].write(values.tobytes())
    finally:
        for file in files.values():
            file.close()


def _idx_entry(recipe: Recipe, sample: Sample) -> dict[str, np.ndarray]:
    image = sample.image
    if image.ndim == 3:
        image = np.asarray(Image.fromarray(image).convert("L"))
    missing = recipe.length_range[1] - len(sample.digits)
    labels = np.array([*sample.digits, *[NO_DIGIT] * missing], np.uint8)
    # Integers in IDX files are big-endian.
    return {
        "images": padded(image, recipe.greatest_width),
        "labels": labels,
        "boxes": np.pad(sample.boxes, ((0, missing), (0, 0))).astype(">i4"),
        "widths": np.array(image.shape[1], ">i4"),
        "totals": np.array(sample.total, ">i4"),
        "writers": np.array(sample.writer, ">i4"),
    }


def join_idx(folder: Path, parts: list[Path], plan: Plan) -> list[str]:
    """Make `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and so on."""
    names = []
    for what, (dtype, shape) in _idx_files(plan).items():
        header = idx_header(dtype, (plan.recipe.count, *shape))
        names.append(join_files(folder, _idx_name(plan, what), parts, header))
    return names


def idx_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The header of an IDX file of values of a type, "ubyte" or "int"."""
    code = {"ubyte": 0x08, "int": 0x0C}[dtype]
    return bytes([0, 0, code, len(shape)]) + np.array(shape, ">i4").tobytes()
