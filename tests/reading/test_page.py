"""Which digits there are, where, and in which order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from handsum.data import mnist
from handsum.data.pictures.components import Part, without_small_print
from handsum.reading.page import Digit, Page

Draw = Callable[..., np.ndarray]


def find_digits(grey: np.ndarray) -> list[Digit]:
    return Page(grey).digits()


def boxes(digits: list[Digit]) -> list[tuple[int, int, int, int]]:
    return [digit.box for digit in digits]


def draw_lines(size: tuple[int, int], *lines: list[tuple[int, int]], pen: int = 8) -> np.ndarray:
    """Draw strokes, dark on white."""
    image = Image.new("L", size, 255)
    for line in lines:
        ImageDraw.Draw(image).line(line, fill=0, width=pen)
    return np.asarray(image, np.float32) / 255


def test_a_row_is_found_from_left_to_right_with_its_boxes(draw_page: Draw) -> None:
    page = draw_page("4051")
    digits = find_digits(page)
    assert len(digits) == 4
    for place, digit in enumerate(digits):
        ys, xs = np.nonzero(page[:, place * 112 : (place + 1) * 112] < 0.5)
        x, y, width, height = digit.box
        edges = [x - place * 112, y, x - place * 112 + width, y + height]
        np.testing.assert_allclose(edges, [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], atol=3)
        assert digit.image.shape == (28, 28)
        assert digit.image.dtype == np.uint8


@pytest.mark.parametrize("scale", [1, 2, 7])
def test_size_does_not_matter(draw_page: Draw, scale: int) -> None:
    digits = find_digits(draw_page("638", scale=scale))
    assert len(digits) == 3
    reference = find_digits(draw_page("638"))
    for digit, other in zip(digits, reference, strict=True):
        assert np.corrcoef(digit.image.ravel(), other.image.ravel())[0, 1] > 0.7


def test_polarity_does_not_matter(draw_page: Draw) -> None:
    page = draw_page("638")
    for digit, other in zip(find_digits(page), find_digits(1 - page), strict=True):
        assert digit.box == other.box
        assert np.corrcoef(digit.image.ravel(), other.image.ravel())[0, 1] > 0.99


def test_rows_are_read_from_top_to_bottom(draw_page: Draw) -> None:
    page = np.vstack([draw_page("123"), draw_page("456")])
    found = boxes(find_digits(page))
    assert len(found) == 6
    assert all(y < 112 for _, y, _, _ in found[:3])
    assert all(y >= 112 for _, y, _, _ in found[3:])
    assert [x for x, *_ in found[:3]] == sorted(x for x, *_ in found[:3])


def test_a_row_may_climb_by_more_than_its_height(draw_page: Draw) -> None:
    page = np.full((400, 5 * 112), 0.9, np.float32)
    for place, digit in enumerate("80526"):
        top = 280 - 50 * place
        page[top : top + 112, place * 112 : place * 112 + 112] = draw_page(digit)
    lefts = [x for x, *_ in boxes(find_digits(page))]
    assert len(lefts) == 5
    assert lefts == sorted(lefts)


def test_small_digits_stand_beside_large_ones(draw_page: Draw) -> None:
    page = np.full((168, 300), 0.9, np.float32)
    page[:, 20:188] = draw_page("8", scale=6)
    page[70:154, 200:284] = draw_page("0", scale=3)
    heights = [height for *_, height in boxes(find_digits(page))]
    assert len(heights) == 2
    assert heights[1] < 0.6 * heights[0]


def test_pieces_of_a_digit_are_joined() -> None:
    flag = [(60, 40), (110, 36)]
    body = [(56, 52), (54, 90), (90, 95), (100, 125), (80, 150), (50, 150)]
    neighbour = [(180, 40), (170, 150)]
    digits = find_digits(draw_lines((240, 190), flag, body, neighbour))
    assert len(digits) == 2
    x, y, width, height = digits[0].box
    assert y <= 40
    assert y + height >= 150
    assert x + width >= 108
    assert digits[0].image[4:8].max() > 200  # the flag is in the digit's picture too


def test_a_break_in_a_stroke_is_bridged() -> None:
    page = draw_lines((200, 300), [(100, 40), (100, 260)], pen=14)
    page[150:153] = 1
    (digit,) = find_digits(page)
    assert digit.box == pytest.approx((93, 40, 15, 221), abs=2)


def test_neighbours_whose_boxes_overlap_stay_apart() -> None:
    slanted = [[(120 + 70 * n, 30), (60 + 70 * n, 170)] for n in range(3)]
    digits = find_digits(draw_lines((400, 200), *slanted))
    assert len(digits) == 3
    for digit in digits:
        # Nothing of the neighbour's stroke is in the picture: each row holds one stroke.
        assert ((np.diff((digit.image > 100).astype(int), axis=1) == 1).sum(1) <= 1).all()


def test_specks_frames_rules_and_print_are_not_digits(draw_page: Draw) -> None:
    page = np.full((200, 360), 230, np.uint8)
    page[30:142, 12:348] = np.rint(draw_page("728") * 255)
    image = Image.fromarray(page)
    pen = ImageDraw.Draw(image)
    expected = boxes(find_digits(np.asarray(image, np.float32) / 255))
    assert len(expected) == 3
    pen.rectangle([2, 2, 357, 197], outline=30, width=2)
    pen.line([(20, 175), (340, 175)], fill=30, width=2)
    pen.text((14, 131), "7 + 2 + 8 = 17", font=ImageFont.load_default(22), fill=60)
    for x in range(20, 340, 37):
        pen.point((x, 25), fill=20)
    assert boxes(find_digits(np.asarray(image, np.float32) / 255)) == expected


def test_blots_and_shadows_are_not_digits() -> None:
    y, x = np.mgrid[:200, :200] / 200
    spot = 1 - 0.7 * np.exp(-((x - 0.4) ** 2 + (y - 0.5) ** 2) * 40)
    edge = 0.3 + 0.6 / (1 + np.exp(-(x - 0.5) * 25))
    blot = np.where((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.03, 0.1, 0.9)
    for page in (spot, edge, blot):
        assert find_digits(page.astype(np.float32)) == []


def test_a_picture_of_mnist_size_is_one_digit_nearly_unchanged() -> None:
    images = mnist.load("validation").images[:100]
    unchanged = 0
    for image in images:
        (digit,) = find_digits(image.astype(np.float32) / 255)
        unchanged += np.abs(digit.image.astype(int) - image).max() <= 64
    assert unchanged >= 88


def test_a_picture_of_mnist_size_is_one_digit_in_two_pieces() -> None:
    page = draw_lines((28, 28), [(8, 5), (6, 15), (14, 15)], [(19, 4), (18, 23)], pen=2)
    (digit,) = find_digits(page)
    assert digit.box == pytest.approx((5, 4, 15, 20), abs=1)


def test_cells_of_mnist_digits_side_by_side_are_all_found() -> None:
    images = mnist.load("validation").images[:200].reshape(20, 10, 28, 28)
    grid = np.vstack([np.hstack(list(row)) for row in images])
    found = boxes(find_digits(grid.astype(np.float32) / 255))
    centres = [(x + width // 2, y + height // 2) for x, y, width, height in found]
    assert [(y // 28, x // 28) for x, y in centres] == [
        (r, c) for r in range(20) for c in range(10)
    ]


def test_large_pictures_are_worked_on_smaller_with_boxes_in_their_own_pixels(
    draw_page: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = draw_page("47", scale=9)
    expected = boxes(find_digits(page))
    monkeypatch.setattr("handsum.data.pictures.ink._WORKING_PIXELS", page.size // 5)
    np.testing.assert_allclose(boxes(find_digits(page)), expected, atol=9)


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (4, 900)])
def test_a_picture_too_small_has_no_digits(shape: tuple[int, int]) -> None:
    assert find_digits(np.zeros(shape, np.float32)) == []


def test_of_countless_specks_only_the_largest_are_looked_at(
    draw_page: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = draw_page("4051")
    specks = np.full((160, page.shape[1]), 0.9, page.dtype)
    ys, xs = np.indices(specks.shape)
    specks[(ys % 16 > 10) & (xs % 16 > 10)] = 0.1
    seen = []

    def looked_at(parts: list[Part]) -> list[Part]:
        seen.append(len(parts))
        return without_small_print(parts)

    monkeypatch.setattr("handsum.data.pictures.components._MOST_PIECES", 30)
    monkeypatch.setattr("handsum.data.pictures.components.without_small_print", looked_at)
    assert boxes(find_digits(np.concatenate([page, specks]))) == boxes(find_digits(page))
    assert max(seen) <= 30
