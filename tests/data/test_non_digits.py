"""What is not a digit."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from handsum.data import mnist
from handsum.data.non_digits import FONTS, HELD_OUT_FONTS, KINDS, non_digits


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return mnist.load("validation").images[:200]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_fitted_as_mnist_fits_its_digits(kind: str, digits: np.ndarray) -> None:
    made = non_digits(digits, 40, np.random.default_rng(0), kinds=[kind])
    assert made.shape == (40, 28, 28)
    assert made.dtype == np.uint8
    assert len(np.unique(made.reshape(40, -1), axis=0)) == 40
    for image in made:
        rows, columns = np.nonzero(image > 60)
        assert 17 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21


def test_the_same_seed_gives_the_same_pictures(digits: np.ndarray) -> None:
    one, same = (non_digits(digits, 30, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one, same)


def test_no_upright_stroke_is_among_them(digits: np.ndarray) -> None:
    made = non_digits(digits, 300, np.random.default_rng(1))
    for image in made:
        rows, columns = np.nonzero(image > 127)
        upright = np.std(rows) > 3.5 * np.std(columns)
        assert not upright


def test_the_fonts_are_there_and_kept_apart() -> None:
    folder = f"{matplotlib.get_data_path()}/fonts/ttf"
    for font in (*FONTS, *HELD_OUT_FONTS):
        with open(f"{folder}/{font}.ttf", "rb") as file:
            assert file.read(4)
    assert not set(FONTS) & set(HELD_OUT_FONTS)
