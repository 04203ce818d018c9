"""Strokes that are fitted to images: they find back what drew them."""

from __future__ import annotations

import numpy as np
import pytest

from handsum.strokes import Strokes, draw_strokes
from handsum.strokes.fitting import fit_strokes


def curve(points: int, turn: float, half: float = 0.06) -> np.ndarray:
    """A stroke along a part of a circle, of control points (P, 3)."""
    angle = np.linspace(0, turn, points)
    widths = half * (1 + 0.1 * np.sin(angle))
    return np.stack([0.35 * np.cos(angle), 0.35 * np.sin(angle), widths], axis=1)


def line(points: int, start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    share = np.linspace(0, 1, points)[:, None]
    way = (1 - share) * np.array(start) + share * np.array(end)
    return np.concatenate([way, np.full((points, 1), 0.05)], axis=1)


DIGITS = (
    Strokes((curve(12, 5.0),)),
    Strokes((curve(12, 3.0, 0.12),)),
    Strokes((curve(12, 3.0, 0.03),)),
    Strokes((line(12, (-0.2, -0.4), (0.1, 0.4)), line(12, (-0.3, 0.1), (0.3, 0.0)))),
    Strokes((curve(7, 4.0), line(5, (0.0, -0.3), (0.0, 0.3)), line(2, (-0.4, 0), (0.4, 0)))),
)


def missed(digits: tuple[Strokes, ...] | list[Strokes], images: np.ndarray) -> np.ndarray:
    """The mean squared difference of ink, from 0 to 1, of each digit."""
    drawn = draw_strokes(digits, images.shape[1]).astype(float) / 255
    return np.square(drawn - images / 255).mean((1, 2))


@pytest.mark.parametrize("size", [28, 40])
def test_strokes_that_are_a_little_off_are_found_again(size: int) -> None:
    random = np.random.default_rng(0)
    images = draw_strokes(DIGITS, size)
    off = [
        Strokes(
            tuple(
                (stroke + [0.04, -0.03, 0] + random.normal(0, 0.01, stroke.shape) * [1, 1, 0])
                * [1, 1, 1.3]
                for stroke in digit.controls
            )
        )
        for digit in DIGITS
    ]
    before = missed(off, images)
    fitted = fit_strokes(off, images)
    assert (missed(fitted, images) < 0.1 * before).all()
    for digit, known in zip(fitted, DIGITS, strict=True):
        assert [len(one) for one in digit.controls] == [len(one) for one in known.controls]
        for stroke, own in zip(digit.sample(), known.sample(), strict=True):
            # The ends of a curve are where they were, and so is what lies between.
            assert np.hypot(*(stroke - own)[:, :2].T).max() < 0.06
            np.testing.assert_allclose(stroke[:, 2], own[:, 2], atol=0.012)


def test_each_is_fitted_as_if_it_were_alone() -> None:
    images = draw_strokes(DIGITS, 28)
    moved = [digit.shift(0.03, 0.03) for digit in DIGITS]
    together = fit_strokes([*moved, *moved], np.concatenate([images, images]))
    for index, digit in enumerate(moved):
        (alone,) = fit_strokes([digit], images[index : index + 1])
        for row in (index, len(moved) + index):
            for one, other in zip(alone.controls, together[row].controls, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-4)


def test_what_is_as_it_should_be_stays() -> None:
    images = draw_strokes(DIGITS, 28)
    for digit, known in zip(fit_strokes(DIGITS, images), DIGITS, strict=True):
        for stroke, own in zip(digit.sample(), known.sample(), strict=True):
            assert np.abs(stroke - own).max() < 0.03


@pytest.mark.parametrize("image", ["blank", "full", "noise", "elsewhere"])
def test_images_of_something_else_do_no_harm(image: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (28, 28))
    corner = np.zeros((28, 28))
    corner[:5, :5] = 255
    pixels = {"blank": np.zeros((28, 28)), "full": np.full((28, 28), 255)}
    pixels |= {"noise": noise, "elsewhere": corner}
    images = np.stack([pixels[image]] * len(DIGITS)).astype(np.uint8)
    fitted = fit_strokes(DIGITS, images)
    assert (missed(fitted, images) <= missed(DIGITS, images) + 0.01).all()
    for digit in fitted:
        # Strokes checks that all is finite and that widths are above 0.
        assert np.abs(np.concatenate(digit.controls)).max() < 20


def test_no_digits_and_no_strokes() -> None:
    assert fit_strokes([], np.zeros((0, 28, 28), np.uint8)) == []
    (empty,) = fit_strokes([Strokes(())], np.zeros((1, 28, 28), np.uint8))
    assert empty.controls == ()
