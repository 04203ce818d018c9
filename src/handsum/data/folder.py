"""Data sets as folders of pictures: one folder for each digit, named 0 to 9."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from handsum.data.mnist import SPLITS, Dataset
from handsum.data.pictures.single import single_digit
from handsum.errors import DatasetError, HandsumError
from handsum.images import DIGIT_SIZE, PICTURE_SUFFIXES, load_picture

# Without train/ and test/, every sixth picture of a class is in the test split, as in MNIST.
TEST_STRIDE = 6


def open_folder(place: str) -> dict[str, Callable[[], Dataset]]:
    """Find the class folders 0 to 9 in `place`, or in its train/, test/ and validation/.

    Without such folders the test split is every sixth picture of a class, sorted by name.

    Raises:
        DatasetError: no such directory, a folder that is not named by a digit, or no pictures.
    """
    root = Path(os.path.expanduser(place))
    if not os.path.isdir(root):
        raise DatasetError(f"{root} is not a directory")
    splits = [split for split in SPLITS if (root / split).is_dir()]
    if splits:
        return {split: partial(_read_all, root / split) for split in splits}
    classes = _files(root)
    train = [
        (path, digit)
        for digit, paths in classes.items()
        for index, path in enumerate(paths)
        if index % TEST_STRIDE != TEST_STRIDE - 1
    ]
    test = [
        (path, digit)
        for digit, paths in classes.items()
        for path in paths[TEST_STRIDE - 1 :: TEST_STRIDE]
    ]
    return {"train": partial(_read, train), "test": partial(_read, test)}


def _files(folder: Path) -> dict[int, list[Path]]:
    """The pictures in each class folder of `folder`, sorted by name."""
    classes = {}
    for child in sorted(folder.iterdir()):
        if not child.is_dir() or child.name.startswith("."):
            continue
        if len(child.name) != 1 or child.name not in "0123456789":
            raise DatasetError(
                f"{child} is not named by a digit: make one folder for each digit, 0 to 9"
            )
        classes[int(child.name)] = sorted(
            path
            for path in child.iterdir()
            if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")
        )
    if not any(classes.values()):
        raise DatasetError(
            f"{folder} has no pictures: put them in one folder for each digit, named 0 to 9"
        )
    return classes


def _read_all(folder: Path) -> Dataset:
    return _read([(path, digit) for digit, paths in _files(folder).items() for path in paths])


def _read(files: list[tuple[Path, int]]) -> Dataset:
    images = np.zeros((len(files), DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    for index, (path, _) in enumerate(files):
        images[index] = read_digit(path)
    return Dataset(images, np.array([digit for _, digit in files], np.int64))


def read_digit(path: Path) -> np.ndarray:
    """Read a picture of one digit: uint8 (28, 28), white on black, as `handsum.predict` sees it.

    Any size, mode, light and colour of ink. A picture of 28x28 keeps its pixels; dark ink is
    inverted.

    Raises:
        DatasetError: the file is no picture, or nothing is written in it.
    """
    return read_with_polarity(path)[0]


def read_with_polarity(path: Path) -> tuple[np.ndarray, bool]:
    """As `read_digit`; also return whether the picture was dark on light, and so inverted."""
    try:
        grey = load_picture(path)
    except HandsumError as error:
        raise DatasetError(str(error)) from error
    height, width = grey.shape
    if width > 2 * height:
        raise DatasetError(f"{path} is {width}x{height}: too wide for one digit")
    digit, dark = single_digit(grey)
    if digit is None:
        raise DatasetError(f"nothing is written in {path}")
    return digit, dark
