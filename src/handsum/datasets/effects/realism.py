"""Realism: digits as they look in a photograph of paper.

Every effect has a strength in (0, 1], which bounds it, and records what it drew for each picture.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from scipy import ndimage

from handsum.datasets.effects import geometry
from handsum.datasets.effects.geometry import Frame
from handsum.datasets.effects.ink import Ink, draw, overlay
from handsum.datasets.effects.strokes import rewrite
from handsum.datasets.recipe import EFFECTS
from handsum.strokes import Strokes

Drawn = float | str | list[int] | list[float] | Mapping[str, float | str]

# The maximum of each effect at strength 1. Lengths are fractions of the picture's height.
_DEGREES = 8.0
_CORNER_SHIFT = 0.16
_BLUR = 1 / 32
_NOISE = 28.0
_QUALITY = (95, 15)
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
_BLACK, _WHITE = np.zeros(3), np.full(3, 255.0)
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, eq=False, repr=False)
class Effects:
    """The effects of one picture.

    Each has a strength, a random generator, and, once it was used, the `values` that it drew.
    """

    strengths: Mapping[str, float]
    rngs: Mapping[str, np.random.Generator]
    values: dict[str, Drawn] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.strengths

    def amount(self, name: str) -> float:
        """Draw how much of an effect there is: from 0 to its strength."""
        return self.strengths[name] * self.rngs[name].random()

    def recorded(self) -> dict[str, Drawn]:
        """The values in the order of EFFECTS."""
        return {name: self.values[name] for name in EFFECTS if name in self.values}


@dataclass(frozen=True, eq=False, repr=False)
class Scene:
    """A sheet with digits' boxes float (N, 4), left, top, right and bottom, and a view of it.

    `unit` is the height in pixels that lengths are fractions of: of a row or number, that of its
    picture. A whole page has `edges`, left, top, right and bottom, and its print.
    """

    boxes: np.ndarray
    view: np.ndarray
    size: tuple[int, int]
    unit: float
    prints: tuple[Ink, ...] = ()
    edges: np.ndarray | None = None


def photograph(
    digits: Sequence[Strokes],
    scale: float,
    frame: Frame,
    effects: Effects,
    light_ink: bool,
    signs: Collection[int] = (),
) -> tuple[np.ndarray, tuple[Ink, ...], tuple[Strokes, ...]]:
    """Turn digits, in units on a sheet, into a picture with effects.

    `scale` is in pixels per unit; `signs` are the places of those that are no digits. Returns
    pixels uint8 (H, W), or (H, W, 3) with `colors`; the ink of each digit; and its strokes in
    pixels of the picture.
    """
    if "strokes" in effects:
        amount = effects.amount("strokes")
        digits, effects.values["strokes"] = rewrite(digits, amount, effects.rngs["strokes"])
    if "touching" in effects:
        share = effects.amount("touching")
        digits, effects.values["touching"] = geometry.touch(
            digits, share, effects.rngs["touching"], signs
        )
    boxes = scale * np.array([digit.bounds() for digit in digits])
    points = geometry.corners(boxes)
    view, size = geometry.fit(points, frame, draw_view(points, frame, effects))
    enlarged = view @ geometry.scaling(scale, scale)
    seen = tuple(geometry.project(digit, enlarged) for digit in digits)
    inks = draw(seen, size)
    return develop(inks, Scene(boxes, view, size, frame.height), effects, light_ink), inks, seen


def develop(
    inks: Sequence[Ink], scene: Scene, effects: Effects, light_ink: bool = True
) -> np.ndarray:
    """Put digits' ink on paper and photograph it: uint8 (H, W), or (H, W, 3) with `colors`."""
    ink, paper = (_WHITE, _BLACK) if light_ink else (_BLACK, _WHITE)
    if "colors" in effects:
        ink, paper, effects.values["colors"] = _draw_colors(
            effects.strengths["colors"], effects.rngs["colors"]
        )
    picture = np.broadcast_to(paper, (*scene.size, 3)).astype(np.float32)
    if "lines" in effects:
        strength, rng = effects.strengths["lines"], effects.rngs["lines"]
        lines, effects.values["lines"] = _draw_lines(scene, strength, rng)
        picture += lines[..., None] * (_choose_print(rng) - picture)
    if scene.prints:
        tone = _choose_print(effects.rngs["lines"]) if "lines" in effects else ink
        picture += overlay(scene.prints, scene.size)[..., None] * (tone - picture)
    opaque = overlay(inks, scene.size)
    if "texture" in effects:
        amount = effects.amount("texture")
        effects.values["texture"] = round(amount, 4)
        light, cover = _draw_texture(scene.size, amount, effects.rngs["texture"])
        picture += (opaque * cover)[..., None] * (ink.astype(np.float32) - picture)
        picture = _shade(picture, light, dark_paper=bool(paper.mean() < 128))
    else:
        picture += opaque[..., None] * (ink.astype(np.float32) - picture)
    if "desk" in effects:
        picture = _lay_on_desk(picture, scene, effects.rngs["desk"])
    if "colors" not in effects:
        picture = picture @ _LUMINANCE
    return _take(picture, scene.unit, effects)


def _choose_print(rng: np.random.Generator) -> np.ndarray:
    return np.array(_PRINTS[int(rng.integers(len(_PRINTS)))], np.float32)


def _lay_on_desk(picture: np.ndarray, scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """A page's picture, float32 (H, W, 3), with its shadow on the desk around it."""
    assert scene.edges is not None
    x, y = _sheet_coordinates(scene.view, scene.size)
    left, top, right, bottom = scene.edges
    inside = np.minimum.reduce([x - left, right - x, y - top, bottom - y]).astype(np.float32)
    cover = (inside + 0.5).clip(0, 1)[..., None]
    tone = np.array(_DESKS[int(rng.integers(len(_DESKS)))], np.float32) * rng.uniform(0.6, 1.3)
    grain = _field(scene.size, (40, 3) if rng.random() < 0.5 else (3, 40), rng)
    shadow = 1 - rng.uniform(0.1, 0.4) * np.exp(np.minimum(inside, 0) / (0.2 * scene.unit))
    desk = tone * (1 + 0.05 * grain[..., None]) * shadow[..., None]
    return (cover * picture + (1 - cover) * desk).astype(np.float32)


def draw_view(points: np.ndarray, frame: Frame, effects: Effects) -> np.ndarray:
    """Draw rotation and perspective: the view (3, 3), not yet fitted to the frame."""
    low, high = points.min(axis=0), points.max(axis=0)
    view = np.eye(3)
    if "rotation" in effects:
        turn = effects.strengths["rotation"] * effects.rngs["rotation"].uniform(-1, 1)
        effects.values["rotation"] = degrees = round(float(_DEGREES * turn), 3)
        view = geometry.rotation(degrees, (low + high) / 2)
    if "perspective" in effects:
        reach = _CORNER_SHIFT * effects.strengths["perspective"]
        shifts = effects.rngs["perspective"].uniform(-reach, reach, (4, 2)).round(4)
        effects.values["perspective"] = shifts.ravel().tolist()
        # At least as wide and high as the picture, or the corners of a single 1 would cross.
        half = np.maximum(high - low, frame.height) / 2
        page = (low + high) / 2 + half * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        view = geometry.perspective(page, page + frame.height * shifts) @ view
    return view


def _draw_colors(
    strength: float, rng: np.random.Generator
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
    light, dark = _WHITE, _BLACK
    if chalk:
        ink, paper = light + amount * (pen - light), dark + amount * (board - dark)
    else:
        ink, paper = dark + amount * (pen - dark), light + amount * (page - light)
    ink, paper = np.rint(ink), np.rint(paper)
    return ink, paper, {"ink": _hex(ink), "paper": _hex(paper)}


def _hex(color: np.ndarray) -> str:
    return "#" + "".join(f"{int(value):02x}" for value in color)


def _draw_lines(
    scene: Scene, strength: float, rng: np.random.Generator
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
    x, y = _sheet_coordinates(scene.view, scene.size)
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


def _sheet_coordinates(view: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The x and y on the sheet of each pixel's centre, both (H, W)."""
    rows, columns = np.indices(size) + 0.5
    seen = geometry.look(
        np.linalg.inv(view), np.column_stack([columns.ravel(), rows.ravel()])
    ).reshape(*size, 2)
    return seen[..., 0], seen[..., 1]


def _to_nearest(values: np.ndarray, pitch: float) -> np.ndarray:
    return np.abs((values + pitch / 2) % pitch - pitch / 2)


def _draw_texture(
    size: tuple[int, int], amount: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the change of light on the paper and the opacity of the ink, both float32 (H, W)."""
    height, width = size
    aspect = width / height
    light = _field(size, (2, max(2, round(2 * aspect))), rng) * _LIGHT / 3
    stain = _field(size, (6, max(2, round(6 * aspect))), rng) * _STAIN
    fibre = ndimage.gaussian_filter(rng.standard_normal(size, np.float32), (0.5, 0.9))
    patches = light + stain
    change = amount * (patches - patches.max() + _GRAIN * (fibre - 1))
    dry = _field(size, (10, max(2, round(10 * aspect))), rng) + 1.5 * fibre
    cover = 1 - amount * _DRY_INK * (dry / 2).clip(0, 1)
    return change.astype(np.float32), cover.astype(np.float32)


def _field(size: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw a smooth random field, float32 (H, W), with a standard deviation of about 1."""
    coarse = Image.fromarray(rng.standard_normal((cells[0] + 1, cells[1] + 1), np.float32))
    return np.asarray(coarse.resize(size[::-1], Image.Resampling.BICUBIC))


def _shade(picture: np.ndarray, light: np.ndarray, dark_paper: bool) -> np.ndarray:
    """Darken light paper, or lighten dark paper, by the change of light (H, W)."""
    if dark_paper:
        return 255 - (255 - picture) * (1 + light)[..., None].clip(0, 1)
    return picture * (1 + light)[..., None].clip(0, 1)


def _take(picture: np.ndarray, unit: float, effects: Effects) -> np.ndarray:
    """Photograph the picture, float (H, W) or (H, W, 3): focus, sensor noise, JPEG."""
    if "blur" in effects:
        sigma = _BLUR * unit * effects.amount("blur")
        effects.values["blur"] = round(float(sigma), 3)
        spread = (sigma, sigma, 0)[: picture.ndim]
        picture = ndimage.gaussian_filter(picture, spread, mode="nearest")
    if "noise" in effects:
        deviation, rng = _NOISE * effects.amount("noise"), effects.rngs["noise"]
        effects.values["noise"] = round(float(deviation), 3)
        grain = rng.standard_normal(picture.shape[:2], np.float32)
        if picture.ndim == 3:
            # Camera noise is mostly the same in all channels.
            grain = 0.85 * grain[..., None] + 0.53 * rng.standard_normal(picture.shape, np.float32)
        picture = picture + np.float32(deviation) * grain
    pixels = np.rint(picture.clip(0, 255)).astype(np.uint8)
    if "jpeg" in effects:
        best, worst = _QUALITY
        effects.values["jpeg"] = quality = round(best - (best - worst) * effects.amount("jpeg"))
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
        pixels = np.asarray(Image.open(buffer))
    return pixels
