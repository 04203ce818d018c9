"""Data sets in MNIST's own file format: IDX files, gzipped or not, in one directory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from handsum.data.mnist import Dataset, Split, read_idx
from handsum.errors import DatasetError

# MNIST calls its test files t10k-..., EMNIST emnist-digits-test-...; some archives unpack to
# train-images.idx3-ubyte.
_NAME = re.compile(
    r"(?:(?P<prefix>.+)-)?(?P<split>train|validation|t10k|test)-(?P<part>images|labels)"
    r"[-.]idx[13]-ubyte(?:\.gz)?"
)
_SPLITS: dict[str, Split] = {
    "train": "train",
    "validation": "validation",
    "t10k": "test",
    "test": "test",
}


def open_idx(place: str) -> dict[str, Callable[[], Dataset]]:
    """Find the IDX files of the directory `place`: one loader for each split that is there.

    EMNIST's files, known by their names, hold every image transposed and are turned upright.

    Raises:
        DatasetError: no such directory, no such files in it, files of several data sets, or
            images without labels.
    """
    folder = Path(place).expanduser()
    if not os.path.isdir(folder):
        raise DatasetError(f"{folder} is not a directory")
    parts: dict[Split, dict[str, Path]] = {}
    prefixes = set()
    # In reverse order, so that of train-images-... and train-images-....gz the plain one stays.
    for path in sorted(folder.iterdir(), reverse=True):
        if match := _NAME.fullmatch(path.name):
            prefixes.add(match["prefix"] or "")
            parts.setdefault(_SPLITS[match["split"]], {})[match["part"]] = path
    if not parts:
        raise DatasetError(
            f"{folder} holds no IDX files: expected names like train-images-idx3-ubyte.gz"
        )
    if len(prefixes) > 1:
        names = ", ".join(sorted(prefixes))
        raise DatasetError(f"{folder} holds several data sets ({names}): give each its own")
    for split, files in parts.items():
        if missing := {"images", "labels"} - set(files):
            raise DatasetError(f"{folder} has no {missing.pop()} for its {split} split")
    transposed = prefixes.pop().startswith("emnist")
    return {
        split: partial(_read, files["images"], files["labels"], transposed)
        for split, files in parts.items()
    }


def _read(images: Path, labels: Path, transposed: bool) -> Dataset:
    pixels = read_idx(images)
    if transposed and pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels.transpose(0, 2, 1))
    return Dataset(pixels, read_idx(labels).astype(np.int64))
