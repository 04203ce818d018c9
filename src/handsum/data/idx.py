"""Data sets in MNIST's file format: IDX files, gzipped or not, in one directory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from handsum.data.mnist import Dataset, Split, read_idx
from handsum.errors import DatasetError

# MNIST calls its test files t10k-..., EMNIST emnist-digits-test-..., QMNIST has labels in
# qmnist-test-labels-idx2-int; some archives unpack to train-images.idx3-ubyte.
_NAME = re.compile(
    r"(?:(?P<prefix>.+)-)?(?P<split>train|validation|t10k|test)-(?P<part>images|labels)"
    r"[-.](?:idx[13]-ubyte|idx2-int)(?:\.gz)?"
)
# A QMNIST label is a row of the digit, where in NIST it is from, and its writer.
_QMNIST_COLUMNS = 8
_SPLITS: dict[str, Split] = {
    "train": "train",
    "validation": "validation",
    "t10k": "test",
    "test": "test",
}


def open_idx(place: str) -> dict[str, Callable[[], Dataset]]:
    """Find the IDX files in the directory `place`: one loader for each split.

    The images of EMNIST, known by its file names, are transposed: they are turned upright. The
    labels of QMNIST are the first of eight columns.

    Raises:
        DatasetError: no such directory, no such files in it, files of several data sets, or
            images without labels.
    """
    folder = Path(os.path.expanduser(place))
    if not os.path.isdir(folder):
        raise DatasetError(f"{folder} is not a directory")
    parts: dict[Split, dict[str, Path]] = {}
    prefixes = set()
    # In reverse order: of train-images-... and train-images-....gz the first is used.
    for path in sorted(folder.iterdir(), reverse=True):
        if match := _NAME.fullmatch(path.name):
            prefixes.add(match["prefix"] or "")
            parts.setdefault(_SPLITS[match["split"]], {})[match["part"]] = path
    if not parts:
        raise DatasetError(
            f"{folder} has no IDX files: expected names like train-images-idx3-ubyte.gz"
        )
    if len(prefixes) > 1:
        names = ", ".join(sorted(prefixes))
        raise DatasetError(f"{folder} has several data sets ({names}): give each its own folder")
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
    if pixels.dtype != np.uint8:
        raise DatasetError(f"{images} has 32-bit integers: expected images of bytes")
    if transposed and pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels.transpose(0, 2, 1))
    return Dataset(pixels, read_idx_labels(labels))


def read_idx_labels(path: Path) -> np.ndarray:
    """Read the labels in an IDX file, int64: MNIST's, or the first column of QMNIST's."""
    labels = read_idx(path)
    if labels.dtype == np.int32 and labels.shape[1:] == (_QMNIST_COLUMNS,):
        labels = labels[:, 0]
    return labels.astype(np.int64)
