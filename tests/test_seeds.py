"""Seeds are chosen, checked, and split into independent streams."""

from __future__ import annotations

import pytest

from handsum.errors import UsageError
from handsum.seeds import Stream, choose_seed, stream


def test_a_given_seed_is_used_and_a_missing_one_is_random() -> None:
    assert choose_seed(0) == 0
    assert choose_seed(2**32 - 1) == 2**32 - 1
    chosen = {choose_seed(None) for _ in range(5)}
    assert len(chosen) > 1
    assert all(0 <= seed < 2**32 for seed in chosen)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_an_error(seed: int) -> None:
    with pytest.raises(UsageError, match="use 0 to 4294967295"):
        choose_seed(seed)


def test_streams_differ_by_seed_purpose_and_index() -> None:
    keys = [(seed, purpose, index) for seed in (0, 1) for purpose in Stream for index in (0, 1)]
    first = {stream(*key).integers(2**62) for key in keys}
    assert len(first) == len(keys)
    assert stream(5, Stream.LAYOUT, 3).integers(2**62) == stream(5, Stream.LAYOUT, 3).integers(
        2**62
    )


def test_a_seed_always_gives_the_same_numbers() -> None:
    """If they change, so does every picture that was ever made with a seed."""
    drawn = {purpose: stream(1, purpose, 2).integers(1000, size=3).tolist() for purpose in Stream}
    assert drawn == {
        Stream.DIGITS: [621, 884, 137],
        Stream.WRITERS: [973, 769, 943],
        Stream.LAYOUT: [389, 770, 270],
        Stream.HANDS: [492, 99, 383],
        Stream.SAMPLES: [64, 707, 225],
        Stream.FORMS: [765, 690, 675],
    }
