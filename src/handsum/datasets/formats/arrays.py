"""Arrays: NPZ files, and IDX files as MNIST has. Pictures of numbers are padded to one width."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from handsum.datasets.effects.forms import FORM_NAMES
from handsum.datasets.formats.base import PARTS, full_mask, join_files, list_strokes
from handsum.datasets.plan import Plan, Shard
from handsum.datasets.recipe import Recipe
from handsum.datasets.samples import Sample

# The splits in the names of MNIST's files, which its readers look for.
PREFIXES = {"train": "train", "validation": "validation", "test": "t10k"}
# The types of IDX files: their code, and the bytes of a value.
_IDX_TYPES = {"ubyte": (0x08, 1), "short": (0x0B, 2), "int": (0x0C, 4), "float": (0x0D, 4)}
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


def mask_type(recipe: Recipe) -> str:
    """The type of masks: an unsigned integer with a bit for each digit of a picture."""
    longest = recipe.length_range[1]
    return "u1" if longest <= 8 else "u2" if longest <= 16 else "u4"


def bit_masks(recipe: Recipe, sample: Sample) -> np.ndarray:
    """The masks of a sample, (H, W), padded to the width of all: bit i of a pixel is digit i's."""
    height, width = sample.image.shape[:2]
    bits = np.zeros((height, recipe.greatest_width), mask_type(recipe))
    for place, (mask, box) in enumerate(zip(sample.masks, sample.boxes, strict=True)):
        bits[:, :width] |= full_mask(mask, box, (height, width)) * bits.dtype.type(1 << place)
    return bits


def label_strokes(sample: Sample, row: int) -> tuple[np.ndarray, np.ndarray]:
    """The strokes of the sample in a `row`: control points (P, 3), labels int32 (S, 3).

    A point is x, y and width; a stroke's label is its row, its digit's place and its number of
    points.
    """
    points, labels = list_strokes(sample)
    return points, np.insert(labels, 0, row, axis=1)


def write_npz(folder: Path, plan: Plan, shard: Shard, samples: Iterator[Sample]) -> None:
    """Write a shard as `train-00000-of-00004.npz`: images, labels, boxes, totals, writers, ...

    images uint8 (N, H, W) or (N, H, W, 3), with the width before padding in `widths`; labels uint8
    (N,) for digits, (N, L) for numbers, shorter ones padded with NO_DIGIT; boxes int32 (N, L, 4).
    masks as `bit_masks`, strokes and stroke_labels as `label_strokes` has them; forms str (N, L).
    texts str (N,) have signs, too; signs str (N, S) and sign_boxes int32 (N, S, 4), padded.
    """
    recipe, count = plan.recipe, len(shard)
    longest = recipe.length_range[1]
    shape = (count, recipe.picture_height, recipe.greatest_width)
    images = np.empty((*shape, 3) if recipe.channels == 3 else shape, np.uint8)
    labels = np.full((count, longest), NO_DIGIT, np.uint8)
    boxes = np.zeros((count, longest, 4), np.int32)
    masks = np.empty(shape, mask_type(recipe))
    columns = np.zeros((4, count), np.int64)
    effects, strokes, forms, texts, signs = [], [], [], [], []
    sign_boxes = np.zeros((count, longest, 4), np.int32)
    for row, sample in enumerate(samples):
        width = sample.image.shape[1]
        images[row] = padded(sample.image, shape[2])
        labels[row, : len(sample.digits)] = sample.digits
        boxes[row, : len(sample.boxes)] = sample.boxes
        columns[:, row] = width, sample.total, sample.writer, sample.index
        masks[row] = bit_masks(recipe, sample)
        strokes.append(label_strokes(sample, row))
        effects.append(json.dumps(sample.effects))
        forms.append([*sample.forms, *[""] * (longest - len(sample.forms))])
        texts.append(sample.text)
        signs.append([*sample.signs, *[""] * (longest - len(sample.signs))])
        sign_boxes[row, : len(sample.signs)] = sample.sign_boxes
    points, stroke_labels = (np.concatenate(parts) for parts in zip(*strokes, strict=True))
    np.savez_compressed(
        folder / f"{plan.split}-{shard.of}.npz",
        allow_pickle=False,
        images=images,
        labels=labels[:, 0] if recipe.kind == "digits" else labels,
        boxes=boxes,
        masks=masks,
        strokes=points,
        stroke_labels=stroke_labels,
        forms=np.array(forms),
        texts=np.array(texts),
        signs=np.array(signs),
        sign_boxes=sign_boxes,
        **dict(zip(("widths", "totals", "writers", "indices"), columns, strict=True)),
        effects=np.array(effects),
        seed=np.int64(recipe.seed),
    )


# Of these IDX files a sample may have any number of entries.
_STROKES = {"strokes": ("float", (3,)), "stroke-labels": ("int", (3,))}


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
        "forms": ("ubyte", (longest,)),
        "masks": (
            {"u1": "ubyte", "u2": "short", "u4": "int"}[mask_type(recipe)],
            (recipe.picture_height, recipe.greatest_width),
        ),
        **_STROKES,
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
    forms = [FORM_NAMES.index(form) for form in sample.forms]
    forms += [NO_DIGIT] * (recipe.length_range[1] - len(forms))
    points, stroke_labels = label_strokes(sample, sample.index)
    masks = bit_masks(recipe, sample)
    # Numbers in IDX files are big-endian.
    return {
        "images": padded(image, recipe.greatest_width),
        "labels": labels,
        "boxes": np.pad(sample.boxes, ((0, missing), (0, 0))).astype(">i4"),
        "widths": np.array(image.shape[1], ">i4"),
        "totals": np.array(sample.total, ">i4"),
        "writers": np.array(sample.writer, ">i4"),
        "forms": np.array(forms, np.uint8),
        "masks": masks.astype(masks.dtype.newbyteorder(">")),
        "strokes": points.astype(">f4"),
        "stroke-labels": stroke_labels.astype(">i4"),
    }


def join_idx(folder: Path, parts: list[Path], plan: Plan) -> list[str]:
    """Make `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and so on."""
    names = []
    for what, (dtype, shape) in _idx_files(plan).items():
        name, count = _idx_name(plan, what), plan.recipe.count
        if what in _STROKES:
            size = sum((part / name).stat().st_size for part in parts)
            count = size // (_IDX_TYPES[dtype][1] * int(np.prod(shape)))
        names.append(join_files(folder, name, parts, idx_header(dtype, (count, *shape))))
    return names


def idx_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The header of an IDX file of values of a type: "ubyte", "short", "int" or "float"."""
    return bytes([0, 0, _IDX_TYPES[dtype][0], len(shape)]) + np.array(shape, ">i4").tobytes()
