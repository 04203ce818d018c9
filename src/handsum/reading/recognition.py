"""From pages to digits: the reader scores every way to split the writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np

from handsum.errors import UsageError
from handsum.reading.decoding import Span, best_path
from handsum.reading.page import Candidate, Digit, Mark, Page, Writing

# A writing with at least this confidence and these odds of being a digit is not split.
_SURE, _SURE_ODDS = 0.95, 1.0
_WIDE = 1.1
# A low piece this close to its neighbour, in heights of its row, may belong to it.
_CLOSE, _LOW = 0.15, 0.75
# The costs of a path, in natural logarithms, tuned on real amounts: of paper inside a digit, of a
# low or wide digit, of a cut and the ink that it crosses, of a piece left out and its ink, of a
# writing left out that is wide enough for two digits.
_GAP, _LOW_COST, _WIDE_COST = 12.0, 4.0, 2.0
_CUT, _CUT_INK = 3.0, 3.0
_LOSS, _LOSS_INK, _LOSS_WIDTH = 1.5, 20.0, 10.0
_LOW_HEIGHT, _WIDE_WIDTH, _TWO_WIDE = 0.6, 0.9, 0.7
_CONFIDENCE_WEIGHT, _ODDS_WEIGHT = 2.0, 1.5
# Writing beside digits is a digit more often than in the data that the odds were learned from: by
# this much if it is read as one, by this much more before it is left out.
_PRIOR, _RELUCTANCE = 3.0, 3.0
# A row with a smaller share of certain digits is something else.
_LEAST_DIGITS = 0.6
_LEAST_OF_ROW = 0.45


ReadDigits = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@runtime_checkable
class Reader(Protocol):
    """A reader of digits, such as `handsum.pretrained.readers.DigitReader`.

    Takes uint8 (N, 28, 28); returns probabilities (N, 10), and the natural log-odds (N,) of a digit
    against anything else, relative to the threshold of a digit.
    """

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


@runtime_checkable
class SumReader(Protocol):
    """A reader of sums, such as `handsum.pretrained.readers.SumReader`.

    Takes sequences uint8 (N, L, 28, 28); returns the distributions (N, 9L + 1) of their sums.
    """

    def distributions(self, images: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Decoded:
    """The digits of a page in reading order, with their rows and probabilities (N, 10).

    `others` are the boxes of writing that is no digit, `points` the points and commas.
    `has_length` is false if no reading has the given number of digits; `error` is the reason why a
    page could not be read at all.
    """

    digits: tuple[Digit, ...]
    rows: tuple[int, ...]
    probabilities: np.ndarray
    others: tuple[tuple[int, int, int, int], ...]
    points: tuple[Mark, ...] = ()
    has_length: bool = True
    error: str | None = None

    def text(self, punctuation: bool) -> tuple[str, ...]:
        """Return the digits of each row as a string, with `punctuation` also points and commas."""
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


def read_pictures(
    read: ReadDigits, pictures: Sequence[np.ndarray], length: int | None = None
) -> list[Decoded]:
    """Find the writing in pictures, float (H, W) in [0, 1], and read it (see `decode`)."""
    pages: list[Page] = []
    errors: dict[int, str] = {}
    for index, picture in enumerate(pictures):
        try:
            pages.append(Page(picture, bounded=True))
        except UsageError as error:
            errors[index] = str(error)
    decoded = iter(decode(pages, read, length))
    nothing = np.zeros((0, 10), np.float32)
    return [
        Decoded((), (), nothing, (), error=errors[index]) if index in errors else next(decoded)
        for index in range(len(pictures))
    ]


def decode(pages: Sequence[Page], read: ReadDigits, length: int | None = None) -> list[Decoded]:
    """Read all pages in two calls of the reader: each writing as one digit, then split.

    `read` is the method of a `Reader`; `length` is the number of digits on each page, if known.
    """
    wholes = [page.digits() for page in pages]
    results = []
    doubtful = []
    for page, digits, scores in zip(pages, wholes, _read_all(wholes, read), strict=True):
        firm = _firm(page.writings, *scores)
        if length is not None and length != len(digits):
            firm = [False] * len(digits)
        results.append(_unsplit(page, digits, *scores))
        doubtful.append(firm)
    apart = []
    chains = []
    for index, (page, firm) in enumerate(zip(pages, doubtful, strict=True)):
        if all(firm):
            continue
        try:
            chains.append(page.candidates(firm))
            apart.append(index)
        except UsageError as error:
            results[index] = Decoded((), (), np.zeros((0, 10), np.float32), (), error=str(error))
    images = [
        [pages[index].digit(candidate.part) for candidate in candidates]
        for index, (_, candidates) in zip(apart, chains, strict=True)
    ]
    for index, chain, digits, scores in zip(
        apart, chains, images, _read_all(images, read), strict=True
    ):
        results[index] = _split(pages[index], chain, digits, scores, length)
    return results


def _read_all(
    pages: Sequence[Sequence[Digit]], read: ReadDigits
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read the digits of all pages in one call; return each page's probabilities and odds."""
    flat = [digit.image for digits in pages for digit in digits]
    if flat:
        probabilities, odds = read(np.stack(flat))
    else:
        probabilities, odds = np.zeros((0, 10), np.float32), np.zeros(0, np.float32)
    ends = np.cumsum([0, *(len(digits) for digits in pages)])
    spans = [slice(*pair) for pair in pairwise(ends)]
    return [(probabilities[span], odds[span]) for span in spans]


def _firm(writings: Sequence[Writing], probabilities: np.ndarray, odds: np.ndarray) -> list[bool]:
    """Return which writings are certainly one digit each."""
    return [
        bool(sure >= _SURE and odd >= _SURE_ODDS)
        and len(writing.pieces) == 1
        and writing.part.width <= _WIDE * writing.typical
        and (
            writing.gap >= _CLOSE * writing.typical or writing.part.height >= _LOW * writing.typical
        )
        for writing, sure, odd in zip(writings, probabilities.max(-1, initial=0), odds, strict=True)
    ]


def _unsplit(
    page: Page, digits: Sequence[Digit], probabilities: np.ndarray, odds: np.ndarray
) -> Decoded:
    """Return the reading of a page with each writing as one digit."""
    found = np.flatnonzero(odds >= 0).tolist()
    return Decoded(
        digits=tuple(digits[index] for index in found),
        rows=tuple(page.writings[index].row for index in found),
        probabilities=probabilities[found],
        others=tuple(digits[index].box for index in np.flatnonzero(odds < 0).tolist()),
        points=page.points,
    )


def _scores(candidate: Candidate, sure: float, odds: float) -> tuple[float, float]:
    """Return the scores of a candidate as no digit, and as the digit that it reads as."""
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
    steps: list[tuple[int, bool]],
    candidates: list[Candidate],
    scores: tuple[np.ndarray, np.ndarray],
) -> bool:
    """Return whether a row is of digits; its steps are candidates, and whether they are digits."""
    probabilities, odds = scores
    certain = [
        # A stroke of any letter can be cut out as a 1.
        odds[index] >= 0 and (candidates[index].whole or probabilities[index].argmax() != 1)
        for index, is_digit in steps
        if is_digit
    ]
    others = [
        index
        for index, is_digit in steps
        if not is_digit and candidates[index].height >= _LEAST_OF_ROW
    ]
    return sum(certain) >= _LEAST_DIGITS * (len(certain) + len(others))


def _split(
    page: Page,
    chain: tuple[int, list[Candidate]],
    digits: Sequence[Digit],
    scores: tuple[np.ndarray, np.ndarray],
    length: int | None,
) -> Decoded:
    """Return the best reading of a page over all ways to split its doubtful writings."""
    pieces, candidates = chain
    probabilities, odds = scores
    spans, source = [], []
    for index, candidate in enumerate(candidates):
        sure = float(probabilities[index].max())
        for is_digit, score in enumerate(_scores(candidate, sure, float(odds[index]))):
            if score > -np.inf:
                spans.append(Span(candidate.start, candidate.stop, score, is_digit))
                source.append(index)
    path = best_path(pieces, spans, length)
    has_length = path is not None
    if path is None:
        path = best_path(pieces, spans) or []
    steps = [(source[place], spans[place].digits > 0) for place in path]
    rows = {candidates[index].row for index, _ in steps}
    own: dict[int, list[tuple[int, bool]]] = {row: [] for row in rows}
    for step in steps:
        own[candidates[step[0]].row].append(step)
    sound = {row for row in rows if _is_sound(own[row], candidates, scores)}
    read = [index for index, is_digit in steps if is_digit and candidates[index].row in sound]
    accepted = set(read)
    others = [index for index, _ in steps if index not in accepted]
    return Decoded(
        digits=tuple(digits[index] for index in read),
        rows=tuple(candidates[index].row for index in read),
        probabilities=probabilities[read],
        others=tuple(digits[index].box for index in others),
        points=page.points,
        has_length=has_length,
    )
