"""Local forms of digits: a 1 with a flag or a foot, a crossed 7, a slashed 0, and others.

They are variants of a digit's strokes, in units of its height: strokes are added, or their ends
change. A writer keeps their forms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handsum.layout.loops import count_loops
from handsum.layout.pens import mean_width
from handsum.strokes import Strokes, draw_strokes

# All forms; a form's place is its number in files that hold numbers only: add new ones at the end.
FORM_NAMES = (
    "plain", "flag", "flag-foot", "loop", "open", "closed", "crossed", "slashed", "straight",
    "curved",
)  # fmt: skip
# The share of writers that have each form of a digit; where a place has none, all are "plain".
_REGIONS: dict[str, dict[int, dict[str, float]]] = {
    "european": {
        1: {"flag": 0.75, "flag-foot": 0.25},
        2: {"plain": 0.6, "loop": 0.4},
        4: {"open": 0.5, "closed": 0.5},
        7: {"crossed": 1.0},
        9: {"straight": 0.4, "curved": 0.6},
    },
    "american": {
        0: {"plain": 0.75, "slashed": 0.25},
        1: {"plain": 1.0},
        2: {"plain": 0.5, "loop": 0.5},
        4: {"open": 0.6, "closed": 0.4},
        7: {"plain": 1.0},
        9: {"straight": 0.7, "curved": 0.3},
    },
}
# The pixels of an image in which loops are looked for; the least areas of a loop, and of a wide
# one, in squared heights of a digit.
_LOOKED, _LOOP, _WIDE_LOOP = 90, 0.004, 0.03
# A stroke through a 7 is at most this high and wide, in heights and widths of the digit.
_CROSS = (0.35, 0.9)
# In heights from the top, its middle is between these.
_CROSSED = (0.25, 0.85)
# Points of a path between two control points.
_PIECES = 8
# Loops of a 2 that are cut out at most.
_CUTS = 3
# Ends of strokes that are closer, in heights of a digit, are joined.
_JOINED = 0.15
# A stem of a 1 begins where its path turns down, within this angle of its direction.
_STEEP = 0.6
# A stem whose points are further from a straight line, in heights of a digit, is curved.
_STRAIGHT = 0.05


def choose_forms(setting: str, rng: np.random.Generator) -> dict[int, str]:
    """Choose a writer's form of each digit in a place; "mixed" chooses the place too."""
    regions = list(_REGIONS)
    place = regions[int(rng.integers(len(regions)))]
    shares = _REGIONS[place if setting == "mixed" else setting]
    forms = dict.fromkeys(range(10), "plain")
    for digit, share in enumerate(rng.random(10)):
        names = list(shares.get(digit, {"plain": 1.0}))
        bounds = np.cumsum(list(shares.get(digit, {"plain": 1.0}).values()))
        forms[digit] = names[min(int(np.searchsorted(bounds, share)), len(names) - 1)]
    return forms


def write_form(
    digit: Strokes, label: int, form: str, rng: np.random.Generator
) -> tuple[Strokes, str]:
    """Write a digit in a form; return it with the form that it has, which may be its own.

    A digit keeps its own form where its strokes are too unusual to be changed.
    """
    noise = rng.uniform(-1, 1, 6)
    if not digit.controls:
        return digit, "plain"
    half = mean_width(digit) / 2
    paths = [stroke.copy() for stroke in digit.controls]
    if label == 0 and form == "slashed":
        paths.append(_slash(paths, half, noise))
    elif label == 1:
        paths = _one(paths, form, half, noise)
    elif label == 2:
        paths, form = _two(paths, form, noise)
    elif label == 4:
        paths, form = _four(paths, form, noise)
    elif label == 7:
        paths, form = _seven(paths, form, half, noise)
    elif label == 9:
        paths, form = _nine(paths, form, noise)
    return Strokes(tuple(paths)), form


def _line(start: np.ndarray, end: np.ndarray, half: float, bow: float = 0.0) -> np.ndarray:
    """A stroke (5, 3) from `start` to `end`, bowed to its left by a share of its length."""
    share = np.linspace(0, 1, 5)[:, None]
    along = end - start
    side = np.array([along[1], -along[0]])
    points = start + share * along + 4 * bow * share * (1 - share) * side
    return np.column_stack([points, np.full(5, half)])


def _across(
    middle: np.ndarray, reach: np.ndarray, rise: float, half: float, bow: float
) -> np.ndarray:
    """A stroke from left to right through a point; it reaches so far to both sides."""
    start = middle + np.array([-reach[0], rise])
    return _line(start, middle + np.array([reach[1], -rise]), half, bow)


def _sample(path: np.ndarray) -> np.ndarray:
    return Strokes((path,)).sample(_PIECES)[0]


def _slash(paths: list[np.ndarray], half: float, noise: np.ndarray) -> np.ndarray:
    """A slash through a 0, from the lower left to the upper right."""
    points = np.concatenate([_sample(path) for path in paths])[:, :2]
    middle = (points.min(0) + points.max(0)) / 2
    away = points - middle
    # Across the long axis of a slanted 0, or it would not be seen.
    lean = 0.5 * np.arctan2(2 * (away[:, 0] * -away[:, 1]).mean(), -np.ptp(away**2 @ [1, -1]) or -1)
    angle = np.clip(lean if lean > 0 else lean + np.pi, 1.2, 1.8) - 0.75 + 0.15 * noise[0]
    way = np.array([np.cos(angle), -np.sin(angle)])
    beside = np.abs(away @ [way[1], -way[0]])
    ahead = away @ way
    near = beside < 0.08
    reach = 1.1 + 0.15 * noise[1]
    low, high = (ahead[near].min(), ahead[near].max()) if near.any() else (-0.3, 0.3)
    return _line(middle + reach * low * way, middle + reach * high * way, half, 0.03 * noise[2])


def _one(paths: list[np.ndarray], form: str, half: float, noise: np.ndarray) -> list[np.ndarray]:
    """A 1: its stem, and what belongs to the form."""
    stem = max(paths, key=lambda path: np.ptp(path[:, 1]))
    if stem[0, 1] > stem[-1, 1]:
        stem = stem[::-1]
    # From its highest to its lowest point: without a flag or a foot of its own.
    stem = stem[int(stem[:, 1].argmin()) :]
    stem = stem[: int(stem[:, 1].argmax()) + 1]
    down = stem[-1, :2] - stem[0, :2]
    while len(stem) > 3 and _turn(stem[1, :2] - stem[0, :2], down) > _STEEP:
        stem = stem[1:]
    if len(stem) < 4:
        stem = np.linspace(stem[0], stem[-1], 4)
    top, bottom = stem[0, :2], stem[-1, :2]
    down = bottom - top
    strokes = [stem]
    if form.startswith("flag"):
        start = top + (0.27 + 0.08 * noise[0]) * down - [0.27 + 0.08 * noise[1], 0]
        flag = _line(start, top, half, 0.06 + 0.05 * noise[2])
        # Twice the same point makes a corner.
        strokes = [np.concatenate([flag, stem])]
    if form.endswith("foot"):
        reach = 0.2 + 0.05 * noise[3:5]
        strokes.append(_across(bottom, reach, 0.03 * noise[5], half, 0.02 * noise[2]))
    return strokes


def _turn(way: np.ndarray, other: np.ndarray) -> float:
    """The angle between two directions, in radians."""
    cross = way[0] * other[1] - way[1] * other[0]
    return float(np.abs(np.arctan2(cross, way @ other)))


def _crossing(points: np.ndarray) -> tuple[int, int] | None:
    """The first and the last of the points (M, 2) of a path's longest loop; None without one."""
    start, step = points[:-1, None], np.diff(points, axis=0)[:, None]
    other, way = start.transpose(1, 0, 2), step.transpose(1, 0, 2)
    cross = step[..., 0] * way[..., 1] - step[..., 1] * way[..., 0]
    gap = other - start
    with np.errstate(divide="ignore", invalid="ignore"):
        mine = (gap[..., 0] * way[..., 1] - gap[..., 1] * way[..., 0]) / cross
        theirs = (gap[..., 0] * step[..., 1] - gap[..., 1] * step[..., 0]) / cross
    hits = (mine >= 0) & (mine < 1) & (theirs >= 0) & (theirs < 1)
    first, last = np.nonzero(np.triu(hits, 2))
    if not len(first):
        return None
    longest = int((last - first).argmax())
    return int(first[longest]) + 1, int(last[longest])


def _two(paths: list[np.ndarray], form: str, noise: np.ndarray) -> tuple[list[np.ndarray], str]:
    """A 2 with or without a loop where it turns into its base."""
    if len(paths) == 2:
        joined = np.concatenate(paths)
        near = np.hypot(*(paths[0][-1] - paths[1][0])[:2]) < _JOINED
        if near or _crossing(_sample(joined)[:, :2]):
            paths = [joined]
    looped = _has_loop(paths)
    if len(paths) != 1 or looped == (form == "loop"):
        return paths, "loop" if looped else "plain"
    (path,) = paths
    for _ in range(_CUTS):
        if not (found := _crossing(_sample(path)[:, :2])):
            break
        first, last = (int(place // _PIECES) for place in found)
        corner = _sample(path)[found[0]]
        path = np.concatenate([path[: first + 1], corner[None], corner[None], path[last + 1 :]])
    if form == "loop":
        path = _add_loop(path, noise)
    return [path], "loop" if _has_loop([path]) else "plain"


def _add_loop(path: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """A 2 with a loop at its lower left corner."""
    start = len(path) // 3
    corner = start + int((path[start:-1, 1] - path[start:-1, 0]).argmax())
    radius = 0.12 + 0.02 * noise[0]
    angles = np.radians([80, 135, 190, 245, 300, 350])
    # A curve stays inside of its control points.
    circle = 1.2 * radius * np.stack([1.35 * np.cos(angles), np.sin(angles) - 1], axis=1)
    loop = np.column_stack([path[corner, :2] + circle, np.full(6, path[corner, 2])])
    base = path[corner + 1 :]
    beyond = base[base[:, 0] > path[corner, 0] + 1.6 * radius]
    return np.concatenate([path[:corner], loop, beyond if len(beyond) else base[-1:]])


def _four(paths: list[np.ndarray], form: str, noise: np.ndarray) -> tuple[list[np.ndarray], str]:
    """A 4 that is open or closed at its top."""
    # A bar that returns beside the stem makes a small loop, and closes no top.
    closed = _has_loop(paths, _WIDE_LOOP)
    if len(paths) != 2 or closed == (form == "closed"):
        return paths, "closed" if closed else "open"
    bend, stem = (path.copy() for path in paths)
    corner = int((bend[:, 1] - bend[:, 0])[1:].argmax()) + 1
    share = (1 - np.arange(len(bend)) / corner).clip(0)[:, None]
    if closed:
        left = bend[corner, 0] + 0.08 + 0.05 * noise[0]
        bend[:, :2] += share * (np.array([left, bend[0, 1] + 0.04 * noise[1]]) - bend[0, :2])
        changed = [bend, stem]
        return (paths, "closed") if _has_loop(changed) else (changed, "open")
    # Both strokes meet between their tops, at the height of the stem's.
    tops = bend[0, :2].copy(), stem[0, :2].copy()
    middle = 0.5 + 0.1 * noise[0]
    apex = np.array([(1 - middle) * tops[0][0] + middle * tops[1][0], tops[1][1]])
    bend[:, :2] += share * (apex - tops[0])
    fade = (1 - np.arange(len(stem)) / (0.6 * len(stem))).clip(0)[:, None]
    stem[:, :2] += fade * (apex + np.array([0.01, 0.01 * noise[1]]) - tops[1])
    # A narrow 4 that is closed looks like an 8.
    changed = [bend, stem]
    return (changed, "closed") if _has_loop(changed, _WIDE_LOOP) else (paths, "open")


def _has_loop(paths: Sequence[np.ndarray], area: float = _LOOP) -> bool:
    """Whether a digit with these strokes has a loop of an area, in squared heights."""
    hairline = Strokes(tuple(paths)).with_nib(0.03)
    return bool(count_loops(draw_strokes([hairline], _LOOKED), area)[0])


def _seven(
    paths: list[np.ndarray], form: str, half: float, noise: np.ndarray
) -> tuple[list[np.ndarray], str]:
    """A 7 with or without a stroke through its stem."""
    points = np.concatenate(paths)[:, :2]
    size = np.maximum(np.ptp(points, axis=0), 1e-6)
    longest = max(range(len(paths)), key=lambda place: float(np.ptp(paths[place], axis=0).sum()))
    main = [
        path
        for place, path in enumerate(paths)
        if place == longest or not _is_cross(path[:, :2], points.min(0), size)
    ]
    if form != "crossed":
        return main, "plain"
    stem = _sample(paths[longest])
    height = points[:, 1].min() + (0.52 + 0.07 * noise[0]) * size[1]
    middle = stem[np.flatnonzero(stem[:, 1] <= height)[-1], :2]
    reach, slope = 0.2 + 0.05 * noise[1:3], 0.04 + 0.05 * noise[3]
    return [*main, _across(middle, reach, slope, half, 0.05 * noise[4])], "crossed"


def _is_cross(path: np.ndarray, corner: np.ndarray, size: np.ndarray) -> bool:
    """Whether a path (P, 2) of a 7 is a stroke through its stem."""
    wide, high = np.ptp(path, axis=0) / size
    place = (path[:, 1].mean() - corner[1]) / size[1]
    return bool(high < _CROSS[0] and wide < _CROSS[1] and _CROSSED[0] < place < _CROSSED[1])


def _nine(paths: list[np.ndarray], form: str, noise: np.ndarray) -> tuple[list[np.ndarray], str]:
    """A 9 with a straight or a curved stem."""
    *rest, path = paths
    end = int(path[:, 1].argmax())
    start = end
    while start > 0 and path[start - 1, 1] < path[start, 1]:
        start -= 1
    head, stem = path[:start], path[start : end + 1]
    down = stem[-1, :2] - stem[0, :2]
    if len(stem) < 3 or down[1] < 0.4:
        return paths, "straight" if _bow(stem) < _STRAIGHT else "curved"
    share = np.linspace(0, 1, max(len(stem), 6))[:, None]
    points = stem[0, :2] + share * down
    width = np.interp(share[:, 0], np.linspace(0, 1, len(stem)), stem[:, 2])
    if form == "straight":
        points[:, 0] += 0.02 * noise[0] * np.sin(np.pi * share[:, 0])
    else:
        # The stem bends to the left, and may end in a hook.
        points[:, 0] += (0.05 + 0.02 * noise[0]) * np.sin(np.pi * share[:, 0] ** 1.5)
        points[:, 0] -= 0.12 * share[:, 0] ** 3
        hook = np.array([[-0.1, 0.01], [-0.2, -0.03], [-0.28, -0.1]]) * (1 + 0.3 * noise[1])
        points = np.concatenate([points, points[-1] + hook])
        width = np.append(width, np.full(3, width[-1]))
    return [*rest, np.concatenate([head, np.column_stack([points, width])])], form


def _bow(points: np.ndarray) -> float:
    """The largest distance of points (P, 3) from the line between the first and the last."""
    along = points[-1, :2] - points[0, :2]
    length = np.hypot(*along)
    away = points[:, :2] - points[0, :2]
    return float(np.abs(away @ [along[1], -along[0]]).max() / length) if length else 0.0
