from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.errors import UsageError
from handsum.pretrained.load import load_generator
from handsum.writing.interpolate import interpolate
from handsum.writing.write import number


def test_the_ends_are_the_two_hands() -> None:
    drawn = interpolate("12..40", "37", steps=5, seed=1)
    assert drawn.images.shape == (10, 28, 28)
    assert drawn.labels.tolist() == [3] * 5 + [7] * 5
    generator = load_generator()
    for end, writer in ((0, 12), (4, 40)):
        own = generator.draw(
            np.array([3, 7]), np.full(2, writer), seed=1, indices=np.arange(2)
        ).astype(int)
        np.testing.assert_allclose(drawn.images[[end, end + 5]], own, atol=1)
    # Every step changes the digit, by less than all steps together. (A step need not come nearer to
    # the end: a thin stroke that moves differs in as many pixels wherever it is.)
    for digit in (drawn.images[:5].astype(int), drawn.images[5:].astype(int)):
        changes = np.abs(np.diff(digit, axis=0)).sum((1, 2))
        assert (changes > 0).all()
        assert (changes < np.abs(digit[-1] - digit[0]).sum()).all()


def test_latents_lead_from_one_drawing_to_another() -> None:
    drawn = interpolate("latents", "5", steps=3, seed=2, writer=9)
    generator = load_generator()
    for step, attempt in ((0, 0), (2, 1)):
        own = generator.draw(
            np.array([5]),
            np.array([9]),
            seed=2,
            indices=np.zeros(1, int),
            attempts=np.array([attempt]),
        ).astype(int)
        np.testing.assert_allclose(drawn.images[[step]], own, atol=1)
    assert interpolate("latents", "5", steps=2, seed=2, model="cgan").images.shape == (2, 28, 28)


def test_a_hand_to_itself_does_not_change() -> None:
    same = interpolate("12..12", "27", steps=5, seed=5).images.astype(int)
    np.testing.assert_allclose(same[:5], np.repeat(same[:1], 5, axis=0), atol=1)


def test_new_to_new_leads_from_one_new_hand_to_another() -> None:
    drawn = interpolate("new..new", "2", steps=4, seed=5).images.astype(int)
    own = interpolate("new..12", "2", steps=4, seed=5).images.astype(int)
    np.testing.assert_allclose(drawn[0], own[0], atol=1)
    assert np.abs(drawn[-1] - drawn[0]).mean() > 3


def test_the_seed_chooses_the_hand_of_latents_and_it_is_saved(tmp_path: Path) -> None:
    chosen = {int(interpolate("latents", "5", steps=2, seed=seed).writers[0]) for seed in range(6)}
    assert len(chosen) > 3
    drawn = interpolate("latents", "5", steps=2, seed=0)
    assert drawn.hand == str(drawn.writers[0])
    drawn.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as strip:
        assert strip.text["handsum:writer"] == drawn.hand
    assert interpolate("latents", "5", steps=2, seed=0, writer="3+4").hand == "3+4"


def test_strips_and_animations(tmp_path: Path) -> None:
    drawn = interpolate("1..2", "04", steps=4, seed=3)
    drawn.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as strip:
        assert strip.size == (4 * 112, 2 * 112)
        assert strip.text["handsum:digits"] == "04"
        assert strip.text["handsum:writer"] == "1..2"
    drawn.save(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 6
        assert film.size == (2 * 112, 112)
    again = tmp_path / "b.gif"
    interpolate("1..2", "04", steps=4, seed=3).save(again)
    assert again.read_bytes() == (tmp_path / "a.gif").read_bytes()


@pytest.mark.parametrize(
    ("between", "options", "message"),
    [
        ("12", {}, "two hands, such as 12..40, or latents"),
        ("1..2..3", {}, "two hands"),
        ("1..999", {}, "writer 999 is out of range"),
        ("1..x", {}, "hand is a writer's number"),
        ("1..2", {"steps": 1}, "1 steps lead nowhere"),
        ("1..2", {"digits": "a"}, "not 'a'"),
        ("1..2", {"model": "cgan"}, "cgan knows no writers"),
        ("latents", {"model": "dcgan"}, "draws random digits"),
        ("latents", {"model": "cgan", "writer": 3}, "cgan knows no writers"),
        ("latents", {"writer": 9999}, "writer 9999 is out of range"),
        ("12..40", {"writer": 7}, "a writer is for latents"),
        ("digits", {"model": "cgan", "writer": 7}, "a writer is for latents"),
    ],
)
def test_wrong_arguments_are_refused(between: str, options, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        interpolate(between, **options)


def test_other_files_are_refused(tmp_path: Path) -> None:
    drawn = interpolate("1..2", "0", steps=2, seed=3)
    with pytest.raises(UsageError, match="a .png strip or a .gif"):
        drawn.save(tmp_path / "a.npz")


def test_a_mixed_hand_writes_a_number() -> None:
    written = number("17", writer="3+4", seed=1)
    assert written.hand == "3+4"
    assert written.writers.tolist() == [-1]
    assert number("17", writer="new", seed=1).images.tolist() != written.images.tolist()


def test_from_digit_to_digit_begins_and_ends_with_them() -> None:
    strip = interpolate("digits", "381", steps=5, seed=2, model="cgan")
    assert strip.digits == "381"
    assert strip.images.shape == (10, 28, 28)
    assert strip.labels.tolist() == [3, 3, 3, 8, 8, 8, 8, 8, 1, 1]
    pure = load_generator("cgan").mix(np.eye(10)[[3, 8]], seed=2, indices=np.zeros(2, int))
    np.testing.assert_array_equal(strip.images[[0, 4]], pure)
