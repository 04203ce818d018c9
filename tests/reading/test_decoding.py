"""The best path over candidate digits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from handsum.reading.decoding import Span, best_path


def best_by_trial(pieces: int, spans: list[Span], length: int | None) -> float:
    """Return the greatest score of all ways to cover the pieces."""
    best = -np.inf
    for count in range(1, pieces + 1):
        for path in itertools.permutations(spans, count):
            ends = [0, *(span.stop for span in path)]
            if all(s.start == end for s, end in zip(path, ends, strict=False)):
                digits = sum(span.digits for span in path)
                if ends[-1] == pieces and length in (None, digits):
                    best = max(best, sum(span.score for span in path))
    return best


@pytest.mark.parametrize("length", [None, 1, 2, 3, 4])
def test_the_path_is_the_best_of_all(length: int | None) -> None:
    rng = np.random.default_rng(1)
    for _ in range(15):
        spans = [
            Span(start, stop, float(rng.normal()), int(rng.integers(2)))
            for start in range(4)
            for stop in range(start + 1, 5)
            if rng.random() < 0.8
        ]
        path = best_path(4, spans, length)
        expected = best_by_trial(4, spans, length)
        if path is None:
            assert expected == -np.inf
            continue
        assert [spans[i].start for i in path] == [0, *(spans[i].stop for i in path[:-1])]
        assert spans[path[-1]].stop == 4
        assert length in (None, sum(spans[i].digits for i in path))
        assert sum(spans[i].score for i in path) == pytest.approx(expected)


def test_more_digits_than_pieces_cannot_be() -> None:
    assert best_path(2, [Span(0, 1, 0.0, 1), Span(1, 2, 0.0, 1)], 3) is None


def test_of_two_spans_over_the_same_pieces_the_one_with_fewer_digits_can_be_needed() -> None:
    spans = [Span(0, 1, 0.0, 1), Span(0, 1, -5.0, 0), Span(1, 2, 0.0, 1)]
    assert best_path(2, spans) == [0, 2]
    assert best_path(2, spans, 1) == [1, 2]


def test_nothing_to_read_is_an_empty_path() -> None:
    assert best_path(0, []) == []
