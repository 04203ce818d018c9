"""From grey to ink: what is written on the paper, whatever the light, the paper and the pen."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum.images import DIGIT_SIZE, centre_by_mass, mnist_digit

# Ink differs from its paper by at least this share of the paper's brightness; creases do not.
_LEAST_CONTRAST = 0.08
# Paper darker than this is divided by this, or the noise of black paper would count as contrast.
_DARKEST_PAPER = 0.2
_NOISE_DEVIATIONS = 6.0
# The background is estimated on a picture whose short side is about this long.
_BACKGROUND_SIDE = 64
# The light on the paper is known once it changes by less than this.
_SETTLED = 1e-3
# MNIST's strokes are 2 to 4.2 pixels wide in nine digits of ten; far off ones are brought here.
_THINNEST, _THINNEST_BECOMES = 1.6, 2.2
_THICKEST, _THICKEST_BECOMES = 4.6, 4.0
# Digits within this of MNIST's 20 pixels keep their pixels: resampling would only blur them.
_NEAR_MNIST = (18, 21)


def ink_map(grey: np.ndarray) -> np.ndarray:
    """Return how much ink is where, float32 (H, W) from 0 (paper) to 1 (a full stroke).

    `grey` is float (H, W) in [0, 1]; ink may be dark or light, the light uneven. All zero where
    nothing stands out from the paper and its noise.
    """
    blank = np.zeros(grey.shape, np.float32)
    if min(grey.shape) < 5 or np.ptp(grey) < _LEAST_CONTRAST:
        return blank
    paper, dark_ink = _paper(grey)
    if not dark_ink:
        grey = 1 - grey
    contrast = (paper - grey) / np.maximum(paper, _DARKEST_PAPER)
    contrast -= np.median(contrast)
    smooth = ndimage.gaussian_filter(contrast, 1.0)
    floor = max(_LEAST_CONTRAST, _NOISE_DEVIATIONS * _noise(smooth))
    inked = contrast[smooth > floor]
    if not inked.size:
        return blank
    full = max(float(np.percentile(inked, 90)), floor)
    rest = min(2 * _noise(contrast), 0.3 * full)
    ink = ((contrast - rest) / (full - rest)).clip(0, 1).astype(np.float32)
    return blank if _is_grain(ink) else ink


def as_mnist(ink: np.ndarray) -> np.ndarray:
    """Turn one digit's ink, float (H, W) in [0, 1], into uint8 (28, 28) as MNIST makes its digits.

    The ink fills a 20x20 box and is centred by mass; strokes far thinner or thicker than MNIST's
    are brought to its width. A digit that is of MNIST's size already keeps its pixels.
    """
    rows, columns = np.nonzero(ink > 0.1)
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    large, changed = _restroke(_even(_resized(ink)))
    if not changed and _NEAR_MNIST[0] <= max(ink.shape) <= _NEAR_MNIST[1]:
        digit = centre_by_mass(_bytes(ink))
    else:
        digit = mnist_digit(_bytes(large))
    strokes = digit[digit > 25]
    gain = 255 / max(float(np.percentile(strokes, 90)), 100.0)
    return _bytes(digit / 255 * gain) if gain > 1.05 else digit


def _bytes(ink: np.ndarray) -> np.ndarray:
    return np.rint(ink.clip(0, 1) * 255).astype(np.uint8)


def _noise(values: np.ndarray) -> float:
    """Return the standard deviation of the paper's noise, from the half where there is no ink."""
    middle = np.median(values)
    return 1.4826 * float(np.median(middle - values[values <= middle]))


def _is_grain(ink: np.ndarray) -> bool:
    """Tell whether ink is unrelated dots: a mean over 3x3 pixels leaves 1/9 of their variance.

    It leaves 1/3 of a line one pixel wide, and more of anything wider.
    """
    return bool(ndimage.uniform_filter(ink, 3).var() < 0.2 * ink.var())


def _paper(grey: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the paper's brightness (H, W), and whether the ink is darker than it.

    Where the ink is lighter, the brightness is that of the negative.
    """
    height, width = grey.shape
    factor = max(1, min(height, width) // _BACKGROUND_SIDE)
    size = (-(-width // factor), -(-height // factor))
    small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
    dark_ink = _is_ink_dark(small)
    if not dark_ink:
        small = 1 - small
    trend = _trend(small)
    # Closing fills whatever is dark and narrower than the window: strokes, not shadows.
    window = max(5, round(0.4 * min(small.shape)))
    flat = ndimage.gaussian_filter(small - trend, 1.0)
    local = ndimage.grey_closing(flat, (window, window))
    paper = Image.fromarray((local + trend).astype(np.float32))
    return np.asarray(paper.resize((width, height), Image.Resampling.BILINEAR)), dark_ink


def _is_ink_dark(grey: np.ndarray) -> bool:
    """Tell whether ink is dark: near it, paper is what most pixels are."""
    window = max(5, round(0.6 * min(grey.shape)))
    high = ndimage.maximum_filter(grey, window)
    low = ndimage.minimum_filter(grey, window)
    range_ = high - low
    near_ink = range_ > 0.5 * range_.max()
    light = grey > (high + low) / 2
    return bool(light[near_ink].mean() >= 0.5)


def _trend(grey: np.ndarray) -> np.ndarray:
    """Fit a second-order surface along the upper quartile of `grey`: the light on the paper."""
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y]).reshape(6, -1)
    values = grey.ravel().astype(np.float64)
    surface = np.full_like(values, np.percentile(values, 75))
    for _ in range(20):
        # Quantile regression by reweighting: ink lies below the surface and pulls little.
        above = values > surface
        weights = np.where(above, 0.75, 0.25) / np.maximum(abs(values - surface), 0.01)
        moments = (terms * weights) @ terms.T
        before = surface
        surface = terms.T @ np.linalg.solve(moments, (terms * weights) @ values)
        if np.abs(surface - before).max() < _SETTLED:
            break
    return surface.reshape(grey.shape)


def _resized(ink: np.ndarray) -> np.ndarray:
    """Bring ink to a size fine enough to measure a stroke and coarse enough to be quick."""
    longest = max(ink.shape)
    scale = min(max(longest, 4 * DIGIT_SIZE), 20 * DIGIT_SIZE) / longest
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, method))


def _even(ink: np.ndarray) -> np.ndarray:
    """Strengthen the paler stretches of a digit, where the pen was lighter or out of focus."""
    reach = max(3, max(ink.shape) // 5)
    strength = ndimage.gaussian_filter(ndimage.maximum_filter(ink, reach), reach / 3)
    return ink / strength.clip(0.4, 1)


def _restroke(ink: np.ndarray) -> tuple[np.ndarray, bool]:
    """Bring strokes far from MNIST's width to it; tell whether that was needed.

    `ink` is trimmed to one digit; the result has a margin.
    """
    pixel = max(ink.shape) / 20
    ink = np.pad(ink, round(2 * pixel))
    inside = ink > min(0.5, 0.5 * float(ink.max()))
    depth = ndimage.distance_transform_edt(inside)
    # Across a bar of width w the distance to the edge is w / 4 on average, pixels counted from 1/2.
    stroke = 4 * (float(depth[inside].mean()) - 0.5) / pixel
    if _THINNEST <= stroke <= _THICKEST:
        return ink, False
    wanted = _THINNEST_BECOMES if stroke < _THINNEST else _THICKEST_BECOMES
    grow = (wanted - stroke) / 2 * pixel
    outside = ndimage.distance_transform_edt(~inside)
    return (0.5 + grow - (outside - depth)).clip(0, 1), True
