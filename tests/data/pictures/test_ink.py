"""From grey to ink in any light, and from ink to digits as MNIST makes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from handsum.data import mnist
from handsum.data.pictures import ink
from handsum.data.pictures.ink import (
    COARSE_ERROR,
    as_mnist,
    coarse_stroke,
    exact_stroke,
    ink_map,
    quantile,
    smooth,
)

Page = Callable[..., np.ndarray]


@pytest.mark.parametrize(("ink", "paper"), [(0.1, 0.9), (0.9, 0.1), (0.5, 0.65), (0.05, 0.25)])
def test_ink_is_one_and_paper_zero_whatever_their_greys(
    draw_page: Page, ink: float, paper: float
) -> None:
    strokes = ink_map(draw_page("38", ink=ink, paper=paper))
    written = draw_page("38", ink=1, paper=0) > 0.95
    clean = draw_page("38", ink=1, paper=0) < 0.01
    assert strokes[written].min() > 0.8
    assert strokes[clean].max() < 0.1


def test_uneven_light_leaves_no_ink_on_the_paper(draw_page: Page) -> None:
    page = draw_page("2745", ink=0.4, paper=0.9)
    height, width = page.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    strokes = ink_map(page * (0.65 + 0.3 * x - 0.1 * y**2))
    # The paper's dark side is darker than the ink on its light side.
    assert strokes[draw_page("2745", ink=1, paper=0) < 0.01].max() < 0.25
    assert strokes[draw_page("2745", ink=1, paper=0) > 0.95].min() > 0.6


SMOOTH = {
    "ramp": lambda y, x: x,
    "falling": lambda y, x: 1 - y,
    "diagonal": lambda y, x: (x + y) / 2,
    "vignette": lambda y, x: 1 - ((x - 0.5) ** 2 + (y - 0.5) ** 2),
}


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (28, 28), (60, 300), (240, 180)])
@pytest.mark.parametrize("name", SMOOTH)
def test_a_gradient_is_blank(shape: tuple[int, int], name: str) -> None:
    y, x = (axis / max(shape) for axis in np.mgrid[: shape[0], : shape[1]])
    assert not ink_map(SMOOTH[name](y, x).astype(np.float32)).any()


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_uniform_paper_is_blank(level: float) -> None:
    assert not ink_map(np.full((50, 70), level, np.float32)).any()


@pytest.mark.parametrize("shape", [(28, 28), (60, 300), (240, 180)])
def test_noise_is_blank(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    for noise in (
        rng.random(shape),
        0.5 + 0.2 * rng.standard_normal(shape),
        0.8 + 0.03 * rng.standard_normal(shape),
        rng.random(shape) < 0.5,
        rng.random(shape) < 0.1,
        rng.random(shape) < 0.01,
    ):
        assert not ink_map(np.clip(noise, 0, 1).astype(np.float32)).any()


def test_a_digit_of_mnist_keeps_its_pixels() -> None:
    unchanged = 0
    for image in mnist.load("validation").images[:100]:
        digit = as_mnist(image.astype(np.float32) / 255)
        unchanged += np.abs(digit.astype(int) - image).max() <= 64
        assert np.abs(digit.astype(int) - image).mean() < 30
    # The rest has strokes much thinner or thicker than the others.
    assert unchanged >= 90


@pytest.mark.parametrize("pen", [1, 3, 12, 30, 60])
def test_any_size_and_pen_becomes_a_digit_like_mnist(pen: int) -> None:
    image = Image.new("L", (500, 400))
    ImageDraw.Draw(image).line([(100, 60), (300, 60), (180, 360)], fill=255, width=pen)
    digit = as_mnist(np.asarray(image, np.float32) / 255)
    inked = digit > 127
    rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
    centre = ndimage.center_of_mass(digit.astype(float))
    assert np.abs(np.array(centre) - 14).max() <= 0.6
    assert np.percentile(digit[digit > 25], 90) > 230
    # The foot of a 7 is a bar: MNIST's are 2 to 4 pixels wide.
    width = inked[rows[-1] - 9 : rows[-1] - 2].sum(1).mean()
    assert 1.5 <= width <= 5


def test_a_pale_digit_gets_full_strokes() -> None:
    image = mnist.load("validation").images[0].astype(np.float32) / 255
    digit = as_mnist(0.5 * image)
    assert np.percentile(digit[digit > 25], 90) > 240


def test_a_stroke_that_pales_is_kept() -> None:
    image = Image.new("L", (120, 200))
    ImageDraw.Draw(image).line([(60, 20), (60, 180)], fill=255, width=14)
    fading = np.asarray(image, np.float32) / 255 * np.linspace(1, 0.4, 200)[:, None]
    digit = as_mnist(fading.astype(np.float32))
    assert (digit.max(axis=1) > 180).sum() >= 19


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.uint8, np.int32])
@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_quantiles_are_numpys(kind: type, size: int) -> None:
    values = np.random.default_rng(size).integers(0, 250, size).astype(kind)
    for share in (0.3, 0.5, 0.75, 0.9):
        assert quantile(values, share) == pytest.approx(np.percentile(values, 100 * share))


def test_strokes_are_measured_coarsely_as_they_are_exactly() -> None:
    for image in mnist.load("validation").images[:100]:
        large = np.asarray(Image.fromarray(image).resize((157, 157), Image.Resampling.BICUBIC))
        exact, depth = exact_stroke(large > 127)
        assert depth.shape == large.shape
        assert abs(coarse_stroke(large > 127, 5.6) - exact) < COARSE_ERROR * 5.6


def test_a_speck_between_the_measured_points_has_no_stroke() -> None:
    inside = np.zeros((40, 40), bool)
    inside[1, 1] = True
    assert coarse_stroke(inside, 8.0) == 0.0


def test_smoothing_is_that_of_a_gaussian_with_mirrored_edges() -> None:
    values = np.random.default_rng(0).random((112, 83), np.float32)
    expected = ndimage.gaussian_filter(values, 22 / 3)
    assert np.abs(smooth(values, 22 / 3) - expected).max() < 2e-4


@pytest.mark.parametrize("shape", [(63, 40_000), (40_000, 63), (5, 200_000)])
def test_the_light_on_a_long_strip_is_fitted_on_few_pixels(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    trend = ink._trend

    def count(grey: np.ndarray) -> np.ndarray:
        sizes.append(grey.size)
        return trend(grey)

    monkeypatch.setattr(ink, "_trend", count)
    grey = np.ones(shape, np.float32)
    grey[1:3, 1:3] = 0
    ink_map(grey)
    assert max(sizes) <= 1_100_000
