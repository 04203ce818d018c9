"""A picture of one digit gives the digit that reading sees in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.data import mnist
from handsum.data.folder import read_digit
from handsum.data.pictures.ink import is_ink_dark
from handsum.data.pictures.single import single_digit
from handsum.errors import DatasetError
from handsum.reading.predict import predict

KINDS = (
    "1 bit", "8 bits", "12 bits", "16 bits", "32 bits", "float", "float to 255", "palette",
    "transparent", "light ink", "grey", "shadow", "blue ink", "yellow ink", "cmyk", "large",
)  # fmt: skip


IMAGES, LABELS = (getattr(mnist.load("validation"), name) for name in ("images", "labels"))


def likeness(digit: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(digit.ravel(), other.ravel())[0, 1])


def draw(index: int, scale: int = 4, margin: int = 30) -> np.ndarray:
    """Draw a digit of MNIST as dark ink, float32 (H, W): 0 is ink, 1 paper."""
    digit = Image.fromarray(IMAGES[index])
    digit = digit.resize((28 * scale, 28 * scale), Image.Resampling.BICUBIC)
    return 1 - np.pad(np.asarray(digit, np.float32) / 255, margin)


def as_bytes(grey: np.ndarray) -> np.ndarray:
    return np.rint(grey.clip(0, 1) * 255).astype(np.uint8)


def paint(grey: np.ndarray, ink: tuple[int, ...]) -> Image.Image:
    pixels = grey[..., None] * 255 + (1 - grey[..., None]) * np.array(ink)
    return Image.fromarray(np.rint(pixels).astype(np.uint8))


def save(grey: np.ndarray, kind: str, folder: Path) -> Path:
    """Save a picture, as the kind says, and return its path."""
    path = folder / ("picture.tif" if kind in ("float", "float to 255", "32 bits") else "a.png")
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shadow = 0.65 + 0.3 * x - 0.1 * y
    picture = {
        "1 bit": lambda: Image.fromarray(as_bytes(grey)).convert("1", dither=Image.Dither.NONE),
        "8 bits": lambda: Image.fromarray(as_bytes(grey)),
        "12 bits": lambda: Image.fromarray(np.rint(grey * 4095).astype(np.uint16)),
        "16 bits": lambda: Image.fromarray(np.rint(grey * 65535).astype(np.uint16)),
        "32 bits": lambda: Image.fromarray(np.rint(grey * 65535).astype(np.int32)),
        "float": lambda: Image.fromarray(grey.astype(np.float32)),
        "float to 255": lambda: Image.fromarray((grey * 255).astype(np.float32)),
        "palette": lambda: Image.fromarray(as_bytes(grey)).convert("P"),
        "transparent": lambda: Image.fromarray(
            np.dstack([np.zeros((height, width, 3), np.uint8), 255 - as_bytes(grey)])
        ),
        "light ink": lambda: Image.fromarray(255 - as_bytes(grey)),
        "grey": lambda: Image.fromarray(as_bytes(0.5 + 0.2 * grey)),
        "shadow": lambda: Image.fromarray(as_bytes((0.3 + 0.6 * grey) * shadow)),
        "blue ink": lambda: paint(grey, (30, 40, 160)),
        "yellow ink": lambda: paint(grey, (255, 255, 0)),
        "cmyk": lambda: Image.fromarray(as_bytes(grey)).convert("CMYK"),
        "large": lambda: Image.fromarray(as_bytes(grey)).resize((width * 4, height * 4)),
    }[kind]()
    if kind == "cmyk":
        path = folder / "picture.tif"
    picture.save(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_gives_the_digit_that_is_read(tmp_path: Path, kind: str) -> None:
    indices = (0, 3, 8, 15)
    read = 0
    for index in indices:
        path = save(draw(index), kind, tmp_path)
        digit = read_digit(path)
        assert likeness(digit, IMAGES[index]) > 0.8
        (reading,) = predict(path).files
        if reading.digits:
            assert reading.digits == str(LABELS[index])
            assert likeness(digit, reading.images[0]) > 0.9
            read += 1
    assert read >= len(indices) - 1


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("scale", [1, 2, 5])
def test_a_picture_cut_tight_around_its_digit_gives_the_same_digit(
    scale: int, inverted: bool
) -> None:
    wrong = 0
    for index in range(40):
        page = draw(index, scale)
        rows, columns = (np.flatnonzero((page < 0.5).any(axis)) for axis in (1, 0))
        tight = page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        digit, dark = single_digit(1 - tight if inverted else tight)
        if digit is None or dark == inverted:
            wrong += 1
        elif tight.shape != (28, 28):
            wrong += likeness(digit, IMAGES[index]) < 0.7
    # A thick 1 fills such a picture: it shows no paper.
    assert wrong <= 3


@pytest.mark.parametrize("side", [8, 10, 14, 20])
def test_small_pictures_are_enlarged(side: int) -> None:
    for index in (0, 3, 8, 15):
        original = IMAGES[index]
        small = Image.fromarray(original).resize((side, side), Image.Resampling.BICUBIC)
        digit, dark = single_digit(np.asarray(small, np.float32) / 255)
        assert digit is not None
        assert not dark
        assert likeness(digit, original) > 0.65


def test_frames_lines_and_specks_are_left_out() -> None:
    clean, _ = single_digit(draw(3, margin=40))
    page = draw(3, margin=40)
    page[:3] = page[-3:] = page[:, :3] = page[:, -3:] = 0.1
    page[12:16, 20:24] = 0.2
    digit, _ = single_digit(page)
    assert clean is not None
    assert digit is not None
    assert np.abs(digit.astype(int) - clean).mean() < 2


@pytest.mark.parametrize("shape", [(40, 30), (90, 60), (200, 150)])
def test_paper_noise_and_shadows_are_not_digits(shape: tuple[int, int], tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    ramp = np.linspace(0, 1, shape[0])[:, None] * np.ones(shape)
    for paper in (
        np.full(shape, 0.7),
        0.8 + 0.03 * rng.standard_normal(shape),
        rng.random(shape),
        ramp,
        0.3 + 0.5 * ramp + 0.01 * rng.standard_normal(shape),
    ):
        assert single_digit(paper.clip(0, 1).astype(np.float32))[0] is None
        Image.fromarray(as_bytes(paper)).save(tmp_path / "paper.png")
        with pytest.raises(DatasetError, match=r"nothing is written in .*paper\.png"):
            read_digit(tmp_path / "paper.png")


def test_dark_and_light_ink_are_recognised_in_all_digits_of_mnist() -> None:
    assert not is_ink_dark(IMAGES).any()
    assert is_ink_dark(255 - IMAGES).all()
    assert not is_ink_dark(np.zeros((3, 28, 28), np.uint8)).any()
    assert is_ink_dark(IMAGES[:0]).shape == (0,)
