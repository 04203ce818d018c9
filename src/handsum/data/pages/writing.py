"""What people write on a page: numbers, amounts, dates, sums, words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handsum.data.pages.glyphs import (
    Glyph,
    bend,
    fonts,
    mnist_glyph,
    pen_glyph,
    pixel_glyph,
    printed_glyph,
    segment_glyph,
)
from handsum.data.pages.shapes import ALPHABET, LOCAL, PLAIN, letter, local_digit
from handsum.data.paths import Paths, load_paths, split_paths
from handsum.data.signs.alphabet import OTHER, SIGNS
from handsum.strokes.signs import sign_lines

Random = np.random.Generator

_PATH_POINTS = 24
# Few of MNIST's writers give a 1 a flag, and half of the world does; other forms are rarer.
_FLAG_SHARE, _LOCAL_SHARE = 0.35, 0.1
# The share of numbers most of whose digits are 1s, and of their digits that are: two 1s are as near
# each other as the lines of one sign, and few random numbers have them.
_ONES_SHARE, _ONES = 0.25, 0.6
# The share of 1s that are a straight line, as of a mouse or a ruler, and its widths, in heights.
_BAR_SHARE, _BAR_WIDTHS = 0.3, (0.015, 0.22)


@dataclass(frozen=True, eq=False, repr=False)
class Sources:
    """Digits uint8 (N, 28, 28) with labels (N,), by label; pen paths; fonts."""

    images: np.ndarray
    labels: np.ndarray
    rows: tuple[np.ndarray, ...]
    paths: Paths
    kinds: tuple[np.ndarray, ...]
    fonts: tuple[Path, ...]

    @classmethod
    def of(cls, images: np.ndarray, labels: np.ndarray) -> Sources:
        """Sources with these digits."""
        paths = load_paths()
        return cls(
            images,
            labels,
            tuple(np.flatnonzero(labels == digit) for digit in range(10)),
            paths,
            tuple(np.flatnonzero(paths.labels == digit) for digit in range(10)),
            tuple(fonts()),
        )


def _pick(options: Sequence[str], random: Random) -> str:
    return options[int(random.integers(len(options)))]


def digits(count: int, random: Random) -> str:
    """Random digits; in some numbers most are 1s."""
    drawn = random.integers(0, 10, count)
    if random.random() < _ONES_SHARE:
        drawn[random.random(count) < _ONES] = 1
    return "".join(map(str, drawn))


def _amount(random: Random) -> str:
    whole = digits(int(random.integers(1, 5)), random)
    if random.random() < 0.3:
        whole = f"{random.integers(1, 100)}{_pick(',.', random)}{digits(3, random)}"
    if random.random() < 0.35:
        whole = f"{random.integers(1, 1000)}{_pick(['.', ',', '', ' '], random)}000"
    text = whole + _pick(".,", random) + digits(2, random)
    if random.random() < 0.4:
        text = whole + _pick(["", ".", ",", "-", "=", ".-", ",-", " -", " ="], random)
    return _pick(["$", "", ""], random) + text


def _date(random: Random) -> str:
    mark = _pick("//.-/", random)
    year = digits(int(random.choice([2, 4])), random)
    day, month = random.integers(1, [32, 13])
    if random.random() < _ONES_SHARE:
        day, month = random.choice([1, 11], 2)
    return mark.join([str(day), str(month), year])


def _sum(random: Random) -> str:
    first, second = (digits(int(random.integers(1, 3)), random) for _ in range(2))
    end = _pick(["=", "=", ""], random)
    return f"{first}{_pick('+-', random)}{second}{end}" + (digits(2, random) if end else "")


def _other(random: Random) -> str:
    form = int(random.integers(4))
    if form == 0:
        return f"{digits(2, random)}:{digits(2, random)}"
    if form == 1:
        return f"{digits(int(random.integers(1, 3)), random)}%"
    if form == 2:
        return f"({digits(int(random.integers(1, 4)), random)})"
    return f"{digits(3, random)}-{digits(4, random)}"


def _word(random: Random) -> str:
    count = int(random.integers(1, 8))
    if count == 1:
        return _pick(PLAIN, random)
    # Capitals, small letters, or a capital and small ones; some letter must not be a digit's.
    split = ALPHABET.index("a")
    upper, lower = ALPHABET[:split], ALPHABET[split:]
    case = random.random()
    first = _pick(lower if case < 0.4 else upper, random)
    rest = "".join(_pick(upper if case > 0.75 else lower, random) for _ in range(count - 1))
    return first + rest if set(first + rest) & set(PLAIN) else _word(random)


def text_of(random: Random) -> str:
    """What stands in a row."""
    kind = random.random()
    if kind < 0.48:
        return digits(int(random.geometric(0.25)), random)[:12]
    if kind < 0.62:
        return _amount(random)
    if kind < 0.69:
        return _date(random)
    if kind < 0.75:
        return _sum(random)
    if kind < 0.82:
        return _other(random)
    if kind < 0.89:
        return _word(random) + " " + digits(int(random.integers(1, 5)), random)
    return " ".join(_word(random) for _ in range(int(random.integers(1, 4))))


@dataclass(frozen=True)
class Hand:
    """How a row is written: the digits' `source`, the nib in heights, slant, and a font."""

    source: str
    nib: float
    slant: float
    narrow: float
    font: Path
    wobble: float

    @classmethod
    def draw(cls, sources: Sources, random: Random) -> Hand:
        """A random hand, printer or display."""
        source = random.choice(
            ["mnist", "pen", "print", "segments", "pixels"], p=[0.54, 0.3, 0.11, 0.03, 0.02]
        )
        return cls(
            source=str(source),
            nib=float(np.exp(random.normal(np.log(0.1), 0.4)).clip(0.03, 0.24)),
            slant=float(random.normal(0, 0.15 if random.random() < 0.75 else 0.35)),
            narrow=float(np.exp(random.normal(0, 0.12))),
            font=sources.fonts[int(random.integers(len(sources.fonts)))],
            wobble=float(random.uniform(0, 0.06)),
        )

    @property
    def by_machine(self) -> bool:
        """Whether no hand wrote it."""
        return self.source in ("print", "segments", "pixels")

    def glyph(self, sign: str, sources: Sources, random: Random) -> Glyph:
        """A sign in this hand."""
        label = SIGNS.index(sign) if sign in SIGNS else OTHER
        if self.source == "print" or (self.by_machine and label >= 10):
            return printed_glyph(label, sign, self.font)
        if label == OTHER:
            lines = bend([0.95 * line for line in letter(sign)], self.wobble, random)
            return pen_glyph(label, lines, 0.5 if sign not in "Iijl" else 0.3, self.nib)
        if label >= 10:
            lines, width = sign_lines(sign)
            own = bend(lines, 0.3 * self.wobble, random)
            grown = 1.3 if sign in ".,:" else 1.0
            return pen_glyph(label, own, width, grown * self.nib)
        return self._digit(label, sources, random)

    def _digit(self, label: int, sources: Sources, random: Random) -> Glyph:
        if self.source == "segments":
            return segment_glyph(label, random)
        if self.source == "pixels":
            return pixel_glyph(label)
        if label == 1 and random.random() < _BAR_SHARE:
            lean = random.normal(0, 0.08) if random.random() < 0.6 else 0.0
            nib = float(np.exp(random.uniform(*np.log(_BAR_WIDTHS))))
            return pen_glyph(label, [np.array([[lean, -1.0], [0.0, 0.0]])], 0.2, nib)
        if label in LOCAL and random.random() < (_FLAG_SHARE if label == 1 else _LOCAL_SHARE):
            lines = bend(local_digit(label, random), 0.4 * self.wobble, random)
            width = max(float(line[:, 0].max()) for line in lines) + (0.1 if label == 1 else 0.0)
            return pen_glyph(label, lines, width, self.nib)
        if self.source == "mnist":
            rows = sources.rows[label]
            return mnist_glyph(sources.images[rows[random.integers(len(rows))]], label, random)
        return pen_digit(label, sources, self.nib, random)


def pen_digit(label: int, sources: Sources, nib: float, random: Random) -> Glyph:
    """A digit along a path that people's pens took."""
    kinds = sources.kinds[label]
    paths = sources.paths
    weights = paths.weights[kinds] / paths.weights[kinds].sum()
    kind = kinds[random.choice(len(kinds), p=weights)]
    noise = 0.85 * random.normal(size=paths.factors.shape[1])
    points = paths.means[kind].ravel() + paths.factors[kind] @ noise
    strokes = split_paths(points.reshape(1, -1, 2), paths.lifts[kind][None], _PATH_POINTS)[0]
    wide = random.uniform(0.05, 0.35) if label == 1 else random.uniform(0.45, 0.85)
    lines = [
        stroke.astype(np.float64) * [wide, 1] - [0, 1]
        for stroke in strokes
        if np.isfinite(stroke).all()
    ]
    return pen_glyph(label, lines, wide, nib)
