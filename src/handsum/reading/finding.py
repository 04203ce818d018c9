"""The digits of pictures as a detector finds them: nothing is cleaned, joined or cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handsum.data.signs.alphabet import DIGITS, SIGNS
from handsum.data.signs.answers import Signs, overlap
from handsum.data.signs.pattern import Match, Pattern
from handsum.data.signs.rows import (
    nearest_row,
    pixel_boxes,
    possible_rows,
    sort_rows,
    stand_beside,
)
from handsum.reading.page import Box, Decoded, Finder, Mark

# The least probability of a digit that is read, the best on pictures composed of validation digits
# (tools/reading_kinds.py); of the best digit where none has that, and of a digit or sign beside one
# that has (of 400 composed pages, .4 gave signs the best F-measure); and of what is read only
# because the number of digits, or the form of the row, is known.
_LEAST, _LEAST_LIKELY, _LEAST_KNOWN = 0.5, 0.4, 0.05
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
    least = _LEAST_LIKELY if length is None and pattern is None else _LEAST_KNOWN
    shown = [
        index for index, picture in enumerate(pictures) if picture.size and np.ptp(picture) > _EVEN
    ]
    nothing = np.zeros((0, DIGITS), np.float32)
    results = [Decoded((), (), nothing, has_length=not length)] * len(pictures)
    # Loading a detector takes time, and there may be nothing to see.
    found = finder.find([pictures[index] for index in shown], least) if shown else []
    for index, signs in zip(shown, found, strict=True):
        results[index] = _match(signs, pattern) if pattern else _decode(signs, length)
    return results


def _match(signs: Signs, pattern: Pattern) -> Decoded:
    """The most probable rows that a pattern allows."""
    matched: list[tuple[Signs, Match]] = []
    unmatched = []
    for places in possible_rows(signs, _LEAST_LIKELY):
        row = signs.of(places)
        match = pattern.read(row.probabilities, row.scores)
        digit = row.scores * row.probabilities[:, :DIGITS].sum(1)
        # A pattern decides what is doubtful; it does not leave out a certain digit.
        if match is None or (digit[np.array(match.kinds) < 0] >= _CERTAIN).any():
            sure = (row.scores >= _LEAST) & (row.probabilities.argmax(-1) < len(SIGNS))
            unmatched += ["".join(SIGNS[kind] for kind in row.probabilities[sure].argmax(-1))]
        elif any(0 <= kind < DIGITS for kind in match.kinds):
            matched.append((row, match))
    rows = [_digits_of(row, match, pattern) for row, match in matched]
    return Decoded(
        boxes=tuple(box for boxes, _ in rows for box in boxes),
        rows=tuple(index for index, (boxes, _) in enumerate(rows) for _ in boxes),
        probabilities=np.concatenate([np.zeros((0, DIGITS), np.float32), *(p for _, p in rows)]),
        marks=tuple(
            Mark(index, float(box[0] + box[2] / 2), SIGNS[kind])
            for index, (row, match) in enumerate(matched)
            for box, kind in zip(pixel_boxes(row.boxes), match.kinds, strict=True)
            if kind >= DIGITS
        ),
        unmatched=tuple(filter(None, unmatched)),
        alternatives=tuple(match.alternative for _, match in matched),
    )


def _digits_of(row: Signs, match: Match, pattern: Pattern) -> tuple[list[Box], np.ndarray]:
    """The boxes of the digits of a row that matches, and their probabilities (N, 10).

    What a digit cannot be, as the pattern would not allow the row, has none.
    """
    kinds = np.array(match.kinds)
    digits = np.flatnonzero((kinds >= 0) & (kinds < DIGITS))
    probabilities = row.probabilities[digits, :DIGITS].astype(np.float32)
    for shares, place in zip(probabilities, digits, strict=True):
        before = int((kinds[:place] >= 0).sum())
        for digit in range(DIGITS):
            other = f"{match.text[:before]}{digit}{match.text[before + 1 :]}"
            shares[digit] *= pattern.allows(other)
    boxes = [_as_tuple(box) for box in pixel_boxes(row.boxes[digits])]
    return boxes, probabilities / probabilities.sum(1, keepdims=True)


def _decode(signs: Signs, length: int | None) -> Decoded:
    kinds = signs.probabilities.argmax(-1)
    sure = signs.scores >= _LEAST
    chosen = np.flatnonzero((kinds < DIGITS) & sure)
    likely = np.flatnonzero((kinds < DIGITS) & ~sure & (signs.scores >= _LEAST_LIKELY))
    if length is not None:
        chosen = _most_probable(signs, length)
    elif not sure.any():
        chosen = likely[:1]
    elif len(chosen):
        chosen = np.sort(np.append(chosen, likely[stand_beside(signs, likely, chosen)]))
    rows = [
        [int(chosen[place]) for place in row] for row in sort_rows(pixel_boxes(signs.boxes[chosen]))
    ]
    places = [place for row in rows for place in row]
    probabilities = signs.probabilities[places, :DIGITS]
    boxes = pixel_boxes(signs.boxes)
    others = np.flatnonzero((kinds == len(SIGNS)) & sure)
    is_sign = (kinds >= DIGITS) & (kinds < len(SIGNS)) & (signs.scores >= _LEAST_LIKELY)
    marks = _apart(signs, np.flatnonzero(is_sign))
    return Decoded(
        boxes=tuple(_as_tuple(boxes[place]) for place in places),
        rows=tuple(index for index, row in enumerate(rows) for _ in row),
        probabilities=(probabilities / probabilities.sum(1, keepdims=True)).astype(np.float32),
        odds=tuple((signs.scores[places] * probabilities.max(1, initial=0)).tolist()),
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
    odds = signs.scores * signs.probabilities[:, :DIGITS].sum(-1)
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
