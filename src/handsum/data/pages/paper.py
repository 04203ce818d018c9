"""Paper and what is on it before anybody writes: rulings, forms, shadows, edges, stains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

Random = np.random.Generator


def smooth_field(size: int, cells: int, random: Random) -> np.ndarray:
    """A smooth random field (size, size) with values from 0 to 1."""
    coarse = random.random((cells + 1, cells + 1)).astype(np.float32)
    image = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image).clip(0, 1)


def coordinates(size: int, angle: float, random: Random) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along and across lines of a page that is turned, from a random origin."""
    place = np.arange(size, dtype=np.float32)
    x, y = place[None, :] - random.uniform(0, size), place[:, None] - random.uniform(0, size)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cos * x + sin * y, cos * y - sin * x


def _lines(places: np.ndarray, pitch: float, half: float) -> np.ndarray:
    away = np.abs((places + pitch / 2) % pitch - pitch / 2)
    return np.clip(half + 0.5 - away, 0, min(1.0, 2 * half))


def ruled(size: int, height: float, angle: float, random: Random) -> np.ndarray:
    """Ruled lines, perhaps with a margin line."""
    x, y = coordinates(size, angle, random)
    half = random.uniform(0.4, 2.2)
    ink = _lines(y, height * random.uniform(1.0, 2.4), half)
    if random.random() < 0.25:
        ink = np.maximum(ink, np.clip(half + 0.5 - np.abs(x), 0, 1))
    return ink


def squared(size: int, height: float, angle: float, random: Random) -> np.ndarray:
    """Squared paper, dark or light, with cells from a third of a digit to two digits."""
    x, y = coordinates(size, angle, random)
    pitch, half = max(7.0, height * random.uniform(0.3, 2.0)), random.uniform(0.4, 1.6)
    return np.maximum(_lines(x, pitch, half), _lines(y, pitch, half))


def dotted(size: int, height: float, angle: float, random: Random) -> np.ndarray:
    """Dotted paper."""
    x, y = coordinates(size, angle, random)
    pitch, half = max(8.0, height * random.uniform(0.4, 1.2)), random.uniform(0.8, 2.5)
    return np.minimum(_lines(x, pitch, half), _lines(y, pitch, half))


def table(size: int, height: float, angle: float, random: Random) -> np.ndarray:
    """Lines of a table."""
    x, y = coordinates(size, angle, random)
    half = random.uniform(0.5, 3.0)
    across = _lines(x, height * random.uniform(1.5, 6), half)
    return np.maximum(across, _lines(y, height * random.uniform(1.4, 2.5), half))


def guilloche(size: int, height: float, angle: float, random: Random) -> np.ndarray:
    """The waves on a cheque, which may cross one another."""
    ink = np.zeros((size, size), np.float32)
    for _ in range(int(random.integers(1, 4))):
        x, y = coordinates(size, random.uniform(-1.6, 1.6), random)
        wave = sum(
            random.uniform(2, 14) * np.sin(x * random.uniform(0.02, 0.15) + random.uniform(0, 6))
            for _ in range(2)
        )
        np.maximum(ink, _lines(y + wave, random.uniform(6, 30), random.uniform(0.4, 1.2)), out=ink)
    return ink


def weave(size: int, height: float, angle: float, random: Random) -> np.ndarray:
    """Small dark and light patches that repeat, as on cheques."""
    x, y = coordinates(size, angle, random)
    along, across = 2 * np.pi / random.uniform(4, 14, 2)
    pattern = np.sin(x * along + np.sin(y * across)) * np.sin(y * across)
    return np.clip(0.5 + random.uniform(0.5, 2) * pattern, 0, 1)


def microprint(size: int, height: float, angle: float, random: Random) -> np.ndarray:
    """A raster, or texture with edges, as on paper that must not be copied."""
    field = smooth_field(size, int(random.integers(12, 60)), random)
    return np.clip((field - random.uniform(0.3, 0.7)) * random.uniform(2, 12), 0, 1)


LINES = (ruled, squared, dotted, table)
PRINTS: tuple[Callable[[int, float, float, Random], np.ndarray], ...] = (
    ruled, squared, squared, dotted, table, guilloche, guilloche, weave, microprint,
)  # fmt: skip


def shadow(size: int, random: Random) -> np.ndarray:
    """How much light a shadow leaves, from 0 to 1; its edge is hard or soft, straight or bent."""
    x, _ = coordinates(size, random.uniform(0, 2 * np.pi), random)
    edge = x + random.uniform(-1, 1) * size / 3
    edge = edge + random.uniform(0, 40) * (smooth_field(size, 4, random) - 0.5)
    soft = np.exp(random.uniform(np.log(0.7), np.log(160)))
    return 1 - random.uniform(0.15, 0.75) / (1 + np.exp(np.clip(-edge / soft, -30, 30)))


def light(size: int, random: Random) -> np.ndarray:
    """The light on a page, from 0 to 1: even, falling, or with a shadow, hard or soft."""
    level = random.uniform(0.55, 1.0)
    lit = np.full((size, size), level, np.float32)
    x, _ = coordinates(size, random.uniform(0, 2 * np.pi), random)
    if random.random() < 0.5:
        lit *= 1 + random.uniform(0, 0.6) * np.clip(x / size, -1, 1)
    if random.random() < 0.3:
        lit *= shadow(size, random)
    if random.random() < 0.3:
        lit *= 1 - random.uniform(0, 0.25) * smooth_field(size, int(random.integers(2, 9)), random)
    return lit.clip(0, 1)


def edge(size: int, random: Random) -> np.ndarray:
    """How much each pixel belongs to the desk beside the page, a strip, or a gutter: 0 to 1."""
    turn = random.normal(0, 0.15) + np.pi / 2 * random.integers(4)
    x, _ = coordinates(size, turn, random)
    out = np.exp(random.uniform(np.log(0.01), np.log(0.4))) * size
    place = x - x.min()
    soft = 0.8 if random.random() < 0.7 else np.exp(random.uniform(0, 3.5))
    return 1 / (1 + np.exp(np.clip((place - out) / soft, -30, 30)))


def desk(size: int, random: Random) -> np.ndarray:
    """The brightness of a desk: plain, or with a grain."""
    tone = random.uniform(0, 0.9)
    x, y = coordinates(size, random.uniform(0, np.pi), random)
    grain = 0.15 * random.random() * np.sin(y * random.uniform(0.1, 0.8) + 2 * np.sin(x / 40))
    return (tone + grain * smooth_field(size, 6, random)).clip(0, 1)


def background(size: int, height: float, angle: float, random: Random) -> np.ndarray:
    """The brightness of paper with its prints for writing of a height and angle, from 0 to 1."""
    page = light(size, random)
    if random.random() < 0.45:
        for _ in range(1 if random.random() < 0.85 else 2):
            make = PRINTS[int(random.integers(len(PRINTS)))]
            most = 0.75 if make in LINES else 0.45
            page = page * (1 - random.uniform(0.05, most) * make(size, height, angle, random))
    if random.random() < 0.08:
        # A highlighter or a coloured note.
        x, y = np.meshgrid(np.arange(size), np.arange(size))
        x0, y0 = random.uniform(-0.2, 0.8, 2) * size
        inside = (x > x0) & (x < x0 + random.uniform(0.2, 1) * size)
        inside &= (y > y0) & (y < y0 + random.uniform(0.1, 0.8) * size)
        page = page * (1 - random.uniform(0.05, 0.4) * inside)
    return page
