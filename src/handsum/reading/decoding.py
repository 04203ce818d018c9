"""The best reading of a row: the path of the greatest score over candidate digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Span:
    """Pieces `start` to `stop` - 1 of a row as one: their score and number of digits.

    `digits` is 1, or 0 if the pieces are left out as something else.
    """

    start: int
    stop: int
    score: float
    digits: int


def best_path(pieces: int, spans: Sequence[Span], length: int | None = None) -> list[int] | None:
    """Return the spans of the best reading, from left to right, as indices into `spans`.

    They cover all `pieces` without overlap, with the greatest sum of scores, and have `length`
    digits, if given. None if there is no such path.
    """
    most = 0 if length is None else min(length, pieces)
    if length is not None and length > pieces:
        return None
    best = np.full((pieces + 1, most + 1), -np.inf)
    best[0, 0] = 0.0
    came = np.full((pieces + 1, most + 1), -1)
    by_stop: list[list[int]] = [[] for _ in range(pieces + 1)]
    for index, span in enumerate(spans):
        by_stop[span.stop].append(index)
    for stop in range(1, pieces + 1):
        for index in by_stop[stop]:
            span = spans[index]
            shift = span.digits if length is not None else 0
            scores = best[span.start, : most + 1 - shift] + span.score
            better = scores > best[stop, shift:]
            best[stop, shift:][better] = scores[better]
            came[stop, shift:][better] = index
    if not np.isfinite(best[pieces, most]):
        return None
    path: list[int] = []
    place, count = pieces, most
    while place:
        index = int(came[place, count])
        path.append(index)
        count -= spans[index].digits if length is not None else 0
        place = spans[index].start
    return path[::-1]
