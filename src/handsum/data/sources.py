"""Data sets by specification: `mnist`, `tfds:NAME[/CONFIG]`, `idx:DIR` or `folder:DIR`.

All of them give digits as MNIST has them, in an order that does not change from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from handsum.data import mnist
from handsum.data.folder import open_folder
from handsum.data.idx import open_idx
from handsum.data.mnist import SPLITS, Dataset, Split
from handsum.data.tfds import open_tfds
from handsum.errors import DatasetError, UsageError
from handsum.images import DIGIT_SIZE

FORMS = "mnist, tfds:NAME[/CONFIG], idx:DIR or folder:DIR"

# Where a data set brings no validation split, every twelfth digit of its training split is one:
# 5,000 of MNIST's 60,000.
VALIDATION_STRIDE = 12

# One loader for each split that the data set has; none of them is run before it is asked for.
Loaders = Mapping[str, Callable[[], Dataset]]

_OPENERS: Mapping[str, Callable[[str], Loaders]] = MappingProxyType(
    {"tfds": open_tfds, "idx": open_idx, "folder": open_folder}
)


def load_dataset(spec: str = "mnist", split: Split = "train") -> Dataset:
    """Load one split of the data set that `spec` names (see `FORMS`).

    Validation is the data set's own, or else every twelfth digit of its training split (which
    then goes without them). Only `mnist` knows its writers.

    Raises:
        UsageError: no such form of specification, or no such split.
        DatasetError: the data are missing, damaged, or not digits of 28x28 labelled 0 to 9.
    """
    if split not in SPLITS:
        raise UsageError(f"no split {split!r}: choose from {', '.join(SPLITS)}")
    if spec == "mnist":
        return mnist.load(split)
    loaders = _open(spec)
    carve = split != "test" and "validation" not in loaders
    source = "train" if carve else split
    if source not in loaders:
        raise DatasetError(f"{spec} has no {source} split: it has {', '.join(loaders)}")
    data = _checked(loaders[source](), spec)
    if not carve:
        return data
    held_out = np.arange(len(data)) % VALIDATION_STRIDE == VALIDATION_STRIDE - 1
    if not held_out.any():
        raise DatasetError(
            f"{spec} has {len(data)} digits to train on: "
            f"to spare some for validation it takes {VALIDATION_STRIDE} or more"
        )
    return data.where(held_out if split == "validation" else ~held_out)


def load_all(spec: str) -> Dataset:
    """Load every digit of a data set, whatever its splits (see `load_dataset` for errors)."""
    if spec == "mnist":
        parts = [mnist.load(split) for split in SPLITS]
    else:
        parts = [_checked(load(), spec) for load in _open(spec).values()]
    images, labels = (
        np.concatenate(columns)
        for columns in zip(*((part.images, part.labels) for part in parts), strict=True)
    )
    return Dataset(images, labels)


def _open(spec: str) -> Loaders:
    """The splits of a data set other than `mnist`."""
    kind, _, place = spec.partition(":")
    if kind not in _OPENERS or not place:
        raise UsageError(f"no data set {spec!r}: write {FORMS}")
    return _OPENERS[kind](place)


def _checked(data: Dataset, spec: str) -> Dataset:
    """`data`, which must hold at least one digit of 28x28, each with a label from 0 to 9."""
    images, labels = data.images, data.labels
    if images.ndim != 3 or images.shape[1:] != (DIGIT_SIZE, DIGIT_SIZE):
        shape = "x".join(map(str, images.shape))
        raise DatasetError(f"{spec} holds images of shape {shape}, expected Nx28x28")
    if labels.shape != images.shape[:1]:
        raise DatasetError(f"{spec} holds {len(images)} images but {labels.size} labels")
    if not len(images):
        raise DatasetError(f"{spec} is empty")
    if labels.min() < 0 or labels.max() > 9:
        raise DatasetError(
            f"{spec} holds labels from {labels.min()} to {labels.max()}: only digits, 0 to 9, fit"
        )
    return data
