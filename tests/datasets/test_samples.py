"""Samples depend on recipe and index alone, and have the right digits, sums and boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from handsum.datasets import Recipe, Sample, draw_samples, parse_realism
from handsum.errors import UsageError
from handsum.layout.painting import INK_LEVEL
from handsum.strokes import draw_window

pytestmark = pytest.mark.usefixtures("fake_generator")
ALL = parse_realism("all")


def same(one: Sample, other: Sample) -> bool:
    arrays = [(one.image, other.image), (one.boxes, other.boxes)]
    arrays += zip(one.masks, other.masks, strict=True)
    for digits in zip(one.strokes, other.strokes, strict=True):
        arrays += zip(*(digit.controls for digit in digits), strict=True)
    return (
        all(np.array_equal(*pair) for pair in arrays)
        and one.image.dtype == np.uint8
        and (one.index, one.text, one.digits, one.total, one.writer, one.seed, one.effects)
        == (
            other.index, other.text, other.digits, other.total, other.writer, other.seed,
            other.effects,
        )
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["digits", "numbers", "sums"])
def test_a_sample_is_the_same_however_many_are_drawn(kind: Any) -> None:
    lengths = None if kind == "digits" else (1, 3)
    few = Recipe(kind, 20, 5, lengths=lengths, realism=ALL)
    many = Recipe(kind, 90, 5, lengths=lengths, realism=ALL)
    samples = list(draw_samples(few))
    assert [sample.index for sample in samples] == list(range(20))
    for start, stop in ((0, 20), (7, 8), (13, 20)):
        drawn = list(draw_samples(many, start, stop))
        assert all(map(same, drawn, samples[start:stop]))
        assert len(drawn) == stop - start


def test_a_sample_is_the_same_across_the_blocks_in_which_digits_are_drawn() -> None:
    size = Recipe("digits", 1, 5).block
    recipe = Recipe("digits", size + 5, 5)
    around = list(draw_samples(recipe, size - 3, size + 4))
    parts = [*draw_samples(recipe, size - 3, size), *draw_samples(recipe, size, size + 4)]
    assert all(map(same, around, parts))
    # Blocks have seeds of their own: the second does not begin as the first one does.
    begun = [list(draw_samples(recipe, start, start + 5)) for start in (0, size)]
    assert [s.writer for s in begun[0]] != [s.writer for s in begun[1]]


def test_the_seed_changes_everything() -> None:
    one, other = (list(draw_samples(Recipe("numbers", 20, seed))) for seed in (1, 2))
    assert [s.text for s in one] != [s.text for s in other]
    assert [s.writer for s in one] != [s.writer for s in other]


def test_labels_are_those_of_the_drawn_digits(fake_generator: Any) -> None:
    for sample in draw_samples(Recipe("digits", 50, 5)):
        assert sample.image.shape == (28, 28)
        assert fake_generator.drawn[sample.image.tobytes()] == sample.digits[0] == sample.total
        assert sample.text == str(sample.digits[0])
        assert 0 <= sample.writer < 7


def test_digits_are_checked_by_the_reader(fake_generator: Any) -> None:
    fake_generator.misdraw = lambda label, index, attempt: label if attempt else 8
    for verify, right in ((True, 50), (False, 4)):
        samples = list(draw_samples(Recipe("digits", 50, 5, verify=verify)))
        hits = sum(fake_generator.drawn[s.image.tobytes()] == s.digits[0] for s in samples)
        assert (hits == right) if verify else (hits < 20)


def test_digits_of_many_samples_are_drawn_in_one_call(fake_generator: Any) -> None:
    samples = list(draw_samples(Recipe("numbers", 512, 5, lengths=(2, 4), verify=False)))
    assert fake_generator.calls == [sum(len(sample.digits) for sample in samples)]
    fake_generator.misdraw = lambda label, index, attempt: label if index % 3 or attempt else 8
    fake_generator.calls.clear()
    list(draw_samples(Recipe("numbers", 100, 5, lengths=(2, 4))))
    assert len(fake_generator.calls) == 2


def test_numbers_have_all_lengths_and_digits() -> None:
    samples = list(draw_samples(Recipe("numbers", 400, 5, lengths=(1, 3), height=28)))
    lengths = np.bincount([len(sample.digits) for sample in samples])
    assert lengths[1:].min() > 100
    digits = np.bincount([digit for sample in samples for digit in sample.digits])
    assert digits.min() > 50
    for sample in samples:
        assert sample.text == "".join(map(str, sample.digits))
        assert sample.total == sum(sample.digits)


def test_sums_reach_all_given_totals() -> None:
    samples = list(draw_samples(Recipe("sums", 300, 5, lengths=(1, 4), totals=(12, 14), height=28)))
    assert {sample.total for sample in samples} == {12, 13, 14}
    assert {len(sample.digits) for sample in samples} == {2, 3, 4}
    assert all(sum(sample.digits) == sample.total for sample in samples)
    # Without totals, all possible ones are equally likely, even 0 and 18.
    free = list(draw_samples(Recipe("sums", 400, 5, lengths=(2, 2), height=28)))
    assert np.bincount([sample.total for sample in free], minlength=19).min() > 5


@pytest.mark.parametrize("realism", ["none", "rotation=1,perspective=1,strokes=1,touching=1"])
def test_signs_have_boxes_and_masks_beside_the_digits(realism: str) -> None:
    patterns = (r"\$\d,\d{3}\.\d{2}", "date", "-?digits%", r"\(digits\)")
    recipe = Recipe("numbers", 60, 5, patterns=patterns, realism=parse_realism(realism))
    seen: set[str] = set()
    for sample in draw_samples(recipe):
        assert "".join(map(str, sample.digits)) == "".join(filter(str.isdigit, sample.text))
        assert list(sample.signs) == [sign for sign in sample.text if not sign.isdigit()]
        assert len(sample.digits) == len(sample.boxes) == len(sample.masks) == len(sample.strokes)
        assert len(sample.signs) == len(sample.sign_boxes) == len(sample.sign_masks)
        covered = np.zeros(sample.image.shape, bool)
        boxes = np.concatenate([sample.boxes, sample.sign_boxes])
        masks = sample.masks + sample.sign_masks
        for mask, (x, y, width, height) in zip(masks, boxes, strict=True):
            covered[y : y + height, x : x + width] |= mask
        assert np.array_equal(covered, sample.image.astype(int) <= 255 - INK_LEVEL)
        # In writing order from left to right, up to what turns and overlaps move.
        place = {False: iter(sample.boxes), True: iter(sample.sign_boxes)}
        order = [next(place[not sign.isdigit()]) for sign in sample.text]
        middles = [x + width / 2 for x, _, width, _ in order]
        assert all(0 < place < len(sample.digits) for place in sample.effects.get("touching", []))
        assert middles == sorted(middles)
        seen |= set(sample.signs)
    assert seen >= set("$,.%-/()")


def test_spaces_in_a_text_make_no_digit_smaller() -> None:
    sizes = []
    for text in ("0" * 8, " ".join("0" * 8), " ".join("0" * 16)):
        recipe = Recipe("numbers", 6, 5, texts=(text,))
        samples = list(draw_samples(recipe))
        assert all(sample.image.shape[1] < recipe.greatest_width for sample in samples)
        sizes.append(np.mean([sample.boxes[:, 3].mean() for sample in samples]))
    assert max(sizes) - min(sizes) < 0.1 * max(sizes)


def test_patterns_come_as_often_as_their_weights() -> None:
    recipe = Recipe(
        "numbers", 300, 5, patterns=("year", "time"), weights=(3, 1), height=28, verify=False
    )
    times = sum(":" in sample.text for sample in draw_samples(recipe))
    assert 50 < times < 100
    assert recipe.length_range == (4, 8)
    assert {len(sample.text) for sample in draw_samples(recipe)} == {4, 5, 7, 8}


def test_pictures_have_the_given_height_and_stay_within_the_width() -> None:
    for realism in ({}, parse_realism("all=1")):
        recipe = Recipe("numbers", 40, 5, lengths=(1, 9), height=48, realism=realism)
        for sample in draw_samples(recipe):
            assert sample.image.shape[0] == 48
            assert sample.image.shape[1] <= recipe.greatest_width
            assert sample.image.ndim == (3 if realism else 2)


@pytest.mark.parametrize("realism", ["none", "rotation=1,perspective=1", "rotation=0.3"])
@pytest.mark.parametrize("kind", ["digits", "numbers"])
def test_boxes_fit_the_ink_to_the_pixel(kind: Any, realism: str) -> None:
    lengths = None if kind == "digits" else (2, 6)
    recipe = Recipe(kind, 30, 5, lengths=lengths, realism=parse_realism(realism), height=64)
    for sample in draw_samples(recipe):
        paper = 0 if kind == "digits" else 255
        # Colours are rounded twice.
        inked = np.abs(sample.image.astype(int) - paper) >= INK_LEVEL
        boxed = np.zeros_like(inked)
        for x, y, width, height in sample.boxes:
            assert x >= 0
            assert y >= 0
            own = np.abs(sample.image[y : y + height, x : x + width].astype(int) - paper)
            assert own.shape == (height, width)
            for edge in (own[0], own[-1], own[:, 0], own[:, -1]):
                assert edge.max() >= INK_LEVEL
            boxed[y : y + height, x : x + width] = True
        assert not (inked & ~boxed).any()


@pytest.mark.parametrize("kind", ["digits", "numbers"])
def test_a_digit_s_strokes_and_mask_are_its_ink(kind: Any) -> None:
    """Drawn again, its strokes give the digit's mask; together, masks are the picture's ink."""
    lengths = None if kind == "digits" else (2, 6)
    realism = parse_realism("touching=1,rotation=1,perspective=1,strokes=1")
    recipe = Recipe(kind, 30, 5, lengths=lengths, realism=realism, height=64)
    for sample in draw_samples(recipe):
        height, width = sample.image.shape
        covered = np.zeros((height, width), bool)
        assert len(sample.strokes) == len(sample.masks) == len(sample.digits)
        for strokes, mask, (x, y, wide, high) in zip(
            sample.strokes, sample.masks, sample.boxes, strict=True
        ):
            ink = draw_window(strokes, width, height) >= INK_LEVEL
            assert mask.shape == (high, wide)
            assert np.array_equal(ink[y : y + high, x : x + wide], mask)
            assert ink.sum() == mask.sum() > 0
            covered |= ink
        paper = 0 if kind == "digits" else 255
        assert np.array_equal(covered, np.abs(sample.image.astype(int) - paper) >= INK_LEVEL)


def test_digits_that_overlap_have_masks_of_their_own() -> None:
    realism = parse_realism("touching=1")
    shared = 0
    for sample in draw_samples(Recipe("numbers", 30, 5, lengths=(2, 6), realism=realism)):
        owners = np.zeros(sample.image.shape, int)
        for mask, (x, y, width, height) in zip(sample.masks, sample.boxes, strict=True):
            owners[y : y + height, x : x + width] += mask
        assert (owners.max() > 1) >= bool(sample.effects["touching"])
        shared += int(owners.max() > 1)
    assert shared > 5


@pytest.mark.parametrize(
    ("realism", "height", "pixels"),
    [
        ("none", 28, True),
        ("colors,lines,texture,blur,noise,jpeg", 28, True),
        ("none", 29, False),
        ("strokes", 28, False),
        ("rotation", 28, False),
        ("perspective", 28, False),
    ],
)
def test_digits_have_mnists_pixels_until_they_move(
    monkeypatch: Any, fake_generator: Any, realism: str, height: int, pixels: bool
) -> None:
    """What a generator draws is not what the drawing of its strokes is."""
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 9:18] = 200
    monkeypatch.setattr(fake_generator, "draw", lambda labels, *rest, **keys: digit[None])
    recipe = Recipe("digits", 1, 5, verify=False, realism=parse_realism(realism), height=height)
    (sample,) = draw_samples(recipe)
    assert (sample.strokes == ()) == pixels
    assert (sample.boxes.tolist() == [[9, 4, 9, 20]]) == pixels
    if realism == "none":
        assert np.array_equal(sample.image, digit) == pixels


def test_samples_out_of_range_are_an_error() -> None:
    recipe = Recipe("digits", 5, 1)
    for start, stop in ((0, 6), (-1, 3), (4, 3)):
        with pytest.raises(UsageError, match="out of range: there are 5"):
            list(draw_samples(recipe, start, stop))


def test_a_sample_shows_itself_in_one_line() -> None:
    (sample,) = draw_samples(Recipe("numbers", 1, 5, lengths=(2, 2)))
    assert repr(sample) == f"<sample 0, {sample.text}, writer {sample.writer}, seed 5>"
    assert sample == sample
