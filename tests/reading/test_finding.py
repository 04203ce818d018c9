"""Which digits the default detector reads in a picture, where, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handsum.data import mnist
from handsum.pretrained.load import load_detector
from handsum.reading.finding import find_digits
from handsum.reading.page import Decoded

DATA = mnist.load("validation").where(np.arange(200))
PICTURES = 12


def find(pictures: Sequence[np.ndarray]) -> list[Decoded]:
    return find_digits(load_detector(), pictures)


def row(start: int, count: int, scale: int = 3, margin: int = 12) -> np.ndarray:
    """Digits of MNIST side by side as dark ink, uint8 (H, W)."""
    ink = Image.fromarray(np.hstack(list(DATA.images[start : start + count])))
    ink = ink.resize((ink.width * scale, ink.height * scale), Image.Resampling.BICUBIC)
    grey = 230 - 0.8 * np.asarray(ink, float)
    return np.pad(np.rint(grey).astype(np.uint8), margin, constant_values=230)


def text(start: int, count: int) -> str:
    return "".join(map(str, DATA.labels[start : start + count]))


def rows_of(page: Decoded) -> tuple[str, ...]:
    return page.text(punctuation=False)


def expect(pages: Sequence[Decoded], texts: Sequence[tuple[str, ...]], share: float = 0.8) -> None:
    right = [rows_of(page) == rows for page, rows in zip(pages, texts, strict=True)]
    assert np.mean(right) >= share, [rows_of(page) for page in pages]


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("scale", [1, 2, 6])
def test_a_row_of_any_size_and_ink_is_read_from_left_to_right(scale: int, inverted: bool) -> None:
    pictures = [row(5 * n, 5, scale) for n in range(PICTURES)]
    if inverted:
        pictures = [255 - picture for picture in pictures]
    expect(find(pictures), [(text(5 * n, 5),) for n in range(PICTURES)])


def upright(size: tuple[int, int], width: int, lean: float) -> np.ndarray:
    """A straight line on a blank sheet, as of a mouse, uint8 (H, W)."""
    wide, high = size
    sheet = Image.new("L", size, 255)
    away = lean * high / 2
    ends = [(wide / 2 + away, 0.2 * high), (wide / 2 - away, 0.8 * high)]
    ImageDraw.Draw(sheet).line(ends, 0, width)
    return np.asarray(sheet)


@pytest.mark.parametrize(
    ("lean", "widths"), [(0.0, (0.07, 0.1)), (0.05, (0.02, 0.04, 0.1)), (0.15, (0.02, 0.04, 0.1))]
)
def test_a_straight_line_alone_is_a_1(lean: float, widths: tuple[float, ...]) -> None:
    # A thin line that does not lean may be anything.
    sizes = [(600, 200), (300, 150), (400, 400), (1000, 300)]
    pictures = [upright(size, round(share * size[1]), lean) for size in sizes for share in widths]
    expect(find(pictures), [("1",)] * len(pictures), 1.0)


def seventeen(thick: int, gap: int, scale: float, light: bool) -> np.ndarray:
    """17 of upright and level bars, as of a drawing program, uint8 (H, W)."""
    page = np.full((70, 200), 235, np.uint8)
    left = 30 + thick + gap
    page[15:55, 30 : 30 + thick] = page[15:55, left + 20 : left + 20 + thick] = 20
    page[15 : 15 + max(thick - 1, 2), left : left + 20 + thick] = 20
    page = 255 - page if light else page
    size = (round(200 * scale), round(70 * scale))
    return np.asarray(Image.fromarray(page).resize(size))


def test_an_upright_bar_beside_a_digit_is_a_1() -> None:
    # Broad bars, and light ones on dark paper, are sometimes left out.
    forms = product((3, 6, 9), (12, 34, 60), (0.6, 1, 1.7, 3), (False, True))
    pictures = [seventeen(*form) for form in forms]
    expect(find(pictures), [("17",)] * len(pictures), 0.8)


def test_rows_are_read_from_top_to_bottom() -> None:
    pictures = [np.vstack([row(6 * n, 3), row(6 * n + 3, 3)]) for n in range(PICTURES)]
    expect(find(pictures), [(text(6 * n, 3), text(6 * n + 3, 3)) for n in range(PICTURES)])


def test_a_row_may_climb_by_more_than_its_height() -> None:
    pictures = []
    for n in range(PICTURES):
        page = np.full((220, 440), 230, np.uint8)
        for place in range(5):
            top = 120 - 25 * place
            page[top : top + 84, 84 * place : 84 * place + 84] = row(5 * n + place, 1, 3, 0)
        pictures.append(page)
    expect(find(pictures), [(text(5 * n, 5),) for n in range(PICTURES)])


def test_small_digits_stand_beside_large_ones() -> None:
    pictures = []
    for n in range(PICTURES):
        page = np.full((190, 320), 230, np.uint8)
        page[10:178, 20:188] = row(n, 1, 6, 0)
        page[70:154, 200:284] = row(n + PICTURES, 1, 3, 0)
        pictures.append(page)
    found = find(pictures)
    expect(found, [(text(n, 1) + text(n + PICTURES, 1),) for n in range(PICTURES)])
    shares = [page.boxes[1][3] / page.boxes[0][3] for page in found if len(page.boxes) == 2]
    assert np.median(shares) == pytest.approx(0.5, abs=0.1)


def test_frames_rules_and_specks_change_nothing() -> None:
    pictures = []
    for n in range(PICTURES):
        image = Image.fromarray(row(3 * n, 3, 4, 40))
        pen, (wide, high) = ImageDraw.Draw(image), image.size
        pen.rectangle([2, 2, wide - 3, high - 3], outline=30, width=2)
        pen.line([(20, high - 24), (wide - 20, high - 24)], fill=30, width=2)
        for x in range(20, wide - 20, 37):
            pen.point((x, 15), fill=20)
        pictures.append(np.asarray(image))
    expect(find(pictures), [(text(3 * n, 3),) for n in range(PICTURES)])


def draw_lines(size: tuple[int, int], *lines: list[tuple[int, int]], pen: int = 8) -> np.ndarray:
    """Draw strokes, dark on white."""
    image = Image.new("L", size, 255)
    for line in lines:
        ImageDraw.Draw(image).line(line, fill=0, width=pen)
    return np.asarray(image)


def test_the_pieces_of_a_broken_digit_are_one_digit() -> None:
    flag = [(60, 40), (110, 36)]
    body = [(56, 52), (54, 90), (90, 95), (100, 125), (80, 150), (50, 150)]
    neighbour = [(180, 40), (170, 150)]
    (page,) = find([draw_lines((240, 190), flag, body, neighbour)])
    assert page.digits == "51"
    x, y, width, height = page.boxes[0]
    # The body alone begins at 48.
    assert y < 46
    assert y + height >= 150
    assert x + width >= 108
    (small,) = find([draw_lines((28, 28), [(8, 5), (6, 15), (14, 15)], [(19, 4), (18, 23)], pen=2)])
    assert small.digits == "4"


def test_a_picture_of_mnist_size_is_one_digit() -> None:
    found = find([*DATA.images, *(255 - DATA.images)])
    labels = map(str, [*DATA.labels, *DATA.labels])
    right = [page.digits == label for page, label in zip(found, labels, strict=True)]
    assert np.mean(right) > 0.95


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("inverted", [False, True])
def test_cells_of_mnist_digits_side_by_side_are_all_found(scale: int, inverted: bool) -> None:
    grid = np.vstack([np.hstack(list(cells)) for cells in DATA.images.reshape(20, 10, 28, 28)])
    grid = np.kron(255 - grid if inverted else grid, np.ones((scale, scale), np.uint8))
    (page,) = find([grid])
    cells = {}
    for (x, y, width, height), digit in zip(page.boxes, page.digits, strict=True):
        cells[(y + height // 2) // (28 * scale), (x + width // 2) // (28 * scale)] = digit
    assert list(cells) == sorted(cells)
    assert len(cells) == len(page.digits)
    right = [cells.get(divmod(place, 10)) == text(place, 1) for place in range(200)]
    assert np.mean(right) > 0.95


def test_boxes_in_a_large_picture_are_in_its_own_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    # Larger pictures are reduced before they are looked at.
    monkeypatch.setattr("handsum.data.signs.views._MOST_PIXELS", 100_000)
    scale, margin = 8, 100
    picture = row(0, 5, scale, margin)
    assert picture.size > 400_000
    (page,) = find([picture])
    assert page.digits == text(0, 5)
    for place, (x, y, width, height) in enumerate(page.boxes):
        ys, xs = np.nonzero(DATA.images[place] > 60)
        sides = [28 * place + xs.min(), ys.min(), 28 * place + xs.max() + 1, ys.max() + 1]
        true = np.array(sides) * scale + margin
        away = np.abs(true - [x, y, x + width, y + height])
        assert away.mean() < 0.1 * (true[3] - true[1])


@pytest.mark.parametrize("shape", [(0, 0), (0, 9), (1, 1), (4, 900), (40, 30), (600, 400)])
@pytest.mark.parametrize("tone", [0, 128, 255])
def test_blank_and_empty_pictures_have_no_digits(shape: tuple[int, int], tone: int) -> None:
    blank = np.full(shape, tone, np.uint8)
    digits = row(0, 5)
    before, page, after = find([blank, digits, blank])
    assert (before.digits, before.boxes, before.others) == ("", (), ())
    assert after.probabilities.shape == (0, 10)
    assert page.digits == text(0, 5)


def test_no_detector_is_loaded_for_nothing_to_see() -> None:
    class Unloaded:
        def find(self, pictures: Sequence[np.ndarray], least: float = 0.3) -> list[object]:
            raise AssertionError("there is nothing to see")

    blank = np.full((60, 80), 200, np.uint8)
    blank[20:30] = 203
    assert [page.digits for page in find_digits(Unloaded(), [blank, blank])] == ["", ""]
    assert find_digits(Unloaded(), []) == []


def test_paper_and_its_grain_and_light_are_not_digits() -> None:
    random = np.random.default_rng(5)
    even = [np.full((300, 200), tone) for tone in (60.0, 120.0, 200.0)]
    lit = []
    for _ in range(30):
        height, width = random.integers(60, 400, 2)
        y, x = np.mgrid[:height, :width] / max(height, width)
        angle = random.uniform(0, 2 * np.pi)
        lit.append(90 + random.uniform(20, 120) * (x * np.cos(angle) + y * np.sin(angle)))
    # Uneven light alone still looks like a digit too often.
    for papers, most in ((even, 0.0), (lit, 0.35)):
        for noise in (0, 4):
            grey = [paper + noise * random.standard_normal(paper.shape) for paper in papers]
            found = find([np.rint(paper).clip(0, 255).astype(np.uint8) for paper in grey])
            assert np.mean([page.digits != "" for page in found]) <= most
