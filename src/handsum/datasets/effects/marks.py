"""What happens to paper: folds, stains, a stamp, a highlighter, a staple, the other side's ink.

Each function takes a picture float32 (H, W, 3) in [0, 255], its scene, the strength of the effect
and a random generator, and returns the picture and what it drew. None moves or hides a digit, so
boxes, masks and strokes stay as they are. What is not on every sheet is on a share of them that
grows with the strength, and 0 is recorded for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from handsum.datasets.effects.ink import overlay
from handsum.datasets.effects.scene import Random, Scene, smooth_field

Mark = Callable[[np.ndarray, Scene, float, Random], tuple[np.ndarray, float]]

# The share of sheets with a mark at strength 1, and the greatest opacity of each.
_SHARE = 0.7
_BLEED, _FOLD, _STAIN, _TINT, _STAMP = 0.3, 0.35, 0.55, 0.9, 0.75
_COFFEE = (116, 78, 40)
_TINTS = ((255, 240, 60), (140, 255, 120), (255, 160, 205), (140, 215, 255), (255, 190, 90))
_STAMPS = ((180, 30, 40), (40, 60, 160), (90, 40, 130), (30, 110, 70))
# No stamp has a digit, which would have to be read.
_WORDS = ("PAID", "COPY", "RECEIVED", "VOID", "DRAFT", "CHECKED", "FINAL", "URGENT")


def _glaze(picture: np.ndarray, cover: np.ndarray, color: tuple[int, ...]) -> np.ndarray:
    """Lay a transparent colour over a picture where there is some, (H, W) in [0, 1]."""
    tone = np.array(color, np.float32) / 255
    glazed: np.ndarray = picture * (1 - cover[..., None].astype(np.float32) * (1 - tone))
    return glazed


def _amount(most: float, strength: float, rng: Random) -> float:
    """How much there is of a mark that is not on every sheet: up to `most`, or 0."""
    amount = round(most * strength * float(rng.random()), 4)
    return amount if rng.random() <= _SHARE * strength else 0.0


def bleed(
    picture: np.ndarray, scene: Scene, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """The writing on the other side shows through, mirrored and soft."""
    opacity = round(_BLEED * strength * float(rng.random()), 4)
    reach = 0.35 * scene.unit
    shift = rng.uniform(-reach, reach, 2)
    other = ndimage.shift(overlay(scene.inks, scene.size)[:, ::-1], shift, order=1)
    soft = ndimage.gaussian_filter(other, 0.025 * scene.unit)
    # Paper takes most of the colour.
    return _glaze(picture, opacity * soft, (70, 70, 80)), opacity


def folds(
    picture: np.ndarray, scene: Scene, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """One or two creases: a dark line, and another light on either side."""
    if not (depth := _amount(_FOLD, strength, rng)):
        return picture, 0.0
    rows, columns = np.indices(scene.size, np.float32)
    light = np.ones(scene.size, np.float32)
    for _ in range(int(rng.integers(1, 3))):
        angle = rng.normal(0, 0.03) + np.pi / 2 * int(rng.integers(2))
        away = np.cos(angle) * columns + np.sin(angle) * rows
        away -= away.min() + rng.random() * np.ptp(away)
        line = np.exp(-np.square(away / (0.012 * scene.unit + 0.6)))
        slope = np.sign(away) * np.exp(-np.abs(away) / (0.7 * scene.unit))
        light *= 1 - depth * (line + 0.3 * slope * rng.choice([-1, 1]))
    return picture * np.minimum(light, 1.1)[..., None], depth


def stains(
    picture: np.ndarray, scene: Scene, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """The ring of a cup, or drops of coffee."""
    if not (opacity := _amount(_STAIN, strength, rng)):
        return picture, 0.0
    rows, columns = np.indices(scene.size, np.float32)
    uneven = smooth_field(scene.size, (5, max(2, 5 * scene.size[1] // scene.size[0])), rng)
    cover = np.zeros(scene.size, np.float32)
    ring = rng.random() < 0.6
    for _ in range(1 if ring else int(rng.integers(2, 6))):
        radius = scene.unit * (rng.uniform(0.7, 2.2) if ring else rng.uniform(0.05, 0.4))
        y, x = rng.random(2) * scene.size
        away = np.hypot(rows - y, columns - x) + 0.03 * scene.unit * uneven - radius
        edge = np.exp(-np.square(away / (0.04 * scene.unit + 0.7)))
        inside = 1 / (1 + np.exp(np.clip(away, -30, 30)))
        cover = np.maximum(cover, edge + (0.25 if not ring else 0.1) * inside)
    cover *= (1 + 0.35 * uneven).clip(0.2, 1.4)
    return _glaze(picture, (opacity * cover).clip(0, 1), _COFFEE), opacity


def highlighter(
    picture: np.ndarray, scene: Scene, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """A broad transparent pen over a few characters of a row."""
    if not (opacity := _amount(_TINT, strength, rng)):
        return picture, 0.0
    boxes = scene.boxes
    first = int(rng.integers(len(boxes)))
    last = first
    while last + 1 < len(boxes) and _follows(boxes[last], boxes[last + 1]) and rng.random() < 0.8:
        last += 1
    low, high = boxes[first : last + 1, :2].min(0), boxes[first : last + 1, 2:].max(0)
    middle, half = (low + high) / 2, (high - low) / 2 * rng.uniform([1.0, 0.6], [1.1, 1.15])
    x, y = scene.places()
    wave = 0.04 * scene.unit * smooth_field(scene.size, (3, 8), rng)
    away = np.maximum(np.abs(x - middle[0]) - half[0], np.abs(y - middle[1]) - half[1]) + wave
    color = _TINTS[int(rng.integers(len(_TINTS)))]
    return _glaze(picture, opacity * (0.5 - away).clip(0, 1), color), opacity


def _follows(box: np.ndarray, other: np.ndarray) -> bool:
    """Whether a box is to the right of another one, in the same row."""
    return bool(other[0] > box[0] and other[1] < box[3] and other[3] > box[1])


def stamp(
    picture: np.ndarray, scene: Scene, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """A word in a frame, in transparent ink that is uneven."""
    if not (opacity := _amount(_STAMP, strength, rng)):
        return picture, 0.0
    size = max(8.0, scene.unit * rng.uniform(0.35, 0.8))
    font = ImageFont.load_default(size)
    word = _WORDS[int(rng.integers(len(_WORDS)))]
    left, top, right, bottom = (round(edge) for edge in font.getbbox(word))
    rim = max(3, round(0.35 * size))
    image = Image.new("L", (right - left + 2 * rim, bottom - top + 2 * rim))
    pen = ImageDraw.Draw(image)
    width = max(1, round(0.07 * size))
    pen.rounded_rectangle(
        (0, 0, image.width - 1, image.height - 1), 0.2 * size, outline=255, width=width
    )
    pen.text((rim - left, rim - top), word, 255, font)
    turned = image.rotate(float(rng.uniform(-30, 30)), Image.Resampling.BICUBIC, expand=True)
    place = (rng.uniform(-0.3, 1, 2) * scene.size[::-1]).astype(int)
    whole = Image.new("L", scene.size[::-1])
    whole.paste(turned, tuple(place.tolist()))
    cover = np.asarray(whole, np.float32) / 255
    down, across = (max(2, round(side / (0.15 * scene.unit))) for side in scene.size)
    cover *= (0.8 + 0.3 * smooth_field(scene.size, (down, across), rng)).clip(0, 1)
    return _glaze(picture, opacity * cover, _STAMPS[int(rng.integers(len(_STAMPS)))]), opacity


def staple(
    picture: np.ndarray, scene: Scene, strength: float, rng: Random
) -> tuple[np.ndarray, float]:
    """A staple near an upper corner, with its shadow."""
    length = round(float(rng.uniform(0.2, 0.4)) * strength, 4)
    if rng.random() > _SHARE * strength:
        return picture, 0.0
    half, wide = length * scene.unit / 2, max(0.5, 0.022 * scene.unit)
    angle = rng.uniform(-1, 1)
    middle = rng.uniform(0.1, 0.35, 2) * scene.unit
    if rng.random() < 0.5:
        middle[0] = scene.size[1] - middle[0]
    rows, columns = np.indices(scene.size, np.float32)
    along = np.cos(angle) * (columns - middle[0]) + np.sin(angle) * (rows - middle[1])
    across = np.cos(angle) * (rows - middle[1]) - np.sin(angle) * (columns - middle[0])

    def bar(shift: float) -> np.ndarray:
        away = np.maximum(np.abs(along) - half, np.abs(across - shift) - wide)
        return (0.5 - away).clip(0, 1)[..., None]

    shadowed = picture * (1 - 0.5 * ndimage.gaussian_filter(bar(1.6 * wide), (wide, wide, 0)))
    steel = 150 + 90 * np.exp(-np.square(across / wide - 0.3))[..., None]
    return shadowed + bar(0.0) * (steel - shadowed), length


# In the order in which they come upon the paper.
MARKS: Mapping[str, Mark] = MappingProxyType(
    {
        "bleed": bleed,
        "folds": folds,
        "stains": stains,
        "highlighter": highlighter,
        "stamp": stamp,
        "staple": staple,
    }
)
