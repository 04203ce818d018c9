import numpy as np
import pytest

from handsum.data.mnist import load
from handsum.evaluation.corruptions import CORRUPTIONS
from handsum.metrics.hands import slant, stroke_width


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load("validation").images[:300]


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_digits_change_stay_digits_and_follow_the_seed(name: str, digits: np.ndarray) -> None:
    before = digits.copy()
    changed = CORRUPTIONS[name](digits, np.random.default_rng(1))
    assert changed.shape == digits.shape
    assert changed.dtype == np.uint8
    np.testing.assert_array_equal(digits, before)
    np.testing.assert_array_equal(changed, CORRUPTIONS[name](digits, np.random.default_rng(1)))
    assert (changed != digits).any((1, 2)).mean() > 0.9
    assert np.corrcoef(changed.ravel(), digits.ravel())[0, 1] > 0.3


def test_they_do_what_their_names_say(digits: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    width = stroke_width(digits)
    assert (stroke_width(CORRUPTIONS["thick strokes"](digits, rng)) > 1.3 * width).mean() > 0.9
    assert (stroke_width(CORRUPTIONS["thin strokes"](digits, rng)) < 0.9 * width).mean() > 0.9
    leaning = np.abs(slant(CORRUPTIONS["shear"](digits, rng)) - slant(digits))
    assert np.median(leaning) == pytest.approx(0.45, abs=0.1)
    assert CORRUPTIONS["blur"](digits, rng).max() < digits.max()
    turned = CORRUPTIONS["rotation"](digits, rng)
    assert np.median(np.abs(turned.sum((1, 2)) / digits.sum((1, 2)) - 1)) < 0.03
    covered = CORRUPTIONS["occlusion"](digits, rng)
    assert ((covered == digits) | (covered == 0)).all()
