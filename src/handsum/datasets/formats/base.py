"""What all formats share: the functions of a format, and a sample's picture and labels."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample
from handsum.files import atomic_write
from handsum.layout.marks import value_of

# The folder, within a shard's, of its parts of joined files; it is removed in the end.
PARTS = "parts"


def _join_nothing(folder: Path, parts: list[Path], plan: Plan) -> list[str]:
    return []


def _check_nothing() -> None:
    return


@dataclass(frozen=True)
class Format:
    """The functions that write a data set in a format.

    `write_shard` writes a shard's files into an empty folder, under their final names, and its
    parts of joined files into the folder PARTS there. `join` makes the joined files from the parts
    of all shards, in order, and returns their names. Both give the same bytes for the same samples.
    With `only_joined`, shards have parts and no files of their own. `check` raises a HandsumError
    if a library is missing.
    """

    write_shard: Callable[[Path, Plan, Shard, Iterator[Sample]], None]
    join: Callable[[Path, list[Path], Plan], list[str]] = _join_nothing
    only_joined: bool = False
    check: Callable[[], None] = _check_nothing


def encode_picture(image: np.ndarray) -> bytes:
    """Encode a picture uint8 (H, W) or (H, W, 3) as PNG, fast rather than as small as possible."""
    buffer = io.BytesIO()
    # The highest level takes 15 times as long, for files a tenth smaller.
    Image.fromarray(image).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def labels_of(sample: Sample) -> dict[str, Any]:
    """The labels of a sample as plain values: everything but its picture."""
    return {
        "index": sample.index,
        "text": sample.text,
        "digits": list(sample.digits),
        "boxes": sample.boxes.tolist(),
        "masks": encode_masks(sample, sample.masks, sample.boxes),
        "strokes": [
            [_points(stroke).tolist() for stroke in digit.controls] for digit in sample.strokes
        ],
        "forms": list(sample.forms),
        "signs": list(sample.signs),
        "sign_boxes": sample.sign_boxes.tolist(),
        "value": value_of(sample.text),
        "total": sample.total,
        "writer": sample.writer,
        "seed": sample.seed,
        "effects": sample.effects,
    } | ({"rows": list(sample.rows), "row_boxes": sample.row_boxes.tolist()} if sample.rows else {})


def _points(stroke: np.ndarray) -> np.ndarray:
    """The control points of a stroke, float (P, 3): x, y and width, in pixels."""
    return (stroke * [1, 1, 2]).round(3)


def list_strokes(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """All strokes of a sample in flat arrays.

    Returns the control points float32 (P, 3), x, y and width; and for each stroke its digit's place
    and its number of points, int32 (S, 2).
    """
    points, labels = [np.empty((0, 3))], []
    for place, digit in enumerate(sample.strokes):
        points += map(_points, digit.controls)
        labels += [(place, len(stroke)) for stroke in digit.controls]
    flat = np.concatenate(points).astype(np.float32)
    return flat, np.array(labels, np.int32).reshape(-1, 2)


def encode_masks(
    sample: Sample, masks: Iterable[np.ndarray], boxes: np.ndarray
) -> list[dict[str, list[int]]]:
    """Masks of a sample, each the pixels of a box, as COCO's run lengths."""
    size = sample.image.shape[:2]
    return [encode_mask(mask, box, size) for mask, box in zip(masks, boxes, strict=True)]


def encode_mask(mask: np.ndarray, box: np.ndarray, size: tuple[int, ...]) -> dict[str, list[int]]:
    """A mask, the pixels of a box, as COCO's run lengths in a picture of `size` (H, W).

    `counts` are the lengths of runs of 0 and 1 in turns, down one column after another, 0 first.
    """
    (height, width), (x, y, wide, high) = size, box
    columns = np.zeros((wide, height), bool)
    columns[:, y : y + high] = mask.T
    ends = np.flatnonzero(np.diff(columns.ravel(), prepend=False))
    counts = np.diff(ends + x * height, prepend=0, append=height * width)
    return {"size": [int(height), int(width)], "counts": counts.tolist()}


def full_mask(mask: np.ndarray, box: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """A mask, the pixels of a box, in a picture of `size` (H, W): bool (H, W)."""
    x, y, width, height = box
    full = np.zeros(size, bool)
    full[y : y + height, x : x + width] = mask
    return full


def concatenate(target: BinaryIO, parts: Iterable[Path]) -> None:
    """Copy the contents of files one after another."""
    for part in parts:
        with part.open("rb") as source:
            shutil.copyfileobj(source, target, 1 << 20)


def join_files(folder: Path, name: str, parts: list[Path], header: bytes = b"") -> str:
    """Make the file `name` from a header and the files of that name in the parts."""
    with atomic_write(folder / name) as file:
        file.write(header)
        concatenate(file, (part / name for part in parts))
    return name
