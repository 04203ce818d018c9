"""Whole pages as they look in a photograph: rows of digits, words and print, on a desk."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from handsum.datasets.effects import geometry, realism
from handsum.datasets.effects.geometry import Frame
from handsum.datasets.effects.ink import Ink, draw
from handsum.datasets.effects.scene import Effects, Scene
from handsum.datasets.effects.strokes import rewrite
from handsum.strokes import Strokes

# Height of a line in units (pixels of a 28x28 digit); its digits are about 22 units high.
LINE_UNITS = 34
# How much of a picture a page leaves to the desk at strength 1.
_DESK = 0.16


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page of `size` (W, H) pixels: the characters of each number, words, and what is printed.

    `unit` is the height of a line in pixels, as all lengths are. What stands in boxes of a form is
    `apart`, and does not touch.
    """

    size: tuple[int, int]
    unit: float
    lines: tuple[tuple[Strokes, ...], ...]
    words: tuple[Strokes, ...]
    prints: tuple[Strokes, ...]
    apart: bool = False


def photograph_sheet(
    sheet: Sheet, effects: Effects, signs: frozenset[int]
) -> tuple[np.ndarray, tuple[Ink, ...], tuple[Strokes, ...]]:
    """Turn a page into a picture with effects, of the same size.

    `signs` are the places, among all characters, of those that are no digits. Returns what
    `realism.photograph` does, of all characters.
    """
    written = [one for line in _rewritten(sheet, effects, signs) for one in line]
    boxes = np.array([one.bounds() for one in written])
    width, height = sheet.size
    page = np.array([(0.0, 0.0, width, height)])
    points = geometry.corners(page)
    frame = Frame(height, width, width, centred=False)
    view = realism.draw_view(points, frame, effects)
    if "desk" in effects:
        view, size = geometry.fit(points, frame, view)
        share = 1 - _DESK * effects.amount("desk")
        effects.values["desk"] = round(1 - share, 4)
        moved = effects.rngs["desk"].random(2) * (1 - share) * sheet.size
        view = geometry.translation(*moved) @ geometry.scaling(share, share) @ view
    elif {"rotation", "perspective"} & effects.strengths.keys():
        # The camera shows the paper alone: nothing of the writing is cut off.
        view, size = geometry.fit(geometry.corners(boxes), frame, view)
    else:
        size = (height, width)
    seen, words, prints = (
        tuple(geometry.project(one, view) for one in part)
        for part in (written, sheet.words, sheet.prints)
    )
    inks = draw(seen, size)
    others = tuple(ink for word in words for ink in draw([word], size))
    printed = tuple(ink for one in prints for ink in draw([one], size))
    scene = Scene(boxes, view, size, sheet.unit, printed, edges=page[0])
    return realism.develop((*inks, *others), scene, effects, light_ink=False), inks, seen


def _rewritten(
    sheet: Sheet, effects: Effects, signs: frozenset[int]
) -> tuple[tuple[Strokes, ...], ...]:
    """The numbers with the effects on strokes: each by itself, all of them in one hand."""
    lines = sheet.lines
    starts = list(accumulate(map(len, lines), initial=0))
    if "strokes" in effects:
        amount, seed = effects.amount("strokes"), int(effects.rngs["strokes"].integers(2**32))
        scale = sheet.unit / LINE_UNITS
        written = []
        for line in lines:
            own = [digit.scale(1 / scale) for digit in line]
            changed, effects.values["strokes"] = rewrite(own, amount, np.random.default_rng(seed))
            written.append(tuple(digit.scale(scale) for digit in changed))
        lines = tuple(written)
    if "touching" in effects and not sheet.apart:
        share, met, moved = effects.amount("touching"), list[int](), []
        for start, line in zip(starts, lines, strict=False):
            among = {place - start for place in signs if start <= place < start + len(line)}
            together, touching = geometry.touch(line, share, effects.rngs["touching"], among)
            moved.append(together)
            digits = start - sum(place < start for place in signs)
            met += [digits + place for place in touching]
        effects.values["touching"] = met
        lines = tuple(moved)
    return lines
