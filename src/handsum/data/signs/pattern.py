"""What a row may be: a small regular language over digits and signs, and the best reading in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handsum import stopping
from handsum.data.signs.alphabet import SIGNS
from handsum.data.signs.expression import READ, Parser, States, reach
from handsum.errors import UsageError

# The most readings of a row that are compared.
_PLACES = 2


class Pattern:
    """A pattern of rows, such as "amount", "digits{4}" or "[0-9]{1,3}%".

    `names` are the expressions that names stand for. `finite` tells whether nothing in it is
    repeated without end. `start` are the states before a row.

    Raises:
        UsageError: it is not a pattern.
    """

    def __init__(self, text: str, names: Mapping[str, str] = READ) -> None:
        if not text:
            raise UsageError("an empty pattern allows no row: leave it out, or use digits")
        self.text = text
        parser = Parser(text, names)
        part = parser.parse()
        self.finite = parser.finite
        self.start, self._end = reach([part.first]), part.last
        # The states after states and a sign, as far as they were asked for.
        self._steps: dict[tuple[States, str], States] = {}

    def __repr__(self) -> str:
        return f"<pattern {self.text}>"

    def step(self, states: States, sign: str) -> States:
        """The states after a sign; none if it is not allowed there."""
        key = states, sign
        if key not in self._steps:
            following = [s.following for s in states if s.following is not None and sign in s.signs]
            self._steps[key] = reach(following)
        return self._steps[key]

    def ends(self, states: States) -> bool:
        """Whether a row may end in these states."""
        return self._end in states

    def allows(self, row: str) -> bool:
        """Whether a row matches."""
        states = self.start
        for sign in row:
            states = self.step(states, sign)
        return self.ends(states)

    def read(self, probabilities: np.ndarray, present: np.ndarray) -> Match | None:
        """The most probable row that matches, of signs from left to right; None if none does.

        `probabilities` (N, 22) are the probabilities of the classes, and `present` (N,) the
        probability that a sign is there at all.
        A sign is read as one of the classes, or left out.
        """
        # By states: the best readings so far, each with its logarithm and its signs or -1.
        best: dict[States, dict[str, tuple[float, tuple[int, ...]]]]
        best = {self.start: {"": (0.0, ())}}
        for row, here in zip(probabilities[:, : len(SIGNS)], present, strict=True):
            grown: dict[States, dict[str, tuple[float, tuple[int, ...]]]] = {}
            out = float(np.log(max(1e-9, 1 - here * row.sum())))
            for states, readings in best.items():
                stopping.check()
                moves = [(states, "", -1, out)]
                for kind in np.flatnonzero(row > 1e-6).tolist():
                    following = self.step(states, SIGNS[kind])
                    if following:
                        odds = float(np.log(max(1e-9, here * row[kind])))
                        moves.append((following, SIGNS[kind], kind, odds))
                for following, sign, kind, odds in moves:
                    _add(grown.setdefault(following, {}), readings, (sign, kind, odds))
            best = {states: _best(readings) for states, readings in grown.items()}
        ends = [
            (odds, text, kinds)
            for states, readings in best.items()
            if self.ends(states)
            for text, (odds, kinds) in readings.items()
            if text
        ]
        if not ends:
            return None
        ends.sort(reverse=True)
        odds, text, kinds = ends[0]
        other = next((one for one in ends if one[1] != text), None)
        return Match(text, kinds, odds, other[1] if other else None, other[0] if other else -np.inf)


@dataclass(frozen=True)
class Match:
    """The best reading of a row and the next best one, with the logarithms of their probabilities.

    `kinds` are the classes of the row's signs, -1 of those left out.
    """

    text: str
    kinds: tuple[int, ...]
    odds: float
    other: str | None
    other_odds: float

    @property
    def alternative(self) -> tuple[str, float] | None:
        """The next best reading and its probability, if it is this one or the best."""
        if self.other is None:
            return None
        return self.other, round(1 / (1 + float(np.exp(self.odds - self.other_odds))), 6)


def _add(
    found: dict[str, tuple[float, tuple[int, ...]]],
    readings: dict[str, tuple[float, tuple[int, ...]]],
    move: tuple[str, int, float],
) -> None:
    sign, kind, more = move
    for text, (odds, kinds) in readings.items():
        longer = text + sign
        if longer not in found or found[longer][0] < odds + more:
            found[longer] = odds + more, (*kinds, kind)


def _best(
    readings: dict[str, tuple[float, tuple[int, ...]]],
) -> dict[str, tuple[float, tuple[int, ...]]]:
    order = sorted(readings.items(), key=lambda item: -item[1][0])
    return dict(order[:_PLACES])
