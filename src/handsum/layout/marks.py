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
from handsum.strokes.signs import SIGN_STROKES

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
_ONE_NUMBER = re.compile(r"([-+]?)[$€]?([-+]?)([0-9](?:[0-9., ]*[0-9])?)(?:[.,]?-|[=%$€])?")
# A number with two or more signs between its thousands.
_GROUPED = re.compile(r"[0-9]{1,3}([., ])[0-9]{3}(?:\1[0-9]{3})+(?:(?!\1)[.,][0-9]+)?")
_DATE = re.compile(r"(?<![0-9])[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,4}(?![0-9])")

# How much of the hand's slant a mark has, and how far it leans beyond it, as a tangent: a slash
# that stands as the digits do is easily read as a 1.
_LEANS = {"/": (0.6, 0.25)}
# A slash is stretched by this factor: between digits, a shorter one is easily read as a 1.
_LONGER = {"/": 1.22}
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


def value_of(text: str) -> float | None:
    """The value of a text that is one number; None for dates, times, phone numbers and sums.

    Percent are counted as they are: 50% has 50.
    """
    found = _ONE_NUMBER.fullmatch(text)
    if found is None or (found[1] and found[2]):
        return None
    number = found[3]
    if grouped := _GROUPED.fullmatch(number):
        number = number.replace(grouped[1], "")
    digits = "".join(character for character in number if character in _DIGITS)
    whole = count_whole(number)[0]
    value = float(f"{digits[:whole]}.{digits[whole:]}") if whole else None
    return -value if value and "-" in (found[1], found[2]) else value


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
    ways, widths = SIGN_STROKES[mark]
    strokes = []
    for way, stray in zip(map(np.array, ways), noise.clip(-2, 2), strict=False):
        middle = (way[:, 1].min() + way[:, 1].max()) / 2
        way[:, 1] = middle + _LONGER.get(mark, 1.0) * (way[:, 1] - middle)
        length = np.hypot(*np.diff(way, axis=0).T).sum()
        time = np.linspace(0, 1, len(way))[:, None]
        start, middle, end = (_WOBBLE + _LONG_WOBBLE * length) * stray
        way = way + (1 - time) ** 2 * start + 2 * time * (1 - time) * middle + time**2 * end
        share, more = _LEANS.get(mark, (1.0, 0.0))
        way[:, 0] += (share * slant + more) * way[:, 1]
        # The control points of the curve through these points.
        points = np.linalg.solve(spline_matrix(len(way), 1), way)
        half = max(width, _FINEST if length < 1 else 0) / 2 * np.linspace(*widths, len(way))
        strokes.append(np.column_stack([points[:, 0], -points[:, 1], half]))
    return Strokes(tuple(strokes))
