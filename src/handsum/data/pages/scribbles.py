"""What people draw that is no sign: scribbles, ticks, hatching, blots."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from handsum.data.pages.glyphs import Glyph, bend, pen_glyph
from handsum.data.pages.paper import smooth_field
from handsum.data.pages.shapes import rounded
from handsum.data.signs.alphabet import OTHER

Random = np.random.Generator

_BLOT_SHARE = 0.25


def scribble(size: float, nib: float, random: Random) -> Glyph:
    """Something that is no sign, about `size` heights wide: a blot, a wave, a tick, a tangle."""
    if random.random() < _BLOT_SHARE:
        return _blot(size, random)
    form: Callable[[Random], list[np.ndarray]] = _SCRIBBLES[int(random.integers(len(_SCRIBBLES)))]
    lines = [size * (line - [0.0, 0.6]) for line in form(random)]
    return pen_glyph(OTHER, bend(lines, 0.02, random), size, nib)


def _blot(size: float, random: Random) -> Glyph:
    """Spots of ink with smooth outlines: what is high in hills that fall towards the sides."""
    side = 96
    place = np.linspace(-1, 1, side)
    away = (
        np.square(place * random.uniform(1, 1.6))
        + np.square(place * random.uniform(1, 1.6))[:, None]
    )
    hills = smooth_field(side, int(random.integers(2, 9)), random) - random.uniform(0.3, 0.7) * away
    level = np.quantile(hills, random.uniform(0.55, 0.95))
    ink = np.clip(0.5 + (hills - level) * random.uniform(10, 60), 0, 1) * (away < 1)
    return Glyph(
        OTHER,
        size,
        np.rint(255 * ink).astype(np.uint8),
        side / size,
        (0.0, random.uniform(0.5, 1) * side),
    )


def _tangle(random: Random) -> list[np.ndarray]:
    count = int(random.integers(8, 22))
    return [random.uniform(0, 1, (count, 2))]


def _wave(random: Random) -> list[np.ndarray]:
    x = np.linspace(0, random.uniform(0.8, 3), 30)
    turns = random.uniform(15, 40)
    return [np.stack([x, 0.4 + random.uniform(0.03, 0.2) * np.sin(turns * x)], 1)]


def _tick(random: Random) -> list[np.ndarray]:
    return [np.array([[0, 0.5], [0.25, 0.9], [0.9, 0]]) + random.normal(0, 0.05, (3, 2))]


def _cross(random: Random) -> list[np.ndarray]:
    ends = np.array([[[0, 0], [1, 1]], [[1, 0], [0, 1]]]) + random.normal(0, 0.08, (2, 2, 2))
    return list(ends.astype(np.float64))


def _hatching(random: Random) -> list[np.ndarray]:
    count = int(random.integers(3, 9))
    starts = np.stack([np.linspace(0, 1, count), np.full(count, 0.1)], 1)
    ends = starts + np.array([random.uniform(-0.5, 0.5), 0.8])
    return [np.stack(pair) for pair in zip(starts, ends, strict=True)]


def _spiral(random: Random) -> list[np.ndarray]:
    turn = np.linspace(0, random.uniform(12, 25), 50)
    radius = 0.5 * turn / turn[-1]
    return [np.stack([0.5 + radius * np.cos(turn), 0.5 + radius * np.sin(turn)], 1)]


def _arrow(random: Random) -> list[np.ndarray]:
    side = random.choice([-1.0, 1.0])
    line = np.array([[0, 0.5], [1.0, 0.5]])
    head = np.array([[0.75, 0.3], [1.0, 0.5], [0.75, 0.7]])
    return [(part - [0.5, 0]) * [side, 1] + [0.5, 0] for part in (line, head)]


def _walk(random: Random) -> list[np.ndarray]:
    """A line that turns at random, with loops."""
    count = int(random.integers(12, 40))
    turns = random.normal(random.normal(0, 0.4), random.uniform(0.2, 1.2), count)
    headings = np.cumsum(turns) + random.uniform(0, 2 * np.pi)
    steps = np.stack([np.cos(headings), np.sin(headings)], 1)
    places = np.cumsum(steps * random.uniform(0.3, 1, (count, 1)), axis=0)
    places -= places.min(0)
    return [places / places.max()]


def _curve(random: Random) -> list[np.ndarray]:
    """A smooth line with few turns, which jumps across or wanders, much like a digit."""
    points = random.uniform(0, 1, (int(random.integers(5, 15)), 2))
    if random.random() < 0.5:
        points = np.cumsum(random.normal(size=points.shape), axis=0)
        points -= points.min(0)
        points /= points.max()
    for _ in range(3):
        points = rounded(points)
    return [points]


_OFTEN = (_tangle, _walk, _walk, _curve, _curve, _curve)
_SCRIBBLES = (*_OFTEN, _wave, _tick, _cross, _hatching, _spiral, _arrow)
