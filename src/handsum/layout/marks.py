"""The text of a number, and its punctuation in the number's own hand, with its pen and slant.

MNIST has no punctuation, so it is drawn: each mark is a pen stroke along a curve. Lengths are in
pixels of a 28x28 digit ("units"), y from the baseline up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handsum.errors import UsageError

MARKS = ".,-"
# A gap between two digits, in the text of a number.
GAP = " "
_DIGITS = "0123456789"
_PLAIN = _DIGITS + MARKS
_MINUS_SIGN = "\u2212"
_GAP_BETWEEN_DIGITS = re.compile(r"(?<=[0-9]) (?=[0-9])")
# Also a no-break space, a narrow one, a thin one, and a typographic apostrophe.
_GAPS = " \u00a0\u202f\u2009'\u2019"
_THOUSANDS_SIGN = re.compile(f"(?<=[0-9])[{_GAPS}](?=[0-9])")
# The control points of each pen stroke (a quadratic curve), and its width at both ends in widths
# of a digit's stroke.
_CURVES = {
    ".": (((0.0, 1.45), (0.15, 1.4), (0.3, 1.4)), (1.3, 1.2)),
    ",": (((0.7, 1.0), (1.1, -1.6), (-0.9, -4.0)), (1.15, 0.7)),
    "-": (((0.0, 8.8), (4.0, 9.3), (8.0, 9.0)), (1.0, 0.9)),
}
# Standard deviation of the control points.
_WOBBLE = 0.22
_STEPS = 24
# People draw no finer point than this, whatever their pen.
_FINEST = 1.6


def read_number(text: str) -> str:
    """The text of a number as it is drawn: digits and MARKS, with a GAP for each thousands sign.

    A thousands sign is a space (also a no-break or thin one) or an apostrophe between two digits.

    Raises:
        UsageError: any other character, or no digit at all.
    """
    drawn = _THOUSANDS_SIGN.sub(GAP, text.strip().replace(_MINUS_SIGN, "-"))
    rest = dict.fromkeys(_GAP_BETWEEN_DIGITS.sub("", drawn))
    others = [character for character in rest if character not in _PLAIN + _GAPS]
    if not others and any(character in _GAPS for character in rest):
        raise UsageError(
            f"a gap is one space or apostrophe, with a digit on both sides, not as in {text!r}"
        )
    if others:
        listed = " ".join(map(repr, others))
        raise UsageError(
            "a number has digits, points, commas and minus signs, and a space or an apostrophe "
            f"between digits, not {listed}"
        )
    if not any(character in _DIGITS for character in drawn):
        raise UsageError("there is nothing to write: give at least one digit")
    return drawn


def has_marks(texts: Sequence[str] | None) -> bool:
    """Whether a text has punctuation."""
    return any(character in MARKS for text in texts or () for character in text)


def count_whole(text: str) -> int:
    """Count the whole digits of a number: those before its decimal point or comma.

    The decimal mark is the last point or comma if it is the only one of its sort; a lone comma
    before the last three digits separates thousands.
    """
    end = max(text.rfind("."), text.rfind(","))
    mark, rest = text[end : end + 1], text[end + 1 :]
    lone_comma = mark == "," and "." not in text and len(rest) == 3
    if end < 0 or text.count(mark) > 1 or lone_comma:
        end = len(text)
    return sum(character in _DIGITS for character in text[:end])


def group_thousands(text: str) -> str:
    """A number with a gap before every three of its whole digits, unless there is a mark."""
    whole, grouped, digits = count_whole(text), "", 0
    for character in text:
        if character in _DIGITS:
            remaining = whole - digits
            after_digit = grouped and grouped[-1] in _DIGITS
            if remaining > 0 and remaining % 3 == 0 and after_digit:
                grouped += GAP
            digits += 1
        grouped += character
    return grouped


@dataclass(frozen=True)
class Pen:
    """The pen of a number: stroke width in units, and slant as a tangent, positive to the right."""

    width: float
    slant: float


def measure_pen(images: np.ndarray, sizes: np.ndarray) -> Pen:
    """Measure the pen of digits uint8 (L, 28, 28) that are enlarged by sizes (L,)."""
    from handsum.metrics.hands import slant, stroke_width

    width = float(np.median(stroke_width(images) * sizes))
    return Pen(max(width, _FINEST), float(np.clip(np.median(slant(images)), -0.5, 0.8)))


def draw_mark(mark: str, pen: Pen, scale: float, noise: np.ndarray) -> tuple[np.ndarray, int]:
    """Draw one of MARKS at `scale` pixels per unit; `noise` (3, 2) is standard normal.

    Returns coverage uint8 (H, W) and the number of its rows above the baseline.
    """
    points, widths = _CURVES[mark]
    controls = np.array(points) + _WOBBLE * noise.clip(-2, 2)
    time = np.linspace(0, 1, _STEPS)[:, None]
    start, middle, end = controls
    way = (1 - time) ** 2 * start + 2 * time * (1 - time) * middle + time**2 * end
    way[:, 0] += pen.slant * way[:, 1]
    radii = scale * pen.width / 2 * np.linspace(*widths, _STEPS)
    way = way * scale
    left, low = np.floor((way - radii[:, None]).min(0)) - 1
    right, high = np.ceil((way + radii[:, None]).max(0)) + 1
    x = np.arange(left, right) + 0.5
    y = np.arange(high, low, -1) - 0.5
    # The pen is round: the ink of a pixel depends on its distance from the nearest disc.
    distances = np.hypot(x[None, :, None] - way[:, 0], y[:, None, None] - way[:, 1]) - radii
    coverage = (0.5 - distances.min(-1)).clip(0, 1)
    return np.rint(255 * coverage).astype(np.uint8), int(high)
