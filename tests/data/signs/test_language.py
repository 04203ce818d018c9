"""Languages: how many numbers a pattern has, and that each is as likely as any other."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from handsum.data.signs.expression import READ, WRITTEN
from handsum.data.signs.language import Language
from handsum.data.signs.pattern import Pattern
from handsum.errors import UsageError


@pytest.mark.parametrize(
    "text",
    [
        "digits",
        "[01]{2,3}|[0-2]{3}",
        r"\d?[.,]\d*",
        "(1|11|1+)(1|2)?",
        "-?([1-3]|3)-?",
        "(0*)*",
        r"[\d.]{2}|\+",
    ],
)
def test_every_number_is_counted_once(text: str) -> None:
    """Compared with all rows of these signs; a row of signs alone is no number."""
    language, signs = Language(text, 4), "0123456789.,-+"
    pattern = Pattern(text)
    for length in range(4):
        rows = map("".join, product(signs, repeat=length))
        allowed = [row for row in rows if pattern.allows(row) and any(map(str.isdigit, row))]
        assert language.counts[length] == len(allowed)


def test_all_numbers_of_a_finite_pattern_are_equally_likely() -> None:
    language = Language(r"\d|[1-3]\d|[-+]\d", 32)
    assert language.finite
    rng = np.random.default_rng(1)
    drawn = Counter(language.draw(1, 32, rng) for _ in range(60 * 400))
    assert len(drawn) == 60 == sum(language.counts)
    # Four standard deviations.
    assert min(drawn.values()) > 320
    assert max(drawn.values()) < 480


def test_all_lengths_of_other_patterns_are_equally_likely() -> None:
    language = Language("digits.digits{2}", 32)
    assert not language.finite
    assert language.usual == (4, 8)
    rng = np.random.default_rng(1)
    drawn = Counter(len(language.draw(1, 7, rng)) for _ in range(4000))
    assert set(drawn) == {4, 5, 6, 7}
    assert min(drawn.values()) > 880
    assert Language("digits{12}digits", 32).usual == (13, 13)


@pytest.mark.parametrize("name", [*WRITTEN, "id"])
def test_what_is_written_under_a_name_is_read_under_it(name: str) -> None:
    language, reader = Language(name, 32), Pattern(name)
    rng = np.random.default_rng(1)
    rows = [language.draw(*language.usual, rng) for _ in range(500)]
    assert [row for row in rows if not reader.allows(row)] == []
    assert WRITTEN.keys() == READ.keys()
    assert len(set(rows)) > 60


def test_dates_and_times_exist() -> None:
    rng = np.random.default_rng(1)
    dates, times = Language("date", 32), Language("time", 32)
    for _ in range(300):
        date = dates.draw(*dates.usual, rng)
        (separator,) = set(date) & set(".-/")
        parts = [int(part) for part in date.split(separator)]
        if len(date.split(separator)[0]) == 4:
            parts.reverse()
        assert 1 <= min(parts[:2]) <= 12
        assert 1 <= max(parts[:2]) <= 31
        hour, *rest = map(int, times.draw(*times.usual, rng).split(":"))
        assert hour < 24
        assert max(rest) < 60


def test_large_counts_are_exact() -> None:
    language = Language("id{32}", 32)
    assert language.counts[32] == 10**32
    rng = np.random.default_rng(1)
    rows = [language.draw(32, 32, rng) for _ in range(400)]
    digits = Counter("".join(rows))
    assert len(set(rows)) == 400
    assert 1100 < min(digits.values()) <= max(digits.values()) < 1460


@pytest.mark.parametrize(
    "text",
    [
        "[01]*1[01]{30}",
        60 * "([0-9.,:/+=%()$-]*)" + "[0-4][0-9]{18}",
        20 * "([0-9]*[0-4][0-9]{19})|" + "1",
    ],
)
def test_a_pattern_with_too_many_states_is_refused(text: str) -> None:
    """Without a limit it would take hours, or all memory."""
    with pytest.raises(UsageError, match="is too large to draw from"):
        Language(text, 32)
