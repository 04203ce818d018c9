"""What a row may be: a small regular language over digits and signs, and the best reading in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from handsum import stopping
from handsum.data.signs.alphabet import SIGNS
from handsum.errors import UsageError

NAMES = {
    "digits": "[0-9]+",
    "amount": r"\$?[0-9]+((,[0-9]{3})+)?([.,][0-9]{2})?[-=]?",
    "date": "[0-3]?[0-9][-./][01]?[0-9][-./]([0-9]{2}|[0-9]{4})|"
    "[0-9]{4}-[01][0-9]-[0-3][0-9]|[01]?[0-9]/[0-3]?[0-9]/([0-9]{2}|[0-9]{4})",
    "time": "([01]?[0-9]|2[0-3])[:.][0-5][0-9]([:.][0-5][0-9])?",
    "phone": r"(\+?[0-9]{1,3}-?)?(\([0-9]{2,4}\))?[0-9]+(-[0-9]+)*",
}
# The most states of a pattern, and the most readings of a row that are compared.
_MOST_STATES, _MOST_REPEATED = 2_000, 100
_PLACES = 2
_TOKEN = re.compile(r"\\.|\[[^\]]*\]|\{\d+(,\d*)?\}|[a-z]+|.", re.DOTALL)


@dataclass(eq=False)
class _State:
    """A state: where it goes without a sign, and where with one of some signs."""

    free: list[_State] = field(default_factory=list)
    signs: frozenset[str] = frozenset()
    following: _State | None = None


@dataclass(frozen=True)
class _Part:
    """Part of a pattern: its first and last state."""

    first: _State
    last: _State


class _Parser:
    """From the text of a pattern to its states (Thompson, 1968)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [found[0] for found in _TOKEN.finditer(text)]
        self.place = self.states = 0

    def parse(self) -> _Part:
        whole = self._choice()
        if self.place < len(self.tokens):
            raise self._error(f"nothing opens {self.tokens[self.place]}")
        return whole

    def _error(self, reason: str) -> UsageError:
        return UsageError(f"{self.text!r} is no pattern: {reason}")

    def _next(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _state(self) -> _State:
        self.states += 1
        if self.states > _MOST_STATES:
            raise self._error("it is too long")
        return _State()

    def _choice(self) -> _Part:
        parts = [self._sequence()]
        while self._next() == "|":
            self.place += 1
            parts.append(self._sequence())
        first, last = self._state(), self._state()
        for part in parts:
            first.free.append(part.first)
            part.last.free.append(last)
        return _Part(first, last)

    def _sequence(self) -> _Part:
        first = last = self._state()
        while self._next() not in (None, "|", ")"):
            part = self._repeated()
            last.free.append(part.first)
            last = part.last
        return _Part(first, last)

    def _repeated(self) -> _Part:
        start = self.place
        part = self._one()
        token = self._next() or ""
        if token[0:1] not in ("*", "+", "?", "{"):
            return part
        self.place += 1
        stop = self.place
        low, high = self._times(token)
        pieces = [part]
        # Each further piece is the same text once more, with states of its own.
        for _ in range(max(low, high or 0) - 1):
            self.place = start
            pieces.append(self._one())
        self.place = stop
        return self._chain(pieces, low, high)

    def _times(self, token: str) -> tuple[int, int | None]:
        known = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if token in known:
            return known[token]
        low, comma, high = token.strip("{}").partition(",")
        most = int(high) if high else None if comma else int(low)
        if max(int(low), most or 0) > _MOST_REPEATED or (most is not None and most < int(low)):
            raise self._error(f"{token} is not a number of times, up to {_MOST_REPEATED}")
        return int(low), most

    def _chain(self, pieces: list[_Part], low: int, high: int | None) -> _Part:
        first, last = self._state(), self._state()
        at = first
        for index, piece in enumerate(pieces):
            if index >= low:
                at.free.append(last)
            if high is None or index < high:
                at.free.append(piece.first)
                at = piece.last
        if high is None:
            at.free.append(pieces[-1].first)
        at.free.append(last)
        return _Part(first, last)

    def _one(self) -> _Part:
        token = self.tokens[self.place]
        self.place += 1
        if token == "(":
            inner = self._choice()
            if self._next() != ")":
                raise self._error("a ( is not closed")
            self.place += 1
            return inner
        if token.isalpha():
            return self._named(token)
        signs = self._set(token[1:-1]) if token[0] == "[" and len(token) > 1 else {token[-1]}
        if token[0] in "*+?{" or not signs <= set(SIGNS):
            raise self._error(f"{token} is none of the signs {SIGNS}")
        first, last = self._state(), self._state()
        first.signs, first.following = frozenset(signs), last
        return _Part(first, last)

    def _named(self, name: str) -> _Part:
        if name not in NAMES:
            raise self._error(f"{name} is none of the names {', '.join(NAMES)}")
        text = NAMES[name]
        # digits{4} are four digits, and digits any number.
        if name == "digits" and (self._next() or " ")[0] in "*+?{":
            text = "[0-9]"
        inner = _Parser(text)
        part = inner.parse()
        self.states += inner.states
        return part

    def _set(self, text: str) -> set[str]:
        signs: set[str] = set()
        places = iter(re.finditer(r"(\d)-(\d)|\\?(.)", text))
        for found in places:
            low, high, sign = found.groups()
            signs |= set(SIGNS[int(low) : int(high) + 1]) if low else {sign}
        if not signs:
            raise self._error("a set is empty")
        return signs


class Pattern:
    """A pattern of rows, such as "amount", "digits{4}" or "[0-9]{1,3}%".

    Raises:
        UsageError: it is not a pattern.
    """

    def __init__(self, text: str) -> None:
        if not text:
            raise UsageError("an empty pattern allows no row: leave it out, or use digits")
        self.text = text
        part = _Parser(text).parse()
        self._start, self._end = _reach([part.first]), part.last
        # The states after states and a sign, as far as they were asked for.
        self._steps: dict[tuple[frozenset[_State], str], frozenset[_State]] = {}

    def __repr__(self) -> str:
        return f"<pattern {self.text}>"

    def _step(self, states: frozenset[_State], sign: str) -> frozenset[_State]:
        """The states after a sign."""
        key = states, sign
        if key not in self._steps:
            following = [s.following for s in states if s.following is not None and sign in s.signs]
            self._steps[key] = _reach(following)
        return self._steps[key]

    def allows(self, row: str) -> bool:
        """Whether a row matches."""
        states = self._start
        for sign in row:
            states = self._step(states, sign)
        return self._end in states

    def read(self, probabilities: np.ndarray, present: np.ndarray) -> Match | None:
        """The most probable row that matches, of signs from left to right; None if none does.

        `probabilities` (N, 22) are the probabilities of the classes, and `present` (N,) the
        probability that a sign is there at all.
        A sign is read as one of the classes, or left out.
        """
        # By states: the best readings so far, each with its logarithm and its signs or -1.
        best: dict[frozenset[_State], dict[str, tuple[float, tuple[int, ...]]]]
        best = {self._start: {"": (0.0, ())}}
        for row, here in zip(probabilities[:, : len(SIGNS)], present, strict=True):
            grown: dict[frozenset[_State], dict[str, tuple[float, tuple[int, ...]]]] = {}
            out = float(np.log(max(1e-9, 1 - here * row.sum())))
            for states, readings in best.items():
                stopping.check()
                moves = [(states, "", -1, out)]
                for kind in np.flatnonzero(row > 1e-6).tolist():
                    following = self._step(states, SIGNS[kind])
                    if following:
                        odds = float(np.log(max(1e-9, here * row[kind])))
                        moves.append((following, SIGNS[kind], kind, odds))
                for following, sign, kind, odds in moves:
                    _add(grown.setdefault(following, {}), readings, (sign, kind, odds))
            best = {states: _best(readings) for states, readings in grown.items()}
        ends = [
            (odds, text, kinds)
            for states, readings in best.items()
            if self._end in states
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


def _reach(states: Iterable[_State]) -> frozenset[_State]:
    """All states that can be reached without a sign."""
    found, waiting = set[_State](), list(states)
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting += state.free
    return frozenset(found)
