"""What a network does once it is trained: its module declares it, and training watches it do so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DrawsDigits:
    """Draws digits of given labels, in the hands of `writers` writers."""

    writers: int = 1


@dataclass(frozen=True)
class DrawsSequences:
    """Draws sequences of up to `longest` digits that sum to given totals."""

    longest: int


@dataclass(frozen=True)
class ReadsDigits:
    """Reads digits; `knows_others` if it also learned what is not a digit."""

    knows_others: bool = False


@dataclass(frozen=True)
class ReadsSums:
    """Reads the sums of sequences."""


@dataclass(frozen=True)
class TracesDigits:
    """Gives the pen strokes of digits."""


@dataclass(frozen=True)
class FindsSigns:
    """Finds and reads the signs in pictures; it learned from those of `side` pixels."""

    side: int


Skill = FindsSigns | TracesDigits | DrawsDigits | DrawsSequences | ReadsDigits | ReadsSums
