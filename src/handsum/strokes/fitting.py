"""Move strokes until their images are like given ones, by damped least squares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from handsum.stopping.workers import usable_cores
from handsum.strokes import FRAME, Strokes, spline_matrix
from handsum.strokes.raster import SOFTNESS, distances

# How soft edges are in each round, in pixels: soft ones are felt from further away.
_ROUNDS = (SOFTNESS, 0.5, 0.3, 0.2, SOFTNESS, SOFTNESS, SOFTNESS, SOFTNESS)
# Straight pieces of a span between two control points.
_PIECES = 2
# The prices of bends and of uneven spacing, in squared heights of a digit, and of changes of the
# logarithm of the width, for the ink of a pixel: as `pen` learns.
_BEND, _PACE, _NIB = 4.8, 4.8, 1.3
# What holds points, in pixels, and the logarithms of widths back, and their longest steps.
_DAMPING = (0.5, 0.5, 2.0)
_LONGEST = np.array([2.0, 2.0, 0.3])
# Digits that are fitted at once, and the pixels of each that count: those with or near its ink.
_AT_ONCE, _PIXELS = 64, 300


def fit_strokes(digits: Sequence[Strokes], images: np.ndarray) -> list[Strokes]:
    """Move the strokes of N digits so that `draw_strokes` gives images (N, S, S), uint8, back.

    Each keeps its strokes, their order and the number of their control points. Bends, uneven
    spacing and changes of width have a price; a digit that cannot be improved stays as it is.
    """
    fitted = list(digits)
    alike = defaultdict(list)
    for index, digit in enumerate(digits):
        if digit.controls:
            alike[tuple(map(len, digit.controls))].append(index)
    chunks = [
        (lengths, members[start : start + _AT_ONCE])
        for lengths, members in alike.items()
        for start in range(0, len(members), _AT_ONCE)
    ]

    def fit(chunk: tuple[tuple[int, ...], list[int]]) -> np.ndarray:
        lengths, some = chunk
        controls = np.stack([np.concatenate(digits[index].controls) for index in some])
        return _fit(_Form.of(lengths), controls, images[some])

    # NumPy lets other threads work while it computes.
    with ThreadPoolExecutor(usable_cores()) as pool:
        for (lengths, some), moved in zip(chunks, pool.map(fit, chunks), strict=True):
            for index, points in zip(some, moved, strict=True):
                fitted[index] = Strokes(tuple(np.split(points, np.cumsum(lengths)[:-1])))
    return fitted


@dataclass(frozen=True, eq=False)
class _Form:
    """Matrices that digits with strokes of the same numbers of control points share.

    `samples` (M, Q) turns all Q control points into points along the curves; a straight piece goes
    from each of the points `starts` (K,) to the next one. `steps` and `bends` give the first and
    second differences of control points. `even` subtracts the mean of each stroke from its steps,
    `same` from its points.
    """

    samples: np.ndarray
    starts: np.ndarray
    steps: np.ndarray
    bends: np.ndarray
    even: np.ndarray
    same: np.ndarray

    @classmethod
    def of(cls, lengths: Sequence[int]) -> _Form:
        samples = [spline_matrix(length, _PIECES) for length in lengths]
        ends = np.cumsum([len(part) for part in samples])
        once, twice = (
            _blocks([np.diff(np.eye(length), times, axis=0) for length in lengths])
            for times in (1, 2)
        )
        even, same = (
            _blocks([np.eye(length - less) - 1 / (length - less) for length in lengths])
            for less in (1, 0)
        )
        starts = np.setdiff1d(np.arange(ends[-1]), ends - 1)
        return cls(_blocks(samples), starts, once, twice, even, same)


def _blocks(parts: Sequence[np.ndarray]) -> np.ndarray:
    """A matrix that has others along its diagonal."""
    whole = np.zeros(np.sum([part.shape for part in parts], axis=0))
    row = column = 0
    for part in parts:
        high, wide = part.shape
        whole[row : row + high, column : column + wide] = part
        row, column = row + high, column + wide
    return whole


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Those pixels (N, K) of N images that count: x and y from the middle, the ink, and the
    length of a digit's height."""

    x: np.ndarray
    y: np.ndarray
    ink: np.ndarray
    unit: float

    @classmethod
    def near(cls, form: _Form, state: np.ndarray, images: np.ndarray) -> _Pixels:
        """The pixels with ink, and those near the strokes of `state`."""
        count, size, _ = images.shape
        middles = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
        shape = (count, size * size)
        x, y = (np.broadcast_to(axis.reshape(-1), shape) for axis in np.meshgrid(middles, middles))
        ink = images.reshape(shape) / np.float32(255)
        every = cls(x, y, ink, size / FRAME)
        away = _Drawn.of(form, state, every, SOFTNESS).away
        chosen = np.where(ink > 0, -np.inf, away).argsort(axis=1)[:, :_PIXELS]
        x, y, ink = (np.take_along_axis(part, chosen, axis=1) for part in (x, y, ink))
        return cls(x, y, ink, every.unit)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Strokes as pixels (N, K): how far `away` from the outline each is, and its `ink`.

    `nearest` is the number of its nearest piece, `share` where that is nearest, from 0 to 1, and
    `direction` (N, K, 2) points from there to the pixel.
    """

    away: np.ndarray
    ink: np.ndarray
    nearest: np.ndarray
    share: np.ndarray
    direction: np.ndarray
    softness: float

    @classmethod
    def of(cls, form: _Form, state: np.ndarray, pixels: _Pixels, softness: float) -> _Drawn:
        controls = state.copy()
        controls[..., 2] = np.exp(state[..., 2])
        points = (form.samples @ controls).astype(np.float32)
        starts = points[:, form.starts]
        pieces = np.concatenate([starts, points[:, form.starts + 1] - starts], axis=2)
        x, y = (
            axis[:, None] - pieces[:, :, i, None] for i, axis in enumerate((pixels.x, pixels.y))
        )
        each = distances(x, y, np.moveaxis(pieces, 2, 0)[..., None])
        nearest = each.argmin(axis=1)
        away = np.take_along_axis(each, nearest[:, None], axis=1)[:, 0]
        left, top, _, dx, dy, _ = np.moveaxis(
            np.take_along_axis(pieces, nearest[..., None], 1), 2, 0
        )
        x, y = pixels.x - left, pixels.y - top
        share = np.clip((x * dx + y * dy) / (dx * dx + dy * dy + np.float32(1e-9)), 0, 1)
        direction = np.stack([x - share * dx, y - share * dy], axis=-1)
        direction /= np.hypot(*np.moveaxis(direction, -1, 0))[..., None] + np.float32(1e-6)
        ink = 1 / (1 + np.exp(np.clip(away / np.float32(softness), -30, 30)))
        return cls(away, ink, nearest, share, direction, softness)

    def slopes(self, form: _Form, state: np.ndarray) -> np.ndarray:
        """How the ink changes with the control points: float32 (N, K, 3Q)."""
        first = form.starts[self.nearest]
        share = self.share[..., None]
        samples = form.samples.astype(np.float32)
        weights = (1 - share) * samples[first] + share * samples[first + 1]
        weights *= (self.ink * (1 - self.ink) / np.float32(self.softness))[..., None]
        widths = np.exp(state[:, None, :, 2]).astype(np.float32)
        across, down = self.direction[..., :1], self.direction[..., 1:]
        each = [across * weights, down * weights, widths * weights]
        return np.stack(each, axis=-1).reshape(*weights.shape[:2], -1)


def _fit(form: _Form, controls: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Control points (N, Q, 3) that give images (N, S, S) back: Levenberg and Marquardt's steps.

    They change points in pixels, and the logarithms of widths.
    """
    unit = images.shape[1] / FRAME
    state = np.concatenate([unit * controls[..., :2], np.log(unit * controls[..., 2:])], axis=2)
    pixels = _Pixels.near(form, state, images)
    best, least = state.copy(), np.full(len(state), np.inf)
    for softness in (*_ROUNDS, SOFTNESS):
        drawn = _Drawn.of(form, state, pixels, softness)
        price, slope, curvature = _prices(form, state, unit)
        missed = drawn.ink - pixels.ink
        if softness == SOFTNESS:
            price += np.square(missed).sum(axis=1)
            better = price < least
            best[better], least[better] = state[better], price[better]
        slopes = drawn.slopes(form, state)
        turned = slopes.swapaxes(1, 2)
        curvature += turned @ slopes + np.diag(np.tile(_DAMPING, state.shape[1]))
        slope += (turned @ missed[..., None])[..., 0]
        step = np.linalg.solve(curvature, -slope[..., None]).reshape(state.shape)
        state = state + np.clip(step, -_LONGEST, _LONGEST)
    best[..., 2] = np.exp(best[..., 2])
    return best / unit


def _prices(
    form: _Form, state: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What bends, uneven spacing and changes of width cost (N,), with the first and second
    derivatives (N, 3Q) and (N, 3Q, 3Q), the second after Gauss and Newton."""
    count, controls, _ = state.shape
    points, logs = state[..., :2], state[..., 2]
    bend, pace = _BEND / unit**2, _PACE / unit**2
    bends, steps = form.bends @ points, form.steps @ points
    lengths = np.sqrt(np.square(steps).sum(-1) + 1e-6)
    uneven, varied = lengths @ form.even, logs @ form.same
    # How lengths change with the points: each with those of its two ends.
    pulls = form.steps[:, :, None] * (steps / lengths[..., None])[:, :, None, :]
    flat = form.even @ pulls.reshape(count, len(form.steps), -1)
    pulls = flat.reshape(pulls.shape)
    price = bend * np.square(bends).sum((1, 2)) + pace * np.square(uneven).sum(1)
    price += _NIB * np.square(varied).sum(1)
    slope, curvature = np.zeros(state.shape), np.zeros((*state.shape, controls, 3))
    slope[..., :2] = bend * (form.bends.T @ bends) + pace * np.einsum("niqc,ni->nqc", pulls, uneven)
    slope[..., 2] = _NIB * varied
    both = pace * (flat.swapaxes(1, 2) @ flat).reshape(count, controls, 2, controls, 2)
    curvature[:, :, :2, :, :2] = both
    for axis in range(2):
        curvature[:, :, axis, :, axis] += bend * (form.bends.T @ form.bends)
    curvature[:, :, 2, :, 2] = _NIB * form.same
    size = 3 * controls
    return price, slope.reshape(count, size), curvature.reshape(count, size, size)
