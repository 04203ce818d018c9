"""Pen strokes to pixels: a pixel's ink is a sigmoid of its distance to the outline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

# A pixel's ink is a sigmoid of its distance to the outline over this many pixels. Paths fitted to
# MNIST's digits are hard to tell from them with such edges: the Fréchet distance over that of real
# digits is 0.9 at 0.16, 2.5 at 0.22 and 9.0 at 0.35 (`tools/raster_edges.py`).
SOFTNESS = 0.16
# Beyond this distance, in pixels, a pixel has less than half a level of 255 of ink.
REACH = 1.0
# In larger images it is faster to look for edges first.
_SMALL = 400
# How many times as long the side of a block is as that of its parts.
_PARTS = 2
# Distances that are computed at once, which bounds the memory.
_AT_ONCE = 1 << 20


def draw_pieces(lines: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """The ink, uint8 (N, H, W), of N digits.

    A digit is straight pieces whose widths change linearly, float (M, 6): the start of each, x, y
    and half its width, and the step to its end, in pixels.
    """
    index = np.repeat(np.arange(len(lines)), [len(pieces) for pieces in lines])
    shape = len(lines), height, width
    if not len(index):
        return np.zeros(shape, np.uint8)
    pieces = np.concatenate(lines).astype(np.float32)
    if max(height, width) <= _SMALL:
        return _draw_around(pieces, index, shape)
    return _draw_edges(pieces, index, shape)


def _ink(away: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        ink = 255 / (1 + np.exp(away / np.float32(SOFTNESS)))
    return np.rint(ink).astype(np.uint8)


def distances(x: np.ndarray, y: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """Signed distances to outlines, negative inside, from places relative to pieces' starts.

    `pieces` (6, ...) and the places broadcast.
    """
    _, _, half, dx, dy, widening = pieces
    share = np.clip((x * dx + y * dy) / (dx * dx + dy * dy + np.float32(1e-9)), 0, 1)
    x, y = x - share * dx, y - share * dy
    return np.sqrt(x * x + y * y) - half - share * widening


def _draw_around(pieces: np.ndarray, index: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Each piece draws the pixels around it: fast for images of a few thousand pixels."""
    nearest = np.full(np.prod(shape), np.inf, np.float32)
    for rows, span in _chunks(pieces):
        _lower(nearest, index[rows], pieces[rows], span, shape)
    return _ink(nearest).reshape(shape)


def _chunks(pieces: np.ndarray) -> Iterable[tuple[np.ndarray, int]]:
    """Pieces of similar size, as many as may be computed at once, and the largest side of a
    square that holds all the ink of one of them."""
    width = np.maximum(pieces[:, 2], pieces[:, 2] + pieces[:, 5])
    spans = np.ceil(np.abs(pieces[:, 3:5]).max(1) + 2 * (width + REACH)).astype(np.int64) + 1
    order = np.argsort(spans, kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * spans[order[stop]] ** 2 <= _AT_ONCE:
            stop += 1
        yield order[start:stop], int(spans[order[stop - 1]])
        start = stop


def _lower(
    nearest: np.ndarray,
    index: np.ndarray,
    pieces: np.ndarray,
    span: int,
    shape: tuple[int, int, int],
) -> None:
    """Lower the distances of pixels to outlines in squares of side `span` around pieces."""
    _, height, width = shape
    middles = pieces[:, :2] + pieces[:, 3:5] / 2
    corners = np.floor(middles - span / 2).astype(np.int64)
    steps = np.arange(span)
    across, down = corners[:, :1] + steps, corners[:, 1:] + steps
    x = (across + np.float32(0.5) - pieces[:, :1])[:, None, :].astype(np.float32)
    y = (down + np.float32(0.5) - pieces[:, 1:2])[:, :, None].astype(np.float32)
    away = distances(x, y, pieces.T[:, :, None, None])
    inside = away < REACH
    inside &= ((across >= 0) & (across < width))[:, None, :]
    inside &= ((down >= 0) & (down < height))[:, :, None]
    places = (index[:, None] * height + down)[:, :, None] * width + across[:, None, :]
    np.minimum.at(nearest, places[inside], away[inside])


def _draw_edges(pieces: np.ndarray, index: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Divide the images into blocks, and again those that an edge crosses, down to pixels."""
    count, height, width = shape
    side = 1
    while 8 * side < max(height, width):
        side *= _PARTS
    down, across = -(-height // side), -(-width // side)
    canvas = np.zeros((count, down * side, across * side), np.uint8)
    blocks = np.indices((count, down, across)).reshape(3, -1).T
    sizes = np.bincount(index, minlength=count)
    own = sizes[blocks[:, 0]]
    firsts = np.repeat((sizes.cumsum() - sizes)[blocks[:, 0]], own)
    pairs = firsts + _count_up(own)
    waiting = [(side, blocks[own > 0], own[own > 0], pairs)]
    while waiting:
        side, blocks, own, pairs = waiting.pop()
        if len(pairs) > _AT_ONCE and len(blocks) > 1:
            half = len(blocks) // 2
            cut = int(own[:half].sum())
            waiting.append((side, blocks[half:], own[half:], pairs[cut:]))
            waiting.append((side, blocks[:half], own[:half], pairs[:cut]))
            continue
        crossed = _fill(canvas, side, blocks, own, pieces, pairs)
        if crossed is not None:
            waiting.append((side // _PARTS, *_divide(*crossed)))
    return canvas[:, :height, :width]


def _fill(
    canvas: np.ndarray,
    side: int,
    blocks: np.ndarray,
    own: np.ndarray,
    pieces: np.ndarray,
    pairs: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Draw the blocks inside strokes, and return those that an edge crosses, if any.

    `blocks` (B, 3) are image, row and column; `own` (B,) counts those of the `pairs`, numbers of
    pieces, that are each block's: the pieces that may be nearest to one of its pixels.
    """
    middles = (blocks[:, :0:-1] + np.float32(0.5)).astype(np.float32) * np.float32(side)
    x, y = (np.repeat(middles, own, axis=0) - pieces[pairs, :2]).T
    away = distances(x, y, pieces[pairs].T)
    starts = own.cumsum() - own
    nearest = np.minimum.reduceat(away, starts)
    if side == 1:
        canvas[tuple(blocks.T)] = _ink(nearest)
        return None
    # From the middle of the block to that of its furthest pixel.
    reach = np.float32(0.7072 * (side - 1))
    full = blocks[nearest < -REACH - reach]
    count, height, width = canvas.shape
    parts = canvas.reshape(count, height // side, side, width // side, side)
    parts[full[:, 0], full[:, 1], :, full[:, 2]] = 255
    crossed = np.abs(nearest) <= REACH + reach
    # Further away than twice the reach, a piece is nearest to no pixel of the block; and a little
    # more, since widths change.
    near = away <= np.repeat(nearest + np.float32(2.1) * reach, own)
    near &= np.repeat(crossed, own)
    if not crossed.any():
        return None
    return blocks[crossed], np.add.reduceat(near, starts, dtype=np.int64)[crossed], pairs[near]


def _divide(
    blocks: np.ndarray, own: np.ndarray, pairs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The parts of blocks, with the pieces of the whole block each."""
    steps = np.indices((1, _PARTS, _PARTS)).reshape(3, -1).T
    scale = np.array([1, _PARTS, _PARTS])
    parts = (blocks[:, None] * scale + steps).reshape(-1, 3)
    each = np.repeat(own, len(steps))
    firsts = np.repeat(own.cumsum() - own, len(steps))
    return parts, each, pairs[np.repeat(firsts, each) + _count_up(each)]


def _count_up(counts: np.ndarray) -> np.ndarray:
    """From 0 to each of the counts, one after the other."""
    ends = counts.cumsum()
    return np.arange(ends[-1]) - np.repeat(ends - counts, counts)
