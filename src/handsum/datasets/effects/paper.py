"""Paper: its colour and its print, the light on it, its grain, and the desk beneath it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from handsum.datasets.effects.scene import Random, Scene, smooth_field

# The maximum of each effect at strength 1. Lengths are shares of a line's height.
_LIGHT, _STAIN, _GRAIN, _DRY_INK = 0.3, 0.035, 0.05, 0.5

_PENS = (
    (18, 18, 22), (24, 32, 60), (28, 58, 150), (40, 80, 190),
    (168, 28, 40), (20, 100, 62), (84, 84, 90), (82, 54, 38),
)  # fmt: skip
_CHALKS = ((245, 245, 240), (250, 235, 150), (190, 225, 250), (255, 205, 215))
_BOARDS = ((24, 48, 40), (30, 32, 36), (36, 40, 72), (70, 40, 36))
_PRINTS = ((110, 140, 200), (130, 130, 130), (220, 130, 140), (70, 110, 90))
_DESKS = ((150, 110, 72), (96, 66, 44), (60, 60, 64), (176, 172, 164), (40, 44, 52))
_CHALK_SHARE = 0.15
# Without `colors`, pictures are white on black or black on white.
BLACK, WHITE = np.zeros(3), np.full(3, 255.0)


def choose_print(rng: Random) -> np.ndarray:
    """The colour of what is printed, float32 (3,)."""
    return np.array(_PRINTS[int(rng.integers(len(_PRINTS)))], np.float32)


def lay_on_desk(picture: np.ndarray, scene: Scene, rng: Random) -> np.ndarray:
    """A page's picture, float32 (H, W, 3), with its shadow on the desk around it."""
    assert scene.edges is not None
    x, y = scene.places()
    left, top, right, bottom = scene.edges
    inside = np.minimum.reduce([x - left, right - x, y - top, bottom - y]).astype(np.float32)
    cover = (inside + 0.5).clip(0, 1)[..., None]
    tone = np.array(_DESKS[int(rng.integers(len(_DESKS)))], np.float32) * rng.uniform(0.6, 1.3)
    grain = smooth_field(scene.size, (40, 3) if rng.random() < 0.5 else (3, 40), rng)
    shadow = 1 - rng.uniform(0.1, 0.4) * np.exp(np.minimum(inside, 0) / (0.2 * scene.unit))
    desk = tone * (1 + 0.05 * grain[..., None]) * shadow[..., None]
    return (cover * picture + (1 - cover) * desk).astype(np.float32)


def draw_colors(
    strength: float, rng: Random
) -> tuple[np.ndarray, np.ndarray, dict[str, float | str]]:
    """Draw the colours of a pen and its paper; `strength` bounds how far from black and white."""
    chalk = rng.random() < _CHALK_SHARE * strength
    pens = _CHALKS if chalk else _PENS
    pen = np.array(pens[int(rng.integers(len(pens)))], np.float64)
    board = np.array(_BOARDS[int(rng.integers(len(_BOARDS)))], np.float64)
    # Paper is white, cream, grey or pale.
    value, tint = rng.uniform(170, 255), rng.uniform(0, 0.11) * rng.uniform(-1, 1, 3)
    page = (value * (1 + tint)).clip(150, 255)
    amount = strength * np.sqrt(rng.random())
    light, dark = WHITE, BLACK
    if chalk:
        ink, paper = light + amount * (pen - light), dark + amount * (board - dark)
    else:
        ink, paper = dark + amount * (pen - dark), light + amount * (page - light)
    ink, paper = np.rint(ink), np.rint(paper)
    return ink, paper, {"ink": _hex(ink), "paper": _hex(paper)}


def _hex(color: np.ndarray) -> str:
    return "#" + "".join(f"{int(value):02x}" for value in color)


def draw_lines(
    scene: Scene, strength: float, rng: Random
) -> tuple[np.ndarray, dict[str, float | str]]:
    """Draw printed lines: their opacity, float32 (H, W), and their description."""
    height = scene.unit
    pattern = ("rule", "ruled", "squared", "boxes")[int(rng.integers(4))]
    if scene.edges is not None:
        # A whole page has many lines, and no boxes but those of a form.
        pattern = {"rule": "ruled", "boxes": "squared"}.get(pattern, pattern)
    opacity = round(float(strength * rng.uniform(0.25, 1)), 4)
    half = height * rng.uniform(0.006, 0.016)
    pitch = height * rng.uniform(0.28, 0.75 if pattern == "squared" else 1.1)
    base = np.median(scene.boxes[:, 3]) + height * rng.uniform(-0.03, 0.06)
    x, y = scene.places()
    if pattern == "boxes":
        distance = _to_form(scene.boxes, height * 0.07, half, x, y)
    elif pattern == "rule":
        distance = np.abs(y - base)
    else:
        distance = _to_nearest(y - base, pitch)
        if pattern == "squared":
            distance = np.minimum(distance, _to_nearest(x - pitch * rng.random(), pitch))
    coverage = (half + 0.5 - distance).clip(0, 1).astype(np.float32)
    # A line thinner than a pixel becomes paler, not narrower.
    coverage *= opacity * min(1.0, 2 * half)
    return coverage, {"kind": pattern, "opacity": opacity}


def _to_form(
    digits: np.ndarray, rim: float, half: float, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """The distance of each pixel from a form's boxes, one around each digit with a margin `rim`."""
    lefts, rights = digits[:, 0], digits[:, 2]
    edges = np.array([lefts[0] - rim, *(lefts[1:] + rights[:-1]) / 2, rights[-1] + rim])
    top, bottom = digits[:, 1].min() - rim, digits[:, 3].max() + rim
    across = np.abs(x[..., None] - edges).min(axis=-1)
    along = np.minimum(np.abs(y - top), np.abs(y - bottom))
    within_height = (y > top - half) & (y < bottom + half)
    within_width = (x > edges[0] - half) & (x < edges[-1] + half)
    return np.minimum(
        np.where(within_height, across, np.inf), np.where(within_width, along, np.inf)
    )


def _to_nearest(values: np.ndarray, pitch: float) -> np.ndarray:
    return np.abs((values + pitch / 2) % pitch - pitch / 2)


def draw_texture(
    size: tuple[int, int], amount: float, rng: Random
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the change of light on the paper and the opacity of the ink, both float32 (H, W)."""
    height, width = size
    aspect = width / height
    light = smooth_field(size, (2, max(2, round(2 * aspect))), rng) * _LIGHT / 3
    stain = smooth_field(size, (6, max(2, round(6 * aspect))), rng) * _STAIN
    fibre = ndimage.gaussian_filter(rng.standard_normal(size, np.float32), (0.5, 0.9))
    patches = light + stain
    change = amount * (patches - patches.max() + _GRAIN * (fibre - 1))
    dry = smooth_field(size, (10, max(2, round(10 * aspect))), rng) + 1.5 * fibre
    cover = 1 - amount * _DRY_INK * (dry / 2).clip(0, 1)
    return change.astype(np.float32), cover.astype(np.float32)


def shade(picture: np.ndarray, light: np.ndarray, dark_paper: bool) -> np.ndarray:
    """Darken light paper, or lighten dark paper, by the change of light (H, W)."""
    if dark_paper:
        return 255 - (255 - picture) * (1 + light)[..., None].clip(0, 1)
    return picture * (1 + light)[..., None].clip(0, 1)
