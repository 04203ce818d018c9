"""Realism: each effect works, stays within its strength, and records what it drew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from handsum.datasets import EFFECTS, Recipe, Sample, draw_samples, parse_realism
from handsum.datasets.effects.camera import SHOTS
from handsum.datasets.effects.geometry import look, perspective, project, rotation
from handsum.datasets.effects.ink import draw as draw_ink
from handsum.datasets.effects.ink import overlay
from handsum.datasets.effects.marks import MARKS
from handsum.layout.painting import parse_color

pytestmark = pytest.mark.usefixtures("fake_generator")
COUNT = 24
# What is not on every sheet.
OCCASIONAL = ("folds", "stains", "highlighter", "stamp", "staple")


def draw(realism: str, kind: Any = "numbers", **options: Any) -> list[Sample]:
    if kind == "numbers":
        options.setdefault("lengths", (3, 3))
    recipe = Recipe(kind, COUNT, 5, realism=parse_realism(realism), **options)
    return list(draw_samples(recipe))


def measured(value: Any, name: str) -> float:
    """The strength that an effect has recorded, as a share of its maximum."""
    most = {"rotation": 8, "perspective": 0.16, "texture": 1, "blur": 64 / 32, "noise": 28}
    most |= {"bleed": 0.3, "folds": 0.35, "stains": 0.55, "highlighter": 0.9, "stamp": 0.75}
    most |= {"staple": 0.4, "motion": 64 / 10, "moire": 0.22, "halftone": 1}
    if name == "jpeg":
        return (95 - value) / 80
    if name == "lines":
        return float(value["opacity"])
    if name == "colors":
        ink, paper = parse_color(value["ink"]), parse_color(value["paper"])
        far = max(*ink, 255 - min(paper))
        return min(far / 255, 1) if sum(paper) > sum(ink) else 0
    if name == "strokes":
        stretched = [np.log(value[side]) / 0.2 for side in ("width", "height")]
        return float(np.abs([value["slant"] / 0.35, *stretched, np.log(value["pen"]) / 0.3]).max())
    return float(np.abs(value).max()) / most[name]


@pytest.mark.parametrize("name", [name for name in EFFECTS if name not in ("touching", "desk")])
def test_an_effect_is_bounded_by_its_strength_and_recorded(name: str) -> None:
    plain = draw("none")
    reached = {}
    for strength in (0.3, 1.0):
        samples = draw(f"{name}={strength}")
        assert all(list(sample.effects) == [name] for sample in samples)
        shares = [measured(sample.effects[name], name) for sample in samples]
        assert max(shares) <= strength + 0.01
        assert len(set(shares)) > (2 if name in OCCASIONAL else COUNT / 2)
        reached[strength] = max(shares)
        changed = [
            sample.image.shape != before.image.shape
            or not np.array_equal(sample.image, before.image)
            for sample, before in zip(samples, plain, strict=True)
        ]
        # A blur of a fifth of a pixel changes nothing.
        least = {"blur": 0.3, "motion": 0.3} | dict.fromkeys(OCCASIONAL, 0.05)
        assert np.mean(changed) > least.get(name, 0.8)
    assert reached[1.0] > 2 * reached[0.3]


def test_an_effect_changes_neither_the_digits_nor_other_effects() -> None:
    alone, plain, together = draw("blur"), draw("none"), draw("all")
    for one, none, every in zip(alone, plain, together, strict=True):
        assert one.effects["blur"] == every.effects["blur"]
        assert list(every.effects) == [name for name in EFFECTS if name != "desk"]
        assert one.text == none.text == every.text
        assert one.writer == none.writer == every.writer


@pytest.mark.parametrize("name", [*MARKS, *SHOTS])
def test_what_happens_to_paper_or_camera_moves_and_hides_no_digit(name: str) -> None:
    for plain, sample in zip(draw("none"), draw(f"{name}=1"), strict=True):
        assert np.array_equal(plain.boxes, sample.boxes)
        for (x, y, width, height), mask in zip(sample.boxes, sample.masks, strict=True):
            inside = sample.image[y : y + height, x : x + width].astype(float)
            assert np.median(inside[mask]) < np.median(sample.image) - 60


def centre(sample: Sample, place: int) -> np.ndarray:
    """The middle of a digit's ink, x and y."""
    x, y, width, height = sample.boxes[place]
    ink = 255.0 - sample.image[y : y + height, x : x + width]
    return np.array(ndimage.center_of_mass(ink))[::-1] + np.array([x, y])


def test_rotation_turns_by_the_degrees_it_records() -> None:
    turns = []
    for plain, turned in zip(draw("none"), draw("rotation=1"), strict=True):
        before, after = (centre(sample, 2) - centre(sample, 0) for sample in (plain, turned))
        angles = [np.degrees(np.arctan2(way[1], way[0])) for way in (before, after)]
        assert angles[1] - angles[0] == pytest.approx(turned.effects["rotation"], abs=0.7)
        turns.append(turned.effects["rotation"])
    assert min(turns) < -4
    assert max(turns) > 4


def test_perspective_takes_corners_to_corners() -> None:
    before = np.array([(0, 0), (200, 0), (200, 60), (0, 60)], float)
    after = before + np.array([(3, 8), (-5, 2), (9, -4), (0, 7)])
    view = perspective(before, after)
    assert look(view, before) == pytest.approx(after)
    assert look(np.linalg.inv(view), after) == pytest.approx(before)
    assert look(rotation(90, np.array([5, 5])), np.array([[9, 5]])) == pytest.approx(
        np.array([[5, 9]])
    )


@pytest.mark.parametrize(("strength", "overlap"), [(0.3, 0.96), (1.0, 0.92)])
def test_strokes_in_perspective_are_their_outline_in_perspective(
    strength: float, overlap: float, write_row: Any
) -> None:
    """Control points and widths are mapped; the exact picture is that of every point's."""
    side, large = 200, 8
    digits = [digit.scale(100).shift(100, 100) for digit in write_row("0123456789")]
    page = np.array([(0, 0), (side, 0), (side, side), (0, side)], float)
    rng = np.random.default_rng(3)
    for digit in digits:
        view = perspective(page, page + rng.uniform(-0.16, 0.16, (4, 2)) * strength * 120)
        ink = overlay(draw_ink([project(digit, view)], (side, side)), (side, side)) > 0.5
        exact = Image.new("L", (large * side, large * side))
        for outline in digit.outlines():
            ImageDraw.Draw(exact).polygon([*map(tuple, large * look(view, outline))], 255)
        seen = np.asarray(exact.resize((side, side), Image.Resampling.BOX)) > 127
        assert (ink & seen).sum() / (ink | seen).sum() > overlap


def test_touching_digits_share_their_ink() -> None:
    pairs = 0
    for plain, met in zip(draw("none"), draw("touching=1"), strict=True):
        marks = [ndimage.label(sample.image < 128, np.ones((3, 3)))[1] for sample in (plain, met)]
        assert marks[1] <= marks[0] - len(met.effects["touching"]) + 1
        widths = [sample.boxes[-1][0] - sample.boxes[0][0] for sample in (plain, met)]
        assert (widths[1] < widths[0]) == bool(met.effects["touching"])
        pairs += len(met.effects["touching"])
    assert COUNT * 0.4 < pairs < COUNT * 1.6


def test_noise_has_the_deviation_it_records() -> None:
    for sample in draw("noise=1"):
        paper = 255.0 - sample.image[:6]
        # Paper cannot be whiter than white: half of the noise is cut off.
        expected = sample.effects["noise"] / np.sqrt(2 * np.pi)
        assert paper.mean() == pytest.approx(expected, rel=0.2, abs=0.3)


def test_blur_softens_as_far_as_it_records() -> None:
    for plain, soft in zip(draw("none"), draw("blur=1"), strict=True):
        again = ndimage.gaussian_filter(
            plain.image.astype(float), soft.effects["blur"], mode="nearest"
        )
        assert np.abs(again - soft.image).max() <= 1


def test_colors_are_those_recorded_and_differ_enough() -> None:
    chalks = 0
    for sample in draw("colors=1", height=128, verify=False):
        paper, ink = (
            np.array(parse_color(sample.effects["colors"][key])) for key in ("paper", "ink")
        )
        assert np.array_equal(sample.image[0, 0], paper)
        distance = np.abs(sample.image.astype(int) - ink).sum(axis=-1)
        assert (distance == 0).mean() > 0.02
        weights = (0.299, 0.587, 0.114)
        assert abs(np.dot(paper, weights) - np.dot(ink, weights)) > 60
        chalks += paper.sum() < ink.sum()
    assert 0 < chalks < COUNT / 2


def test_texture_keeps_the_ink_readable() -> None:
    for sample in draw("texture=1"):
        paper = sample.image[:5].astype(float)
        if sample.effects["texture"] > 0.3:
            assert paper.std() > 1
        x, y, width, height = sample.boxes[0]
        assert np.percentile(sample.image[y : y + height, x : x + width], 5) < paper.mean() - 60


def test_lines_are_on_the_sheet_under_the_ink() -> None:
    kinds = set()
    for plain, lined in zip(draw("none"), draw("lines=1"), strict=True):
        kinds.add(lined.effects["lines"]["kind"])
        assert (lined.image <= plain.image).all()
        assert (lined.image < plain.image).any()
        assert np.array_equal(lined.image[plain.image == 0], plain.image[plain.image == 0])
        assert np.array_equal(lined.boxes, plain.boxes)
    assert kinds == {"rule", "ruled", "squared", "boxes"}


def test_jpeg_is_the_file_format_of_the_quality_it_records() -> None:
    import io

    from PIL import Image

    for plain, saved in zip(draw("none"), draw("jpeg=1"), strict=True):
        buffer = io.BytesIO()
        Image.fromarray(plain.image).save(buffer, "JPEG", quality=saved.effects["jpeg"])
        assert np.array_equal(saved.image, np.asarray(Image.open(buffer)))


def test_digits_stay_white_on_black_unless_they_are_coloured() -> None:
    for sample in draw("rotation,blur,noise,texture,jpeg", "digits"):
        assert sample.image.shape == (28, 28)
        assert np.median(sample.image) < 100
    for sample in draw("all=1", "digits"):
        assert sample.image.shape == (28, 28, 3)
        assert "touching" not in sample.effects


def test_a_lone_narrow_digit_keeps_its_shape_at_an_angle() -> None:
    plain, seen = (
        [s for s in draw(text, lengths=(1, 1), verify=False) if s.text == "1"]
        for text in ("none", "perspective=1")
    )
    assert plain
    for before, after in zip(plain, seen, strict=True):
        height = before.boxes[0, 3]
        assert 0.5 * height < after.boxes[0, 3] < 1.6 * height
