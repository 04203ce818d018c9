"""From a picture to its writing in reading order, and to all that may be digits in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate

import numpy as np

from handsum import stopping
from handsum.data.pictures.components import (
    LEAST_OF_ROW,
    Part,
    find_pieces,
    join_pieces,
    label_ink,
    may_be_digit,
    own_ink,
    typical_height,
)
from handsum.data.pictures.ink import as_mnist, ink_map, shrink
from handsum.data.pictures.ruling import without_frame, without_ruling
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE
from handsum.reading.cutting import cut
from handsum.reading.rows import LOW, sort_rows, split_low

# The greatest width and height of a digit, in heights of its row.
_WIDEST, _HIGHEST = 1.5, 1.8
# The most pieces of one digit: a broken digit has few, and more cuts do not help.
_MOST_PIECES = 7
# What a picture of somebody else may cost to read: the number of its parts, of its candidates, and
# the pixels in the boxes of either. A full page of handwriting has a tenth of that.
MOST_PARTS, MOST_CANDIDATES = 5_000, 10_000
MOST_READ_PIXELS = 300_000_000
_TOO_MANY = "it has too many marks, crop it to the digits"


@dataclass(frozen=True)
class Digit:
    """One digit: uint8 (28, 28) in MNIST's form, and the box of its ink in the picture.

    `box` is x, y, width and height in the picture's pixels.
    """

    image: np.ndarray
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Writing:
    """Something that stands alone in a picture: a digit, several that touch, or something else.

    `pieces` are its connected parts, `row` is its row, from 0, `typical` the height of the writing
    in the row, and `gap` the space to the nearest neighbour in the row, in working pixels.
    """

    part: Part
    pieces: tuple[Part, ...]
    row: int
    typical: float
    gap: float


@dataclass(frozen=True)
class Mark:
    """A point or a comma: its row, its centre in the picture's pixels, and its sign."""

    row: int
    centre: float
    sign: str


@dataclass(frozen=True)
class Candidate:
    """Pieces `start` to `stop` - 1 of a row as one digit.

    `whole` is true for a complete writing, nothing cut off. Lengths are shares of the height of the
    row's writing, `area` of its square: `gaps` is the paper between the pieces from left to right,
    `cut` the ink that the cut on the right side crosses.
    """

    start: int
    stop: int
    part: Part
    row: int
    whole: bool
    width: float
    height: float
    area: float
    gaps: float
    cut: float


@dataclass(frozen=True)
class _Piece:
    part: Part
    writing: int
    cut_after: float


class Page:
    """A picture's ink, its connected pieces, and its writing in reading order."""

    def __init__(self, grey: np.ndarray, bounded: bool = False) -> None:
        """Analyse a grey picture, float (H, W) in [0, 1]; its ink may be dark or light.

        Raises:
            UsageError: it is `bounded`, and would take too long to read.
        """
        self._bounded = bounded
        self.height, self.width = grey.shape
        small, self._factor = shrink(grey)
        stopping.check()
        ink = ink_map(small)
        stopping.check()
        self._single = grey.shape == (DIGIT_SIZE, DIGIT_SIZE)
        self._ink = ink if self._single else without_ruling(without_frame(ink))
        stopping.check()
        self._labels = label_ink(self._ink)
        self._free_label = int(self._labels.max()) + 1
        stopping.check()
        self.writings, marks = self._find()
        self.points = tuple(self._points(marks))

    def _find(self) -> tuple[list[Writing], list[Part]]:
        """Return the possible digits in reading order, and the small marks beside them."""
        pieces = find_pieces(self._labels)
        wholes = join_pieces(pieces)
        if self._single and wholes:
            # A picture of MNIST's size is one digit, in any number of pieces.
            wholes = [reduce(Part.join, wholes)]
        self._check_cost(wholes, MOST_PARTS)
        large = [part for part in wholes if may_be_digit(part, self._ink, self._labels)]
        typical = typical_height(large) if large else 0.0
        digits = [part for part in large if part.height >= LEAST_OF_ROW * typical]
        marks = [part for part in wholes if part.height < LEAST_OF_ROW * typical]
        owner = {label: part for part in digits for label in part.labels}
        members: dict[Part, list[Part]] = {part: [] for part in digits}
        for piece in pieces:
            if piece.labels[0] in owner:
                members[owner[piece.labels[0]]].append(piece)
        writings = []
        for row, parts in enumerate(sort_rows(digits)):
            height = typical_height(parts)
            parts, low = split_low(parts, height)
            marks += low
            for index, part in enumerate(parts):
                beside = parts[max(0, index - 1) : index] + parts[index + 1 : index + 2]
                gaps = [max(part.left - o.right, o.left - part.right) for o in beside]
                own = tuple(sorted(members[part], key=lambda piece: piece.left + piece.right))
                writings.append(Writing(part, own, row, height, min(gaps, default=np.inf)))
        return writings, marks

    def _points(self, marks: list[Part]) -> Iterator[Mark]:
        """Yield the marks at the foot of a row, like a point or a comma."""
        parts = [writing.part for writing in self.writings]
        tops, rights, bottoms = (
            np.array([getattr(part, side) for part in parts]) for side in ("top", "right", "bottom")
        )
        feet = bottoms + 0.6 * np.array([writing.typical for writing in self.writings])
        for mark in marks:
            row = np.flatnonzero((tops <= mark.top) & (mark.bottom <= feet))
            if not len(row):
                continue
            near = self.writings[row[np.abs(rights[row] - mark.left).argmin()]]
            size = max(mark.width, mark.height) / near.typical
            low = mark.top > near.part.top + 0.55 * near.part.height
            if low and 0.06 <= size <= LOW and mark.width <= 2 * mark.height:
                hangs = (mark.bottom - near.part.bottom) / near.typical > 0.15
                comma = mark.height > (1.0 if hangs else 1.5) * mark.width
                centre = self._factor * (mark.left + mark.right) / 2
                yield Mark(near.row, centre, "," if comma else ".")

    def digits(self) -> list[Digit]:
        """Return each writing as one digit."""
        return [self.digit(writing.part) for writing in self.writings]

    def digit(self, part: Part) -> Digit:
        """Return a part as a digit."""
        stopping.check()
        left, top = part.left * self._factor, part.top * self._factor
        right = min(part.right * self._factor, self.width)
        bottom = min(part.bottom * self._factor, self.height)
        box = left, top, right - left, bottom - top
        return Digit(as_mnist(own_ink(self._ink, self._labels, part)), box)

    def candidates(self, firm: list[bool]) -> tuple[int, list[Candidate]]:
        """Return the number of pieces in all rows, and every run of them that may be a digit.

        `firm` marks the writings that are certainly one digit; the others are split into their
        pieces, and cut.

        Raises:
            UsageError: the page is `bounded`, and has too many.
        """
        pieces: list[_Piece] = []
        least = 0
        for index, writing in enumerate(self.writings):
            own = list(self._pieces(index, writing, firm[index] or self._single))
            pieces += own
            least += _least_candidates(writing, len(own))
            # Cutting is costly: too many are refused as soon as they are certain.
            if self._bounded and least > MOST_CANDIDATES:
                raise UsageError(_TOO_MANY)
        found = []
        for start in range(len(pieces)):
            for stop in range(start + 1, min(start + _MOST_PIECES, len(pieces)) + 1):
                candidate = self._candidate(pieces, start, stop, firm)
                if candidate is None:
                    break
                found.append(candidate)
        self._check_cost([candidate.part for candidate in found], MOST_CANDIDATES)
        return len(pieces), found

    def _check_cost(self, parts: list[Part], most: int) -> None:
        """Refuse what would take too long to read."""
        pixels = sum(part.width * part.height for part in parts)
        if self._bounded and (len(parts) > most or pixels > MOST_READ_PIXELS):
            raise UsageError(_TOO_MANY)

    def _pieces(self, index: int, writing: Writing, firm: bool) -> Iterator[_Piece]:
        if firm:
            yield _Piece(writing.part, index, 0.0)
            return
        for piece in writing.pieces:
            stopping.check()
            if piece.width < 0.35 * writing.typical:
                yield _Piece(piece, index, 0.0)
                continue
            parts, crossed = cut(piece, self._ink, self._labels, writing.typical, self._free_label)
            self._free_label = max(self._free_label, 1 + max(max(part.labels) for part in parts))
            for part, ink in zip(parts, [*crossed, 0.0], strict=True):
                yield _Piece(part, index, ink)

    def _candidate(
        self, pieces: list[_Piece], start: int, stop: int, firm: list[bool]
    ) -> Candidate | None:
        """Return the pieces as one digit; None if neither these nor longer runs can be one."""
        own = pieces[start:stop]
        first, last = own[0].writing, own[-1].writing
        writing = self.writings[first]
        if first != last and (
            any(firm[index] for index in range(first, last + 1))
            or self.writings[last].row != writing.row
        ):
            return None
        part = reduce(Part.join, (piece.part for piece in own))
        inner = [
            piece.writing
            for piece in (*pieces[max(0, start - 1) : start], *pieces[stop : stop + 1])
        ]
        whole = first == last and first not in inner
        width, height = part.width / writing.typical, part.height / writing.typical
        if not whole and (width > _WIDEST or height > _HIGHEST):
            return None
        grown = accumulate((piece.part for piece in own), Part.join)
        gaps = sum(
            max(0, piece.part.left - part.right)
            for part, piece in zip(grown, own[1:], strict=False)
        )
        return Candidate(
            start,
            stop,
            part,
            writing.row,
            whole,
            width,
            height,
            part.area / writing.typical**2,
            gaps / writing.typical,
            own[-1].cut_after,
        )


def _least_candidates(writing: Writing, pieces: int) -> int:
    """Return the least number of candidates of a writing with this many pieces."""
    part, typical = writing.part, writing.typical
    if part.width > _WIDEST * typical or part.height > _HIGHEST * typical:
        return 0
    # Every run of its pieces is no wider and no higher than itself.
    return sum(pieces - run for run in range(min(pieces, _MOST_PIECES)))
