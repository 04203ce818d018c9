"""Connected pieces of ink, and how the pieces of one broken digit are joined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from handsum import stopping
from handsum.data.pictures.ink import coarse_stroke, exact_stroke, quantile

# Ink lower than this, in pixels or as a share of the picture's short side, is too small to read.
_LEAST_HEIGHT = 6
_LEAST_SHARE = 0.005
# Writing of this height and more, in pixels, is smoothed before its connected pieces are found.
_SMOOTHED_HEIGHT = 60
_LONGEST = 8
# Anything lower than this share of the height of the writing is punctuation or dirt.
LEAST_OF_ROW = 0.45
# Pieces are joined up to this width and height, in heights of the writing.
_LARGEST_JOINED = 1.6
# Of more pieces only the largest are used: each is compared with all others.
_MOST_PIECES = 10_000
_EIGHT_NEIGHBOURS = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Part:
    """Connected pieces of ink by their labels; edges in pixels, right and bottom excluded."""

    labels: tuple[int, ...]
    left: int
    top: int
    right: int
    bottom: int
    area: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def join(self, other: Part) -> Part:
        """Return the union of both."""
        return Part(
            self.labels + other.labels,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
            self.area + other.area,
        )


def label_ink(ink: np.ndarray) -> np.ndarray:
    """Number the connected pieces of ink, int32 (H, W), 0 for paper."""
    # The paper's grain frays large writing unless it is smoothed; small writing would be filled in.
    # Smoothing adds at most a pixel to the height of the ink at either end.
    inked = np.flatnonzero(ink.any(axis=1))
    if len(inked) and np.ptp(inked) + 3 >= _SMOOTHED_HEIGHT:
        labels = _components(ndimage.gaussian_filter(ink, 1.0))
        parts = parts_of(labels)
        if parts and typical_height(parts) >= _SMOOTHED_HEIGHT:
            return labels
    return _components(ink)


def _components(ink: np.ndarray) -> np.ndarray:
    faint, _ = ndimage.label(ink > 0.25, _EIGHT_NEIGHBOURS)
    # A piece is ink if some of it is strong: pale parts of a stroke stay, pale dirt goes.
    strong = np.zeros(int(faint.max()) + 1, bool)
    strong[faint[ink > 0.5]] = True
    strong[0] = False
    return np.where(strong, np.cumsum(strong), 0)[faint].astype(np.int32)


def parts_of(labels: np.ndarray) -> list[Part]:
    """Return one part for each label."""
    areas = np.bincount(labels.ravel())
    return [
        Part((label,), x.start, y.start, x.stop, y.stop, int(areas[label]))
        for label, (y, x) in enumerate(ndimage.find_objects(labels), 1)
    ]


def largest(parts: list[Part]) -> list[Part]:
    """Leave out the smallest of too many parts: grain, or an attack."""
    if len(parts) <= _MOST_PIECES:
        return parts
    large = sorted(parts, key=lambda part: part.area, reverse=True)[:_MOST_PIECES]
    return sorted(large, key=lambda part: part.labels)


def typical_height(parts: list[Part]) -> float:
    """Return the median height of the parts, weighted by ink: specks count little."""
    heights = np.array([part.height for part in parts])
    order = np.argsort(heights)
    mass = np.cumsum(np.array([part.area for part in parts])[order])
    return float(heights[order][np.searchsorted(mass, mass[-1] / 2)])


def without_lines(parts: list[Part], shape: tuple[int, ...]) -> list[Part]:
    """Leave out frames, ruled lines and margin lines, as long as something else is written."""
    height, width = shape

    def is_line(part: Part) -> bool:
        frame = part.width > 0.9 * width and part.height > 0.9 * height
        rule = part.width > 0.6 * width and part.width > 8 * part.height
        margin = part.height > 0.95 * height and part.height > 12 * part.width
        return frame or rule or margin

    rest = [part for part in parts if not is_line(part)]
    digit_height = max(_LEAST_HEIGHT, 0.15 * height)
    return rest if any(part.height >= digit_height for part in rest) else parts


def find_pieces(labels: np.ndarray) -> list[Part]:
    """Return the connected pieces that may belong to a digit: no lines."""
    pieces = largest(without_lines(parts_of(labels), labels.shape))
    return join_breaks(pieces, labels)


def join_breaks(parts: list[Part], labels: np.ndarray) -> list[Part]:
    """Join pieces separated by a gap much narrower than any space between digits."""
    reach = int(0.025 * typical_height(parts)) if parts else 0
    if reach == 0:
        return parts
    inked = labels > 0
    grown, _ = ndimage.label(ndimage.maximum_filter(inked, 2 * reach + 1), _EIGHT_NEIGHBOURS)
    group = np.zeros(int(labels.max()) + 1, np.int64)
    group[labels[inked]] = grown[inked]
    joined: dict[int, Part] = {}
    for part in parts:
        key = int(group[part.labels[0]])
        joined[key] = joined[key].join(part) if key in joined else part
    return list(joined.values())


def join_pieces(parts: list[Part]) -> list[Part]:
    """Join the pieces of broken digits: a 5's flag, a 4's two strokes, the halves of an 8."""
    if not parts:
        return []
    typical = typical_height(parts)
    parts = [part for part in parts if max(part.width, part.height) >= 0.1 * typical]
    pieces = dict(enumerate(parts))
    edges = _edges(list(pieces.values())).astype(float)
    # A piece without a partner needs another look only after something near it has grown.
    stale = np.ones(len(parts), bool)
    joined = True
    while joined:
        joined = False
        # The smallest piece first: it belongs to the nearest other piece, which grows by it.
        for index in sorted(pieces, key=lambda index: pieces[index].area):
            if not stale[index]:
                continue
            stopping.check()
            stale[index] = False
            partner = _nearest_partner(index, edges, typical)
            if partner is not None:
                whole = pieces[partner].join(pieces.pop(index))
                pieces[partner] = whole
                edges[partner] = whole.left, whole.top, whole.right, whole.bottom
                edges[index] = np.nan
                stale |= _are_near(edges, whole, _LARGEST_JOINED * typical)
                joined = True
    return list(pieces.values())


def _edges(parts: list[Part]) -> np.ndarray:
    return np.array([(part.left, part.top, part.right, part.bottom) for part in parts])


def _are_near(edges: np.ndarray, part: Part, reach: float) -> np.ndarray:
    """Return which boxes are at most `reach` away from a part."""
    left, top, right, bottom = edges.T
    across = (left <= part.right + reach) & (right >= part.left - reach)
    return across & (top <= part.bottom + reach) & (bottom >= part.top - reach)


def _nearest_partner(index: int, edges: np.ndarray, typical: float) -> int | None:
    """Return the row in `edges` of the part that a piece belongs to; None if it stands alone.

    Rows of joined pieces are NaN, so that every comparison with them is false.
    """
    left, top, right, bottom = edges.T
    own_left, own_top, own_right, own_bottom = edges[index]
    across = np.minimum(right, own_right) - np.maximum(left, own_left)
    down = np.minimum(bottom, own_bottom) - np.maximum(top, own_top)
    narrower = np.minimum(right - left, own_right - own_left)
    lower = np.minimum(bottom - top, own_bottom - own_top)
    joined_height = np.maximum(bottom, own_bottom) - np.minimum(top, own_top)
    joined_width = np.maximum(right, own_right) - np.minimum(left, own_left)
    small = lower < 0.6 * typical
    above = small & (across >= 0.5 * narrower) & (down > -0.3 * typical)
    beside = small & (lower < 0.5 * typical) & (across > -0.12 * typical) & (down > -0.12 * typical)
    within = (across >= 0.75 * narrower) & (down >= 0.75 * lower)
    largest = _LARGEST_JOINED * typical
    fits = (joined_height < largest) & (joined_width < largest)
    belongs = (above | beside | within) & fits
    belongs[index] = False
    if not belongs.any():
        return None
    distance = np.hypot(np.minimum(across, 0), np.minimum(down, 0))
    return int(np.argmin(np.where(belongs, distance, np.inf)))


def may_be_digit(part: Part, ink: np.ndarray, labels: np.ndarray) -> bool:
    """Return whether a part could be a digit: large enough, and made of strokes, not shade."""
    stopping.check()
    if part.height < max(_LEAST_HEIGHT, _LEAST_SHARE * min(labels.shape)):
        return False
    # Digits that touch make a long part; longer ones are lines and dashes.
    if part.width > _LONGEST * part.height:
        return False
    size = min(max(part.width, part.height), 2 * part.height)
    place = window(part)
    own = np.pad(own_pixels(labels[place], part), 1)
    widest_stroke = 0.62 * size
    stroke = coarse_stroke(own, size / 20)
    if stroke > 0.8 * widest_stroke:
        stroke, _ = exact_stroke(own)
    # A stroke goes from pale to strong within its edge, a shadow over much of its width.
    strength = ink[place][own[1:-1, 1:-1]]
    pale = np.count_nonzero(strength < 0.75 * quantile(strength, 0.9))
    core = own[:-2, 1:-1] & own[2:, 1:-1] & own[1:-1, :-2] & own[1:-1, 2:]
    edge = pale / np.count_nonzero(own[1:-1, 1:-1] & ~core)
    _, regions = ndimage.label(~own)
    # An 8 has two holes, a stroke in chalk or pencil some more, noise has holes everywhere.
    grain = regions > 5 + part.width // part.height + part.area // 40
    # Shade often touches the edges of the picture, writing seldom does.
    sides = np.count_nonzero(
        [part.left == 0, part.top == 0, part.right == ink.shape[1], part.bottom == ink.shape[0]]
    )
    widest = max(1.2, 0.07 * size) if sides < 2 else max(1.0, 0.035 * size)
    return bool(stroke <= widest_stroke and edge <= widest and not grain)


def own_pixels(labels: np.ndarray, part: Part) -> np.ndarray:
    """Return the mask of a part in `labels`."""
    if len(part.labels) == 1:
        return labels == part.labels[0]
    return np.isin(labels, part.labels)


def own_ink(ink: np.ndarray, labels: np.ndarray, part: Part) -> np.ndarray:
    """Return a part's ink with the soft edge of its strokes, without the ink of its neighbours."""
    rim = max(2, round(0.03 * part.height))
    place = window(part, rim)
    own = own_pixels(labels[place], part)
    near = ndimage.maximum_filter(own, 2 * rim + 1)
    others = (labels[place] > 0) & ~own
    return np.where(near & ~others, ink[place], 0)


def window(part: Part, rim: int = 0) -> tuple[slice, slice]:
    """Return the slices of a part's box, `rim` pixels larger on each side."""
    top, left = max(0, part.top - rim), max(0, part.left - rim)
    return np.s_[top : part.bottom + rim, left : part.right + rim]
