"""Digits in other hands: stretched, slanted, rotated and bent, with another pen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from handsum.layout.style import DIGIT_HEIGHT
from handsum.strokes import Strokes

# The maximum of each change at an amount of 1: radians, a tangent, logarithms of factors, and
# for the bend a standard deviation in units.
_TURN, _SLANT, _STRETCH, _PEN, _BEND = 0.2, 0.35, 0.2, 0.3, 1.0
# Points this far apart, in units, bend independently.
_CELL = 5.0
# Cells across a digit's field, wide enough for all but the widest digits.
_CELLS = 9


def rewrite(
    digits: Sequence[Strokes], amount: float, rng: np.random.Generator
) -> tuple[tuple[Strokes, ...], dict[str, float]]:
    """Write a row of digits, in units, again in another hand; `amount` bounds the difference.

    Slant, proportions and pen are the same for the whole row; each digit is also rotated and bent
    on its own. Gaps between the digits stay. Returns the digits and the parameters of the hand.
    """
    slant, wide, high, pen = amount * rng.uniform(-1, 1, 4)
    hand = {
        "slant": round(float(_SLANT * slant), 4),
        "width": round(float(np.exp(_STRETCH * wide)), 4),
        "height": round(float(np.exp(_STRETCH * high)), 4),
        "pen": round(float(np.exp(_PEN * pen)), 4),
    }
    turns = amount * _TURN * rng.uniform(-1, 1, len(digits))
    fields = amount * _BEND * rng.standard_normal((len(digits), 2, _CELLS, _CELLS))
    written: list[Strokes] = []
    end_before = end_after = 0.0
    for digit, turn, field in zip(digits, turns, fields, strict=True):
        left, top, right, bottom = digit.bounds()
        middle = np.array([left + right, top + bottom]) / 2
        changed = _bend(digit, middle, _matrix(hand, turn), field, hand["pen"])
        new_left, new_top, new_right, new_bottom = changed.bounds()
        if written:
            shift = end_after + left - end_before - new_left
        else:
            # The first digit stays about where it was.
            shift = (left + right - new_left - new_right) / 2
        written.append(changed.shift(shift, (top + bottom - new_top - new_bottom) / 2))
        end_before, end_after = right, new_right + shift
    return tuple(written), hand


def _matrix(hand: dict[str, float], turn: float) -> np.ndarray:
    """The matrix (2, 2) that slants, stretches and rotates."""
    cos, sin = np.cos(turn), np.sin(turn)
    sheared = np.array([[1.0, -hand["slant"]], [0.0, 1.0]])
    return np.array([[cos, -sin], [sin, cos]]) @ np.diag([hand["width"], hand["height"]]) @ sheared


def _bend(
    digit: Strokes, middle: np.ndarray, matrix: np.ndarray, field: np.ndarray, pen: float
) -> Strokes:
    """Move the control points by a matrix and a smooth field (2, C, C), about a digit's `middle`.

    The pen's width changes by the factor `pen` alone: the nib does not stretch with the digit.
    """
    sizes = np.cumsum([len(stroke) for stroke in digit.controls])[:-1]
    points = np.concatenate(digit.controls)
    away = points[:, :2] - middle
    places = (_CELLS - 1) / 2 + away.T[::-1] / _CELL
    moves = [ndimage.map_coordinates(part, places, order=3, mode="nearest") for part in field]
    moved = middle + away @ matrix.T + np.transpose(moves)
    half = np.minimum(points[:, 2:] * pen, DIGIT_HEIGHT / 2)
    return Strokes(tuple(np.split(np.concatenate([moved, half], axis=1), sizes)))
