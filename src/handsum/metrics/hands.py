"""Features of a hand: slant and stroke width of digits, and how much the writer decides them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def slant(images: np.ndarray) -> np.ndarray:
    """Slant of digits uint8 (N, 28, 28), from moments: the tangent of their lean to the right."""
    ink = images.astype(np.float64)
    mass = np.maximum(ink.sum((1, 2)), 1e-9)
    grid = np.arange(images.shape[1], dtype=np.float64)
    down = (ink.sum(2) @ grid) / mass
    across = (ink.sum(1) @ grid) / mass
    from_middle = grid[None, :] - down[:, None]
    from_centre = grid[None, :] - across[:, None]
    mixed = np.einsum("nyx,ny,nx->n", ink, from_middle, from_centre)
    tall = np.einsum("nyx,ny->n", ink, np.square(from_middle))
    return -mixed / np.maximum(tall, 1e-9)


def stroke_width(images: np.ndarray) -> np.ndarray:
    """Mean stroke width of digits uint8 (N, 28, 28) in pixels: twice the ink, over the outline.

    A long stroke of width w and length l has ink w l and an outline of 2 l. The outline is the
    total variation of the grey values, which needs no threshold. Valid from two pixels on.
    """
    ink = np.pad(images.astype(np.float64) / 255, ((0, 0), (1, 1), (1, 1)))
    down = (ink[:, 1:, 1:] - ink[:, :-1, 1:] + ink[:, 1:, :-1] - ink[:, :-1, :-1]) / 2
    across = (ink[:, 1:, 1:] - ink[:, 1:, :-1] + ink[:, :-1, 1:] - ink[:, :-1, :-1]) / 2
    outline = np.hypot(down, across).sum((1, 2))
    return 2 * ink.sum((1, 2)) / np.maximum(outline, 1e-9)


def standardise_by_class(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Values (N,) minus the mean of their class, divided by its standard deviation."""
    # SciPy divides by zero for a class that is missing between others.
    classes, rows = np.unique(labels, return_inverse=True)
    numbers = np.arange(len(classes))
    means = np.asarray(ndimage.mean(values, rows, numbers))
    deviations = np.asarray(ndimage.standard_deviation(values, rows, numbers))
    return (values - means[rows]) / np.maximum(deviations[rows], 1e-9)


def intraclass_correlation(values: np.ndarray) -> float:
    """ICC(1) of values (groups, members): the share of the variance that is between groups.

    Shrout and Fleiss, "Intraclass correlations" (1979). 1: members agree; 0: groups do not matter;
    NaN: all values are equal.
    """
    groups, members = values.shape
    means = values.mean(1)
    between = members * np.square(means - values.mean()).sum() / (groups - 1)
    within = np.square(values - means[:, None]).sum() / (groups * (members - 1))
    total = between + (members - 1) * within
    return float((between - within) / total) if total else float("nan")
