"""Pages to digits: the reader's say over every way to take the writing apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from handsum.reading.decoding import Span, best_path
from handsum.reading.page import Candidate, Digit, Mark, Page, Writing

# A writing read with this confidence and these odds of being a digit is taken as it stands.
_SURE, _SURE_ODDS = 0.95, 1.0
_WIDE = 1.1
# A low piece this close to its neighbour, in heights of its row, may be part of it.
_CLOSE, _LOW = 0.15, 0.75
# What a path pays, in natural logarithms, chosen on real amounts: for paper inside a digit, for
# being low or wide, for a cut and the ink that it crosses, for a piece left out and its ink, for a
# writing left out that is wide enough for two digits.
_GAP, _LOW_COST, _WIDE_COST = 12.0, 4.0, 2.0
_CUT, _CUT_INK = 3.0, 3.0
_LOSS, _LOSS_INK, _LOSS_WIDTH = 1.5, 20.0, 10.0
_LOW_HEIGHT, _WIDE_WIDTH, _TWO_WIDE = 0.6, 0.9, 0.7
_CONFIDENCE_WEIGHT, _ODDS_WEIGHT = 2.0, 1.5
# What stands beside digits is a digit more often than what the odds were learned from: by this
# much when it is read as one, by this much more before it is left out.
_PRIOR, _RELUCTANCE = 3.0, 3.0
# A row in which a lesser share of what is written is surely digits is something else.
_LEAST_DIGITS = 0.6
_LEAST_OF_ROW = 0.45


class Reader(Protocol):
    """What `handsum.digit_models.DigitReader` does.

    Takes uint8 (N, 28, 28); gives probabilities (N, 10), and (N,) natural log-odds of a digit
    against anything else, over the least that counts as one.
    """

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True)
class Decoded:
    """What a page says: its digits in reading order, each one's row and probabilities (N, 10).

    `others` are the boxes of what was left out as no digit, `points` the points and commas.
    `asked` tells whether there are as many digits as were asked for.
    """

    digits: tuple[Digit, ...]
    rows: tuple[int, ...]
    probabilities: np.ndarray
    others: tuple[tuple[int, int, int, int], ...]
    points: tuple[Mark, ...] = ()
    asked: bool = True

    def text(self, punctuation: bool) -> tuple[str, ...]:
        """The digits of each row as a string; with the points and commas, if `punctuation`."""
        signs = [
            (row, digit.box[0] + digit.box[2] / 2, str(values.argmax()))
            for row, digit, values in zip(self.rows, self.digits, self.probabilities, strict=True)
        ]
        if punctuation:
            signs += [(mark.row, mark.centre, mark.sign) for mark in self.points]
        rows = dict.fromkeys(self.rows, "")
        for row, _, sign in sorted(signs, key=lambda sign: sign[:2]):
            if row in rows:
                rows[row] += sign
        return tuple(rows.values())


def decode(pages: Sequence[Page], reader: Reader, length: int | None = None) -> list[Decoded]:
    """Read pages, all in two calls of the reader: as their writings stand, then taken apart.

    `length` is the number of digits on each page, where it is known.
    """
    wholes = [page.digits() for page in pages]
    results = []
    doubtful = []
    for page, digits, read in zip(pages, wholes, _read(wholes, reader), strict=True):
        firm = _firm(page.writings, *read)
        if length is not None and length != len(digits):
            firm = [False] * len(digits)
        results.append(_as_it_stands(page, digits, *read))
        doubtful.append(firm)
    apart = [index for index, firm in enumerate(doubtful) if not all(firm)]
    chains = [pages[index].candidates(doubtful[index]) for index in apart]
    images = [
        [pages[index].digit(candidate.part) for candidate in candidates]
        for index, (_, candidates) in zip(apart, chains, strict=True)
    ]
    for index, chain, digits, read in zip(
        apart, chains, images, _read(images, reader), strict=True
    ):
        results[index] = _taken_apart(pages[index], chain, digits, read, length)
    return results


def _read(pages: Sequence[Sequence[Digit]], reader: Reader) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read the digits of all pages in one call; give each page's probabilities and odds."""
    flat = [digit.image for digits in pages for digit in digits]
    if flat:
        probabilities, odds = reader.read(np.stack(flat))
    else:
        probabilities, odds = np.zeros((0, 10), np.float32), np.zeros(0, np.float32)
    ends = np.cumsum([0, *(len(digits) for digits in pages)])
    spans = [slice(*pair) for pair in pairwise(ends)]
    return [(probabilities[span], odds[span]) for span in spans]


def _firm(writings: Sequence[Writing], probabilities: np.ndarray, odds: np.ndarray) -> list[bool]:
    """Tell which writings are one digit each, beyond doubt."""
    return [
        bool(sure >= _SURE and odd >= _SURE_ODDS)
        and len(writing.pieces) == 1
        and writing.part.width <= _WIDE * writing.typical
        and (
            writing.gap >= _CLOSE * writing.typical or writing.part.height >= _LOW * writing.typical
        )
        for writing, sure, odd in zip(writings, probabilities.max(-1, initial=0), odds, strict=True)
    ]


def _as_it_stands(
    page: Page, digits: Sequence[Digit], probabilities: np.ndarray, odds: np.ndarray
) -> Decoded:
    kept = np.flatnonzero(odds >= 0).tolist()
    return Decoded(
        digits=tuple(digits[index] for index in kept),
        rows=tuple(page.writings[index].row for index in kept),
        probabilities=probabilities[kept],
        others=tuple(digits[index].box for index in np.flatnonzero(odds < 0).tolist()),
        points=page.points,
    )


def _scores(candidate: Candidate, sure: float, odds: float) -> tuple[float, float]:
    """Return how well a candidate does as no digit at all, and as the digit that it reads as."""
    digit = _CONFIDENCE_WEIGHT * np.log(sure) - _ODDS_WEIGHT * np.logaddexp(0, -(odds + _PRIOR))
    digit -= _GAP * candidate.gaps
    digit -= _LOW_COST * max(0.0, _LOW_HEIGHT / candidate.height - 1)
    digit -= _WIDE_COST * max(0.0, candidate.width - _WIDE_WIDTH)
    # A cut through ink is paid for by the digit on its left.
    digit -= _CUT + _CUT_INK * candidate.cut if candidate.cut else 0.0
    other = -np.inf
    if candidate.whole:
        other = -float(np.logaddexp(0, odds + _PRIOR + _RELUCTANCE))
        other -= _LOSS_WIDTH * max(0.0, candidate.width - _TWO_WIDE)
    if candidate.stop == candidate.start + 1:
        other = max(other, -_LOSS - _LOSS_INK * candidate.area)
    return other, float(digit)


def _is_sound(
    taken: list[tuple[int, bool]],
    candidates: list[Candidate],
    probabilities: np.ndarray,
    odds: np.ndarray,
) -> bool:
    """Tell whether a row is of digits, from its candidates taken and whether as a digit."""
    surely = [
        # Every letter has strokes to be cut out as a 1.
        odds[index] >= 0 and (candidates[index].whole or probabilities[index].argmax() != 1)
        for index, made in taken
        if made
    ]
    others = [
        index for index, made in taken if not made and candidates[index].height >= _LEAST_OF_ROW
    ]
    return sum(surely) >= _LEAST_DIGITS * (len(surely) + len(others))


def _taken_apart(
    page: Page,
    chain: tuple[int, list[Candidate]],
    digits: Sequence[Digit],
    read: tuple[np.ndarray, np.ndarray],
    length: int | None,
) -> Decoded:
    """Return the best reading of a page over all ways to take its doubtful writings apart."""
    pieces, candidates = chain
    probabilities, odds = read
    spans, source = [], []
    for index, candidate in enumerate(candidates):
        sure = float(probabilities[index].max())
        for digits_made, score in enumerate(_scores(candidate, sure, float(odds[index]))):
            if score > -np.inf:
                spans.append(Span(candidate.start, candidate.stop, score, digits_made))
                source.append(index)
    path = best_path(pieces, spans, length)
    asked = path is not None
    if path is None:
        path = best_path(pieces, spans) or []
    taken = [(source[place], spans[place].digits > 0) for place in path]
    rows = {candidates[index].row for index, _ in taken}
    sound = {
        row
        for row in rows
        if _is_sound([step for step in taken if candidates[step[0]].row == row], candidates, *read)
    }
    kept = [index for index, made in taken if made and candidates[index].row in sound]
    dropped = [index for index, _ in taken if index not in kept]
    return Decoded(
        digits=tuple(digits[index] for index in kept),
        rows=tuple(candidates[index].row for index in kept),
        probabilities=probabilities[kept],
        others=tuple(digits[index].box for index in dropped),
        points=page.points,
        asked=asked,
    )
