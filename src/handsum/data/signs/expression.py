"""Patterns as expressions: small regular languages over digits and signs, and their states."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from handsum.data.signs.alphabet import SIGNS
from handsum.errors import UsageError, shorten

READ = {
    "digits": "[0-9]+",
    "amount": r"\$?[0-9]+((,[0-9]{3})+)?([.,][0-9]{2})?[-=]?",
    "date": "[0-3]?[0-9][-./][01]?[0-9][-./]([0-9]{2}|[0-9]{4})|"
    "[0-9]{4}-[01][0-9]-[0-3][0-9]|[01]?[0-9]/[0-3]?[0-9]/([0-9]{2}|[0-9]{4})",
    "time": "([01]?[0-9]|2[0-3])[:.][0-5][0-9]([:.][0-5][0-9])?",
    "phone": r"(\+?[0-9]{1,3}-?)?(\([0-9]{2,4}\))?[0-9]+(-[0-9]+)*",
    "year": "[0-9]{4}",
    "card": "[0-9]{16}|[0-9]{4}(-[0-9]{4}){3}",
}
_DAY, _MONTH, _YEAR = "(0?[1-9]|[12][0-9]|3[01])", "(0?[1-9]|1[0-2])", "((19|20)?[0-9]{2})"
# What people write under these names; a reader allows more.
WRITTEN = READ | {
    "amount": r"\$?(0|[1-9][0-9]*|[1-9][0-9]{0,2}(,[0-9]{3})+)(\.[0-9]{2})?",
    "date": f"{_DAY}.{_MONTH}.{_YEAR}|{_DAY}-{_MONTH}-{_YEAR}|{_DAY}/{_MONTH}/{_YEAR}|"
    f"{_MONTH}/{_DAY}/{_YEAR}|(19|20)[0-9]{{2}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    "time": "([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?",
    "phone": r"(\+[1-9][0-9]?-|\(0?[1-9][0-9]{1,2}\))?[1-9][0-9]{2}-?[0-9]{4}",
    "year": "(19|20)[0-9]{2}",
}
# The most states of a pattern, and the most times that a part of it is repeated.
_MOST_STATES, _MOST_REPEATED = 2_000, 100
# The most groups within one another, and digits of a number of times.
_DEEPEST, _LONGEST_NUMBER = 50, 4
_TOKEN = re.compile(r"\\.|\[[^\]]*\]|\{[0-9]+(,[0-9]*)?\}|[a-z]+|.", re.DOTALL)


@dataclass(eq=False)
class State:
    """A state: where it goes without a sign, and where with one of some signs."""

    free: list[State] = field(default_factory=list)
    signs: frozenset[str] = frozenset()
    following: State | None = None


States = frozenset[State]


@dataclass(frozen=True)
class Part:
    """Part of a pattern: its first and last state."""

    first: State
    last: State


class Parser:
    """From the text of a pattern to its states (Thompson, 1968).

    `names` are the expressions that names stand for. After `parse`, `finite` tells whether nothing
    is repeated without end.

    Raises:
        UsageError: it is not a pattern.
    """

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self.text, self.names = text, names
        self.tokens = [found[0] for found in _TOKEN.finditer(text)]
        self.place = self.states = self.depth = 0
        self.finite = True

    def parse(self) -> Part:
        """The states of the whole pattern."""
        whole = self._choice()
        if self.place < len(self.tokens):
            raise self._error(f"nothing opens {self.tokens[self.place]}")
        return whole

    def _error(self, reason: str) -> UsageError:
        return UsageError(f"{shorten(repr(self.text), 60)} is no pattern: {reason}")

    def _next(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _state(self) -> State:
        self.states += 1
        if self.states > _MOST_STATES:
            raise self._error("it is too long")
        return State()

    def _choice(self) -> Part:
        parts = [self._sequence()]
        while self._next() == "|":
            self.place += 1
            parts.append(self._sequence())
        first, last = self._state(), self._state()
        for part in parts:
            first.free.append(part.first)
            part.last.free.append(last)
        return Part(first, last)

    def _sequence(self) -> Part:
        first = last = self._state()
        while self._next() not in (None, "|", ")"):
            part = self._repeated()
            last.free.append(part.first)
            last = part.last
        return Part(first, last)

    def _repeated(self) -> Part:
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
        if not low:
            raise self._error("after a { is a number of times")
        if max(len(low), len(high)) > _LONGEST_NUMBER:
            raise self._error(f"a number of times is at most {_MOST_REPEATED}")
        most = int(high) if high else None if comma else int(low)
        if max(int(low), most or 0) > _MOST_REPEATED or (most is not None and most < int(low)):
            raise self._error(f"{token} is not a number of times, up to {_MOST_REPEATED}")
        return int(low), most

    def _chain(self, pieces: list[Part], low: int, high: int | None) -> Part:
        first, last = self._state(), self._state()
        at = first
        for index, piece in enumerate(pieces):
            if index >= low:
                at.free.append(last)
            if high is None or index < high:
                at.free.append(piece.first)
                at = piece.last
        if high is None:
            self.finite = False
            at.free.append(pieces[-1].first)
        at.free.append(last)
        return Part(first, last)

    def _one(self) -> Part:
        token = self.tokens[self.place]
        self.place += 1
        if token == "(":
            self.depth += 1
            if self.depth > _DEEPEST:
                raise self._error(f"more than {_DEEPEST} groups are within one another")
            inner = self._choice()
            self.depth -= 1
            if self._next() != ")":
                raise self._error("a ( is not closed")
            self.place += 1
            return inner
        if token.isalpha():
            return self._named(token)
        if token == r"\d":
            signs = set("0123456789")
        else:
            signs = self._set(token[1:-1]) if token[0] == "[" and len(token) > 1 else {token[-1]}
        if token[0] in "*+?{" or not signs <= set(SIGNS):
            raise self._error(f"{shorten(repr(token), 60)} is none of the signs {SIGNS}")
        first, last = self._state(), self._state()
        first.signs, first.following = frozenset(signs), last
        return Part(first, last)

    def _named(self, name: str) -> Part:
        known = [*self.names, "id"]
        if name not in known:
            raise self._error(f"{name[:20]} is none of the names {', '.join(known)}")
        # digits{4} are four digits, and digits any number; an id is a number that counts nothing.
        if name in ("digits", "id"):
            text = "[0-9]" if (self._next() or " ")[0] in "*+?{" else "[0-9]+"
        else:
            text = self.names[name]
        inner = Parser(text, self.names)
        part = inner.parse()
        self.states += inner.states
        self.finite &= inner.finite
        return part

    def _set(self, text: str) -> set[str]:
        signs: set[str] = set()
        for found in re.finditer(r"([0-9])-([0-9])|\\(d)|\\?(.)", text):
            low, high, digit, sign = found.groups()
            if digit:
                low, high = "0", "9"
            signs |= set(SIGNS[int(low) : int(high) + 1]) if low else {sign}
        if not signs:
            raise self._error("a set is empty")
        return signs


def reach(states: Iterable[State]) -> States:
    """All states that can be reached without a sign."""
    found, waiting = set[State](), list(states)
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting += state.free
    return frozenset(found)
