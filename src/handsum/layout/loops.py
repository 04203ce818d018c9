"""The loops that digits are read by: counted in their images, and closed where they nearly are.

Lengths are in units of a digit's height.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from scipy import ndimage

from handsum.strokes import Strokes, draw_strokes

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
# An end is led to a part of the strokes that is at most so far away, and further along the stroke
# than the second. The stroke bends over the third before its end, or three times the way.
_REACH, _APART, _BENT = 0.3, 0.35, 0.4
# How far an end goes on beyond the middle of the line that it is led to.
_BEYOND = 0.01
# The nearest places that are tried for each end, and the ends, of the first strokes.
_PLACES, _MOST_ENDS = 2, 6


def count_loops(images: np.ndarray, area: float) -> np.ndarray:
    """Count the loops of images of digits, uint8 (N, S, S), of at least an `area`, in squared
    heights of a digit, (N,)."""
    count, size, _ = images.shape
    scale = size / LOOKED * _DIGIT
    paper = np.pad(images < 128, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    flat = np.zeros((3, 3, 3), int)
    flat[1] = [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    labels, _ = ndimage.label(paper, flat)
    sizes = np.bincount(labels.ravel())
    outside = labels[:, 0, 0]
    loops = np.zeros(count, np.int64)
    found = np.flatnonzero(sizes >= area * scale**2)
    found = found[(found > 0) & ~np.isin(found, outside)]
    if len(found):
        places = ndimage.find_objects(labels)
        np.add.at(loops, [places[label - 1][0].start for label in found], 1)
    return loops


def close_loops(digits: Sequence[Strokes], text: str) -> list[Strokes]:
    """Digits (N,) named by `text` whose loops are closed, where their strokes nearly close them.

    An end of a stroke is led on to the line that it nearly meets, if that makes a loop which the
    digit is read by and lacks; all other digits are as they were.
    """
    closed = list(digits)
    wanted = np.array([LOOPS.get(name, 0) for name in text], int)
    some = np.flatnonzero(wanted)
    found = np.zeros(len(closed), int)
    found[some] = count_loops(_hairlines([closed[int(index)] for index in some]), MEANT_LOOP)
    for index in np.flatnonzero(found < wanted):
        # A loop is closed by one end or, if that is not enough, by two.
        for count in (1, 2):
            better = _lead_ends(closed[index], text[index], int(found[index]), count)
            if better:
                closed[index], found[index] = better
            if found[index] == wanted[index]:
                break
    return closed


def _lead_ends(digit: Strokes, name: str, found: int, count: int) -> tuple[Strokes, int] | None:
    """The digit with `count` of its ends at lines near by, and its loops, if these are more than
    the `found` ones and not too many."""
    tried = sorted(_led_ends(digit, name, count), key=lambda one: one[0])
    if not tried:
        return None
    images = _hairlines([one for _, one in tried])
    loops = count_loops(images, MEANT_LOOP)
    loops[loops > LOOPS[name]] = 0
    wide = np.minimum(loops, count_loops(images, _WIDE_LOOP))
    # The first of the best moves its ends least.
    best = int(np.argmax(10 * loops + wide))
    return (tried[best][1], int(loops[best])) if loops[best] > found else None


def _hairlines(digits: Sequence[Strokes]) -> np.ndarray:
    """Images of digits in which loops are those that are meant, whatever pen writes them."""
    return draw_strokes([digit.with_nib(HAIRLINE) for digit in digits], LOOKED)


def _led_ends(digit: Strokes, name: str, count: int) -> Iterator[tuple[float, Strokes]]:
    """How far ends are moved, and the digit with `count` of its ends at lines near by."""
    samples = digit.sample(4)
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
                controls[index] = _lead(controls[index], end, step)
            yield sum(float(np.hypot(*step)) for *_, step in moved), Strokes(tuple(controls))


def _steps(samples: Sequence[np.ndarray], index: int, end: int) -> list[np.ndarray]:
    """The ways (2,) from an end of a stroke to the nearest lines."""
    own = samples[index]
    along = np.concatenate([[0], np.hypot(*np.diff(own[:, :2], axis=0).T).cumsum()])
    apart = along if end == 0 else along[-1] - along
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


def _lead(stroke: np.ndarray, end: int, step: np.ndarray) -> np.ndarray:
    """A stroke's control points (P, 3) with one end moved by `step`, the others less and less."""
    along = np.concatenate([[0], np.hypot(*np.diff(stroke[:, :2], axis=0).T).cumsum()])
    apart = along if end == 0 else along[-1] - along
    reach = max(_BENT, 3 * float(np.hypot(*step)))
    share = (1 - apart / reach).clip(0, 1) ** 2
    return np.column_stack([stroke[:, :2] + share[:, None] * step, stroke[:, 2]])
