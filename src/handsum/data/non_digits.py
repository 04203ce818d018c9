"""Pictures that are no digits, to train and measure readers: letters, scribbles, blots, pieces.

After Hendrycks, Mazeika and Dietterich, "Deep anomaly detection with outlier exposure" (2019): a
network trained with examples to reject also rejects much that it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from handsum.images import DIGIT_SIZE, mnist_digit

# Fonts of Matplotlib; HELD_OUT_FONTS are only for measuring.
FONTS = (
    "DejaVuSans",
    "DejaVuSerif",
    "DejaVuSans-Oblique",
    "STIXGeneral",
    "cmr10",
    "DejaVuSansMono",
)
HELD_OUT_FONTS = ("DejaVuSerif-BoldItalic", "STIXGeneralItalic", "cmmi10", "DejaVuSans-Bold")
# Without the signs that may be somebody's digit: B D G I J O Q S Y Z b g i l o q s t y z and ?.
LETTERS = "ACEFHKLMNPRTUVWXacdefhjkmnpruvwx#%&@=+*$€£"
# Ink narrower than this share of its length, and about upright, may be somebody's 1.
_NARROW = 0.45
_UPRIGHT = np.cos(np.radians(60))
_SIDE = 120


@dataclass(frozen=True)
class _Source:
    """The source of non-digits: digits uint8 (N, 28, 28), fonts, and a random generator."""

    digits: np.ndarray
    fonts: Sequence[str]
    random: np.random.Generator

    def digit(self) -> np.ndarray:
        """Return one digit, trimmed to its ink."""
        image = self.digits[self.random.integers(len(self.digits))]
        rows, columns = np.nonzero(image > 60)
        return image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _letter(source: _Source) -> np.ndarray:
    import matplotlib

    random = source.random
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    name = source.fonts[int(random.integers(len(source.fonts)))]
    font = ImageFont.truetype(fonts / f"{name}.ttf", 60)
    image = Image.new("L", (_SIDE, _SIDE))
    letter = LETTERS[int(random.integers(len(LETTERS)))]
    ImageDraw.Draw(image).text((30, 25), letter, font=font, fill=255)
    return np.asarray(image.rotate(random.uniform(-10, 10), Image.Resampling.BICUBIC))


def _scribble(source: _Source) -> np.ndarray:
    # Imported here: every reader imports this module, and few draw with it.
    from scipy.interpolate import CubicSpline

    random = source.random
    count = int(random.integers(5, 15))
    points = random.uniform(15, _SIDE - 15, (count, 2))
    if random.random() < 0.5:
        # A random walk instead of jumps.
        points = np.cumsum(random.normal(size=(count, 2)), axis=0)
        points = 15 + (_SIDE - 30) * (points - points.min(0)) / np.ptp(points, axis=0).max()
    curve = CubicSpline(np.arange(count), points)(np.linspace(0, count - 1, 200))
    return _drawn([curve.clip(2, _SIDE - 2)], random)


def _hatching(source: _Source) -> np.ndarray:
    """Straight lines: crosses, grids, ticks, arrow heads."""
    random = source.random
    angles = random.uniform(0, np.pi, 2)
    lines = []
    for _ in range(int(random.integers(2, 6))):
        angle = angles[random.integers(2)] + random.normal(scale=0.1)
        half = random.uniform(20, 45) * np.array([np.cos(angle), np.sin(angle)])
        centre = _SIDE / 2 + random.uniform(-25, 25, 2)
        lines.append(np.stack([centre - half, centre + half]))
    return _drawn(lines, random)


def _drawn(lines: Sequence[np.ndarray], random: np.random.Generator) -> np.ndarray:
    image = Image.new("L", (_SIDE, _SIDE))
    pen = int(random.integers(7, 17))
    for line in lines:
        points = [(float(x), float(y)) for x, y in line]
        ImageDraw.Draw(image).line(points, fill=255, width=pen, joint="curve")
    return np.asarray(image)


def _blot(source: _Source) -> np.ndarray:
    random = source.random
    field = ndimage.gaussian_filter(random.normal(size=(60, 60)), random.uniform(2, 8))
    labels, _ = ndimage.label(field > np.quantile(field, random.uniform(0.5, 0.95)))
    largest = np.argmax(np.bincount(labels.ravel())[1:]) + 1
    return np.where(labels == largest, 255, 0).astype(np.uint8)


def _group(source: _Source) -> np.ndarray:
    """Two or three digits side by side, touching or nearly touching."""
    random = source.random
    count = 2 if random.random() < 0.85 else 3
    canvas = np.zeros((DIGIT_SIZE + 6, count * (DIGIT_SIZE + 4)), np.uint8)
    left = 0
    for _ in range(count):
        digit = source.digit()
        top = int(random.integers(canvas.shape[0] - digit.shape[0]))
        left = max(0, left + int(random.integers(-4, 4)))
        place = canvas[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.maximum(place, digit[:, : place.shape[1]], out=place)
        left += digit.shape[1]
    # Thicker, as its strokes become thin when it is fitted into the width of one digit.
    return ndimage.grey_dilation(canvas, (2, 2) if random.random() < 0.5 else (3, 3))


def _fragment(source: _Source) -> np.ndarray:
    """A digit's upper, lower, left or right part."""
    turns = int(source.random.integers(4))
    digit = np.rot90(source.digit(), turns)
    part = digit[: max(3, round(len(digit) * source.random.uniform(0.3, 0.5)))]
    return np.rot90(part, -turns)


def _is_stroke(inked: np.ndarray) -> bool:
    """Return whether ink is a single upright or leaning stroke, and so perhaps a 1."""
    variances, axes = np.linalg.eigh(np.cov(np.nonzero(inked)))
    return bool(variances[0] < _NARROW**2 * variances[1] and abs(axes[0, 1]) > _UPRIGHT)


KINDS: Mapping[str, Callable[[_Source], np.ndarray]] = MappingProxyType(
    {
        "letters": _letter,
        "scribbles": _scribble,
        "hatching": _hatching,
        "blots": _blot,
        "groups": _group,
        "fragments": _fragment,
    }
)


def non_digits(
    digits: np.ndarray,
    count: int,
    random: np.random.Generator,
    *,
    kinds: Sequence[str] = tuple(KINDS),
    fonts: Sequence[str] = FONTS,
) -> np.ndarray:
    """Make `count` pictures that are not a digit, fitted into 28x28 like MNIST's digits.

    Groups and fragments are made from `digits`, uint8 (N, 28, 28); `kinds` take turns. The result
    is uint8 (count, 28, 28).
    """
    source = _Source(digits, fonts, random)
    made: list[np.ndarray] = []
    while len(made) < count:
        ink = KINDS[kinds[len(made) % len(kinds)]](source)
        if np.count_nonzero(ink > 127) >= 8 and not _is_stroke(ink > 127):
            made.append(mnist_digit(np.ascontiguousarray(ink)))
    return np.stack(made)
