"""Data sets by specification: `mnist`, `tfds:NAME[/CONFIG]`, `idx:DIR`, `folder:DIR`, `pages:DIR`.

All give digits in MNIST's form, in the same order in every run; `pages:DIR` also gives pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from handsum.data import mnist
from handsum.data.folder import open_folder
from handsum.data.idx import open_idx
from handsum.data.mnist import SPLITS, Dataset, Split
from handsum.data.pages.own import Find, open_pages
from handsum.data.tfds import open_tfds
from handsum.errors import DatasetError, UsageError
from handsum.images import DIGIT_SIZE

FORMS = "mnist, tfds:NAME[/CONFIG], idx:DIR, folder:DIR or pages:DIR"

# Without a validation split, every twelfth digit of the training split is used for validation, like
# 5,000 of MNIST's 60,000.
VALIDATION_STRIDE = 12

# One loader for each split of the data set; a split is loaded when its loader is called.
Loaders = Mapping[str, Callable[[], Dataset]]

_OPENERS: Mapping[str, Callable[[str], Loaders]] = MappingProxyType(
    {"tfds": open_tfds, "idx": open_idx, "folder": open_folder}
)


def load_dataset(spec: str = "mnist", split: Split = "train", find: Find | None = None) -> Dataset:
    """Load one split of the data set that `spec` names (see `FORMS`).

    `find` finds signs in pictures, which `pages:DIR` needs.

    Without a validation split, every twelfth digit of the training split is used for validation,
    and left out of training. Only `mnist` has writers.

    Raises:
        UsageError: an unknown kind of specification, or an unknown split.
        DatasetError: the data are missing or damaged, or not digits of 28x28 labelled 0 to 9.
    """
    if split not in SPLITS:
        raise UsageError(f"no split {split!r}: choose from {', '.join(SPLITS)}")
    if spec == "mnist":
        return mnist.load(split)
    loaders = _open(spec, find)
    carve = split != "test" and "validation" not in loaders
    source = "train" if carve else split
    if source not in loaders:
        raise DatasetError(f"{spec} has no {source} split: it has {', '.join(loaders)}")
    data = loaders[source]()
    if not len(data):
        raise DatasetError(f"{spec} has no digits in its {source} split: use more")
    _checked(data, spec)
    if not carve:
        return data
    held_out = np.arange(len(data)) % VALIDATION_STRIDE == VALIDATION_STRIDE - 1
    if not held_out.any():
        raise DatasetError(
            f"{spec} has {len(data)} digits to train on: "
            f"use {VALIDATION_STRIDE} or more, to have some for validation"
        )
    return data.where(held_out if split == "validation" else ~held_out)


def load_all(spec: str) -> Dataset:
    """Load the digits of all splits of a data set (see `load_dataset` for errors)."""
    if spec == "mnist":
        parts = [mnist.load(split) for split in SPLITS]
    else:
        # A small folder has no picture for its test split.
        loaded = [load() for load in _open(spec).values()]
        parts = [_checked(part, spec) for part in loaded if len(part)]
        if not parts:
            raise DatasetError(f"{spec} is empty")
    images, labels = (
        np.concatenate(columns)
        for columns in zip(*((part.images, part.labels) for part in parts), strict=True)
    )
    return Dataset(images, labels)


def _open(spec: str, find: Find | None = None) -> Loaders:
    """Return the splits of a data set other than `mnist`."""
    scheme, _, place = spec.partition(":")
    if scheme == "pages" and place:
        return open_pages(place, find)
    if scheme not in _OPENERS or not place:
        raise UsageError(f"no data set {spec!r}: write {FORMS}")
    return _OPENERS[scheme](place)


def _checked(data: Dataset, spec: str) -> Dataset:
    """Check that `data` has digits of 28x28 with labels from 0 to 9, and return it."""
    images, labels = data.images, data.labels
    if images.ndim != 3 or images.shape[1:] != (DIGIT_SIZE, DIGIT_SIZE):
        shape = "x".join(map(str, images.shape))
        raise DatasetError(f"{spec} has images of shape {shape}, expected Nx28x28")
    if labels.shape != images.shape[:1]:
        raise DatasetError(f"{spec} has {len(images)} images but {labels.size} labels")
    if labels.min() < 0 or labels.max() > 9:
        raise DatasetError(
            f"{spec} has labels from {labels.min()} to {labels.max()}: use digits, 0 to 9"
        )
    return data
