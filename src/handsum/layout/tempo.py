"""When the pen is where on a sheet: in the tempo of a hand, or in a given time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handsum import stopping
from handsum.errors import UsageError
from handsum.layout.lines import Line
from handsum.layout.marks import MARKS
from handsum.layout.rows import Sheet
from handsum.layout.style import DIGIT_HEIGHT
from handsum.strokes import Strokes

# Seconds that an animation may take, and how long it rests on the finished sheet, at most the share
# of a given duration.
SHORTEST, LONGEST = 0.2, 60.0
_REST, _REST_SHARE = 1.5, 0.25
# Points for each span of a stroke in `strokes_as_dicts`.
_POINTS = 4


@dataclass(frozen=True, eq=False)
class Tempo:
    """The moments of a sheet's strokes in an animation of `duration` seconds.

    `items` are the digits and marks in writing order; `moments` holds, for each stroke of each of
    them, the seconds float (M,) at the points of `Strokes.sample(pieces)`.
    """

    items: Line
    moments: tuple[tuple[np.ndarray, ...], ...]
    duration: float


def check_duration(seconds: float) -> None:
    """Raise UsageError for an animation that is too short or too long."""
    if not SHORTEST <= seconds <= LONGEST:
        raise UsageError(
            f"an animation of {seconds:g} seconds is out of range: use {SHORTEST:g} to {LONGEST:g}"
        )


def set_tempo(sheet: Sheet, duration: float | None = None, pieces: int = 8) -> Tempo:
    """When a pen writes a sheet, in `duration` seconds with the rest at the end.

    Without a `duration` it writes in a hand's tempo, but faster if that takes over LONGEST seconds.
    """
    own = hand_tempo(sheet, pieces)
    end = own.duration
    if duration is None:
        rest = _REST
        duration = min(end + rest, LONGEST)
    else:
        rest = min(_REST, _REST_SHARE * duration)
    factor = (duration - rest) / end if end else 1.0
    scaled = tuple(tuple(times * factor for times in item) for item in own.moments)
    return Tempo(own.items, scaled, duration)


def hand_tempo(sheet: Sheet, pieces: int = 8) -> Tempo:
    """When a hand writes a sheet, however long that takes; without a rest at the end."""
    items = tuple(item for row in sheet.rows for item in row)
    moments = tuple(map(tuple, write_times(items, DIGIT_HEIGHT, pieces)))
    end = max((float(times[-1]) for item in moments for times in item), default=0.0)
    return Tempo(items, moments, end)


def write_times(items: Line, height: float, pieces: int) -> list[list[np.ndarray]]:
    """When the pen is at each point of the items' strokes, in a hand's tempo (`Strokes.times`).

    `height` is a digit's height in the lengths of the items.
    """
    stopping.check()
    together = Strokes(tuple(stroke for item in items for stroke in item.strokes.controls))
    times = iter(together.scale(1 / height).times(pieces))
    return [[next(times) for _ in item.strokes.controls] for item in items]


def strokes_as_dicts(row: Line, height: float) -> list[dict[str, Any]]:
    """The strokes of a row as plain values, in writing order.

    `digit` is the place of the stroke's digit in the row, None for a mark; `points`, `widths` and
    `times`, in seconds from the start of the row, are along the stroke. `height` is as in
    `write_times`.
    """
    digits = 0
    rows = []
    for item, moments in zip(row, write_times(row, height, _POINTS), strict=True):
        is_mark = item.character in MARKS
        for points, times in zip(item.strokes.sample(_POINTS), moments, strict=True):
            rows.append(
                {
                    "digit": None if is_mark else digits,
                    "character": item.character,
                    "points": _rounded(points[:, :2], 2),
                    "widths": _rounded(2 * points[:, 2], 3),
                    "times": _rounded(times, 3),
                }
            )
        digits += not is_mark
    return rows


def _rounded(values: np.ndarray, decimals: int) -> Sequence[Any]:
    plain: Sequence[Any] = np.round(values.astype(float), decimals).tolist()
    return plain
