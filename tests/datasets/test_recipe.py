"""Recipes and plans: defaults, limits, and errors of one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handsum.datasets import EFFECTS, Plan, Recipe, choose_shards, parse_range, parse_realism
from handsum.errors import UsageError


def test_defaults_depend_on_the_kind() -> None:
    digits, numbers = Recipe("digits", 5, 1), Recipe("numbers", 5, 1)
    assert (digits.lengths, digits.height, digits.channels) == ((1, 1), 28, 1)
    assert (numbers.lengths, numbers.height, numbers.channels) == ((1, 8), 64, 1)
    assert Recipe("sums", 5, 1, realism={"colors": 0.1}).channels == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "letters"}, "no data sets of 'letters'"),
        ({"count": 0}, "count of 0"),
        ({"seed": -1}, "seed -1"),
        ({"lengths": (0, 3)}, "within 1 to 32"),
        ({"lengths": (5, 3)}, "from 5 to 3"),
        ({"lengths": (1, 33)}, "within 1 to 32"),
        ({"kind": "digits", "lengths": (1, 2)}, "one to a picture"),
        ({"totals": (1, 5)}, "only sums have totals: .* numbers"),
        ({"kind": "sums", "totals": (80, 90)}, "sums up to 72, not 80: .* lengths up to 9"),
        ({"kind": "sums", "totals": (9, 5)}, "10-20"),
        ({"height": 27}, "28 to 512"),
        ({"height": 513}, "28 to 512"),
        ({"realism": {"bluer": 0.5}}, "unknown realism 'bluer'"),
        ({"realism": {"blur": 1.5}}, "blur=1.5"),
        ({"realism": {"blur": float("nan")}}, "blur=nan"),
    ],
)
def test_a_field_out_of_range_is_an_error_of_one_line(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Recipe(**({"kind": "numbers", "count": 5, "seed": 1} | options))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "pair"),
    [("5", (5, 5)), ("1-8", (1, 8)), (" 2 - 4 ", (2, 4)), (5, (5, 5)), ((1, 8), (1, 8))],
)
def test_ranges_are_a_number_or_two(value: Any, pair: tuple[int, int]) -> None:
    assert parse_range(value, "length") == pair


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "1-2-3", "1.5", "٣", "1" * 400])
def test_anything_else_is_not_a_range(text: str) -> None:
    with pytest.raises(UsageError, match="`length` is a number or a range such as 1-8"):
        parse_range(text, "length")


def test_realism_is_named_with_strengths() -> None:
    assert parse_realism("none") == parse_realism("") == {}
    assert parse_realism("blur, noise=0.2") == {"blur": 0.5, "noise": 0.2}
    assert parse_realism("all=0.3") == dict.fromkeys(EFFECTS, 0.3)
    assert "jpeg" not in parse_realism("all,jpeg=0")
    assert parse_realism("all=0.3,blur=1")["blur"] == 1
    assert parse_realism({"blur": 0.1, "noise": 0}) == {"blur": 0.1}


@pytest.mark.parametrize("text", ["bluer", "blur=2", "blur=-1", "blur=x", "blur=nan", "=1"])
def test_anything_else_is_not_realism(text: str) -> None:
    with pytest.raises(UsageError, match="unknown realism|is not a strength"):
        parse_realism(text)


def test_the_order_of_effects_does_not_matter() -> None:
    one = Recipe("numbers", 5, 1, realism=parse_realism("blur,lines"))
    other = Recipe("numbers", 5, 1, realism=parse_realism("lines,blur"))
    assert json.dumps(one.as_dict()) == json.dumps(other.as_dict())


def test_lengths_that_reach_no_total_do_not_occur() -> None:
    assert list(Recipe("sums", 5, 1, lengths=(1, 8), totals=(30, 40)).possible_lengths) == [
        4, 5, 6, 7, 8,
    ]  # fmt: skip


@pytest.mark.parametrize("shards", [1, 3, 7, 10])
def test_shards_hold_every_sample_once(shards: int) -> None:
    plan = Plan(Recipe("digits", 10, 1), "png", shards)
    parts = [plan.shard(index) for index in range(shards)]
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(10))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_large_shards_begin_with_a_block_of_digits() -> None:
    """Otherwise each would draw the beginning of its first block for nothing."""
    plan = Plan(Recipe("digits", 10_000, 1), "png", 3)
    bounds = [(plan.shard(index).start, plan.shard(index).stop) for index in range(3)]
    assert bounds == [(0, 3072), (3072, 6656), (6656, 10_000)]


@pytest.mark.parametrize("shards", [0, 11])
def test_more_shards_than_samples_are_an_error(shards: int) -> None:
    with pytest.raises(UsageError, match="use 1 to 10"):
        Plan(Recipe("digits", 10, 1), "png", shards)


def test_default_shards_fit_into_memory() -> None:
    assert choose_shards(Recipe("digits", 10, 1)) == 1
    assert choose_shards(Recipe("digits", 60_000, 1)) == 15
    large = Recipe("numbers", 10_000, 1, height=256, realism={"colors": 1.0})
    pixels = large.picture_height * large.greatest_width * large.channels
    assert 10_000 / choose_shards(large) * pixels <= 256 * 2**20
