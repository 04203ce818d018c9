"""Ruled lines go, strokes stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handsum.data import mnist
from handsum.ruling import without_ruling


def lined(strokes: np.ndarray, top: float, slope: float = 0.0, pen: int = 3) -> np.ndarray:
    """Draw a line across ink, float (H, W)."""
    image = Image.fromarray(np.rint(strokes * 255).astype(np.uint8))
    end = top + slope * image.width
    ImageDraw.Draw(image).line([(0, top), (image.width, end)], fill=255, width=pen)
    return np.asarray(image, np.float32) / 255


@pytest.mark.parametrize(("top", "slope"), [(97, 0.0), (60, 0.0), (92, 0.02), (100, -0.02)])
def test_a_line_through_writing_goes_and_the_writing_stays(
    draw_page: Callable[..., np.ndarray], top: float, slope: float
) -> None:
    written = draw_page("4051", ink=1, paper=0).astype(np.float32)
    page = lined(written, top, slope)
    rest = without_ruling(page)
    added = (page > 0.5) & (written < 0.1)
    assert (rest[added] > 0.5).mean() < 0.15
    assert (rest[written > 0.9] > 0.5).mean() > 0.95


def test_writing_without_lines_is_untouched(draw_page: Callable[..., np.ndarray]) -> None:
    for text in ("2", "7", "4", "5", "22", "777", "44", "0000", "1111"):
        page = draw_page(text, ink=1, paper=0).astype(np.float32)
        assert np.array_equal(without_ruling(page), page), text


def test_rows_of_mnist_digits_are_untouched() -> None:
    images = mnist.load("validation").images[:300].astype(np.float32) / 255
    for row in images.reshape(60, 5, 28, 28):
        page = np.kron(np.hstack(list(row)), np.ones((3, 3), np.float32))
        assert np.array_equal(without_ruling(page), page)


def test_a_page_with_nothing_but_a_line_keeps_it() -> None:
    page = lined(np.zeros((60, 200), np.float32), 30)
    assert np.array_equal(without_ruling(page), page)
