"""Digits from anywhere, to be measured: an NPZ or a folder of pictures, labelled or not."""

from __future__ import annotations

import csv
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handsum.data.folder import SUFFIXES, dark_on_light, read_turned
from handsum.data.mnist import Dataset
from handsum.errors import DatasetError
from handsum.images import DIGIT_SIZE

# Names under which people save images and labels.
_IMAGES, _LABELS = ("images", "x", "samples", "arr_0"), ("labels", "y", "arr_1")
# Up to this share of digits may look turned round (ink that reaches the picture's edge does) before
# the set counts as mixed.
_ODD_SHARE = 0.01


@dataclass(frozen=True)
class Samples:
    """Digits from a file or folder: images uint8 (N, 28, 28), white on black, and their labels.

    labels int64 (N,) and writers int64 (N,) are None where unknown; `notes` says what was changed.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None
    writers: np.ndarray | None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def labelled(self) -> Dataset:
        """These digits as a data set; only where their labels are known."""
        assert self.labels is not None
        return Dataset(self.images, self.labels, self.writers)


def load_samples(path: str | Path, labels: str | Path | None = None) -> Samples:
    """Load digits from an NPZ or NPY file, or from a folder of pictures.

    Arrays: 28x28 images as uint8, or as floats in [0, 1] or [-1, 1], flat or with a channel, or
    sequences of them; labels and writers beside them under those names. Folders: pictures in class
    folders 0 to 9, or side by side in files such as `00000_7.png`. `labels` is a NPY, NPZ, TXT or
    CSV file that says otherwise: one label each in their order, or rows of `file,label`.

    Raises:
        DatasetError: nothing is there, it is not such digits, some are black on white and others
            white on black, or the labels do not fit them.
    """
    place = Path(path).expanduser()
    names: list[str] = []
    writers = None
    if place.is_dir():
        images, turned, names, found = _read_folder(place)
    elif place.suffix.lower() in (".npz", ".npy") and place.exists():
        images, found, writers = _read_arrays(place)
        turned = dark_on_light(images)
    elif place.exists():
        raise DatasetError(f"cannot read {place}: give an .npz or .npy file, or a folder")
    else:
        raise DatasetError(f"{place} does not exist")
    if labels is not None:
        found = _read_labels(Path(labels).expanduser(), names)
    if found is not None:
        found = _check_labels(found, len(images), str(labels or place))
    notes = _polarity(turned, place)
    if notes and not names:
        images = 255 - images  # pictures in files were turned one by one
    return Samples(str(path), images, found, writers, notes)


def _read_folder(
    folder: Path,
) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray | None]:
    """Pictures of a folder or its class folders: images, which were turned, names and labels."""
    paths = sorted(
        path
        for path in [*folder.glob("*"), *folder.glob("[0-9]/*")]
        if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not paths:
        raise DatasetError(
            f"{folder} holds no pictures: put them there, or in one folder for each digit, 0 to 9"
        )
    images, turned = zip(*map(read_turned, paths), strict=True)
    marks = [
        re.fullmatch(r"[0-9]", path.parent.name)
        if path.parent != folder
        else re.search(r"_([0-9])$", path.stem)
        for path in paths
    ]
    known = [int(mark.group()[-1]) for mark in marks if mark]
    labels = np.array(known, np.int64) if len(known) == len(paths) else None
    names = [path.relative_to(folder).as_posix() for path in paths]
    return np.stack(images), np.array(turned), names, labels


def _read_arrays(path: Path) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Images, labels and writers of a NumPy file."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            arrays = {"images": loaded}
        else:
            with loaded:
                arrays = {name: loaded[name] for name in loaded.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(f"cannot read {path}: {error}") from error
    name = next((name for name in _IMAGES if name in arrays), None)
    if name is None:
        held = ", ".join(arrays) or "nothing"
        raise DatasetError(f"{path} holds {held}: name its images {_IMAGES[0]!r}")
    images, length = _as_digits(arrays[name], f"{path}: {name}")
    labels = next((arrays[key] for key in _LABELS if key in arrays), None)
    writers = arrays.get("writers")
    if writers is not None:
        writers = np.repeat(writers.reshape(-1), length).astype(np.int64)
        if len(writers) != len(images):
            raise DatasetError(f"{path} holds {len(images)} digits but {len(writers)} writers")
    return images, None if labels is None else labels.reshape(-1), writers


def _as_digits(images: np.ndarray, name: str) -> tuple[np.ndarray, int]:
    """Any usual array of digits as uint8 (N, 28, 28), and how many digits each entry held."""
    shape = images.shape
    pixels = DIGIT_SIZE * DIGIT_SIZE
    plain = shape[-2:] == (DIGIT_SIZE, DIGIT_SIZE) and len(shape) in (3, 4)
    channel = shape[-3:] == (DIGIT_SIZE, DIGIT_SIZE, 1) and len(shape) == 4
    if not (plain or channel or (len(shape) == 2 and shape[1] == pixels)) or not images.size:
        found = "x".join(map(str, shape)) or "a single number"
        raise DatasetError(f"{name} has the shape {found}, expected N x 28 x 28, N 1 or more")
    length = shape[1] if plain and len(shape) == 4 else 1
    images = images.reshape(-1, DIGIT_SIZE, DIGIT_SIZE)
    if images.dtype == bool:
        return images.astype(np.uint8) * 255, length
    if images.dtype.kind not in "uif":
        raise DatasetError(f"{name} is of type {images.dtype}, expected bytes or floats")
    if not np.isfinite(images).all():
        broken = int((~np.isfinite(images)).any((1, 2)).sum())
        raise DatasetError(f"{name}: {broken} of {len(images)} images hold NaN or infinity")
    low, high = float(images.min()), float(images.max())
    if images.dtype.kind == "f" and low >= -1 and high <= 1:
        images = (images + 1) * 127.5 if low < 0 else images * 255.0
    elif low < 0 or high > 255:
        raise DatasetError(
            f"{name} holds values from {low:g} to {high:g}: expected 0 to 255, 0 to 1, or -1 to 1"
        )
    return np.round(images).astype(np.uint8), length


def _read_labels(path: Path, names: list[str]) -> np.ndarray:
    """The labels in a file, in the order of the pictures `names` where it names them."""
    try:
        if path.suffix.lower() in (".npy", ".npz"):
            loaded = np.load(path, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded.reshape(-1)
            with loaded:
                key = next((key for key in _LABELS if key in loaded.files), loaded.files[0])
                return loaded[key].reshape(-1)
        rows = [row for row in csv.reader(path.read_text().splitlines()) if row]
    except (OSError, ValueError, IndexError, EOFError, zipfile.BadZipFile) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise DatasetError(f"cannot read the labels in {path}: {reason}") from error
    if rows and not rows[0][-1].strip().isdigit():
        rows = rows[1:]  # a header
    if any(not row[-1].strip().isdigit() for row in rows):
        raise DatasetError(f"{path} holds labels that are no digits")
    values = np.array([int(row[-1]) for row in rows], np.int64)
    if not names or not all(len(row) > 1 for row in rows):
        return values
    by_name = dict(zip((row[0].strip() for row in rows), values, strict=True))
    missing = [name for name in names if name not in by_name]
    if missing:
        raise DatasetError(f"{path} has no label for {missing[0]} and {len(missing) - 1} more")
    return np.array([by_name[name] for name in names], np.int64)


def _check_labels(labels: np.ndarray, count: int, name: str) -> np.ndarray:
    """Labels int64 (N,), which must be digits and as many as there are images."""
    if len(labels) != count:
        raise DatasetError(f"{name} holds {len(labels)} labels for {count} digits")
    if labels.dtype.kind not in "uif" or not np.isin(labels, np.arange(10)).all():
        raise DatasetError(f"{name} holds labels other than 0 to 9")
    return labels.astype(np.int64)


def _polarity(turned: np.ndarray, place: Path) -> tuple[str, ...]:
    """What to say of digits (N,) of which these are dark on light.

    Raises:
        DatasetError: some are and some are not.
    """
    share = turned.mean()
    if share <= _ODD_SHARE:
        return ()
    if share < 1 - _ODD_SHARE:
        raise DatasetError(
            f"{place}: {turned.sum():,} of {len(turned):,} digits are dark on light and the others "
            "light on dark: make them all light on dark, as MNIST's are"
        )
    return ("dark ink on light paper: all digits were inverted",)
