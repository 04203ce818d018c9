"""The bundled detector: what it finds in pictures of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

import handsum
from handsum.data import mnist
from handsum.data.pages.compose import compose
from handsum.data.pages.writing import Sources
from handsum.data.signs.alphabet import CLASSES, SIGNS
from handsum.data.signs.answers import Signs, overlap
from handsum.data.signs.targets import true_signs
from handsum.pretrained.load import load_detector
from handsum.pretrained.readers import Detector
from handsum.reading.finding import find_digits


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector()


@pytest.fixture(scope="module")
def digits() -> mnist.Dataset:
    return mnist.load("validation").where(np.arange(200))


def sheet(digit: np.ndarray, height: float, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A digit of a height in the middle of paper of a size (H, W), and its box."""
    rows, columns = np.nonzero(digit > 60)
    ink = Image.fromarray(digit[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    scale = height / ink.height
    large = ink.resize((max(1, round(ink.width * scale)), round(height)), Image.Resampling.BICUBIC)
    page = Image.new("L", size[::-1], 250)
    left, top = (size[1] - large.width) // 2, (size[0] - large.height) // 2
    page.paste(20, (left, top), large)
    box = np.array([left, top, left + large.width, top + large.height], float)
    return np.asarray(page), box


@pytest.mark.parametrize("height", [14, 30, 60, 140, 400])
def test_a_digit_of_any_size_is_found_where_it_is(detector, digits, height: int) -> None:
    pages = [
        sheet(image, height, (2 * height + 9, 2 * height + 40)) for image in digits.images[:60]
    ]
    found = detector.find([page for page, _ in pages])
    right = 0
    for signs, (_, box), label in zip(found, pages, digits.labels, strict=False):
        best = signs.boxes[:1]
        near = len(signs) and overlap(best[0], box) > 0.6
        right += bool(near and signs.probabilities[0].argmax() == label)
    assert right >= 54


def test_light_ink_reads_as_dark_ink_does(detector, digits) -> None:
    pages = [sheet(image, 40, (80, 90))[0] for image in digits.images[:60]]
    dark, light = (detector.find(some) for some in (pages, [255 - page for page in pages]))
    for some in (dark, light):
        kinds = [signs.probabilities[0].argmax() if len(signs) else -1 for signs in some]
        assert np.mean(np.array(kinds) == digits.labels[:60]) >= 0.9


@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 3000), (3000, 2), (7, 9), (64, 64), (511, 513), (2000, 1500)]
)
@pytest.mark.parametrize("tone", [0, 255])
def test_blank_pictures_of_any_shape_have_no_signs(detector, shape, tone: int) -> None:
    (signs,) = detector.find([np.full(shape, tone, np.uint8)])
    assert len(signs) == 0
    assert signs.boxes.shape == (0, 4)


def test_a_picture_reads_the_same_alone_and_among_others(detector, digits) -> None:
    random = np.random.default_rng(0)
    pages = [sheet(image, 30, (90, 300))[0] for image in digits.images[:5]]
    others = [random.integers(0, 255, (40, 50), np.uint8), np.zeros((300, 20), np.uint8)]
    (alone,) = detector.find([pages[2]])
    among = detector.find([*others, *pages, *others])[4]
    np.testing.assert_allclose(alone.boxes, among.boxes, atol=1e-3)
    np.testing.assert_allclose(alone.probabilities, among.probabilities, atol=1e-4)
    assert detector.find([]) == []


def test_boxes_fit_their_signs(detector) -> None:
    data = mnist.load("validation")
    sources = Sources.of(data.images, data.labels)
    errors = []
    for number in range(30):
        page = compose(sources, 192, 77, number)
        (signs,) = detector.find([page["images"]])
        boxes, _ = true_signs(page)
        shares = overlap(signs.boxes[:, None], boxes)
        for index in np.flatnonzero(shares.max(0, initial=0) > 0.5) if len(signs) else []:
            away = np.abs(signs.boxes[shares[:, index].argmax()] - boxes[index]).mean()
            errors.append(min(away / 2, away / (0.05 * (boxes[index, 3] - boxes[index, 1]))))
    assert len(errors) > 100
    # Two pixels, or a twentieth of the height.
    assert np.median(errors) < 1


def test_predict_reads_with_the_detector(tmp_path, digits) -> None:
    rows = [np.hstack([255 - digits.images[5 * r + i] for i in range(5)]) for r in range(2)]
    page = np.pad(np.vstack([rows[0], np.full((30, 140), 255, np.uint8), rows[1]]), 20,
                  constant_values=255)  # fmt: skip
    Image.fromarray(page).resize((360, 252)).save(tmp_path / "page.png")
    prediction = handsum.predict(tmp_path / "page.png", reader="detector")
    (reading,) = prediction.files
    expected = ["".join(map(str, digits.labels[5 * row : 5 * row + 5])) for row in range(2)]
    assert len(reading.rows) == 2
    same = [a == b for a, b in zip("".join(reading.rows), "".join(expected), strict=True)]
    assert sum(same) >= 9
    assert reading.images.shape == (10, 28, 28)
    assert reading.images.max() > 200
    assert reading.probabilities.sum(1) == pytest.approx(1, abs=1e-5)
    assert prediction.sum is not None
    by_length = handsum.predict(tmp_path / "page.png", reader="detector", length=7).files[0]
    assert len(by_length.digits) == 7
    too_many = handsum.predict(tmp_path / "page.png", reader="detector", length=300).files[0]
    assert "does not read as 300 digits" in str(too_many.error)


def test_nothing_is_read_on_blank_paper(tmp_path) -> None:
    Image.new("L", (300, 200), 240).save(tmp_path / "blank.png")
    (reading,) = handsum.predict(tmp_path / "blank.png", reader="detector").files
    assert reading.error == "no digits found"


class Unsure:
    """Sees signs beside each other, the last one `lower`, with these scores."""

    def __init__(self, scores: Sequence[float], lower: int, signs: str) -> None:
        boxes = np.array([[10 + 30 * i, 10, 30 + 30 * i, 40] for i in range(len(scores))])
        boxes[-1, 1::2] += lower
        kinds = np.eye(CLASSES)[[SIGNS.index(sign) for sign in signs]]
        self._signs = Signs(boxes.astype(float), np.array(scores), kinds)

    def find(self, pictures: Sequence[np.ndarray], least: float = 0.3) -> list[Signs]:
        return [self._signs.of(np.flatnonzero(self._signs.scores >= least)) for _ in pictures]


def test_a_doubtful_digit_is_read_alone_or_beside_a_sure_one() -> None:
    page = np.zeros((60, 120), np.uint8)
    page[12:38, 20::30] = 255
    for scores, lower, read in [
        ((0.9, 0.7, 0.45), 0, "012"),
        ((0.9, 0.7, 0.45), 10, "012"),
        ((0.9, 0.7, 0.45), 40, "01"),
        ((0.9, 0.7, 0.39), 0, "01"),
        ((0.45, 0.9, 0.7), 0, "012"),
        ((0.47, 0.42), 0, "0"),
        ((0.3, 0.2), 0, ""),
    ]:
        (decoded,) = find_digits(Unsure(scores, lower, "012"[: len(scores)]), [page])
        assert decoded.digits == read, scores


@pytest.mark.parametrize("sign", ".,-/:+=%()$")
def test_a_doubtful_sign_is_read_beside_a_digit(sign: str) -> None:
    page = np.zeros((60, 120), np.uint8)
    page[12:38, 20::30] = 255
    for scores, lower, read in [
        ((0.9, 0.45, 0.9), 0, f"0{sign}2"),
        ((0.9, 0.39, 0.9), 0, "02"),
        ((0.9, 0.45, 0.45), 0, f"0{sign}2"),
        ((0.39, 0.45, 0.39), 0, ""),
    ]:
        (decoded,) = find_digits(Unsure(scores, lower, f"0{sign}2"), [page])
        assert "".join(decoded.text(punctuation=True)) == read, scores
