"""The pen's ways through punctuation and signs, which MNIST does not have.

Lengths are in pixels of a 28x28 image ("units"); a digit is 20 units high.
"""

from __future__ import annotations

import numpy as np

_DIGIT_HEIGHT = 20

# The points through which the pen goes in each stroke, y from the baseline up, in writing order;
# then the widths at both ends of the strokes, in widths of the pen.
_POINT, _LINE = (1.35, 1.2), (1.0, 0.92)
SIGN_STROKES: dict[str, tuple[tuple[tuple[tuple[float, float], ...], ...], tuple[float, float]]] = {
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


def sign_lines(sign: str) -> tuple[list[np.ndarray], float]:
    """The strokes of a sign as points float (M, 2), and its width, in heights of a digit.

    x points right from the sign's left end, y points down from the baseline.
    """
    ways, _ = SIGN_STROKES[sign]
    lines = [np.array(way) * [1, -1] / _DIGIT_HEIGHT for way in ways]
    left = min(float(line[:, 0].min()) for line in lines)
    right = max(float(line[:, 0].max()) for line in lines)
    return [line - [left, 0.0] for line in lines], right - left
