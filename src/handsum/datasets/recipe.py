"""Recipes: what a data set holds. A sample is a function of its recipe and its index alone."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from handsum.errors import UsageError
from handsum.seeds import choose_seed

Kind = Literal["digits", "numbers", "sums"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# What each effect does at strength 1. An effect's place says which random stream it has: new ones
# go to the end.
EFFECTS: Mapping[str, str] = MappingProxyType(
    {
        "touching": "neighbouring digits that run into each other",
        "rotation": "turned by up to 8 degrees",
        "perspective": "photographed at an angle",
        "colors": "pens and papers of all colours, and chalk",
        "lines": "printed lines, squares or boxes to write in",
        "texture": "grain, stains and uneven light on the paper, uneven ink",
        "blur": "out of focus",
        "noise": "a sensor's noise",
        "jpeg": "saved as JPEG, down to quality 15",
        "strokes": "in more hands: stretched, slanted, bent, by other pens",
    }
)

LENGTH_LIMIT = 32
LARGEST = 10**9
HEIGHTS = (28, 512)
DIGIT_PICTURE, NUMBER_PICTURE = 28, 64


@dataclass(frozen=True)
class Recipe:
    """What is in a data set of `count` samples; every field is checked when it is made.

    `lengths` and `totals` are least and greatest, both included: how many digits a picture holds,
    and, for sums, what they sum to (None: anything they can). `realism` maps names of EFFECTS to
    strengths in (0, 1]. `height` is every picture's height in pixels. `verify` lets the reader
    check every digit.

    Raises:
        UsageError: anything that cannot be; the error says what can.
    """

    kind: Kind
    count: int
    seed: int
    lengths: tuple[int, int] | None = None
    totals: tuple[int, int] | None = None
    model: str | None = None
    verify: bool = True
    realism: Mapping[str, float] = field(default_factory=dict)
    height: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"there are no data sets of {self.kind!r}: use {', '.join(KINDS)}")
        single = self.kind == "digits"
        # Frozen, but a default that depends on another field can only be filled in here.
        fill = object.__setattr__
        fill(self, "lengths", tuple(self.lengths or ((1, 1) if single else (1, 8))))
        fill(self, "totals", self.totals and tuple(self.totals))
        if self.height is None:
            fill(self, "height", DIGIT_PICTURE if single else NUMBER_PICTURE)
        known = {name: float(self.realism[name]) for name in EFFECTS if name in self.realism}
        if odd := [name for name in self.realism if name not in EFFECTS]:
            raise UsageError(f"unknown realism {odd[0]!r}: use {', '.join(EFFECTS)}, all or none")
        if single:
            known.pop("touching", None)  # there is no neighbour
        fill(self, "realism", known)
        choose_seed(self.seed)
        self._check()

    def _check(self) -> None:
        low, high = self.length_range
        if self.count < 1:
            raise UsageError(f"a count of {self.count} writes nothing: use 1 or more")
        if self.count > LARGEST:
            raise UsageError(f"a count of {self.count} is out of range: use up to {LARGEST:,}")
        if self.kind == "digits" and (low, high) != (1, 1):
            raise UsageError("digits come one to a picture: for more use numbers or sums")
        if not 1 <= low <= high <= LENGTH_LIMIT:
            raise UsageError(
                f"lengths from {low} to {high} cannot be: use a number or a range such as 1-8, "
                f"within 1 to {LENGTH_LIMIT}"
            )
        if not HEIGHTS[0] <= self.picture_height <= HEIGHTS[1]:
            raise UsageError(
                f"a height of {self.picture_height} is out of range: "
                f"use {HEIGHTS[0]} to {HEIGHTS[1]} pixels"
            )
        for name, strength in self.realism.items():
            if not 0 < strength <= 1:
                raise UsageError(f"{name}={strength:g} is out of range: use a strength of 0 to 1")
        if self.totals is None:
            return
        if self.kind != "sums":
            raise UsageError(f"totals are chosen for sums, not for {self.kind}")
        if not 0 <= self.totals[0] <= self.totals[1]:
            low, high = self.totals
            raise UsageError(
                f"totals from {low} to {high} cannot be: use a number or a range such as 10-20"
            )
        if self.totals[0] > 9 * high:
            raise UsageError(
                f"{high} digits reach sums up to {9 * high}, not {self.totals[0]}: "
                f"use smaller totals, or lengths up to {-(-self.totals[0] // 9)}"
            )

    @property
    def length_range(self) -> tuple[int, int]:
        """The least and the greatest length."""
        assert self.lengths is not None
        return self.lengths

    @property
    def possible_lengths(self) -> range:
        """The lengths that occur: those that reach some of the totals."""
        low, high = self.length_range
        least = -(-self.totals[0] // 9) if self.totals else 1
        return range(max(low, least), high + 1)

    @property
    def picture_height(self) -> int:
        """Every picture's height in pixels."""
        assert self.height is not None
        return self.height

    @property
    def greatest_width(self) -> int:
        """The width that no picture exceeds; digits are square."""
        if self.kind == "digits":
            return self.picture_height
        return round(self.picture_height * (0.85 * self.length_range[1] + 0.8))

    @property
    def channels(self) -> int:
        """1 (grey) or 3 (red, green, blue): the same for all of a data set's pictures."""
        return 3 if "colors" in self.realism else 1

    def as_json(self) -> dict[str, Any]:
        """The recipe as plain values."""
        plain = dataclasses.asdict(self)
        return plain | {key: plain[key] and list(plain[key]) for key in ("lengths", "totals")}


def parse_range(text: str, what: str) -> tuple[int, int]:
    """Return least and greatest of `5` or `1-8`.

    Raises:
        UsageError: `text` is neither.
    """
    match = re.fullmatch(r"\s*([0-9]{1,6})\s*(?:-\s*([0-9]{1,6})\s*)?", text)
    if not match:
        raise UsageError(f"{what} are a number or a range such as 1-8, not {text!r}")
    return int(match[1]), int(match[2] or match[1])


def parse_realism(text: str) -> dict[str, float]:
    """Return the strengths in `all`, `none` or `NAME[=STRENGTH],...`; a bare name has 0.5.

    `all=0.3` is every effect at that strength, and a later name outweighs an earlier one.

    Raises:
        UsageError: an unknown effect, or a strength that is not in [0, 1].
    """
    strengths: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, amount = (piece.strip() for piece in part.partition("="))
        try:
            strength = float(amount or 0.5)
        except ValueError:
            strength = -1.0
        if not 0 <= strength <= 1:
            raise UsageError(f"{part!r} is no strength: use {name or 'blur'}=0 to {name}=1")
        if name == "none":
            if amount:
                raise UsageError(f"{part!r} says two things: use none, or a strength of an effect")
            strengths.clear()
        elif name == "all":
            strengths |= dict.fromkeys(EFFECTS, strength)
        elif name in EFFECTS:
            strengths[name] = strength
        else:
            raise UsageError(f"unknown realism {name!r}: use {', '.join(EFFECTS)}, all or none")
    return {name: strength for name, strength in strengths.items() if strength > 0}
