"""Ruled lines go, strokes stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from handsum.data import mnist
from handsum.data.pictures.ruling import without_frame, without_ruling


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


def test_a_frame_goes_and_what_it_holds_stays(draw_page: Callable[..., np.ndarray]) -> None:
    for inset, pen in ((3, 2), (8, 20)):
        written = np.pad(draw_page("405", ink=1, paper=0), 40).astype(np.float32)
        image = Image.fromarray(np.rint(written * 255).astype(np.uint8))
        edges = [inset, inset, image.width - inset - 1, image.height - inset - 1]
        ImageDraw.Draw(image).rectangle(edges, outline=255, width=pen)
        rest = without_frame(np.asarray(image, np.float32) / 255)
        np.testing.assert_allclose(rest, written, atol=0.01)


def test_a_large_digit_is_no_frame(draw_page: Callable[..., np.ndarray]) -> None:
    for digit in "0846":
        page = draw_page(digit, ink=1, paper=0).astype(np.float32)
        rows, columns = np.nonzero(page > 0.5)
        tight = page[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert np.array_equal(without_frame(tight), tight), digit


def test_many_frames_and_many_lines_are_looked_at_one_window_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = Image.new("L", (600, 600))
    pen = ImageDraw.Draw(image)
    for edge in range(0, 40, 2):
        pen.rectangle((edge, edge, 599 - edge, 599 - edge), outline=255)
    pen.rectangle((200, 200, 230, 400), fill=255)
    ink = np.asarray(image, np.float32) / 255
    dilated: list[int] = []
    dilate = ndimage.binary_dilation

    def count(values: np.ndarray, *args: object, **options: object) -> np.ndarray:
        dilated.append(values.size)
        return dilate(values, *args, **options)

    monkeypatch.setattr(ndimage, "binary_dilation", count)
    without_frame(ink)
    assert 0 < len(dilated) <= 8
    ruled = np.zeros((600, 400), np.float32)
    ruled[20::20] = 1
    ruled[200:260, 100:104] = 1
    rest = without_ruling(ruled)
    assert rest[230, 101] == 1
    assert rest[20::20, 200:].max() == 0
