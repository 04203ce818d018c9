"""All numbers that a pattern allows: counted by their length, and drawn with equal chances."""

from __future__ import annotations

from functools import cache

import numpy as np

from handsum import stopping
from handsum.data.signs.alphabet import DIGITS, SIGNS
from handsum.data.signs.expression import WRITTEN, States
from handsum.data.signs.pattern import Pattern
from handsum.errors import UsageError, shorten

# The most states, of all pairs of a set of states and a rest of the length, that are counted.
_MOST_COUNTED = 200_000
# The greatest usual length.
_USUAL = 8


class Language:
    """The numbers of a pattern (see `Pattern`), with at least one digit and up to `longest` signs.

    They are counted as the ways through the pattern's deterministic automaton, in which each number
    has one way.

    Raises:
        UsageError: it is not a pattern, or its automaton is too large.
    """

    def __init__(self, text: str, longest: int) -> None:
        self.pattern = Pattern(text, WRITTEN)
        self._counts: dict[tuple[States, bool, int], int] = {}
        self._counted = 0
        self.counts = tuple(
            self._count(self.pattern.start, False, length) for length in range(longest + 1)
        )

    @property
    def finite(self) -> bool:
        """Whether nothing in the pattern is repeated without end."""
        return self.pattern.finite

    @property
    def usual(self) -> tuple[int, int]:
        """The lengths to draw from where none are asked for.

        They are all of a finite pattern, and those up to 8, or the shortest, of another.
        """
        lengths = self.lengths(1, len(self.counts) - 1) or [1]
        longest = lengths[-1] if self.finite else max(_USUAL, lengths[0])
        return lengths[0], longest

    def _count(self, states: States, digit: bool, length: int) -> int:
        """Count the ways to an end by `length` more signs; `digit` tells if there was a digit."""
        if not length:
            return int(digit and self.pattern.ends(states))
        key = states, digit, length
        if key not in self._counts:
            stopping.check()
            self._counted += len(states)
            if self._counted > _MOST_COUNTED:
                raise UsageError(
                    f"{shorten(repr(self.pattern.text), 60)} is too large to draw from"
                )
            self._counts[key] = sum(
                self._count(following, digit or kind < DIGITS, length - 1)
                for kind, following in self._ways(states)
            )
        return self._counts[key]

    def _ways(self, states: States) -> list[tuple[int, States]]:
        """The signs that are allowed in states, and the states after each."""
        ways = [(kind, self.pattern.step(states, sign)) for kind, sign in enumerate(SIGNS)]
        return [way for way in ways if way[1]]

    def lengths(self, low: int, high: int) -> list[int]:
        """The lengths from `low` to `high` that a number may have."""
        return [length for length in range(low, high + 1) if self.counts[length]]

    def draw(self, low: int, high: int, rng: np.random.Generator) -> str:
        """Draw a number of `low` to `high` signs.

        Every number is equally likely if the pattern is finite. Otherwise most have the greatest
        length, so every length that occurs is equally likely, and every number of one length.
        """
        lengths = self.lengths(low, high)
        if self.finite:
            place = _below(sum(self.counts[length] for length in lengths), rng)
            for length in lengths:
                if place < self.counts[length]:
                    break
                place -= self.counts[length]
        else:
            length = lengths[int(rng.integers(len(lengths)))]
            place = _below(self.counts[length], rng)
        return self._number(length, place)

    def _number(self, length: int, place: int) -> str:
        """Number `place` among those of a length, in the order of their signs."""
        text, states, digit = "", self.pattern.start, False
        for rest in range(length - 1, -1, -1):
            for kind, following in self._ways(states):
                count = self._count(following, digit or kind < DIGITS, rest)
                if place < count:
                    text, states, digit = text + SIGNS[kind], following, digit or kind < DIGITS
                    break
                place -= count
        return text


@cache
def find_language(text: str, longest: int) -> Language:
    """The numbers of a pattern, counted once in a process."""
    return Language(text, longest)


def _below(limit: int, rng: np.random.Generator) -> int:
    """A random whole number from 0 to `limit` - 1, however large."""
    bits = limit.bit_length()
    while True:
        number = int.from_bytes(rng.bytes(-(-bits // 8)), "big") >> (-bits % 8)
        if number < limit:
            return number
