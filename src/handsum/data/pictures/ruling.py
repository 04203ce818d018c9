"""Frames, ruled lines and underlines: removed without breaking the strokes that cross them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from handsum import stopping
from handsum.data.pictures.ink import quantile

_EIGHT_NEIGHBOURS = np.ones((3, 3), bool)
_INKED = 0.25
# A ruled line spans this share of the picture, and this many heights of the writing.
_LEAST_SPAN = 0.5
_LEAST_HEIGHTS = 1.7
# A frame spans this share of the picture, and covers this share of each side within a band.
_FRAME_SPAN, _FRAME_COVER, _FRAME_BAND = 0.85, 0.85, 0.08
# The writing inside a frame has at least this share of its height.
_FRAMED = 0.15
# Frames within frames: more of them are a drawing.
_MOST_FRAMES = 8


def without_frame(ink: np.ndarray) -> np.ndarray:
    """Return ink, float (H, W) in [0, 1], without a frame all around the picture."""
    height, width = ink.shape
    inked = ink > _INKED
    reached = [np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0)]
    if any(
        not len(places) or np.ptp(places) + 1 <= _FRAME_SPAN * side
        for places, side in zip(reached, ink.shape, strict=True)
    ):
        return ink
    labels, _ = ndimage.label(inked, _EIGHT_NEIGHBOURS)
    frames = 0
    for label, place in enumerate(ndimage.find_objects(labels), 1):
        down, across = (side.stop - side.start for side in place)
        if down > _FRAME_SPAN * height and across > _FRAME_SPAN * width and frames < _MOST_FRAMES:
            stopping.check()
            frames += 1
            own = labels[place] == label
            band = max(1, round(_FRAME_BAND * min(down, across)))
            sides = (
                own[:band].any(0),
                own[-band:].any(0),
                own[:, :band].any(1),
                own[:, -band:].any(1),
            )
            # A large round digit is near each side in one place, a frame everywhere.
            if min(side.mean() for side in sides) > _FRAME_COVER:
                halo = ndimage.binary_dilation(labels == label, _EIGHT_NEIGHBOURS, 2)
                rest = np.where(halo & ((labels == label) | (labels == 0)), 0, ink)
                # A frame around nothing may be a square 0.
                framed = np.flatnonzero((rest > _INKED).any(axis=1))
                if len(framed) and np.ptp(framed) > _FRAMED * height:
                    ink = rest
    return ink


def without_ruling(ink: np.ndarray) -> np.ndarray:
    """Return ink, float (H, W) in [0, 1], without its long horizontal lines.

    A stroke that crosses a line, or ends on it, stays whole.
    """
    inked = ink > _INKED
    if np.count_nonzero(inked.any(axis=0)) < _LEAST_SPAN * ink.shape[1]:
        return ink
    level = _level_runs(inked)
    if not level.any():
        return ink
    runs = _run_heights(inked)
    labels, _ = ndimage.label(level, _EIGHT_NEIGHBOURS)
    erased = np.zeros_like(inked)
    for label, place in enumerate(ndimage.find_objects(labels), 1):
        if place[1].stop - place[1].start >= 0.2 * ink.shape[1]:
            stopping.check()
            rows, line = _line_through(labels[place] == label, place, inked, runs)
            erased[rows] |= line
    if not erased.any():
        return ink
    halo = ndimage.binary_dilation(erased, np.ones((3, 1), bool)) & ~(inked & ~erased)
    rest = np.where(halo, 0, ink)
    return rest if _is_ruled(erased, rest > _INKED) else ink


def _line_through(
    own: np.ndarray, place: tuple[slice, slice], inked: np.ndarray, runs: np.ndarray
) -> tuple[slice, np.ndarray]:
    """Return the rows of the straight line that `own`, the window `place`, belongs to, and its ink.

    No rows if it is no line.
    """
    height, width = inked.shape
    nothing = slice(0), np.zeros((0, width), bool)
    rows, columns = np.nonzero(own & inked[place])
    rows, columns = rows + place[0].start, columns + place[1].start
    # Where nothing is written on it, the line is thinnest.
    thickness = max(1.0, quantile(runs[rows, columns], 0.3))
    thin = runs[rows, columns] <= thickness + 1
    if thickness > 0.12 * height or np.count_nonzero(thin) < 8:
        return nothing
    slope, offset = np.polyfit(columns[thin], rows[thin], 1)
    centre = slope * np.arange(width) + offset
    wanders = np.std(rows[thin] - centre[columns[thin]]) > 0.4 * thickness + 0.4
    if wanders or abs(slope) > 0.1:
        return nothing
    reach = 0.5 * thickness + 1
    top, bottom = max(0, int(centre.min() - reach)), int(centre.max() + reach) + 1
    near = slice(top, max(top, bottom))
    band = inked[near]
    band = band & (np.abs(np.arange(top, top + len(band))[:, None] - centre) <= reach)
    line = band & (runs[near] <= 1.3 * thickness + 0.7)
    # A row of round digits has horizontal stretches too, but they are not one line through all of
    # the row with nothing written on most of it.
    reached, bare = np.flatnonzero(band.any(axis=0)), np.count_nonzero(line.any(axis=0))
    if len(reached) < _LEAST_SPAN * width or len(reached) < 0.9 * (np.ptp(reached) + 1):
        return nothing
    return nothing if bare < 0.5 * len(reached) else (near, line)


def _level_runs(inked: np.ndarray) -> np.ndarray:
    """Return where ink is horizontal for a tenth of the width; it may slope a little."""
    width = inked.shape[1]
    slack = max(1, round(width / 400))
    length = max(15, round(0.1 * width))
    thick = ndimage.binary_dilation(inked, np.ones((2 * slack + 1, 1), bool))
    # A running minimum and maximum are a fast opening by a long row.
    runs = ndimage.maximum_filter1d(ndimage.minimum_filter1d(thick, length, axis=1), length, axis=1)
    return runs & thick


def _run_heights(inked: np.ndarray) -> np.ndarray:
    """Return the height of the vertical run of ink around each pixel, int32 (H, W)."""
    padded = np.pad(inked, ((1, 1), (0, 0))).T.astype(np.int8)
    edges = np.diff(padded, axis=1)
    columns, starts = np.nonzero(edges == 1)
    _, stops = np.nonzero(edges == -1)
    heights = np.zeros((inked.shape[1], inked.shape[0] + 1), np.int32)
    heights[columns, starts] = stops - starts
    heights[columns, stops] -= stops - starts
    return np.cumsum(heights, axis=1)[:, :-1].T


def _is_ruled(line: np.ndarray, rest: np.ndarray) -> bool:
    """Return whether a line is too long to be a stroke of the remaining writing."""
    labels, _ = ndimage.label(rest, _EIGHT_NEIGHBOURS)
    places = ndimage.find_objects(labels)
    if not places:
        return False
    heights = np.array([y.stop - y.start for y, _ in places])
    areas = np.bincount(labels.ravel())[1:]
    order = np.argsort(heights)
    typical = heights[order][np.searchsorted(np.cumsum(areas[order]), areas.sum() / 2)]
    columns = np.flatnonzero(line.any(axis=0))
    return bool(np.ptp(columns) + 1 >= _LEAST_HEIGHTS * typical)
