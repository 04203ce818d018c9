"""The text of a number, and its punctuation and signs in the number's own hand.

MNIST has only digits, so the marks between them are written here: each is a few strokes of the pen
through given points. Lengths are in pixels of a 28x28 image ("units"); a digit is 20 units high.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from handsum.errors import UsageError
from handsum.strokes import Strokes, spline_matrix

MARKS = ".,-+=/:%()$€"
# Those with loops that a wide pen may fill.
LOOPED = "%$"
# A gap in the text of a number.
GAP = " "
_DIGITS = "0123456789"
# A minus sign and the dashes and hyphens that are written as one.
_MINUS = dict.fromkeys(map(ord, "\u2212\u2013\u2010\u2011"), "-")
# Also a no-break space, a narrow one and a thin one.
_SPACE = "[ \u00a0\u202f\u2009]"
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])['\u2019](?=[0-9])")
_SPACED = f"[0-9{re.escape(MARKS.strip('.,'))}]"
_BETWEEN = re.compile(f"(?<={_SPACED}){_SPACE}(?={_SPACED})")
_GAPS = re.compile(f"['\u2019]|{_SPACE}")
# A run of digits with its points, commas and gaps, and the marks that join such runs to a date, a
# time or a fraction.
_RUN = re.compile(r"[0-9][0-9., ]*")
_JOINS = "/:"
_DATE = re.compile(r"(?<![0-9])[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,4}(?![0-9])")

# The points through which the pen goes in each stroke, y from the baseline up, in writing order;
# then the widths at both ends of the strokes, in widths of the pen.
_POINT, _LINE = (1.35, 1.2), (1.0, 0.92)
_MARKS: dict[str, tuple[tuple[tuple[tuple[float, float], ...], ...], tuple[float, float]]] = {
    ".": ((((0.0, 1.45), (0.15, 1.4), (0.3, 1.4)),), _POINT),
    ",": ((((0.7, 1.2), (0.8, -0.9), (-0.9, -4.0)),), (1.15, 0.8)),
    ":": (
        (((0.1, 13.0), (0.25, 12.95), (0.4, 12.95)), ((0.0, 3.5), (0.15, 3.45), (0.3, 3.45))),
        _POINT,
    ),
    "-": ((((0.0, 9.2), (4.0, 9.55), (8.0, 9.3)),), _LINE),
    "=": (
        (((0.0, 12.4), (4.6, 12.8), (9.4, 12.6)), ((0.2, 7.2), (4.7, 7.5), (9.5, 7.3))),
        _LINE,
    ),
    "+": (
        (((5.6, 15.6), (5.5, 10.0), (5.3, 4.2)), ((0.0, 9.7), (5.5, 10.0), (11.2, 9.8))),
        _LINE,
    ),
    "/": ((((6.6, 22.5), (3.2, 10.2), (0.0, -2.2)),), _LINE),
    "(": ((((4.2, 23.0), (1.5, 17.8), (0.2, 10.2), (1.2, 2.8), (4.0, -2.6)),), _LINE),
    ")": ((((0.0, 23.0), (2.8, 17.6), (4.0, 10.2), (2.7, 2.6), (-0.3, -2.6)),), _LINE),
    "%": (
        (
            (
                (4.6, 19.0),
                (2.2, 18.4),
                (0.9, 15.6),
                (2.2, 12.8),
                (4.9, 13.2),
                (6.2, 16.0),
                (4.4, 19.1),
            ),
            ((14.2, 20.4), (8.0, 10.2), (1.8, -0.6)),
            (
                (12.9, 7.4),
                (10.4, 6.6),
                (9.2, 3.8),
                (10.4, 1.0),
                (13.0, 1.2),
                (14.5, 4.2),
                (12.6, 7.5),
            ),
        ),
        _LINE,
    ),
    "$": (
        (
            (
                (10.2, 15.6),
                (8.4, 17.6),
                (5.6, 18.2),
                (2.4, 16.9),
                (1.6, 14.0),
                (4.2, 11.2),
                (7.6, 9.2),
                (9.9, 6.2),
                (8.8, 3.2),
                (5.4, 1.7),
                (2.0, 2.4),
                (0.2, 4.4),
            ),
            ((5.7, 22.0), (5.5, 10.0), (5.2, -2.2)),
        ),
        _LINE,
    ),
    "€": (
        (
            (
                (12.6, 16.6),
                (10.4, 18.9),
                (7.4, 19.0),
                (4.4, 16.0),
                (3.0, 10.6),
                (3.8, 4.8),
                (6.6, 1.2),
                (9.8, 0.9),
                (12.4, 3.0),
            ),
            ((0.0, 12.7), (4.6, 13.0), (9.4, 12.8)),
            ((-0.2, 7.6), (4.0, 7.8), (8.6, 7.7)),
        ),
        _LINE,
    ),
}
# How much of the hand's slant a mark has: a slash leans anyway.
_LEANS = {"/": 0.6}
# The numbers of `noise` for a mark: for each of at most three strokes, how far its start, middle
# and end stray, to the right and up.
MARK_NOISE = (3, 3, 2)
# Their standard deviation: of a point, and what the length of a stroke adds.
_WOBBLE, _LONG_WOBBLE = 0.2, 0.016
# A point that is finer would not be seen, whatever the pen.
_FINEST = 1.0


def read_number(text: str) -> str:
    """The text of a number as it is drawn: digits and MARKS, with a GAP for each space.

    A gap is a single space (also a no-break or thin one) that is not beside a point or comma, or an
    apostrophe between two digits. Dashes and hyphens are minus signs.

    Raises:
        UsageError: any other character, or no digit at all.
    """
    drawn = _BETWEEN_DIGITS.sub(GAP, text.strip().translate(_MINUS))
    drawn = _BETWEEN.sub(GAP, drawn)
    rest = _BETWEEN.sub("", drawn)
    others = [character for character in dict.fromkeys(rest) if character not in _DIGITS + MARKS]
    if others and all(map(_GAPS.fullmatch, others)):
        raise UsageError(
            "a gap is a single space, not beside a point or comma, or an apostrophe between two "
            f"digits, not as in {text!r}"
        )
    if others:
        listed = " ".join(repr(other) for other in others if not _GAPS.fullmatch(other))
        raise UsageError(
            f"a number has digits, the marks {' '.join(MARKS)} and gaps (a space, or an apostrophe "
            f"between digits), not {listed}"
        )
    if not any(character in _DIGITS for character in drawn):
        raise UsageError("there is nothing to write: give at least one digit")
    return drawn


def has_marks(texts: Sequence[str] | None) -> bool:
    """Whether a text has punctuation or signs."""
    return any(character in MARKS for text in texts or () for character in text)


def count_whole(text: str) -> list[int]:
    """For each digit of a text, the number of whole digits from it to the end of its number.

    It is 0 after the decimal point or comma, and where thousands are not counted: in dates, times
    and fractions, and in numbers with several points or commas.
    """
    counts: list[int] = []
    # In a sum, minus signs subtract.
    dates = [] if set("+=") & set(text) else [found.span() for found in _DATE.finditer(text)]
    for run in _RUN.finditer(text):
        before, after = text[: run.start()].rstrip(GAP)[-1:], text[run.end() :][:1]
        number = run[0].rstrip(" .,")
        digits = sum(character in _DIGITS for character in number)
        in_date = any(start <= run.start() < stop for start, stop in dates)
        joined = {before, after} & set(_JOINS)
        whole = 0 if in_date or joined else _count_whole(number)
        counts += [max(0, whole - index) for index in range(digits)]
    return counts


def _count_whole(number: str) -> int:
    """The whole digits of one number.

    The decimal mark is the last point or comma if it is the only one of its sort; a lone comma
    before the last three digits separates thousands.
    """
    end = max(number.rfind("."), number.rfind(","))
    mark, rest = number[end : end + 1], number[end + 1 :]
    if end >= 0 and number.count(mark) > 1:
        # It has its thousands signs already, or is a date.
        return 0
    lone_comma = mark == "," and "." not in number and len(rest) == 3
    if end < 0 or lone_comma:
        end = len(number)
    return sum(character in _DIGITS for character in number[:end])


def group_thousands(text: str) -> str:
    """A text with a gap before every three whole digits of each number, unless there is a mark."""
    remaining = iter(count_whole(text))
    grouped = ""
    for character in text:
        if character in _DIGITS:
            left = next(remaining)
            if left > 0 and left % 3 == 0 and grouped[-1:] and grouped[-1] in _DIGITS:
                grouped += GAP
        grouped += character
    return grouped


def write_mark(mark: str, width: float, slant: float, noise: np.ndarray) -> Strokes:
    """The strokes of one of MARKS in units, with its place above the baseline at y = 0.

    The pen has this `width`, in units; the hand leans to the right by `slant`, a tangent; `noise`,
    of shape MARK_NOISE, is standard normal.
    """
    ways, widths = _MARKS[mark]
    strokes = []
    for way, stray in zip(map(np.array, ways), noise.clip(-2, 2), strict=False):
        length = np.hypot(*np.diff(way, axis=0).T).sum()
        time = np.linspace(0, 1, len(way))[:, None]
        start, middle, end = (_WOBBLE + _LONG_WOBBLE * length) * stray
        way = way + (1 - time) ** 2 * start + 2 * time * (1 - time) * middle + time**2 * end
        way[:, 0] += _LEANS.get(mark, 1.0) * slant * way[:, 1]
        # The control points of the curve through these points.
        points = np.linalg.solve(spline_matrix(len(way), 1), way)
        half = max(width, _FINEST if length < 1 else 0) / 2 * np.linspace(*widths, len(way))
        strokes.append(np.column_stack([points[:, 0], -points[:, 1], half]))
    return Strokes(tuple(strokes))
