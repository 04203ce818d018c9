"""Local forms: variants of strokes, kept by their writers and labelled in the samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from handsum.datasets import FORMS, Recipe, Sample, draw_samples
from handsum.datasets.effects.forms import FORM_NAMES, choose_forms, write_form
from handsum.errors import UsageError
from handsum.layout.loops import count_loops
from handsum.strokes import Strokes

COUNT = 60
# The paths of digits in units of their height, as a person writes them.
PATHS: dict[tuple[int, str], list[list[tuple[float, float]]]] = {
    (4, "open"): [
        [(-0.25, -0.4), (-0.3, -0.1), (-0.32, 0.08), (-0.3, 0.1), (0, 0.1), (0.35, 0.08)],
        [(0.15, -0.5), (0.14, -0.25), (0.13, 0), (0.12, 0.25), (0.12, 0.5)],
    ],
    (4, "closed"): [
        [(0.13, -0.5), (-0.1, -0.2), (-0.32, 0.08), (-0.3, 0.1), (0, 0.1), (0.35, 0.08)],
        [(0.13, -0.5), (0.13, -0.25), (0.13, 0), (0.12, 0.25), (0.12, 0.5)],
    ],
    (4, "looped bar"): [
        [
            (-0.25, -0.4), (-0.3, -0.1), (-0.32, 0.08), (-0.3, 0.1), (0.2, 0.12), (0.32, 0.05),
            (0.25, -0.03), (0.05, 0),
        ],
        [(0.15, -0.5), (0.14, -0.25), (0.13, 0), (0.12, 0.25), (0.12, 0.5)],
    ],
    (2, "plain"): [
        [
            (-0.25, -0.3), (-0.1, -0.5), (0.2, -0.5), (0.25, -0.25), (0.1, 0), (-0.1, 0.25),
            (-0.3, 0.48), (-0.3, 0.5), (-0.1, 0.48), (0.1, 0.48), (0.3, 0.47),
        ]
    ],
    (2, "loop"): [
        [
            (-0.25, -0.3), (-0.1, -0.5), (0.2, -0.5), (0.25, -0.25), (0.1, 0), (-0.1, 0.25),
            (-0.25, 0.5), (-0.45, 0.5), (-0.45, 0.25), (-0.2, 0.25), (0.05, 0.45), (0.3, 0.5),
        ]
    ],
    (9, "straight"): [
        [
            (0.3, -0.35), (0, -0.5), (-0.2, -0.4), (-0.2, -0.1), (0, 0), (0.2, -0.15),
            (0.24, -0.5), (0.21, -0.2), (0.18, 0), (0.16, 0.25), (0.14, 0.5),
        ]
    ],
    (7, "plain"): [[(-0.3, -0.5), (0, -0.5), (0.28, -0.48), (0.2, -0.2), (0.05, 0.15), (0, 0.5)]],
    (0, "plain"): [
        [
            (0.1, -0.5), (-0.2, -0.35), (-0.28, 0), (-0.15, 0.45), (0.1, 0.5), (0.3, 0.15),
            (0.25, -0.3), (0.1, -0.5),
        ]
    ],
    (1, "plain"): [[(0.05, -0.5), (0.03, -0.2), (0.02, 0.1), (0, 0.5)]],
    (1, "flag-foot"): [
        [(-0.25, -0.2), (-0.1, -0.35), (0, -0.5), (0, -0.5), (0, -0.1), (0, 0.2), (0, 0.5)],
        [(-0.2, 0.5), (0, 0.5), (0.2, 0.5)],
    ],
}  # fmt: skip


def write(label: int, own: str) -> Strokes:
    paths = PATHS[label, own]
    return Strokes(tuple(np.array([(x, y, 0.04) for x, y in path]) for path in paths))


def loops(digit: Strokes) -> int:
    return int(count_loops(digit.with_nib(0.03).draw(90)[None], 0.004)[0])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("label", "own", "form", "changes"),
    [
        (0, "plain", "slashed", {"strokes": 1, "loops": 1}),
        (1, "plain", "plain", {}),
        (1, "plain", "flag", {"left": -0.2}),
        (1, "plain", "flag-foot", {"strokes": 1, "left": -0.2, "right": 0.15}),
        (1, "flag-foot", "plain", {"strokes": -1, "left": 0.2, "right": -0.15}),
        (2, "plain", "plain", {}),
        (2, "plain", "loop", {"loops": 1}),
        (2, "loop", "plain", {"loops": -1}),
        (2, "loop", "loop", {}),
        (4, "open", "closed", {"loops": 1}),
        (4, "closed", "open", {"loops": -1}),
        (4, "closed", "closed", {}),
        (4, "looped bar", "open", {}),
        (7, "plain", "plain", {}),
        (7, "plain", "crossed", {"strokes": 1}),
        (9, "straight", "straight", {}),
        (9, "straight", "curved", {"left": -0.02}),
    ],
)
def test_a_form_changes_what_its_name_says(
    label: int, own: str, form: str, changes: dict[str, float], seed: int
) -> None:
    digit = write(label, own)
    changed, given = write_form(digit, label, form, np.random.default_rng(seed))
    assert given == form
    assert len(changed.controls) - len(digit.controls) == changes.get("strokes", 0)
    assert loops(changed) - loops(digit) == changes.get("loops", 0)
    moved = np.array(changed.bounds()) - digit.bounds()
    for side, edge in (("left", moved[0]), ("right", moved[2])):
        least = changes.get(side, 0.0)
        assert edge * np.sign(least) >= 0.5 * abs(least)
    # A form is no larger than a digit is.
    assert np.abs(moved).max() < 0.45
    # It has the pen of the digit.
    assert np.concatenate(changed.controls)[:, 2] == pytest.approx(0.04)


def test_a_cross_goes_through_the_stem_of_a_7() -> None:
    crossed, _ = write_form(write(7, "plain"), 7, "crossed", np.random.default_rng(0))
    again, form = write_form(crossed, 7, "plain", np.random.default_rng(0))
    assert form == "plain"
    assert len(again.controls) == 1
    stem, cross = crossed.sample()
    height = cross[:, 1].mean()
    x = stem[np.abs(stem[:, 1] - height).argmin(), 0]
    assert cross[0, 0] < x - 0.1 < x + 0.1 < cross[-1, 0]
    assert -0.2 < height < 0.3


@pytest.mark.parametrize("label", range(10))
@pytest.mark.parametrize("form", FORM_NAMES)
def test_strange_strokes_stay_whole(
    write_row: Callable[[str], list[Strokes]], label: int, form: str
) -> None:
    """The digits of a clock, of straight pieces, and a digit without strokes."""
    (digit,) = write_row(str(label))
    for strokes in (digit, Strokes(()), Strokes(digit.controls[:1])):
        changed, given = write_form(strokes, label, form, np.random.default_rng(0))
        assert given in FORM_NAMES
        assert bool(changed.controls) == bool(strokes.controls)


def draw(forms: Any, kind: Any = "numbers", **options: Any) -> list[Sample]:
    return list(draw_samples(Recipe(kind, COUNT, 5, forms=forms, **options)))


@pytest.mark.usefixtures("fake_generator")
@pytest.mark.parametrize("kind", ["digits", "numbers"])
def test_forms_are_those_of_the_place_and_change_nothing_else(kind: Any) -> None:
    plain = draw(None, kind)
    assert all(sample.forms == () for sample in plain)
    seen: dict[str, dict[int, set[str]]] = {}
    for setting in FORMS:
        seen[setting] = defaultdict(set)
        for before, sample in zip(plain, draw(setting, kind), strict=True):
            assert (before.text, before.writer) == (sample.text, sample.writer)
            assert len(sample.forms) == len(sample.strokes) == len(sample.digits)
            for digit, form in zip(sample.digits, sample.forms, strict=True):
                seen[setting][digit].add(form)
    assert seen["european"][1] <= {"flag", "flag-foot"}
    assert seen["european"][7] == {"crossed"}
    assert seen["european"][0] == seen["american"][1] == seen["american"][7] == {"plain"}
    assert seen["american"][0] <= {"plain", "slashed"}
    assert seen["mixed"][7] == {"plain", "crossed"}
    assert all(
        names == {"plain"} for digit, names in seen["mixed"].items() if digit in (3, 5, 6, 8)
    )


@pytest.mark.usefixtures("fake_generator")
def test_a_writer_keeps_their_forms() -> None:
    own: dict[tuple[int, int], set[str]] = defaultdict(set)
    for sample in draw("mixed"):
        for digit, form in zip(sample.digits, sample.forms, strict=True):
            own[sample.writer, digit].add(form)
    firm = {key: names for key, names in own.items() if key[1] in (0, 1, 7)}
    assert all(len(names) == 1 for names in firm.values())
    assert len({min(names) for (_, digit), names in firm.items() if digit == 7}) == 2


def test_people_without_a_number_have_forms_of_their_own(fake_generator: Any) -> None:
    fake_generator.writers = 1
    crosses = {
        form
        for sample in draw("mixed")
        for digit, form in zip(sample.digits, sample.forms, strict=True)
        if digit == 7
    }
    assert crosses == {"plain", "crossed"}


def test_every_place_and_its_shares_occur() -> None:
    chosen = [choose_forms("mixed", np.random.default_rng(seed)) for seed in range(400)]
    ones = [forms[1] for forms in chosen]
    assert 0.4 < ones.count("plain") / 400 < 0.6
    assert 0.05 < ones.count("flag-foot") / 400 < 0.2
    assert {form for forms in chosen for form in forms.values()} == set(FORM_NAMES)


def test_an_unknown_place_is_an_error() -> None:
    with pytest.raises(UsageError, match="no `forms` 'martian': use european, american, mixed"):
        draw("martian")
