"""Digits to evaluate, from an NPZ or a folder of pictures, with or without labels."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from handsum.data.folder import read_with_polarity
from handsum.data.labels import read_labels
from handsum.data.mnist import Dataset
from handsum.data.pictures.ink import is_ink_dark
from handsum.errors import DatasetError
from handsum.images import DIGIT_SIZE, PICTURE_SUFFIXES

# The names that people give to images and labels.
_IMAGES, _LABELS = ("images", "x", "samples", "arr_0"), ("labels", "y", "arr_1")
# A set counts as mixed if a larger share of its digits looks inverted (as ink that reaches the edge
# of the picture does).
_ODD_SHARE = 0.01
# The error that arithmetic adds to a range, such as -0.001 for black.
_SLACK = 0.05


@dataclass(frozen=True)
class Samples:
    """Digits from a file or folder: images uint8 (N, 28, 28), white on black, and their labels.

    labels int64 (N,) and writers int64 (N,) are None if unknown; `notes` says what was changed.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None
    writers: np.ndarray | None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)


def load_samples(path: str | Path, labels: str | Path | None = None) -> Samples:
    """Load digits from an NPZ or NPY file, or from a folder of pictures.

    Arrays hold 28x28 images as uint8, or as floats in [0, 1] or [-1, 1], flat or with a channel, or
    sequences of images with as many labels; an NPZ may also hold `labels` and `writers`. A folder
    holds pictures in class folders 0 to 9, or files such as `00000_7.png`. `labels` is a NPY, NPZ,
    TXT or CSV file that overrides these: for arrays one label each in their order, for pictures
    rows of `file,label`.

    Raises:
        DatasetError: there is nothing, it holds no such digits, some are black on white and others
            white on black, or the labels do not fit them.
    """
    place = Path(os.path.expanduser(path))
    names: list[str] = []
    writers = None
    notes: list[str] = []
    if os.path.isdir(place):
        images, turned, names, found = _read_folder(place)
    elif place.suffix.lower() in (".npz", ".npy") and os.path.exists(place):
        images, found, writers, notes = _read_arrays(place)
        turned = is_ink_dark(images)
    elif os.path.exists(place):
        raise DatasetError(f"cannot read {place}: give an .npz or .npy file, or a folder")
    else:
        raise DatasetError(f"{place} does not exist")
    if labels is not None:
        found = read_labels(Path(os.path.expanduser(labels)), names)
    if found is not None:
        found = _check_labels(found, len(images), str(labels or place))
    note = _polarity(turned, str(place))
    if note:
        notes.append(note)
        images = images if names else 255 - images  # pictures in files were inverted one by one
    blank = int((np.ptp(images.reshape(len(images), -1), axis=1) == 0).sum())
    if blank == len(images):
        raise DatasetError(f"{place}: nothing is written in any of the {blank:,} digits")
    if blank:
        notes.append(f"nothing is written in {blank:,} of {len(images):,} digits")
    return Samples(place.name or str(place), images, found, writers, tuple(notes))


def light_on_dark(data: Dataset, name: str) -> tuple[Dataset, str | None]:
    """Digits, inverted if all are dark on light, and a note that says so.

    Raises:
        DatasetError: some are dark on light and some are not.
    """
    note = _polarity(is_ink_dark(data.images), name)
    return (replace(data, images=255 - data.images) if note else data), note


def _read_folder(
    folder: Path,
) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray | None]:
    """Pictures of a folder or its class folders: images, whether inverted, names and labels."""

    def pictures(pattern: str) -> list[Path]:
        return sorted(
            path
            for path in folder.glob(pattern)
            if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file() and path.name[0] != "."
        )

    loose, classes = pictures("*"), pictures("[0-9]/*")
    if loose and classes:
        raise DatasetError(
            f"{folder} holds pictures beside its class folders, such as {loose[0].name}: "
            "move them into one, or out"
        )
    paths = loose or classes
    if not paths:
        raise DatasetError(
            f"{folder} holds no pictures: put them there, or in one folder for each digit, 0 to 9"
        )
    images, turned = zip(*map(read_with_polarity, paths), strict=True)
    if classes:
        labels = [int(path.parent.name) for path in paths]
    else:
        marks = [re.search(r"_([0-9])$", path.stem) for path in paths]
        labels = [int(mark[1]) for mark in marks if mark]
    known = np.array(labels, np.int64) if len(labels) == len(paths) else None
    names = [path.relative_to(folder).as_posix() for path in paths]
    return np.stack(images), np.array(turned), names, known


def _read_arrays(
    path: Path,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None, list[str]]:
    """Images, labels and writers of a NumPy file, and notes on what was assumed."""
    arrays = _load_arrays(path)
    name = next((name for name in _IMAGES if name in arrays), None)
    if name is None:
        held = ", ".join(arrays) or "nothing"
        raise DatasetError(f"{path} holds {held}: name its images {_IMAGES[0]!r}")
    labels = next((arrays[key] for key in _LABELS if key in arrays), None)
    sequences = labels is not None and labels.ndim == 2
    images, length, notes = _as_digits(arrays[name], f"{path}: {name}", sequences)
    writers = arrays.get("writers")
    if writers is not None:
        if writers.dtype.kind not in "ui":
            raise DatasetError(f"{path}: writers are whole numbers, not {writers.dtype}")
        writers = np.repeat(writers.reshape(-1), length).astype(np.int64)
        if len(writers) != len(images):
            raise DatasetError(f"{path} holds {len(images)} digits but {len(writers)} writers")
    return images, None if labels is None else labels.reshape(-1), writers, notes


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a NPZ by name, or the one of a NPY as "images"."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"images": loaded}
        with loaded:
            wanted = [name for name in loaded.files if name in (*_IMAGES, *_LABELS, "writers")]
            arrays = {name: loaded[name] for name in wanted or loaded.files}
    except Exception as error:
        # A damaged header raises all kinds of errors.
        raise DatasetError(f"cannot read {path}: {error}") from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise DatasetError(f"cannot read {path}: it holds files that are no arrays")
    return arrays


def _as_digits(images: np.ndarray, name: str, sequences: bool) -> tuple[np.ndarray, int, list[str]]:
    """Any usual array of digits as uint8 (N, 28, 28); the digits of each entry, and notes."""
    shape = images.shape
    side = DIGIT_SIZE
    forms = [(side, side), (side, side, 1), (1, side, side), (side * side,)]
    if sequences and len(shape) == 4:
        forms.append((shape[1], side, side))
    if shape[1:] not in forms or not images.size:
        found = "x".join(map(str, shape)) or "a single number"
        raise DatasetError(
            f"{name} has the shape {found}, expected N x 28 x 28, N 1 or more; "
            "sequences N x L x 28 x 28 need labels N x L"
        )
    length = shape[1] if sequences and len(shape) == 4 else 1
    images = images.reshape(-1, side, side)
    if images.dtype.kind not in "uifb":
        raise DatasetError(f"{name} is of type {images.dtype}, expected bytes or floats")
    if not np.isfinite(images).all():
        broken = int((~np.isfinite(images)).any((1, 2)).sum())
        raise DatasetError(f"{name}: {broken} of {len(images)} images hold NaN or infinity")
    low, high = float(images.min()), float(images.max())
    note: list[str] = []
    if low < -_SLACK:
        if not (-1 - _SLACK <= low <= -0.5 and high <= 1 + _SLACK):
            raise DatasetError(
                f"{name} holds values from {low:g} to {high:g}: "
                "expected 0 to 255, 0 to 1, or -1 to 1"
            )
        images = (images + 1) * 127.5
    elif high <= 1 + _SLACK:
        if images.dtype.kind != "f" and high:
            note.append("values of 0 and 1 were taken for black and white")
        images = images * 255.0
    elif high > 255:
        raise DatasetError(f"{name} holds values up to {high:g}: expected 0 to 255, or 0 to 1")
    return np.rint(images.clip(0, 255)).astype(np.uint8), length, note


def _check_labels(labels: np.ndarray, count: int, name: str) -> np.ndarray:
    """Labels int64 (N,); raise unless they are digits, one for each image."""
    if len(labels) == 10 * count and (np.count_nonzero(labels.reshape(-1, 10), 1) == 1).all():
        raise DatasetError(f"{name} holds one-hot labels: use labels.argmax(1), one digit each")
    if len(labels) != count:
        raise DatasetError(f"{name} holds {len(labels)} labels for {count} digits")
    if labels.dtype.kind not in "uif" or not np.isin(labels, np.arange(10)).all():
        raise DatasetError(f"{name} holds labels other than 0 to 9")
    return labels.astype(np.int64)


def _polarity(turned: np.ndarray, name: str) -> str | None:
    """A note if all digits are dark on light, by `turned` (N,); None if none are.

    Raises:
        DatasetError: some are and some are not.
    """
    share = turned.mean()
    if share <= _ODD_SHARE:
        return None
    if share < 1 - _ODD_SHARE:
        raise DatasetError(
            f"{name}: {turned.sum():,} of {len(turned):,} digits are dark on light and the others "
            "light on dark: make them all light on dark, as MNIST's are"
        )
    return "dark ink on light paper: all digits were inverted"
