"""Measure in which order a pen traces strokes, on PenDigits' digits of writers it never saw.

python tools/pen_order.py penbased.dat [--pen SNAPSHOT]

The file is that of `tools/fit_paths.py`; only its HELD_OUT rows are measured. Each path is drawn at
28x28 in a random width and slant, traced, and compared with itself. Start: the first points are
nearer than a quarter of a digit's height. Direction: by dynamic time warping, the traced path is
nearer to the true one than backwards.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from fit_paths import HELD_OUT, find_lift, read_paths

from handsum.data.paths import split_paths
from handsum.images import DIGIT_SIZE
from handsum.pretrained.load import load_pen
from handsum.strokes import Strokes, draw_strokes

_POINTS = 32
_NEAR = 0.25


def write(paths: np.ndarray, digits: np.ndarray, random: np.random.Generator) -> list[Strokes]:
    """Digits with these paths, in random widths and slants, in the middle of their images."""
    found = [find_lift(path, digit) for path, digit in zip(paths, digits, strict=True)]
    lifts = np.array([(-1, -1) if lift is None else lift for lift in found])
    written = []
    for both in split_paths(paths, lifts, 12):
        strokes = [line for line in both if np.isfinite(line).all()]
        points = np.concatenate(strokes)
        size = np.maximum(np.ptp(points, axis=0), 0.2)
        half = 0.055 * np.exp(0.3 * random.standard_normal())
        digit = Strokes(
            tuple(
                np.column_stack([(line - points.mean(0)) / size[1], np.full(len(line), half)])
                for line in strokes
            )
        )
        written.append(digit.slant(0.2 * random.standard_normal()))
    return written


def path_of(digit: Strokes) -> np.ndarray:
    """The way of the pen, lifts included, as evenly spaced points (32, 2)."""
    way = np.concatenate([points[:, :2] for points in digit.sample()])
    along = np.concatenate([[0], np.hypot(*np.diff(way, axis=0).T).cumsum()])
    stops = np.linspace(0, along[-1], _POINTS)
    return np.stack([np.interp(stops, along, axis) for axis in way.T], axis=1)


def warp(one: np.ndarray, other: np.ndarray) -> float:
    """The mean distance of two paths by dynamic time warping."""
    away = np.linalg.norm(one[:, None] - other, axis=-1)
    cost = np.full((_POINTS + 1, _POINTS + 1), np.inf)
    cost[0, 0] = 0
    for i in range(_POINTS):
        for j in range(_POINTS):
            cost[i + 1, j + 1] = away[i, j] + min(cost[i, j], cost[i, j + 1], cost[i + 1, j])
    return float(cost[-1, -1]) / _POINTS


def main() -> None:
    """Print a line for each digit, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--pen")
    arguments = parser.parse_args()
    paths, digits = (part[HELD_OUT] for part in read_paths(arguments.file))
    true = write(paths, digits, np.random.default_rng(0))
    traced = load_pen(arguments.pen).trace(draw_strokes(true, DIGIT_SIZE))
    rows = []
    for one, other in zip(true, traced, strict=True):
        ways = path_of(one), path_of(other)
        start = np.linalg.norm(ways[0][0] - ways[1][0]) < _NEAR
        forward, backward = warp(*ways), warp(ways[0], ways[1][::-1])
        lifts = len(one.controls) == len(other.controls)
        rows.append((start, forward < backward, start and forward < backward, lifts, forward))
    table = np.array(rows, float)
    for label in [*range(10), None]:
        own = table if label is None else table[digits == label]
        start, direction, both, lifts, distance = own.mean(0)
        print(
            f"{'all' if label is None else label}: start {start:.1%}, direction {direction:.1%}, "
            f"both {both:.1%}, number of strokes {lifts:.1%}, distance {distance:.3f} of the height"
        )


if __name__ == "__main__":
    main()
