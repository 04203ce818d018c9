"""Realism: digits as they look in a photograph of paper.

Every effect has a strength in (0, 1], which bounds it, and records what it drew for each picture.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from handsum.datasets.effects import geometry, paper
from handsum.datasets.effects.camera import take
from handsum.datasets.effects.geometry import Frame
from handsum.datasets.effects.ink import Ink, draw, overlay
from handsum.datasets.effects.marks import MARKS
from handsum.datasets.effects.scene import Effects, Scene
from handsum.datasets.effects.strokes import rewrite
from handsum.strokes import Strokes

# The maximum of each effect at strength 1.
_DEGREES = 8.0
_CORNER_SHIFT = 0.16
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


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
    """Put ink on paper and photograph it: uint8 (H, W), or (H, W, 3) with `colors`."""
    scene = replace(scene, inks=tuple(inks))
    picture = _write_on_paper(scene, effects, light_ink)
    for name, mark in MARKS.items():
        if name in effects:
            strength, rng = effects.strengths[name], effects.rngs[name]
            picture, effects.values[name] = mark(picture, scene, strength, rng)
    if "desk" in effects:
        picture = paper.lay_on_desk(picture, scene, effects.rngs["desk"])
    if "colors" not in effects:
        picture = picture @ _LUMINANCE
    return take(picture, scene.unit, effects)


def _write_on_paper(scene: Scene, effects: Effects, light_ink: bool) -> np.ndarray:
    """The ink on its paper with its print: float32 (H, W, 3)."""
    ink, tone = (paper.WHITE, paper.BLACK) if light_ink else (paper.BLACK, paper.WHITE)
    if "colors" in effects:
        ink, tone, effects.values["colors"] = paper.draw_colors(
            effects.strengths["colors"], effects.rngs["colors"]
        )
    picture = np.broadcast_to(tone, (*scene.size, 3)).astype(np.float32)
    printed = ink
    if "lines" in effects:
        strength, rng = effects.strengths["lines"], effects.rngs["lines"]
        lines, effects.values["lines"] = paper.draw_lines(scene, strength, rng)
        picture += lines[..., None] * (paper.choose_print(rng) - picture)
        printed = paper.choose_print(rng)
    picture += overlay(scene.prints, scene.size)[..., None] * (printed - picture)
    opaque = overlay(scene.inks, scene.size)
    if "texture" not in effects:
        return picture + opaque[..., None] * (ink.astype(np.float32) - picture)
    amount = effects.amount("texture")
    effects.values["texture"] = round(amount, 4)
    light, cover = paper.draw_texture(scene.size, amount, effects.rngs["texture"])
    picture += (opaque * cover)[..., None] * (ink.astype(np.float32) - picture)
    return paper.shade(picture, light, dark_paper=bool(tone.mean() < 128))


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
