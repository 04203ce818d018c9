"""The outlines of strokes, round at their ends."""

from __future__ import annotations

import numpy as np

# A turn of an outline, in radians, that needs no corner.
_STRAIGHT = 0.25
# A turn of the way of a pen that is a corner.
_SHARP = 1.5


def way_along(points: np.ndarray) -> np.ndarray:
    """The length (M,) of the way through points (M, 2 or more: x, y), up to each of them."""
    return np.concatenate([[0], np.hypot(*np.diff(points[:, :2], axis=0).T).cumsum()])


def turns(points: np.ndarray) -> np.ndarray:
    """The turns, in radians without signs, of a way through points (M, 2), but at corners."""
    steps = np.diff(points, axis=0)
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    found = np.abs((np.diff(angles) + np.pi) % (2 * np.pi) - np.pi)
    return found * (found < _SHARP)


def draw_outline(points: np.ndarray, cap: int) -> np.ndarray:
    """The closed outline (M, 2) of a stroke's points (P, 3); see `Strokes.outlines`."""
    steps = np.diff(points[:, :2], axis=0)
    lengths = np.hypot(*steps.T)
    moved = np.concatenate([[True], lengths > 1e-9])
    points, steps = points[moved], steps[moved[1:]] / lengths[moved[1:], None]
    if not len(steps):
        steps = np.array([[0.0, 1.0]])
        points = np.concatenate([points, points])
    left = _side(points, steps, cap)
    right = _side(points[::-1], -steps[::-1], cap)
    ends = [_arc(points[-1], steps[-1], -steps[-1], cap), _arc(points[0], -steps[0], steps[0], cap)]
    return np.concatenate([left, ends[0], right, ends[1]])


def _side(points: np.ndarray, along: np.ndarray, cap: int) -> np.ndarray:
    """The left outline of points (P, 3) on a way of directions (P - 1, 2).

    Where it turns away, the outline follows the round nib; where it turns towards this side more
    sharply than the nib is round, it goes through the middle of the stroke.
    """
    lengths = np.hypot(*np.diff(points[:, :2], axis=0).T)
    normals = np.stack([along[:, 1], -along[:, 0]], axis=1)
    bends = np.arctan2(
        along[:-1, 0] * along[1:, 1] - along[:-1, 1] * along[1:, 0],
        (along[:-1] * along[1:]).sum(1),
    )
    outline = [points[:1, :2] + points[:1, 2:] * normals[:1]]
    for index, turn in enumerate(bends):
        place, half = points[index + 1, :2], points[index + 1, 2]
        sides = place + half * normals[index : index + 2]
        if abs(turn) < _STRAIGHT and -turn * half < lengths[index : index + 2].min():
            middle = normals[index] + normals[index + 1]
            outline.append(place[None] + half * middle / np.hypot(*middle))
        elif turn > 0:
            arc = _arc(points[index + 1], along[index], along[index + 1], cap)
            outline += [sides[:1], arc, sides[1:]]
        else:
            outline += [sides[:1], place[None], sides[1:]]
    return np.concatenate([*outline, points[-1:, :2] + points[-1:, 2:] * normals[-1:]])


def _arc(point: np.ndarray, before: np.ndarray, after: np.ndarray, cap: int) -> np.ndarray:
    """Points around a nib (3,) between the left sides of two directions (2,)."""
    first, last = (np.arctan2(-way[0], way[1]) for way in (before, after))
    turn = (last - first) % (2 * np.pi)
    angles = first + turn * np.linspace(0, 1, max(2, round(cap * turn / np.pi) + 1))[1:-1]
    return point[:2] + point[2] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
