"""The loops that digits are read by: counted in their images, and closed where they nearly are.

Lengths are in units of a digit's height.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np
from scipy import ndimage

from handsum.strokes import Strokes, draw_strokes, spline_matrix
from handsum.strokes.outlines import way_along

# Pixels of the image of a digit in which loops are looked for: at 64 pixels a digit.
LOOKED = 90
_DIGIT = 64
# A loop that the eye sees open has at least this area, in squared heights of a digit; with a
# hairline, one that is meant as a loop has at least the second, and a good one the third.
OPEN_LOOP, MEANT_LOOP, _WIDE_LOOP = 0.004, 0.015, 0.04
HAIRLINE = 0.02
# The loops that a digit is read by.
LOOPS = {"0": 1, "6": 1, "8": 2, "9": 1}
# The share of the height, from the top, in which the ends are that may close a loop: at the other
# end of a 6 or a 9 its stem begins.
_ENDS = {"0": (0.0, 1.0), "6": (0.3, 1.0), "8": (0.0, 1.0), "9": (0.0, 0.7)}
# Lines are moved to others that are at most so far away, and further along the stroke than the
# second (twice that at a waist). They bend over the third before and after, or three times the way.
_REACH, _APART, _BENT = 0.36, 0.35, 0.4
# How far they go on beyond the middle of the other line.
_BEYOND = 0.01
# The nearest places that are tried for each end, twice as many for a waist, and the number of ends.
_PLACES, _MOST_ENDS = 2, 6
# Samples for each span of a stroke.
_PIECES = 4
# The digits that are looked at together.
_AT_ONCE = 64

# Ways to close the loops of a digit that a text names: how far lines are moved, and the digit.
Move = Callable[[Strokes, str], Iterable[tuple[float, Strokes]]]


def count_loops(images: np.ndarray, area: float) -> np.ndarray:
    """Count the loops of images of digits, uint8 (N, S, S), of at least an `area`, in squared
    heights of a digit, (N,)."""
    owners, areas = _find_loops(images)
    return np.bincount(owners[areas >= area], minlength=len(images))


def _find_loops(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The image (L,) that each loop is in, and its area (L,) in squared heights of a digit."""
    paper = np.pad(images < 128, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    flat = np.zeros((3, 3, 3), int)
    flat[1] = [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    labels, count = ndimage.label(paper, flat)
    owners = np.zeros(count + 1, np.int64)
    owners[labels] = np.arange(len(labels))[:, None, None]
    inside = np.ones(count + 1, bool)
    # Ink, and the paper around it.
    inside[0] = False
    inside[labels[:, 0, 0]] = False
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    scale = images.shape[1] / LOOKED * _DIGIT
    return owners[inside], sizes[inside] / scale**2


def loopless(digits: Sequence[Strokes], text: str) -> list[int]:
    """Which digits (N,) named by `text`, as they are drawn, lack a loop that they are read by."""
    some = [index for index, name in enumerate(text) if name in LOOPS]
    middles = [np.reshape(digits[index].bounds(), (2, 2)).mean(0) for index in some]
    placed = [digits[index].shift(-x, -y) for index, (x, y) in zip(some, middles, strict=True)]
    found = count_loops(draw_strokes(placed, LOOKED), OPEN_LOOP)
    return [index for index, has in zip(some, found, strict=True) if has < LOOPS[text[index]]]


def close_loops(digits: Sequence[Strokes], text: str) -> list[Strokes]:
    """Digits (N,) named by `text` whose loops are closed, where their strokes nearly close them.

    An end of a stroke is led on to the line that it nearly meets, and the waist of an 8 is drawn
    together, if that makes a loop which the digit is read by and lacks; all other digits are as
    they were.
    """
    closed = list(digits)
    some = [index for index, name in enumerate(text) if name in LOOPS]
    for start in range(0, len(some), _AT_ONCE):
        _close(closed, text, some[start : start + _AT_ONCE])
    return closed


def _close(digits: list[Strokes], text: str, some: Sequence[int]) -> None:
    """Close the loops of `some` digits, in place."""
    found = count_loops(_hairlines([digits[index] for index in some]), MEANT_LOOP)
    lacking = {i: int(has) for i, has in zip(some, found, strict=True) if has < LOOPS[text[i]]}
    for move, least in _MOVES:
        tried = [
            (index, way)
            for index in lacking
            if LOOPS[text[index]] >= least
            for _, way in sorted(move(digits[index], text[index]), key=lambda one: one[0])
        ]
        if not tried:
            continue
        owners, areas = _find_loops(_hairlines([way for _, way in tried]))
        loops, wide = (
            np.bincount(owners[areas >= area], minlength=len(tried))
            for area in (MEANT_LOOP, _WIDE_LOOP)
        )
        best: dict[int, tuple[int, int]] = {}
        for (index, way), has, good in zip(tried, loops.tolist(), wide.tolist(), strict=True):
            # The first of the best moves its lines least.
            before = best.get(index, (lacking[index], max(LOOPS.values())))
            if has <= LOOPS[text[index]] and (has, good) > before:
                best[index] = has, good
                digits[index] = way
        for index, (has, _) in best.items():
            lacking[index] = has
        lacking = {index: has for index, has in lacking.items() if has < LOOPS[text[index]]}


def _hairlines(digits: Sequence[Strokes]) -> np.ndarray:
    """Images of digits in which loops are those that are meant, whatever pen writes them."""
    return draw_strokes([digit.with_nib(HAIRLINE) for digit in digits], LOOKED)


def _lead_ends(count: int, digit: Strokes, name: str) -> Iterator[tuple[float, Strokes]]:
    """How far ends are moved, and the digit with `count` of its ends at lines near by."""
    samples = digit.sample(_PIECES)
    _, top, _, bottom = digit.bounds()
    low, high = (top + share * (bottom - top) for share in _ENDS[name])
    choices: list[list[tuple[int, int, np.ndarray] | None]] = []
    for index, end in product(range(len(samples)), (0, -1)):
        if low <= samples[index][end, 1] <= high:
            steps = _steps(samples, index, end)
            choices.append([None, *((index, end, step) for step in steps)])
    for chosen in product(*choices[:_MOST_ENDS]):
        moved = [one for one in chosen if one]
        if len(moved) == count:
            controls = list(digit.controls)
            for index, end, step in moved:
                controls[index] = _draw_to(controls[index], end % len(samples[index]), step)
            yield sum(float(np.hypot(*step)) for *_, step in moved), Strokes(tuple(controls))


def _narrow_waist(digit: Strokes, name: str) -> Iterator[tuple[float, Strokes]]:
    """How far lines are moved, and the digit with two that nearly meet drawn together."""
    samples = digit.sample(_PIECES)
    points = np.concatenate([np.empty((0, 2)), *(own[:, :2] for own in samples)])
    strokes = np.repeat(np.arange(len(samples)), [len(own) for own in samples])
    along = np.concatenate([np.empty(0), *(way_along(own) for own in samples)])
    distances = np.hypot(*(points[:, None] - points).T)
    near = (strokes[:, None] == strokes) & (np.abs(along[:, None] - along) < 2 * _APART)
    distances[near] = np.inf
    nearest = (distances == ndimage.minimum_filter(distances, 5)) & (distances < _REACH)
    pairs = np.argwhere(np.triu(nearest))
    pairs = pairs[np.argsort(distances[tuple(pairs.T)], kind="stable")][: 2 * _PLACES]
    for pair in pairs:
        way = np.diff(points[pair], axis=0)[0]
        way = way * (0.5 + _BEYOND / max(float(np.hypot(*way)), _BEYOND))
        controls = list(digit.controls)
        for place, step in zip(pair, (way, -way), strict=True):
            stroke = strokes[place]
            at = place - int(np.searchsorted(strokes, stroke))
            controls[stroke] = _draw_to(controls[stroke], at, step)
        yield float(np.hypot(*way)), Strokes(tuple(controls))


def _steps(samples: Sequence[np.ndarray], index: int, end: int) -> list[np.ndarray]:
    """The ways (2,) from an end of a stroke to the nearest lines."""
    own = samples[index]
    along = way_along(own)
    apart = np.abs(along - along[end])
    steps = []
    for place, other in enumerate(samples):
        ways = (other - own[end])[:, :2]
        distances = np.hypot(*ways.T)
        if place == index:
            distances[apart < _APART] = np.inf
        around = np.pad(distances, 1, constant_values=np.inf)
        nearest = (distances <= around[:-2]) & (distances < around[2:]) & (distances < _REACH)
        steps += [(distances[at], ways[at]) for at in np.flatnonzero(nearest)]
    steps.sort(key=lambda one: one[0])
    return [way * (1 + _BEYOND / max(distance, _BEYOND)) for distance, way in steps[:_PLACES]]


def _draw_to(stroke: np.ndarray, at: int, step: np.ndarray) -> np.ndarray:
    """A stroke's control points (P, 3) with one of its samples moved by `step`, and what is next to
    it less and less."""
    matrix = spline_matrix(len(stroke), _PIECES)
    reach = max(_BENT, 3 * float(np.hypot(*step)))
    along = way_along(stroke)
    middle = np.interp(at / _PIECES, np.arange(len(stroke)), along)
    share = (1 - np.abs(along - middle) / reach).clip(0, 1) ** 2
    # The curve keeps away from its control points.
    share = share / max(float(matrix[at] @ share), 0.2)
    return np.column_stack([stroke[:, :2] + share[:, None] * step, stroke[:, 2]])


def _close_and_narrow(digit: Strokes, name: str) -> Iterator[tuple[float, Strokes]]:
    """How far lines are moved, and the digit with an end at a line, and then two lines together."""
    for moved, closed in _lead_ends(1, digit, name):
        for more, narrowed in _narrow_waist(closed, name):
            yield moved + more, narrowed


# Tried in this order until a digit has its loops, each for digits with at least this many loops.
_MOVES: tuple[tuple[Move, int], ...] = (
    (partial(_lead_ends, 1), 1),
    (_narrow_waist, 2),
    (partial(_lead_ends, 2), 1),
    (_close_and_narrow, 2),
)
