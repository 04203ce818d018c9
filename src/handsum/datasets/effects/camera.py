"""The camera: its shake, its focus and its sensor, the screen or print before it, the file.

Each function takes a picture float (H, W) or (H, W, 3) in [0, 255], the height of a line in pixels,
the strength of the effect and a random generator, and returns the picture and what it drew.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum.datasets.effects.scene import Effects, Random

Shot = Callable[[np.ndarray, float, float, Random], tuple[np.ndarray, float]]

# The maximum of each effect at strength 1. Lengths are shares of a line's height.
_BLUR, _SHAKE, _NOISE, _QUALITY = 1 / 32, 1 / 10, 28.0, (95, 15)
_MOIRE = 0.22
# Pixels between the dots of a raster.
_PITCHES = (2.0, 4.0)


def moire(
    picture: np.ndarray, unit: float, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """Bands, as of a screen that is photographed: in colour where the picture is."""
    amount = round(_MOIRE * strength * float(rng.random()), 4)
    rows, columns = np.indices(picture.shape[:2], np.float32)
    angle, period = rng.uniform(0, np.pi), unit * rng.uniform(0.12, 0.9)
    bend = 0.3 * unit * np.sin(columns / (3 * unit) + rng.uniform(0, 6))
    place = np.cos(angle) * columns + np.sin(angle) * (rows + bend)
    phases = rng.uniform(0, 2 * np.pi, 3)
    waves = np.cos(2 * np.pi * place[..., None] / period + phases)
    light = 1 + amount * (waves if picture.ndim == 3 else waves.mean(-1))
    # Between the bands the dots of the screen show.
    fine = np.cos(np.pi * rows) * np.cos(np.pi * columns)
    light = light + 0.3 * amount * (fine[..., None] if picture.ndim == 3 else fine)
    return picture * light.astype(np.float32), amount


def motion(
    picture: np.ndarray, unit: float, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """The camera moved along a straight line: how far in pixels."""
    length = round(_SHAKE * unit * strength * float(rng.random()), 3)
    angle = rng.uniform(0, np.pi)
    steps = int(np.ceil(length)) + 1
    side = 2 * (steps // 2) + 3
    kernel = np.zeros((side, side))
    for share in np.linspace(-0.5, 0.5, 4 * steps):
        x, y = side // 2 + share * length * np.array([np.cos(angle), np.sin(angle)])
        left, top = int(x), int(y)
        right, low = x - left, y - top
        kernel[top : top + 2, left : left + 2] += np.outer([1 - low, low], [1 - right, right])
    kernel /= kernel.sum()
    moved = picture.astype(np.float32)
    shaped = kernel if picture.ndim == 2 else kernel[..., None]
    return ndimage.convolve(moved, shaped.astype(np.float32), mode="nearest"), length


def blur(
    picture: np.ndarray, unit: float, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """Out of focus: the standard deviation in pixels."""
    sigma = _BLUR * unit * strength * rng.random()
    spread = (sigma, sigma, 0)[: picture.ndim]
    return ndimage.gaussian_filter(picture, spread, mode="nearest"), round(float(sigma), 3)


def noise(
    picture: np.ndarray, unit: float, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """The noise of a sensor: its standard deviation."""
    deviation = _NOISE * strength * rng.random()
    grain = rng.standard_normal(picture.shape[:2], np.float32)
    if picture.ndim == 3:
        # Camera noise is mostly the same in all channels.
        grain = 0.85 * grain[..., None] + 0.53 * rng.standard_normal(picture.shape, np.float32)
    return picture + np.float32(deviation) * grain, round(float(deviation), 3)


def halftone(
    picture: np.ndarray, unit: float, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """Dots, as in print, or the two tones of a fax: how much of the picture is so."""
    amount = round(strength * float(rng.random()), 4)
    rows, columns = np.indices(picture.shape[:2], np.float32)
    if rng.random() < 0.5:
        angle, pitch = rng.uniform(0.2, 1.2), rng.uniform(*_PITCHES)
        x = np.cos(angle) * columns + np.sin(angle) * rows
        y = np.cos(angle) * rows - np.sin(angle) * columns
        screen = 127 + 60 * (np.cos(2 * np.pi * x / pitch) + np.cos(2 * np.pi * y / pitch))
        softness = 25.0
    else:
        tone = picture if picture.ndim == 2 else picture.mean(-1)
        paper = ndimage.uniform_filter(tone, max(3, round(unit)))
        screen = paper + rng.uniform(-45, -20) * np.sign(np.median(tone) - 110)
        softness = 4.0
    screen = screen[..., None] if picture.ndim == 3 else screen
    tones = 255 / (1 + np.exp(np.clip((screen - picture) / softness, -30, 30)))
    return picture + amount * (tones.astype(np.float32) - picture), amount


# In the order in which light takes them, before the file.
SHOTS: Mapping[str, Shot] = MappingProxyType(
    {"moire": moire, "motion": motion, "blur": blur, "noise": noise, "halftone": halftone}
)


def take(picture: np.ndarray, unit: float, effects: Effects) -> np.ndarray:
    """Photograph a picture, float (H, W) or (H, W, 3), and save it: uint8, of the same shape."""
    for name, shoot in SHOTS.items():
        if name in effects:
            strength, rng = effects.strengths[name], effects.rngs[name]
            picture, effects.values[name] = shoot(picture, unit, strength, rng)
    pixels = np.rint(picture.clip(0, 255)).astype(np.uint8)
    if "jpeg" in effects:
        best, worst = _QUALITY
        effects.values["jpeg"] = quality = round(best - (best - worst) * effects.amount("jpeg"))
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
        pixels = np.asarray(Image.open(buffer))
    return pixels
