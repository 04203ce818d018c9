"""From grey to ink: what is written on the paper, whatever the light, the paper and the pen."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum.images import DIGIT_SIZE, centre_by_mass, mnist_digit, trim

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
# A stroke measured with so many points to a pixel of MNIST's is hardly ever further off than this.
_COARSE, COARSE_ERROR = 2.0, 0.3
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
    contrast -= np.float32(quantile(contrast, 0.5))
    smooth = ndimage.gaussian_filter(contrast, 1.0)
    floor = max(_LEAST_CONTRAST, _NOISE_DEVIATIONS * _noise(smooth))
    inked = contrast[smooth > floor]
    if not inked.size:
        return blank
    full = max(quantile(inked, 0.9), floor)
    rest = min(2 * _noise(contrast), 0.3 * full)
    ink = ((contrast - rest) / (full - rest)).clip(0, 1).astype(np.float32)
    return blank if _is_grain(ink) else ink


def as_mnist(ink: np.ndarray) -> np.ndarray:
    """Turn one digit's ink, float (H, W) in [0, 1], into uint8 (28, 28) as MNIST makes its digits.

    The ink fills a 20x20 box and is centred by mass; strokes far thinner or thicker than MNIST's
    are brought to its width. A digit that is of MNIST's size already keeps its pixels.
    """
    ink = trim(ink, 0.1)
    large, changed = _restroke(_even(_resized(ink)))
    if not changed and _NEAR_MNIST[0] <= max(ink.shape) <= _NEAR_MNIST[1]:
        digit = centre_by_mass(_bytes(ink))
    else:
        digit = mnist_digit(_bytes(large))
    strokes = digit[digit > 25]
    gain = 255 / max(quantile(strokes, 0.9), 100.0)
    return _bytes(digit / 255 * gain) if gain > 1.05 else digit


def _bytes(ink: np.ndarray) -> np.ndarray:
    return np.rint(ink.clip(0, 1) * 255).astype(np.uint8)


def _noise(values: np.ndarray) -> float:
    """Return the standard deviation of the paper's noise, from the half where there is no ink."""
    middle = quantile(values, 0.5)
    return 1.4826 * quantile(middle - values[values <= middle], 0.5)


def quantile(values: np.ndarray, share: float) -> float:
    """Return what a share of the values lies below; of few of them in a tenth of NumPy's time."""
    place = share * (values.size - 1)
    low = int(place)
    high = min(low + 1, values.size - 1)
    ends = np.partition(values, (low, high), axis=None)[[low, high]]
    least, most = ends.astype(np.result_type(values, np.float32))
    return float(least + (most - least) * (place - low))


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
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    surfaces = np.broadcast_arrays(1.0, x, y, x * x, x * y, y * y)
    terms = np.stack(surfaces).reshape(6, -1)
    values = grey.ravel().astype(np.float64)
    surface = np.full_like(values, quantile(values, 0.75))
    for _ in range(20):
        # Quantile regression by reweighting: ink lies below the surface and pulls little.
        above = values > surface
        weights = np.where(above, 0.75, 0.25) / np.maximum(abs(values - surface), 0.01)
        weighted = terms * weights
        before = surface
        surface = terms.T @ np.linalg.solve(weighted @ terms.T, weighted @ values)
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
    strength = smooth(ndimage.maximum_filter(ink, reach), reach / 3)
    return ink / strength.clip(0.4, 1)


def smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Smooth float32 (H, W) by a wide Gaussian, edges mirrored: a product of cosine terms."""
    from scipy import fft  # not every picture needs it

    spectrum = fft.dctn(values, overwrite_x=True)
    for axis, side in enumerate(values.shape):
        spectrum *= np.expand_dims(_frequency_gain(side, sigma), 1 - axis)
    return fft.idctn(spectrum, overwrite_x=True)


@lru_cache(maxsize=256)
def _frequency_gain(side: int, sigma: float) -> np.ndarray:
    """Return what a Gaussian leaves of each cosine over a side, float32 (side,)."""
    return np.exp(-0.5 * (sigma * np.pi / side * np.arange(side)) ** 2).astype(np.float32)


def _restroke(ink: np.ndarray) -> tuple[np.ndarray, bool]:
    """Bring strokes far from MNIST's width to it; tell whether that was needed.

    `ink` is trimmed to one digit; the result has a margin.
    """
    pixel = max(ink.shape) / 20
    ink = np.pad(ink, round(2 * pixel))
    inside = ink > min(0.5, 0.5 * float(ink.max()))
    coarse = coarse_stroke(inside, pixel) / pixel
    if _THINNEST + COARSE_ERROR <= coarse <= _THICKEST - COARSE_ERROR:
        return ink, False
    width, depth = exact_stroke(inside)
    stroke = width / pixel
    if _THINNEST <= stroke <= _THICKEST:
        return ink, False
    wanted = _THINNEST_BECOMES if stroke < _THINNEST else _THICKEST_BECOMES
    grow = (wanted - stroke) / 2 * pixel
    outside = ndimage.distance_transform_edt(~inside)
    return (0.5 + grow - (outside - depth)).clip(0, 1), True


def coarse_stroke(inside: np.ndarray, pixel: float) -> float:
    """Return about how wide the strokes of `inside`, bool (H, W), are on average; 0 of specks.

    Measured on few of the pixels: hardly ever further off than COARSE_ERROR times `pixel`, but for
    ink much wider than a stroke.
    """
    step = max(1, int(pixel / _COARSE))
    core = inside[::step, ::step]
    area = depths = np.count_nonzero(core)
    if not area:
        return 0.0
    # Off with a rim of four neighbours, then of eight, in turns: nearly as far as a circle goes.
    square = False
    while core.size and (left := np.count_nonzero(core := _core(core, square))):
        depths += left
        square = not square
    return _width(depths / area) * step


def exact_stroke(inside: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean width of strokes, and how far each pixel (H, W) in them is from an edge."""
    depth = ndimage.distance_transform_edt(inside)
    return _width(float(depth[inside].mean())), depth


def _core(inside: np.ndarray, square: bool) -> np.ndarray:
    """Return which pixels have all their neighbours inside, without the array's outermost ones."""
    tall = inside[1:-1] & inside[:-2] & inside[2:]
    if square:
        return tall[:, 1:-1] & tall[:, :-2] & tall[:, 2:]
    return tall[:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]


def _width(depth: float) -> float:
    """Return the mean width of strokes, given how far their pixels are from an edge on average."""
    # Across a bar of width w the distance to the edge is w / 4 on average, pixels counted from 1/2.
    return 4 * (depth - 0.5)
