"""From grey to ink, in any light, on any paper, with any pen; and from ink to MNIST's form."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum import stopping
from handsum.images import DIGIT_SIZE, centre_by_mass, mnist_digit, trim

# Larger pictures are reduced by a whole factor before anything is found in them.
_WORKING_PIXELS = 8_000_000
# Ink differs from its paper by at least this share of the paper's brightness; creases differ less.
LEAST_CONTRAST = 0.08
# Darker paper counts as this bright: otherwise the noise of black paper would count as contrast.
_DARKEST_PAPER = 0.2
_NOISE_DEVIATIONS = 6.0
# The background is estimated on a picture whose short side is about this long.
_BACKGROUND_SIDE = 64
_BACKGROUND_PIXELS = 1_000_000
# With this share of light pixels near the ink the paper is clearly light; of dark ones, dark.
_CLEARLY_PAPER = 0.8
# Otherwise the edge of the picture has this weight against the rest.
_EDGE_WEIGHT = 0.75
# The fit of the light has converged once it changes by less than this.
_CONVERGED = 1e-3
# Nine of ten MNIST digits have strokes 2 to 4.2 pixels wide; others are brought to these widths.
_THINNEST, _THINNEST_BECOMES = 1.6, 2.2
_THICKEST, _THICKEST_BECOMES = 4.6, 4.0
# Points for each MNIST pixel when a stroke is measured coarsely, and the error of that.
_COARSE, COARSE_ERROR = 2.0, 0.3
# Digits within this of MNIST's 20 pixels keep their pixels: resampling would only blur them.
_NEAR_MNIST = (18, 21)
# Pictures in one step when the colour of the ink is found, to bound the memory.
_AT_ONCE = 4096


def shrink(grey: np.ndarray) -> tuple[np.ndarray, int]:
    """Reduce a large grey picture, float (H, W), by a whole factor; return both."""
    if not grey.size:
        return np.zeros((1, 1), np.float32), 1
    factor = int(np.ceil((grey.size / _WORKING_PIXELS) ** 0.5))
    return np.asarray(Image.fromarray(np.asarray(grey, np.float32)).reduce(factor)), factor


def ink_map(grey: np.ndarray) -> np.ndarray:
    """Return the amount of ink in each pixel, float32 (H, W) from 0 (paper) to 1 (a full stroke).

    `grey` is float (H, W) in [0, 1]; the ink may be dark or light, the light uneven. All zero if
    nothing stands out from the paper and its noise.
    """
    blank = np.zeros(grey.shape, np.float32)
    if min(grey.shape) < 5 or np.ptp(grey) < LEAST_CONTRAST:
        return blank
    paper, dark_ink = _paper(grey)
    stopping.check()
    if not dark_ink:
        grey = 1 - grey
    contrast = (paper - grey) / np.maximum(paper, _DARKEST_PAPER)
    contrast -= np.float32(quantile(contrast, 0.5))
    smooth = ndimage.gaussian_filter(contrast, 1.0)
    floor = max(LEAST_CONTRAST, _NOISE_DEVIATIONS * _noise(smooth))
    inked = contrast[smooth > floor]
    if not inked.size:
        return blank
    full = max(quantile(inked, 0.9), floor)
    rest = min(2 * _noise(contrast), 0.3 * full)
    ink = ((contrast - rest) / (full - rest)).clip(0, 1).astype(np.float32)
    return blank if is_grain(ink) else ink


def is_ink_dark(images: np.ndarray) -> np.ndarray:
    """Return whether each picture (N, H, W) has ink darker than its paper: bool (N,).

    Near ink most pixels are paper. If that is not clear, as in a picture that is cut tight around a
    thick digit, it is decided mainly at the edge, which shows most paper. False for blank pictures.
    """
    parts = np.array_split(images, max(1, -(-len(images) // _AT_ONCE)))
    return np.concatenate([_is_ink_dark(part.astype(np.float32, copy=False)) for part in parts])


def _is_ink_dark(images: np.ndarray) -> np.ndarray:
    near, light = near_ink(images)
    light &= near
    share = _share(light.sum(axis=(1, 2)), near.sum(axis=(1, 2)))
    at_edge = _share(_edges(light).sum(axis=1), _edges(near).sum(axis=1))
    clear = (np.abs(share - 0.5) >= _CLEARLY_PAPER - 0.5) | np.isnan(at_edge)
    return np.where(clear, share, share + _EDGE_WEIGHT * (at_edge - share)) >= 0.5


def near_ink(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which pixels of pictures (N, H, W) are near ink, and which are light, both bool."""
    window = max(5, round(0.6 * min(images.shape[1:])))
    high = ndimage.maximum_filter(images, (1, window, window))
    low = ndimage.minimum_filter(images, (1, window, window))
    contrast = high - low
    near = contrast > 0.5 * contrast.max(axis=(1, 2), keepdims=True)
    return near, images > (high + low) / 2


def _share(some: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return some / of, NaN for nothing of nothing."""
    return np.divide(some, of, out=np.full(len(of), np.nan), where=of > 0)


def _edges(images: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of images (N, H, W): (N, E)."""
    sides = (images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1])
    return np.concatenate(sides, axis=1)


def as_mnist(ink: np.ndarray) -> np.ndarray:
    """Turn the ink of one digit, float (H, W) in [0, 1], into an MNIST digit, uint8 (28, 28).

    The ink fills a 20x20 box and is centred by mass. Strokes much thinner or thicker than MNIST's
    are brought to its width. A digit that has MNIST's size already keeps its pixels.
    """
    ink = trim(ink, 0.1)
    large, changed = _restroke(_even(_resized(ink)))
    if not changed and _NEAR_MNIST[0] <= max(ink.shape) <= _NEAR_MNIST[1]:
        digit = centre_by_mass(as_bytes(ink))
    else:
        digit = mnist_digit(as_bytes(large))
    strokes = digit[digit > 25]
    gain = 255 / max(quantile(strokes, 0.9), 100.0)
    return as_bytes(digit / 255 * gain) if gain > 1.05 else digit


def as_bytes(ink: np.ndarray) -> np.ndarray:
    """Scale [0, 1] to uint8."""
    return np.rint(ink.clip(0, 1) * 255).astype(np.uint8)


def _noise(values: np.ndarray) -> float:
    """Return the standard deviation of the paper's noise, from the half without ink."""
    middle = quantile(values, 0.5)
    return 1.4826 * quantile(middle - values[values <= middle], 0.5)


def quantile(values: np.ndarray, share: float) -> float:
    """Return the quantile of the values; for few values ten times as fast as NumPy's."""
    place = share * (values.size - 1)
    low = int(place)
    high = min(low + 1, values.size - 1)
    ends = np.partition(values, (low, high), axis=None)[[low, high]]
    least, most = ends.astype(np.result_type(values, np.float32))
    return float(least + (most - least) * (place - low))


def is_grain(ink: np.ndarray, share: float = 0.2) -> bool:
    """Return whether ink is unrelated dots: a mean over 3x3 pixels leaves 1/9 of their variance.

    It leaves 1/3 of the variance of a line one pixel wide, and more of anything wider.
    """
    return bool(ndimage.uniform_filter(ink, 3).var() < share * ink.var())


def _paper(grey: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the brightness of the paper (H, W), and whether the ink is darker than it.

    If the ink is lighter, the brightness is that of the negative.
    """
    height, width = grey.shape
    # Only of a strip more than sixty times as long as it is wide would the short side be too long.
    least = int(np.ceil((grey.size / _BACKGROUND_PIXELS) ** 0.5))
    factor = max(1, min(height, width) // _BACKGROUND_SIDE, least)
    size = (-(-width // factor), -(-height // factor))
    small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
    dark_ink = bool(is_ink_dark(small[None])[0])
    if not dark_ink:
        small = 1 - small
    trend = _trend(small)
    # Closing fills dark areas narrower than the window: strokes, not shadows.
    window = max(5, round(0.4 * min(small.shape)))
    flat = ndimage.gaussian_filter(small - trend, 1.0)
    local = ndimage.grey_closing(flat, (window, window))
    paper = Image.fromarray((local + trend).astype(np.float32))
    return np.asarray(paper.resize((width, height), Image.Resampling.BILINEAR)), dark_ink


def _trend(grey: np.ndarray) -> np.ndarray:
    """Fit a second-order surface along the upper quartile of `grey`: the light on the paper."""
    height, width = grey.shape
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    surfaces = np.broadcast_arrays(1.0, x, y, x * x, x * y, y * y)
    terms = np.stack(surfaces).reshape(6, -1)
    values = grey.ravel().astype(np.float64)
    surface = np.full_like(values, quantile(values, 0.75))
    for _ in range(20):
        stopping.check()
        # Quantile regression by reweighting: ink lies below the surface and has little weight.
        above = values > surface
        weights = np.where(above, 0.75, 0.25) / np.maximum(abs(values - surface), 0.01)
        weighted = terms * weights
        before = surface
        surface = terms.T @ np.linalg.solve(weighted @ terms.T, weighted @ values)
        if np.abs(surface - before).max() < _CONVERGED:
            break
    return surface.reshape(grey.shape)


def _resized(ink: np.ndarray) -> np.ndarray:
    """Resize ink: fine enough to measure a stroke, coarse enough to be fast."""
    longest = max(ink.shape)
    scale = min(max(longest, 4 * DIGIT_SIZE), 20 * DIGIT_SIZE) / longest
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, method))


def _even(ink: np.ndarray) -> np.ndarray:
    """Strengthen the pale parts of a digit, where the pen was lighter or out of focus."""
    reach = max(3, max(ink.shape) // 5)
    strength = smooth(ndimage.maximum_filter(ink, reach), reach / 3)
    return ink / strength.clip(0.4, 1)


def smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Smooth float32 (H, W) with a wide Gaussian, edges mirrored, in the cosine domain."""
    from scipy import fft  # not every picture needs it

    spectrum = fft.dctn(values, overwrite_x=True)
    for axis, side in enumerate(values.shape):
        spectrum *= np.expand_dims(_frequency_gain(side, sigma), 1 - axis)
    return fft.idctn(spectrum, overwrite_x=True)


@lru_cache(maxsize=256)
def _frequency_gain(side: int, sigma: float) -> np.ndarray:
    """Return the factor of a Gaussian for each cosine over a side, float32 (side,)."""
    return np.exp(-0.5 * (sigma * np.pi / side * np.arange(side)) ** 2).astype(np.float32)


def _restroke(ink: np.ndarray) -> tuple[np.ndarray, bool]:
    """Bring strokes far from MNIST's width to it; also return whether that was needed.

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
    """Return the approximate mean width of the strokes of `inside`, bool (H, W); 0 for specks.

    Measured on few of the pixels: the error is rarely more than COARSE_ERROR times `pixel`, except
    for ink much wider than a stroke.
    """
    step = max(1, int(pixel / _COARSE))
    core = inside[::step, ::step]
    area = depths = np.count_nonzero(core)
    if not area:
        return 0.0
    # Peel by four neighbours, then by eight, in turns: nearly a circle.
    square = False
    while core.size and (left := np.count_nonzero(core := _core(core, square))):
        depths += left
        square = not square
    return _width(depths / area) * step


def exact_stroke(inside: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean width of strokes, and the distance of each pixel (H, W) to their edge."""
    depth = ndimage.distance_transform_edt(inside)
    return _width(float(depth[inside].mean())), depth


def _core(inside: np.ndarray, square: bool) -> np.ndarray:
    """Return the pixels with all their neighbours inside; the outermost ones are cut off."""
    tall = inside[1:-1] & inside[:-2] & inside[2:]
    if square:
        return tall[:, 1:-1] & tall[:, :-2] & tall[:, 2:]
    return tall[:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]


def _width(depth: float) -> float:
    """Return the mean width of strokes from the mean distance of their pixels to an edge."""
    # Across a bar of width w the distance to the edge is w / 4 on average, pixels counted from 1/2.
    return 4 * (depth - 0.5)
