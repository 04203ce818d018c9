"""Pages composed to train a detector: their ink is where the answers say."""

from __future__ import annotations

import os
import pickle
from functools import partial
from itertools import product

import numpy as np
import pytest

from handsum.data import mnist
from handsum.data.pages.compose import compose
from handsum.data.pages.composing import Composer, start_composer
from handsum.data.pages.glyphs import Glyph, pixel_glyph, printed_glyph, segment_glyph
from handsum.data.pages.shapes import ALPHABET, letter
from handsum.data.pages.stream import PageRows
from handsum.data.pages.writing import Hand, Sources, text_of
from handsum.data.signs.alphabet import CLASSES, SIGNS
from handsum.data.signs.answers import Signs, merge, read_answers, without_doubles
from handsum.data.signs.targets import MOST, STRIDE, make_targets, true_signs
from handsum.data.signs.views import WINDOWS, in_picture, pad_with_border, views_of
from handsum.layout.marks import MARKS


@pytest.fixture(scope="module")
def sources() -> Sources:
    data = mnist.load("validation")
    return Sources.of(data.images, data.labels)


@pytest.fixture(scope="module")
def pages(sources: Sources) -> list[dict[str, np.ndarray]]:
    return [compose(sources, 128, 0, number) for number in range(120)]


def test_a_page_depends_on_its_seed_and_number_alone(sources, pages) -> None:
    again = compose(pickle.loads(pickle.dumps(sources)), 128, 0, 7)
    for name, values in pages[7].items():
        np.testing.assert_array_equal(values, again[name])
    assert not np.array_equal(pages[7]["images"], compose(sources, 128, 1, 7)["images"])
    assert not np.array_equal(pages[7]["images"], pages[8]["images"])


def test_answers_have_the_shape_of_the_page(sources) -> None:
    # Of 25 pages some are made of small pictures, and in the smallest there is room for one.
    for side, number in product((32, 48, 64, 112), range(25)):
        page = compose(sources, side, 0, number)
        assert page["images"].shape == (side, side)
        assert page["images"].dtype == np.uint8
        cells = side // STRIDE
        assert page["heat"].shape == page["kinds"].shape == (cells, cells)
        assert page["sides"].shape == (cells, cells, 4)


def test_boxes_hold_what_differs_from_the_paper(pages) -> None:
    # The tones at the box's middle rows and columns vary more than those of even paper would.
    contrasts = []
    for page in pages:
        around = page["images"].astype(float)
        for left, top, right, bottom in true_signs(page)[0]:
            rows = slice(max(int(top) - 1, 0), int(bottom) + 2)
            inside = around[rows, max(int(left) - 1, 0) : int(right) + 2]
            contrasts.append(np.ptp(inside) / max(np.ptp(around), 1))
    assert len(contrasts) > 500
    assert np.mean(np.array(contrasts) > 0.15) > 0.97


def test_every_class_occurs_and_digits_are_most_of_them(pages, sources) -> None:
    more = [compose(sources, 128, 5, number) for number in range(250)]
    labels = np.concatenate([true_signs(page)[1] for page in [*pages, *more]])
    counts = np.bincount(labels, minlength=CLASSES)
    assert (counts > 0).all(), dict(zip([*SIGNS, "other"], counts.tolist(), strict=True))
    assert counts[:10].sum() > 0.5 * counts.sum()
    assert counts[:10].min() > 0.5 * counts[:10].mean()


def test_some_pages_have_nothing_to_read(pages) -> None:
    empty = sum(not len(true_signs(page)[1]) for page in pages)
    assert 2 <= empty <= 40


def test_answers_give_the_signs_back(pages) -> None:
    near = []
    for page in pages:
        boxes, labels = true_signs(page)
        kinds = np.eye(CLASSES)[np.maximum(page["kinds"], 0)]
        heat = page["heat"].astype(np.float64)
        sides = page["sides"].astype(np.float64)
        (found,) = read_answers(heat[None], kinds[None], sides[None], 0.99)
        # Two middles in one place are one sign.
        assert len(found) >= 0.9 * len(boxes) - 1
        for box, kind in zip(found.boxes, found.probabilities.argmax(-1), strict=True):
            away = np.abs(boxes - box).max(1)
            assert labels[away.argmin()] == kind
            near.append(away.min() < 2)
    # The boxes of signs that touch may be mixed.
    assert np.mean(near) > 0.98


def test_signs_too_small_too_large_or_cut_off_are_no_signs() -> None:
    box = np.array([[20.0, 20.0, 40.0, 50.0]])

    def heat(size: float, shown: float) -> np.ndarray:
        one, all_of_it = np.array([size]), np.array([shown])
        return make_targets(box, np.array([3]), one, all_of_it, 64)["heat"]

    assert (heat(30, 1.0) == 1).sum() == 1
    # Nobody asks for a digit that is half outside, or forbids it.
    for size, shown in ((30, 0.5), (9, 1.0), (MOST + 10, 1.0)):
        assert not (heat(size, shown) == 1).any()
        assert (heat(size, shown) == -1).any()
    for size, shown in ((30, 0.05), (5, 1.0), (150, 1.0)):
        assert (heat(size, shown) == 0).all()


def test_every_letter_and_sign_can_be_drawn(sources) -> None:
    random = np.random.default_rng(0)
    assert set(MARKS) - set(SIGNS) == {"€"}
    for source in ("mnist", "pen", "print", "segments", "pixels"):
        hand = Hand(source, 0.1, 0.0, 1.0, sources.fonts[0], 0.02)
        for sign in SIGNS + ("" if source in ("segments", "pixels") else ALPHABET):
            ink, _, _ = hand.glyph(sign, sources, random).draw(40 * np.eye(2), np.zeros(2))
            assert 0.5 < ink.max() <= 1, (source, sign)
            assert ink.min() >= 0, (source, sign)
    assert all(np.abs(stroke).max() <= 1.5 for name in ALPHABET for stroke in letter(name))


@pytest.mark.parametrize("digit", range(10))
def test_displays_and_fonts_stand_on_the_baseline(sources, digit: int) -> None:
    at = np.array([100.0, 100.0])
    glyphs = [segment_glyph(digit, np.random.default_rng(0)), pixel_glyph(digit)]
    glyphs += [printed_glyph(digit, str(digit), font) for font in sources.fonts]
    for glyph in glyphs:
        ink, _, top = glyph.draw(40 * np.eye(2), at)
        rows = np.flatnonzero((ink > 0.5).any(1)) + top
        assert 55 <= rows[0] <= 70, glyph
        assert 95 <= rows[-1] <= 112, glyph


def test_what_falls_between_the_pixels_leaves_a_small_picture_empty(sources, monkeypatch) -> None:
    hair = Glyph(1, 0.2, lines=[np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 0.0]])])
    monkeypatch.setattr(Hand, "glyph", lambda *others: hair)
    for number in range(60):
        assert compose(sources, 64, 0, number)["images"].shape == (64, 64)


def test_texts_are_varied() -> None:
    random = np.random.default_rng(0)
    texts = [text_of(random) for _ in range(2000)]
    assert len(set(texts)) > 1200
    for sign in SIGNS:
        assert any(sign in text for text in texts), sign


def test_a_small_picture_has_the_tone_of_its_border_around() -> None:
    picture = np.full((5, 8), 200, np.uint8)
    picture[2, 3] = 0
    padded = pad_with_border(picture, (16, 32), (4, 10))
    np.testing.assert_array_equal(padded[4:9, 10:18], picture)
    padded[4:9, 10:18] = 200
    assert (padded == 200).all()


def _row(number: int) -> dict[str, np.ndarray]:
    return {"images": np.full((2, 2), number), "process": np.array(os.getpid())}


def test_examples_are_the_same_from_other_processes() -> None:
    rows = PageRows(3)
    first, second = rows.rows(0, 2), rows.rows(2, 4)
    assert first.tolist() == [[0, 1, 2], [3, 4, 5]]
    alone = Composer(_row, None)
    with start_composer(_row) as composer:
        composer.ask(first)
        for numbers in (first, second, first):
            found = composer.take(numbers)
            np.testing.assert_array_equal(found["images"], alone.take(numbers)["images"])
            np.testing.assert_array_equal(found["images"][:, 0, 0], numbers.ravel())


def test_an_error_in_another_process_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError), start_composer(partial(divmod, 1)) as composer:
        composer.take(np.zeros((1, 1), np.int32))


def signs(*rows: tuple[float, float, float, float, float, int]) -> Signs:
    boxes = np.array([row[:4] for row in rows]).reshape(-1, 4)
    kinds = np.eye(CLASSES)[[row[5] for row in rows]].reshape(-1, CLASSES)
    return Signs(boxes, np.array([row[4] for row in rows]), kinds)


def test_of_two_signs_in_one_place_the_better_stays() -> None:
    same = signs((0, 0, 10, 20, 0.9, 3), (1, 1, 11, 21, 0.8, 5), (30, 0, 40, 20, 0.7, 1))
    assert without_doubles(same).probabilities.argmax(-1).tolist() == [3, 1]
    # The loop of a 9, and a ring around it.
    inside = signs((0, 0, 30, 60, 0.9, 9), (5, 5, 25, 30, 0.8, 0), (-30, -20, 60, 80, 0.6, 0))
    assert without_doubles(inside).probabilities.argmax(-1).tolist() == [9]
    neighbours = signs((0, 0, 10, 20, 0.9, 3), (7, 0, 17, 20, 0.8, 5))
    assert len(without_doubles(neighbours)) == 2


def test_what_is_seen_at_two_sizes_is_one_sign_with_the_mean_of_both() -> None:
    # Heights of 20 and 40 are about as far from the clearest.
    first = signs((0, 0, 10, 20, 0.9, 3))
    found = merge([(1.0, first), (2.0, signs((0, 1, 10, 21, 0.3, 8)))], 0.1)
    assert found.scores.tolist() == pytest.approx([0.6], abs=0.02)
    assert found.probabilities[0, [3, 8]] == pytest.approx([0.75, 0.25])
    assert len(merge([], 0.1)) == 0


def test_a_sign_counts_less_if_it_should_have_been_seen_at_another_size() -> None:
    tall, dash = signs((0, 0, 10, 20, 0.9, 3)), signs((0, 0, 30, 4, 0.9, 12))

    def score(own: Signs, elsewhere: float) -> float:
        return float(merge([(1.0, own), (elsewhere, signs())], 0.1).scores[0])

    # At twice the size it is 40 pixels high and clear, at an eighth or eight times it is not.
    assert score(tall, 2.0) == pytest.approx(0.45, abs=0.03)
    assert score(tall, 0.125) == pytest.approx(0.9, abs=0.01)
    assert score(tall, 8.0) == pytest.approx(0.9, abs=0.02)
    # Several windows of one size are one size, and a dash is as clear as it is wide.
    assert score(tall, 1.0) == pytest.approx(0.9)
    assert score(dash, 2.0) == pytest.approx(0.45, abs=0.05)
    assert len(merge([(1.0, tall), (2.0, signs())], 0.5)) == 0


@pytest.mark.parametrize("height", [1.0, 400.0])
def test_a_sign_of_an_unusual_size_counts_where_it_was_found(height: float) -> None:
    own = signs((0, 0, height / 2, height, 0.8, 3))
    assert merge([(1.0, own)], 0.1).scores.tolist() == pytest.approx([0.8])


@pytest.mark.parametrize(
    ("high", "wide"),
    [
        (1, 1),
        (28, 28),
        (5, 900),
        (900, 5),
        (60, 61),
        (90, 1500),
        (120, 500),
        (128, 520),
        (200, 200),
        (700, 1300),
        (3000, 4000),
    ],
)
def test_windows_show_every_place_of_a_picture(high: int, wide: int) -> None:
    picture = np.zeros((high, wide), np.uint8)
    scales = set()
    for view in views_of(0, picture):
        assert view.pixels.shape in [window[:2] for window in WINDOWS]
        scales.add(view.scale)
    fits = min(1, (3e6 / (high * wide)) ** 0.5)
    assert max(scales) == (2 * fits if min(high, wide) <= 100 else fits)
    # Wherever a sign stands, exactly one window of a size reports it, or two that see the same.
    scale = max(scales)
    random = np.random.default_rng(0)
    for _ in range(20):
        x, y = random.uniform(0, (wide, high))
        seen = []
        for view in views_of(0, picture):
            if view.scale != scale:
                continue
            at = np.array([x, y]) * scale - view.origin
            if (at >= 0).all() and (at < view.pixels.shape[::-1]).all():
                found = in_picture(view, signs((*(at - 6), *(at + 6), 0.9, 1)))
                seen += found.boxes.tolist()
        assert seen
        # At the picture's edge a box is cut off.
        middles = np.array(seen)[:, :2] + np.array(seen)[:, 2:]
        assert np.abs(middles / 2 - [x, y]).max() <= 6 / scale + 1
