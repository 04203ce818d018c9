"""Corruptions of digits, to measure how robust a reader is; each has one strength.

After Mu and Gilmer, "MNIST-C: a robustness benchmark for computer vision" (2019), with strengths of
our own: compare the figures with each other, not with the paper's.
All take digits uint8 (N, 28, 28), white on black, and a random generator, and return such digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy import ndimage

Corruption = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _noise(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    grain = random.normal(scale=50, size=images.shape)
    return (images + grain).clip(0, 255).astype(np.uint8)


def _blur(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return ndimage.gaussian_filter(images, (0, 1.2, 1.2))


def _thick(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return ndimage.grey_dilation(images, (1, 3, 3))


def _thin(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return ndimage.grey_erosion(images, (1, 2, 2))


def _rotation(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    angle = np.radians(random.uniform(15, 30, len(images)) * random.choice([-1, 1], len(images)))
    cos, sin = np.cos(angle), np.sin(angle)
    return _linear(images, np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], 1))


def _shear(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    lean = random.uniform(0.3, 0.6, len(images)) * random.choice([-1, 1], len(images))
    one, zero = np.ones(len(images)), np.zeros(len(images))
    return _linear(images, np.stack([np.stack([one, zero], -1), np.stack([lean, one], -1)], 1))


def _occlusion(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    covered = images.copy()
    for image, (top, left) in zip(covered, random.integers(6, 17, (len(images), 2)), strict=True):
        image[top : top + 6, left : left + 6] = 0
    return covered


def _linear(images: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Transform each image about its centre; `matrices` (N, 2, 2) map pixels to their sources."""
    centre = (images.shape[1] - 1) / 2
    grid = np.indices(images.shape[1:]) - centre
    sources = np.einsum("nij,jyx->niyx", matrices, grid) + centre
    rows = np.arange(len(images))[:, None, None] * np.ones(images.shape[1:])
    places = np.stack([rows, sources[:, 0], sources[:, 1]])
    return ndimage.map_coordinates(images, places, order=1, mode="constant")


CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "noise": _noise,
        "blur": _blur,
        "thick strokes": _thick,
        "thin strokes": _thin,
        "rotation": _rotation,
        "shear": _shear,
        "occlusion": _occlusion,
    }
)
