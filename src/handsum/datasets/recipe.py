"""Recipes: the contents of a data set. A sample depends on its recipe and its index alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, get_args

from handsum.arguments import whole_number
from handsum.data.signs.language import Language, find_language
from handsum.errors import UsageError, shorten
from handsum.layout.marks import GAP, read_number
from handsum.seeds import choose_seed

Kind = Literal["digits", "numbers", "sums", "pages"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Forms = Literal["european", "american", "mixed"]
FORMS: tuple[Forms, ...] = get_args(Forms)

# What each effect does at strength 1. An effect's place is the number of its random stream: add new
# ones at the end.
EFFECTS: Mapping[str, str] = MappingProxyType(
    {
        "touching": "neighbouring digits run into each other",
        "rotation": "turned by up to 8 degrees",
        "perspective": "photographed at an angle",
        "colors": "pens and papers of all colours, and chalk",
        "lines": "printed lines, squares or boxes to write in",
        "texture": "grain, stains and uneven light on the paper, uneven ink",
        "blur": "out of focus",
        "noise": "sensor noise",
        "jpeg": "saved as JPEG, down to quality 15",
        "strokes": "more hands: strokes stretched, slanted and bent, with other pens",
        "desk": "the edges of the page, and the desk that it lies on (pages only)",
        "bleed": "the writing on the other side shows through",
        "folds": "creases (on seven sheets of ten, as all down to the staple)",
        "stains": "coffee: the ring of a cup, or drops",
        "highlighter": "a broad transparent pen over a few characters",
        "stamp": "a word in a frame, also across the digits",
        "staple": "a staple near a corner",
        "motion": "a camera that moves, by up to a tenth of the height",
        "moire": "the bands of a screen that is photographed",
        "halftone": "the dots of print, or the two tones of a fax",
    }
)

LENGTH_LIMIT = 32
# The lengths that occur where nothing bounds them.
_USUAL_LENGTHS = (1, 8)
LARGEST = 10**9
HEIGHTS, PAGE_HEIGHTS = (28, 512), (512, 4096)
DIGIT_PICTURE, NUMBER_PICTURE, PAGE_PICTURE = 28, 64, 1024
# The width of a page, over its height, and the most rows with numbers on it.
_PAGE_SHAPE, PAGE_ROWS = 0.75, 20
# How many samples' digits are drawn together, to fill the network's batches. They share a seed:
# another number would change every data set.
_BLOCK, _PAGE_BLOCK = 512, 16


@dataclass(frozen=True)
class Recipe:
    """The contents of a data set of `count` samples; all fields are checked.

    `lengths` and `totals` are the smallest and the largest value, both included: the number of
    digits and signs in a picture (None: those that are usual for each of the patterns), and, for
    sums, their total (None: every possible one). `realism` maps names of EFFECTS to strengths in
    (0, 1]. `height` is the height of the pictures in pixels. With `verify`, the reader checks every
    digit. `forms` are the local forms of digits (None: as the generator draws them). Numbers may be
    drawn from `patterns`, each with its share of the `weights` (none: equal ones), or be given:
    `texts` are written in turn.

    Raises:
        UsageError: a field is out of range.
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
    forms: Forms | None = None
    patterns: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise UsageError(f"there are no data sets of {self.kind!r}: use {', '.join(KINDS)}")
        single = self.kind == "digits"
        # Frozen, but defaults that depend on other fields have to be filled in here.
        fill = object.__setattr__
        for name in ("patterns", "texts"):
            fill(self, name, tuple(getattr(self, name)))
        fill(self, "weights", tuple(map(float, self.weights)))
        self._check_texts()
        if self.lengths or not self.patterns:
            fill(self, "lengths", tuple(self.lengths or self._usual_lengths()))
        fill(self, "totals", self.totals and tuple(self.totals))
        if self.height is None:
            usual = {"digits": DIGIT_PICTURE, "pages": PAGE_PICTURE}
            fill(self, "height", usual.get(self.kind, NUMBER_PICTURE))
        known = {name: float(self.realism[name]) for name in EFFECTS if name in self.realism}
        if odd := [name for name in self.realism if name not in EFFECTS]:
            raise UsageError(f"unknown realism {odd[0]!r}: use {', '.join(EFFECTS)}, all or none")
        if single:
            known.pop("touching", None)  # a single digit has no neighbour
        if self.kind != "pages":
            known.pop("desk", None)
        fill(self, "realism", known)
        if self.forms is not None and self.forms not in FORMS:
            raise UsageError(f"no `forms` {self.forms!r}: use {', '.join(FORMS)}")
        choose_seed(self.seed)
        self._check()
        for language in self.languages:
            low, high = self.lengths or (1, LENGTH_LIMIT)
            if not language.lengths(low, high):
                some = bool(language.lengths(1, LENGTH_LIMIT))
                advice = "use another `length`" if some else "a number has a digit"
                pattern = shorten(repr(language.pattern.text), 60)
                raise UsageError(
                    f"the pattern {pattern} has no number of {low} to {high} digits and signs: "
                    f"{advice}"
                )

    def _usual_lengths(self) -> tuple[int, int]:
        """The lengths where none are given: all of finitely many numbers, else the usual ones."""
        if self.kind == "digits":
            return 1, 1
        if self.texts:
            lengths = [len(text.replace(GAP, "")) for text in self.texts]
            return min(lengths), max(lengths)
        if self.patterns:
            lows, highs = zip(*(language.usual for language in self.languages), strict=True)
            return min(lows), max(highs)
        return _USUAL_LENGTHS

    def _check_texts(self) -> None:
        if self.patterns and self.kind not in ("numbers", "pages"):
            raise UsageError(
                f"only numbers and pages have patterns: leave them out for {self.kind}"
            )
        if self.texts and self.kind != "numbers":
            raise UsageError(f"only numbers have texts: leave them out for {self.kind}")
        if self.patterns and self.texts:
            raise UsageError("the numbers are given or follow a pattern: leave out one of the two")
        if self.texts and self.lengths:
            raise UsageError("given numbers have their lengths: leave out `length`")
        if self.weights and len(self.weights) != len(self.patterns):
            raise UsageError(
                f"{len(self.weights)} weights do not fit {len(self.patterns)} patterns: "
                "give one for each pattern"
            )
        if any(not 0 < weight < float("inf") for weight in self.weights):
            raise UsageError("a weight is a number above 0")
        for text in self.texts:
            if read_number(text) != text or len(text) > LENGTH_LIMIT:
                shown = shorten(repr(text), 60)
                raise UsageError(f"{shown} cannot be written: use up to {LENGTH_LIMIT} characters")

    def _check(self) -> None:
        low, high = self.length_range
        if self.count < 1:
            raise UsageError(f"a count of {self.count} writes nothing: use 1 or more")
        if self.count > LARGEST:
            raise UsageError(f"a count of {self.count} is out of range: use up to {LARGEST:,}")
        if self.kind == "digits" and (low, high) != (1, 1):
            raise UsageError("digits come one to a picture: for longer ones use numbers or sums")
        if not 1 <= low <= high <= LENGTH_LIMIT:
            raise UsageError(
                f"lengths from {low} to {high} are impossible: use a number or a range "
                f"such as 1-8, within 1 to {LENGTH_LIMIT}"
            )
        least, most = PAGE_HEIGHTS if self.kind == "pages" else HEIGHTS
        if not least <= self.picture_height <= most:
            raise UsageError(
                f"a height of {self.picture_height} is out of range: use {least} to {most} pixels"
            )
        for name, strength in self.realism.items():
            if not 0 < strength <= 1:
                raise UsageError(f"{name}={strength:g} is out of range: use a strength of 0 to 1")
        if self.totals is None:
            return
        if self.kind != "sums":
            raise UsageError(f"only sums have totals: leave them out for {self.kind}")
        if not 0 <= self.totals[0] <= self.totals[1]:
            low, high = self.totals
            raise UsageError(
                f"totals from {low} to {high} are impossible: use a number or a range such as 10-20"
            )
        if self.totals[0] > 9 * high:
            raise UsageError(
                f"{high} digits reach sums up to {9 * high}, not {self.totals[0]}: "
                f"use smaller totals, or lengths up to {-(-self.totals[0] // 9)}"
            )

    @cached_property
    def length_range(self) -> tuple[int, int]:
        """The smallest and the largest length."""
        return self.lengths or self._usual_lengths()

    @property
    def languages(self) -> list[Language]:
        """The numbers of each pattern."""
        return [find_language(pattern, LENGTH_LIMIT) for pattern in self.patterns]

    @property
    def has_signs(self) -> bool:
        """Whether there may be signs beside the digits."""
        return bool(self.patterns or self.texts)

    @property
    def possible_lengths(self) -> range:
        """The lengths that occur: those that can reach one of the totals."""
        low, high = self.length_range
        least = -(-self.totals[0] // 9) if self.totals else 1
        return range(max(low, least), high + 1)

    @property
    def picture_height(self) -> int:
        """The height of every picture in pixels."""
        assert self.height is not None
        return self.height

    @cached_property
    def greatest_width(self) -> int:
        """The largest width of a picture in pixels; digits are square."""
        if self.kind == "digits":
            return self.picture_height
        if self.kind == "pages":
            return round(_PAGE_SHAPE * self.picture_height)
        # A space in a text takes room, too.
        longest = max([self.length_range[1], *map(len, self.texts)])
        return round(self.picture_height * (0.85 * longest + 0.8))

    @property
    def most_characters(self) -> int:
        """The most digits and signs in a picture."""
        return PAGE_ROWS * LENGTH_LIMIT if self.kind == "pages" else LENGTH_LIMIT

    @property
    def most_digits(self) -> int:
        """The most digits in a picture."""
        return PAGE_ROWS * LENGTH_LIMIT if self.kind == "pages" else self.length_range[1]

    @property
    def block(self) -> int:
        """How many samples' digits are drawn together."""
        return _PAGE_BLOCK if self.kind == "pages" else _BLOCK

    @property
    def in_pixels(self) -> bool:
        """Whether digits are drawn in pixels, as MNIST has them, instead of pen strokes."""
        changed = self.forms or {"rotation", "perspective", "strokes"} & self.realism.keys()
        return self.kind == "digits" and self.picture_height == DIGIT_PICTURE and not changed

    @property
    def channels(self) -> int:
        """1 (grey) or 3 (red, green, blue), the same for all pictures of a data set."""
        return 3 if "colors" in self.realism else 1

    @property
    def title(self) -> str:
        """The number and the kind of samples, such as "1,000 digits"."""
        return f"{self.count:,} {self.kind if self.count > 1 else self.kind.removesuffix('s')}"

    @cached_property
    def digest(self) -> str:
        """A hash of all fields."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """The recipe as plain values."""
        plain = dataclasses.asdict(self)
        tuples = ("lengths", "totals", "patterns", "weights", "texts")
        lists = {key: None if plain[key] is None else list(plain[key]) for key in tuples}
        return plain | lists


def parse_range(value: Any, name: str) -> tuple[int, int]:
    """Return the smallest and the largest value of 5, "5", "1-8" or (1, 8).

    Raises:
        UsageError: anything else; the message calls it the argument `name`.
    """
    if isinstance(value, tuple | list) and len(value) == 2:
        low, high = (whole_number(bound, f"`{name}`") for bound in value)
        return low, high
    text = value if isinstance(value, str) else str(whole_number(value, f"`{name}`"))
    match = re.fullmatch(r"\s*([0-9]{1,6})\s*(?:-\s*([0-9]{1,6})\s*)?", text)
    if not match:
        raise UsageError(f"`{name}` is a number or a range such as 1-8, not {text!r}")
    return int(match[1]), int(match[2] or match[1])


def parse_realism(value: str | Mapping[str, float]) -> dict[str, float]:
    """Return the strengths in "all", "none" or "NAME[=STRENGTH],...", or in a mapping of them.

    A name without a strength has 0.5. "all=0.3" is every effect at that strength; later names
    override earlier ones.

    Raises:
        UsageError: an unknown effect, or a strength outside [0, 1].
    """
    if isinstance(value, Mapping):
        parts = [f"{name}={strength}" for name, strength in value.items()]
    elif isinstance(value, str):
        parts = [part.strip() for part in value.split(",")]
    else:
        raise UsageError(f"`realism` is a text such as 'blur=0.3', not {value!r}")
    strengths: dict[str, float] = {}
    for part in filter(None, parts):
        name, _, amount = (piece.strip() for piece in part.partition("="))
        strength = _parse_strength(name, amount)
        if name == "none":
            if amount:
                raise UsageError(f"{part!r} is unclear: use none, or a strength of an effect")
            strengths.clear()
        elif name == "all":
            strengths |= dict.fromkeys(EFFECTS, strength)
        elif name in EFFECTS:
            strengths[name] = strength
        else:
            raise UsageError(f"unknown realism {name!r}: use {', '.join(EFFECTS)}, all or none")
    return {name: strength for name, strength in strengths.items() if strength > 0}


def _parse_strength(name: str, amount: str) -> float:
    try:
        strength = float(amount or 0.5)
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= 1:
        example = name or "blur"
        raise UsageError(f"'{name}={amount}' is not a strength: use {example}=0 to {example}=1")
    return strength
