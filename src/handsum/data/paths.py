"""The order in which people write digits: a mixture of pen paths, fitted to PenDigits.

A path is eight points, evenly spaced along the way of the pen, lifts included, scaled to fill the
unit square; y points down. `tools/fit_paths.py` fits a mixture of normal distributions to each
digit's paths in "Pen-Based Recognition of Handwritten Digits" (E. Alpaydin and F. Alimoglu, UCI
Machine Learning Repository, CC BY 4.0): 10,992 digits of 44 writers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

POINTS = 8
# Points of a target for the pen: as many as a stroke has at 28 pixels.
_SMOOTHING = 5


@dataclass(frozen=True, eq=False)
class Paths:
    """The mixtures of all digits, 80 normal distributions together.

    `labels` int (K,), `weights` (K,) that sum to 1 for each digit, `means` (K, 8, 2), `factors`
    (K, 16, 16): Cholesky factors of the covariances. `lifts` int (K, 2): the pen is up from one
    point to another; -1 if the digit is one stroke.
    """

    labels: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray
    lifts: np.ndarray

    def __repr__(self) -> str:
        return f"<{len(self.labels)} kinds of pen paths>"


def load_paths() -> Paths:
    """The mixtures in the package."""
    with np.load(Path(__file__).with_name("paths.npz"), allow_pickle=False) as stored:
        return Paths(**{name: stored[name] for name in stored.files})


def draw_paths(paths: Paths, count: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Random paths of random digits, (N, 8, 2), and their kinds (N,)."""
    kinds = random.choice(len(paths.labels), size=count, p=paths.weights / paths.weights.sum())
    noise = random.normal(size=(count, 2 * POINTS))
    points = paths.means.reshape(-1, 2 * POINTS)[kinds]
    points = points + np.einsum("nij,nj->ni", paths.factors[kinds], noise)
    return points.reshape(-1, POINTS, 2), kinds


def split_paths(points: np.ndarray, lifts: np.ndarray, size: int) -> np.ndarray:
    """The two strokes of each path (N, 2, size, 2), each as evenly spaced points.

    Paths (N, 8, 2) are split where the pen is up, from point `lifts[:, 0]` to `lifts[:, 1]`. The
    second stroke is not a number where there is only one.
    """
    strokes = np.full((len(points), 2, size, 2), np.nan, np.float32)
    for lift in np.unique(lifts, axis=0):
        rows = np.flatnonzero((lifts == lift).all(1))
        up, down = (POINTS - 1, None) if lift[0] < 0 else lift
        strokes[rows, 0] = _resample(points[rows, : up + 1], size)
        if down is not None and down < POINTS - 1:
            strokes[rows, 1] = _resample(points[rows, down:], size)
    return strokes


def _resample(lines: np.ndarray, size: int) -> np.ndarray:
    """Lines (N, M, 2) as `size` evenly spaced points, with round corners."""
    lengths = np.linalg.norm(np.diff(lines, axis=1), axis=-1) + 1e-6
    along = np.concatenate([np.zeros((len(lines), 1)), lengths.cumsum(1)], axis=1)
    along /= along[:, -1:]
    shares = np.linspace(0, 1, size)
    piece = np.clip((along[:, None] <= shares[:, None]).sum(-1) - 1, 0, lines.shape[1] - 2)
    start = np.take_along_axis(along, piece, axis=1)
    share = (shares - start) / (np.take_along_axis(along, piece + 1, axis=1) - start)
    first = np.take_along_axis(lines, piece[..., None], axis=1)
    second = np.take_along_axis(lines, piece[..., None] + 1, axis=1)
    points = first + share[..., None] * (second - first)
    for _ in range(_SMOOTHING):
        inner = (points[:, :-2] + 2 * points[:, 1:-1] + points[:, 2:]) / 4
        points = np.concatenate([points[:, :1], inner, points[:, -1:]], axis=1)
    return points
