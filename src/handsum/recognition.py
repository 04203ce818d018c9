"""Pages to digits: the reader's say over every way to take the writing apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from handsum.decoding import Span, best_path
from handsum.segmentation import Candidate, Digit, Mark, Page, Writing

# A writing read with this confidence and these odds of being a digit is taken as it stands.
_SURE, _SURE_ODDS = 0.95, 1.0
_WIDE = 1.1
# A low piece this close to its neighbour, in heights of its row, may be part of it.
_CLOSE, _LOW = 0.15, 0.75


class Reader(Protocol):
    """What `handsum.pretrained.DigitReader` does.

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
        results[index] = _taken_apart(pages[index], chain, digits, *read, length)
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


def _taken_apart(
    page: Page,
    chain: tuple[int, list[Candidate]],
    digits: Sequence[Digit],
    probabilities: np.ndarray,
    odds: np.ndarray,
    length: int | None,
) -> Decoded:
    pieces, candidates = chain
    scores = np.log(probabilities.max(-1)) - np.logaddexp(0, -odds)
    spans, source = [], []
    for index, candidate in enumerate(candidates):
        place = candidate.start, candidate.stop
        spans.append(Span(*place, float(scores[index]) - candidate.cost, 1))
        source.append(index)
        left_out = -np.inf
        if candidate.whole:
            left_out = -float(np.logaddexp(0, odds[index]))
        if candidate.stop == candidate.start + 1:
            left_out = max(left_out, -candidate.loss)
        if left_out > -np.inf:
            spans.append(Span(*place, left_out, 0))
            source.append(index)
    path = best_path(pieces, spans, length)
    asked = path is not None
    if path is None:
        path = best_path(pieces, spans) or []
    kept = [source[place] for place in path if spans[place].digits]
    dropped = [source[place] for place in path if not spans[place].digits]
    return Decoded(
        digits=tuple(digits[index] for index in kept),
        rows=tuple(candidates[index].row for index in kept),
        probabilities=probabilities[kept],
        others=tuple(digits[index].box for index in dropped),
        points=page.points,
        asked=asked,
    )
