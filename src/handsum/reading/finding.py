"""The digits of pictures as a detector finds them: nothing is cleaned, joined or cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from handsum.data.signs.alphabet import SIGNS
from handsum.data.signs.answers import Signs, overlap
from handsum.data.signs.pattern import Pattern
from handsum.data.signs.rows import nearest_row, pixel_boxes, possible_rows, sort_rows
from handsum.reading.page import Box, Decoded, Finder, Mark

# The least probability of a digit or sign that is read, the best on pictures composed of validation
# digits (tools/reading_kinds.py); of the best digit where none has that; and of one that is read
# only because the number of digits, or the form of the row, is known.
_LEAST, _LEAST_ALONE, _LEAST_KNOWN = 0.5, 0.4, 0.05
_DIGITS = 10
# What is a digit with this probability is not left out to fit a pattern.
_CERTAIN = 0.8
# A picture whose grey levels differ by no more than this shows nothing.
_EVEN = 4


def find_digits(
    finder: Finder,
    pictures: Sequence[np.ndarray],
    length: int | None = None,
    pattern: Pattern | None = None,
) -> list[Decoded]:
    """Find and read the digits of grey pictures, uint8 (H, W).

    `length` is the number of digits in each, if known: then the most probable ones are read. With a
    `pattern`, each row is the most probable one that it allows.
    """
    least = _LEAST_ALONE if length is None and pattern is None else _LEAST_KNOWN
    shown = [
        index for index, picture in enumerate(pictures) if picture.size and np.ptp(picture) > _EVEN
    ]
    results = [Decoded((), (), np.zeros((0, _DIGITS), np.float32), (), (), not length)] * len(
        pictures
    )
    # Loading a detector takes time, and there may be nothing to see.
    found = finder.find([pictures[index] for index in shown], least) if shown else []
    for index, signs in zip(shown, found, strict=True):
        results[index] = _match(signs, pattern) if pattern else _decode(signs, length)
    return results


def _match(signs: Signs, pattern: Pattern) -> Decoded:
    """The most probable rows that a pattern allows."""
    found = Decoded((), (), np.zeros((0, _DIGITS), np.float32))
    for row in possible_rows(signs, _LEAST_ALONE):
        found = _add_row(found, signs.of(row), pattern)
    return found


def _add_row(found: Decoded, signs: Signs, pattern: Pattern) -> Decoded:
    """A page with one more row: the most probable one that the pattern allows, if any."""
    match = pattern.read(signs.probabilities, signs.scores)
    digit = signs.scores * signs.probabilities[:, :_DIGITS].sum(1)
    # A pattern decides what is doubtful; it does not leave out a certain digit.
    if match is None or (digit[np.array(match.kinds) < 0] >= _CERTAIN).any():
        sure = (signs.scores >= _LEAST) & (signs.probabilities.argmax(-1) < len(SIGNS))
        text = "".join(SIGNS[kind] for kind in signs.probabilities[sure].argmax(-1))
        return replace(found, unmatched=(*found.unmatched, text)) if text else found
    boxes, index = pixel_boxes(signs.boxes), len(set(found.rows))
    kinds = np.array(match.kinds)
    digits = np.flatnonzero((kinds >= 0) & (kinds < _DIGITS))
    if not len(digits):
        return found
    marks = np.flatnonzero(kinds >= _DIGITS).tolist()
    probabilities = signs.probabilities[digits, :_DIGITS].astype(np.float32)
    for row, place in zip(probabilities, digits, strict=True):
        before = sum(kind >= 0 for kind in match.kinds[:place])
        for digit in range(_DIGITS):
            other = f"{match.text[:before]}{digit}{match.text[before + 1 :]}"
            row[digit] *= pattern.allows(other)
    return replace(
        found,
        boxes=(*found.boxes, *(_as_tuple(boxes[place]) for place in digits)),
        rows=(*found.rows, *[index] * len(digits)),
        probabilities=np.concatenate(
            [found.probabilities, probabilities / probabilities.sum(1, keepdims=True)]
        ),
        marks=(
            *found.marks,
            *(Mark(index, float(boxes[m, 0] + boxes[m, 2] / 2), SIGNS[kinds[m]]) for m in marks),
        ),
        alternatives=(*found.alternatives, match.alternative),
    )


def _decode(signs: Signs, length: int | None) -> Decoded:
    kinds = signs.probabilities.argmax(-1)
    sure = signs.scores >= _LEAST
    chosen = np.flatnonzero((kinds < _DIGITS) & sure)
    if not sure.any():
        chosen = np.flatnonzero((kinds < _DIGITS) & (signs.scores >= _LEAST_ALONE))[:1]
    if length is not None:
        chosen = _most_probable(signs, length)
    rows = [
        [int(chosen[place]) for place in row] for row in sort_rows(pixel_boxes(signs.boxes[chosen]))
    ]
    places = [place for row in rows for place in row]
    probabilities = signs.probabilities[places, :_DIGITS]
    boxes = pixel_boxes(signs.boxes)
    others = np.flatnonzero((kinds == len(SIGNS)) & sure)
    marks = _apart(signs, np.flatnonzero((kinds >= _DIGITS) & (kinds < len(SIGNS)) & sure))
    return Decoded(
        boxes=tuple(_as_tuple(boxes[place]) for place in places),
        rows=tuple(index for index, row in enumerate(rows) for _ in row),
        probabilities=(probabilities / probabilities.sum(1, keepdims=True)).astype(np.float32),
        others=tuple(_as_tuple(boxes[index]) for index in others),
        marks=tuple(
            mark
            for index in marks
            if (mark := _mark(signs.boxes[index], SIGNS[kinds[index]], rows, boxes)) is not None
        ),
        has_length=length is None or len(chosen) == length,
    )


def _most_probable(signs: Signs, count: int) -> np.ndarray:
    """The signs that are most probably digits, `count` or fewer."""
    odds = signs.scores * signs.probabilities[:, :_DIGITS].sum(-1)
    best = np.argsort(-odds, kind="stable")[:count]
    return np.sort(best[odds[best] >= _LEAST_KNOWN])


def _apart(signs: Signs, places: np.ndarray) -> list[int]:
    """Those of `places` that overlap no better one: a point may be found at two sizes.

    At each its box is a few pixels off, which is much for a point.
    """
    chosen: list[int] = []
    for place in places[np.argsort(-signs.scores[places], kind="stable")].tolist():
        if not (overlap(signs.boxes[place], signs.boxes[chosen]) > 0).any():
            chosen.append(place)
    return chosen


def _as_tuple(box: np.ndarray) -> Box:
    x, y, width, height = box.tolist()
    return x, y, width, height


def _mark(
    edges: np.ndarray, sign: str, rows: Sequence[Sequence[int]], boxes: np.ndarray
) -> Mark | None:
    """A sign with its row; None if it stands beside no digit."""
    row = nearest_row(edges, rows, boxes)
    return None if row is None else Mark(row, float(edges[0] + edges[2]) / 2, sign)
