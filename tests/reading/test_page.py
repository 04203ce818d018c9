"""Digits cut out of pictures are as MNIST's; what is read is a text by rows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from quick import quick

from handsum.data import mnist
from handsum.reading.page import Box, Decoded, Mark, cut_digits

IMAGES = mnist.load("validation").images[:60]


def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
    size = (28 * scale, 28 * scale)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def box_of(ink: np.ndarray, left: int = 0) -> Box:
    ys, xs = np.nonzero(ink > 60)
    return left + int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1


def row(images: np.ndarray, scale: int, ink: float, paper: float) -> tuple[np.ndarray, list[Box]]:
    """Digits of MNIST side by side, float32 (H, W), and their boxes."""
    digits = [enlarge(image, scale) for image in images]
    grey = paper + (ink - paper) * np.hstack(digits).astype(np.float32) / 255
    return grey, [box_of(digit, 28 * scale * n) for n, digit in enumerate(digits)]


@pytest.mark.parametrize(("ink", "paper"), [(0.1, 0.9), (0.9, 0.1), (0.5, 0.65), (0.05, 0.25)])
@pytest.mark.parametrize("scale", [1, 2, 9])
def test_digits_of_any_size_and_tone_are_cut_as_those_of_mnist(
    scale: int, ink: float, paper: float
) -> None:
    cut = cut_digits(*row(IMAGES, scale, ink, paper))
    assert (cut.dtype, cut.shape) == (np.uint8, (60, 28, 28))
    like = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(cut, IMAGES, strict=True)]
    assert np.median(like) > 0.95
    assert np.mean(np.array(like) > 0.8) > 0.9
    for image in cut:
        ys, xs = np.nonzero(image > 100)
        assert 17 <= max(np.ptp(ys), np.ptp(xs)) + 1 <= 21


def test_a_digit_of_mnist_size_is_nearly_unchanged() -> None:
    cut = cut_digits(*row(IMAGES, 1, 0, 1))
    away = np.abs(cut.astype(int) - IMAGES).max((1, 2))
    assert np.mean(away <= 64) >= 0.88


def test_ink_outside_of_its_box_is_no_part_of_a_digit() -> None:
    grey, boxes = row(IMAGES[:3], 4, 0, 1)
    alone = np.ones_like(grey)
    x, y, width, height = boxes[1]
    place = np.s_[y : y + height, x : x + width]
    alone[place] = grey[place]
    grey[:, x - 6 : x - 2] = 0.0
    (among,), (expected,) = (cut_digits(page, boxes[1:2]) for page in (grey, alone))
    assert np.corrcoef(among.ravel(), expected.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom", "all"])
@pytest.mark.parametrize(("ink", "paper"), [(0.0, 1.0), (0.9, 0.2), (0.5, 0.7)])
@pytest.mark.parametrize("scale", quick([2, 4, 9], 1))
def test_strokes_just_beyond_a_box_are_the_digits(
    scale: int, ink: float, paper: float, side: str
) -> None:
    grey, boxes = row(IMAGES[:20], scale, ink, paper)
    missed = []
    for x, y, width, height in boxes:
        off = max(1, round(0.06 * height))
        across = (side in ("left", "all")) * off, (side in ("right", "all")) * off
        down = (side in ("top", "all")) * off, (side in ("bottom", "all")) * off
        missed.append((x + across[0], y + down[0], width - sum(across), height - sum(down)))
    pairs = zip(cut_digits(grey, missed), cut_digits(grey, boxes), strict=True)
    like = [np.corrcoef(cut.ravel(), whole.ravel())[0, 1] for cut, whole in pairs]
    assert min(like) > 0.9
    assert np.median(like) > 0.99


@pytest.mark.parametrize("overlap", [1, 4, 9])
def test_a_neighbour_that_touches_is_no_part_of_a_digit(overlap: int) -> None:
    """Beyond its box a neighbour's strokes go on."""
    whole = np.pad(
        1 - enlarge(IMAGES[0], 4).astype(np.float32) / 255, ((0, 0), (0, 40)), constant_values=1
    )
    x, y, width, height = box_of(np.rint(255 * (1 - whole)))
    (alone,) = cut_digits(whole, [(x, y, width, height)])
    whole[y + height // 2 : y + height // 2 + 6, x + width - overlap : x + width + 40] = 0
    (beside,) = cut_digits(whole, [(x, y, width, height)])
    assert np.corrcoef(alone.ravel(), beside.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("beyond", [1, 3])
def test_a_box_may_reach_beyond_the_picture(beyond: int) -> None:
    for image in IMAGES[:10]:
        large = enlarge(image, 3)
        x, y, width, height = box_of(large)
        tight = 1 - large[y : y + height, x : x + width].astype(np.float32) / 255
        wide = (-beyond, -beyond, width + 2 * beyond, height + 2 * beyond)
        exact, seen = (cut_digits(tight, [box])[0] for box in ((0, 0, width, height), wide))
        np.testing.assert_array_equal(seen, exact)
        assert exact.any()


@pytest.mark.parametrize("margin", [0, 1, 2, 4])
@pytest.mark.parametrize(("ink", "paper"), [(0.0, 1.0), (0.9, 0.2), (0.5, 0.7)])
@pytest.mark.parametrize("scale", quick([1, 3, 9], 1))
def test_a_digit_that_fills_its_picture_is_cut_as_on_a_page(
    scale: int, ink: float, paper: float, margin: int
) -> None:
    """No paper is needed around a digit to tell its ink from its paper."""
    like = []
    for image in IMAGES[:20]:
        large = enlarge(image, scale)
        page = paper + (ink - paper) * large.astype(np.float32) / 255
        x, y, width, height = box_of(large)
        tight = page[
            max(0, y - margin) : y + height + margin, max(0, x - margin) : x + width + margin
        ]
        box = (min(x, margin), min(y, margin), width, height)
        whole = np.pad(page, 10 * scale, constant_values=paper)
        (there,) = cut_digits(whole, [(x + 10 * scale, y + 10 * scale, width, height)])
        (here,) = cut_digits(tight, [box])
        like.append(np.corrcoef(here.ravel(), there.ravel())[0, 1])
    assert np.median(like) > 0.98
    assert np.mean(np.array(like) > 0.8) > 0.97


def test_a_box_without_ink_stays_blank() -> None:
    boxes = [(10, 10, 30, 40), (0, 0, 90, 90), (50, 50, 4, 5), (85, 85, 5, 5), (80, 80, 30, 30)]
    for tone in (0.0, 0.7, 1.0):
        cut = cut_digits(np.full((90, 90), tone, np.float32), boxes)
        assert cut.shape == (len(boxes), 28, 28)
        assert not cut.any()


def test_a_digit_that_hardly_stands_out_from_grain_is_shown() -> None:
    random = np.random.default_rng(0)
    ink = enlarge(IMAGES[0], 3) / 255
    noisy = (0.7 + 0.12 * random.standard_normal((84, 84)) - 0.2 * ink).clip(0, 1)
    box = box_of(255 * ink)
    (seen,) = cut_digits(noisy.astype(np.float32), [box])
    (clear,) = cut_digits((1 - ink).astype(np.float32), [box])
    assert np.corrcoef(seen.ravel(), clear.ravel())[0, 1] > 0.5
    # Blank ones keep their place among the others.
    grey, (digit,) = row(IMAGES[:1], 4, 0, 1)
    blank = (0, 0, 8, 8)
    cut = cut_digits(np.pad(grey, ((40, 0), (0, 0)), constant_values=1), [
        blank, (digit[0], digit[1] + 40, *digit[2:]), blank
    ])  # fmt: skip
    assert cut.any((1, 2)).tolist() == [False, True, False]


@pytest.mark.parametrize("shape", [(1, 1), (4, 900), (28, 28)])
def test_no_boxes_and_boxes_at_the_edges_give_as_many_digits(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).random(shape, np.float32)
    assert cut_digits(picture, []).shape == (0, 28, 28)
    high, wide = shape
    boxes = [(0, 0, wide, high), (wide - 1, high - 1, 1, 1), (wide - 1, 0, 20, 20)]
    assert cut_digits(picture, boxes).shape == (3, 28, 28)


def test_signs_stand_in_the_text_of_their_row_where_they_stand_in_the_picture() -> None:
    page = Decoded(
        boxes=((0, 0, 10, 20), (30, 0, 10, 20), (0, 40, 10, 20)),
        rows=(0, 0, 1),
        probabilities=np.eye(10)[[4, 0, 7]],
        marks=(Mark(1, 20.0, "."), Mark(0, 20.0, ","), Mark(0, 60.0, "%")),
    )
    assert page.digits == "407"
    assert page.text(punctuation=False) == ("40", "7")
    assert page.text(punctuation=True) == ("4,0%", "7.")
