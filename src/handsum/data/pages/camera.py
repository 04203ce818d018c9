"""From a page to the file: ink and paper become grey values, blurred, noisy and packed."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

Random = np.random.Generator
# Fewer pixels than these, in the height of a digit, show none.
_FEWEST = 10.0


def halve(values: np.ndarray) -> np.ndarray:
    """Means of squares of two by two pixels."""
    high, wide = values.shape
    return values.reshape(high // 2, 2, wide // 2, 2).mean((1, 3))


def _blur(picture: np.ndarray, radius: float) -> np.ndarray:
    image = Image.fromarray(np.rint(255 * picture.clip(0, 1)).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


def coarsen(picture: np.ndarray, height: float, random: Random) -> np.ndarray:
    """An enlargement of a picture of fewer pixels, or of two tones, from 0 to 1."""
    fewer = random.uniform(1, max(1.0, min(4.0, height / _FEWEST)))
    wide, high = (max(1, round(side / fewer)) for side in picture.shape[::-1])
    image = Image.fromarray(picture.astype(np.float32))
    small = np.asarray(image.resize((wide, high), Image.Resampling.BOX))
    if random.random() < 0.5:
        dark = np.quantile(small, 0.02)
        level = dark + random.uniform(0.4, 0.8) * (np.median(small) - dark)
        small = np.where(small > level, np.median(small), dark).astype(np.float32)
    softly = random.random() < 0.8
    method = Image.Resampling.BICUBIC if softly else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(small).resize(picture.shape[::-1], method)).clip(0, 1)


def take(picture: np.ndarray, height: float, faintest: float, random: Random) -> np.ndarray:
    """A photograph or scan, uint8 (H, W), of a page (H, W) from 0 to 1.

    `height` is that of the digits, and `faintest` the contrast of the palest ink: they limit the
    blur and the noise.
    """
    contrast = faintest
    if random.random() < 0.5:
        picture = _blur(picture, random.uniform(0, 0.075 * height) + 0.2)
    if random.random() < 0.5:
        low, high = random.uniform(0, 0.25), random.uniform(0.7, 1)
        picture = low + (high - low) * picture
        contrast *= high - low
    if random.random() < 0.2:
        picture = np.power(picture, np.float32(random.uniform(0.5, 2)))
    if random.random() < 0.6:
        strength = 0.16 * contrast * min(1.0, height / 24) * random.random() ** 2
        grain: np.ndarray = random.normal(0, strength, picture.shape).astype(np.float32)
        if random.random() < 0.4:
            grain = 1.6 * _blur(grain + 0.5, 0.8) - 0.8
        picture = picture + grain
    if random.random() < 0.05:
        # A fax, or a scan of two tones.
        picture = (picture > np.median(picture) - random.uniform(0.08, 0.3)).astype(np.float32)
    elif random.random() < 0.03:
        # A raster of dots, as in print.
        pitch = random.uniform(2, 3.5)
        x, y = np.meshgrid(np.arange(picture.shape[1]), np.arange(picture.shape[0]))
        dots = np.sin(2 * np.pi * (x + y) / 1.4 / pitch) * np.sin(2 * np.pi * (x - y) / 1.4 / pitch)
        picture = picture + random.uniform(0.1, 0.5) * dots * (1 - np.abs(2 * picture - 1))
    seen = np.rint(255 * picture.clip(0, 1)).astype(np.uint8)
    if random.random() < 0.35:
        packed = io.BytesIO()
        Image.fromarray(seen).save(packed, "JPEG", quality=int(random.integers(15, 92)))
        seen = np.asarray(Image.open(packed))
    return seen
