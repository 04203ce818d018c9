"""Data sets as folders of images: one folder per digit, named 0 to 9."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from handsum.data.mnist import SPLITS, Dataset
from handsum.errors import DatasetError
from handsum.images import DIGIT_SIZE, mnist_digit

SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)

# Without train/ and test/, every sixth image of each class is the test split, about MNIST's share.
TEST_STRIDE = 6

# Ink must differ from its paper by this much (of 255) to count as writing.
_FAINTEST_INK = 32


def open_folder(place: str) -> dict[str, Callable[[], Dataset]]:
    """Find the class folders 0 to 9 in `place`, or in its train/, test/ and validation/.

    Without such folders the test split is carved out of the images, sorted by name.

    Raises:
        DatasetError: no such directory, a sub-folder that is no digit, or no images.
    """
    root = Path(place).expanduser()
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
    """The image files of each class folder of `folder`, in the order of their names."""
    classes = {}
    for child in sorted(folder.iterdir()):
        if not child.is_dir() or child.name.startswith("."):
            continue
        if len(child.name) != 1 or child.name not in "0123456789":
            raise DatasetError(f"{child} is no digit's folder: name one for each digit, 0 to 9")
        classes[int(child.name)] = sorted(
            path
            for path in child.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        )
    if not any(classes.values()):
        raise DatasetError(
            f"{folder} holds no images: put them in one folder for each digit, named 0 to 9"
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
    """Read a picture of one digit, of any size and mode: uint8 (28, 28), white on black.

    Dark ink on light paper, told by the picture's edge, is inverted. A picture of 28x28 is
    otherwise kept as it is; any other is fitted as MNIST's digits are.

    Raises:
        DatasetError: the file is no image, or nothing is written in it.
    """
    return read_turned(path)[0]


def read_turned(path: Path) -> tuple[np.ndarray, bool]:
    """`read_digit`, and whether the picture was dark on light and had to be inverted."""
    try:
        grey = _grey(path)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{path} is no readable image: {error}") from error
    if grey.shape[1] > 2 * grey.shape[0]:
        height, width = grey.shape
        raise DatasetError(f"{path} is {width}x{height}: too wide for one digit")
    turned = bool(dark_on_light(grey[None])[0])
    if turned:
        grey = 255 - grey
    if grey.shape == (DIGIT_SIZE, DIGIT_SIZE):
        return grey, turned
    paper = int(np.median(_edges(grey[None])))
    contrast = int(grey.max()) - paper
    if contrast < _FAINTEST_INK:
        raise DatasetError(f"nothing is written in {path}")
    ink = np.clip((grey.astype(np.float64) - paper) / contrast, 0, 1)
    return mnist_digit((255 * ink).round().astype(np.uint8)), turned


def dark_on_light(images: np.ndarray) -> np.ndarray:
    """Which of images uint8 (N, H, W) have paper, as their edge shows it, in their lighter half."""
    flat = images.reshape(len(images), -1).astype(np.int64)
    return np.median(_edges(images), axis=1) > (flat.min(1) + flat.max(1)) / 2


def _edges(images: np.ndarray) -> np.ndarray:
    """The pixels at the edges of images (N, H, W): (N, E)."""
    sides = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    return np.concatenate(sides, axis=1)


def _grey(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file)
        if image.mode.startswith("I"):
            # Pillow clips 16-bit grey at 255 instead of scaling it.
            return np.clip(np.asarray(image) / 257, 0, 255).astype(np.uint8)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            grey, alpha = (np.asarray(image.convert(mode)) for mode in ("L", "RGBA"))
            visible = alpha[..., 3] > 127
            # The paper of a drawing without one is whatever its ink is not.
            light_ink = visible.any() and grey[visible].mean() > 127
            paper = Image.new("RGBA", image.size, "black" if light_ink else "white")
            image = Image.alpha_composite(paper, image)
        return np.asarray(image.convert("L"))
