"""Sheets as files: pictures, animations, SVG and InkML."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from handsum.arguments import real_number, truth
from handsum.errors import UsageError
from handsum.files import check_place
from handsum.images import encode_png
from handsum.layout.lines import Line
from handsum.layout.marks import has_marks
from handsum.layout.rows import Sheet, draw_sheet
from handsum.layout.style import DIGIT_HEIGHT, Style
from handsum.layout.svg import SVG_SCALE, draw_svg
from handsum.layout.tempo import check_duration, strokes_as_dicts
from handsum.strokes import Strokes

# The types of files, by their ending, with their media types.
MEDIA_TYPES = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".inkml": "application/inkml+xml",
}
_ANIMATED = (".gif", ".webp")
# In the name of a file, the place of a number.
NUMBER_MARK = "{}"
# Those of any size, since they hold no pixels.
VECTORS = (".svg", ".inkml")


@dataclass(frozen=True)
class Output:
    """How a sheet becomes a file; every field is checked when this is made.

    `centerline` draws the way of the pen in an SVG instead of outlines. `animate` animates an SVG;
    a GIF and a WebP always are. `duration` is that of the animation, in seconds; by default it
    takes the time of a hand.

    Raises:
        UsageError: a field of another type, a duration out of range, or both a centerline and an
            animation.
    """

    centerline: bool = False
    animate: bool = False
    duration: float | None = None

    def __post_init__(self) -> None:
        for name in ("centerline", "animate"):
            truth(getattr(self, name), name)
        if self.duration is not None:
            check_duration(real_number(self.duration, "a duration"))
        if self.centerline and self.moves:
            other = "animate" if self.animate else "duration"
            raise UsageError(f"`centerline` is not animated: leave it out, or leave out `{other}`")

    @property
    def moves(self) -> bool:
        """Whether an SVG is animated."""
        return self.animate or self.duration is not None

    def check_ending(self, ending: str) -> None:
        """Raise UsageError if a file of this type cannot be written like this."""
        if self.centerline and ending != ".svg":
            raise UsageError("`centerline` is only for an .svg: use a name that ends in .svg")
        if self.moves and ending not in (*_ANIMATED, ".svg"):
            name = "animate" if self.animate else "duration"
            raise UsageError(
                f"`{name}` is only for animations: use a name that ends in .gif, .webp or .svg"
            )


@dataclass(frozen=True, eq=False)
class Places:
    """Where written digits are in a file: in its pixels, or in the user units of an SVG.

    `boxes` is int64 (N, L, 4), the ink box of each digit. `rows` holds the digits and marks of each
    row, none without strokes; `height` is a digit's height in their lengths.
    """

    boxes: np.ndarray
    rows: tuple[Line, ...]
    height: float

    def strokes(self, index: int) -> list[dict[str, Any]] | None:
        """The strokes of a row as plain values (see `tempo.strokes_as_dicts`)."""
        return strokes_as_dicts(self.rows[index], self.height) if self.rows else None


@dataclass(frozen=True, eq=False)
class Encoded:
    """The bytes of a file, its width and height in pixels, and where its digits are in it."""

    data: bytes
    size: tuple[int, int]
    places: Places


def check_path(path: Path, output: Output | None = None, *, arrays: bool = True) -> None:
    """Raise unless sheets can be saved under this name; to be called before the work.

    An .npz is accepted with `arrays`.

    Raises:
        UsageError: another type, numbered NPZ files, or an `output` that the type cannot have.
        HandsumError: the name is that of a directory, or its folder is missing.
    """
    check_place(path)
    ending = path.suffix.lower()
    endings = [*MEDIA_TYPES, ".npz"][: None if arrays else -1]
    if ending not in endings:
        names = f"{', '.join(endings[:-1])} or {endings[-1]}"
        raise UsageError(f"cannot write {path}: use a name that ends in {names}")
    if NUMBER_MARK in path.name and ending == ".npz":
        raise UsageError(f"cannot write {path}: {NUMBER_MARK} numbers pictures; one .npz holds all")
    if output:
        output.check_ending(ending)


def check_held(
    ending: str, texts: Sequence[str] | None, style: Style | None, caption: object = False
) -> None:
    """Raise UsageError for marks, a look or a caption, which an .npz cannot hold."""
    if ending != ".npz":
        return
    if texts and has_marks(texts):
        raise UsageError(f"an .npz holds digits only: write {texts[0]} as a picture")
    plain, names = Style(), [one.name for one in fields(Style)]
    given = [n for n in names if style and getattr(style, n) != getattr(plain, n)]
    if given or caption:
        name = given[0] if given else "caption"
        raise UsageError(
            f"an .npz holds the digits as they were drawn, without a look: leave out `{name}`"
        )


def all_captions(
    caption: bool | str | Sequence[str], usual: Sequence[str], count: int
) -> Sequence[str] | None:
    """The captions of `count` rows: the usual ones for True, none for False."""
    if isinstance(caption, bool):
        return usual if caption else None
    several = isinstance(caption, Iterable) and not isinstance(caption, str)
    given = list(caption) if several else [caption]
    captions = [one for one in given if isinstance(one, str)]
    if not len(captions) == len(given) == count:
        raise UsageError(f"a `caption` is True, or a text for each sequence: {count} in all")
    for one in captions:
        # No file holds control characters, halves of characters or what Unicode does not assign.
        odd = [sign for sign in one if unicodedata.category(sign) in ("Cc", "Cs", "Cn")]
        if odd:
            raise UsageError(f"a `caption` is one line of text, without {odd[0]!r}")
    return captions


def encode_sheet(
    sheet: Sheet,
    style: Style,
    texts: Sequence[str],
    metadata: Mapping[str, str],
    ending: str = ".png",
    output: Output | None = None,
) -> Encoded:
    """The file of a sheet, of a type in MEDIA_TYPES, with its `metadata` (see `images.describe`).

    Raises:
        UsageError: the picture would be too large, or the file cannot be written like this.
    """
    output = output or Output()
    output.check_ending(ending)
    scale = SVG_SCALE if ending == ".svg" else style.factor
    boxes = None
    if ending == ".png":
        picture = draw_sheet(sheet, style)
        boxes = picture.boxes
        data = encode_png(picture.pixels, metadata, style.resolution)
    elif ending == ".svg" and output.moves:
        from handsum.layout.svg_animation import draw_animated_svg

        data = draw_animated_svg(sheet, style, texts, metadata, output.duration)
    elif ending == ".svg":
        data = draw_svg(sheet, style, texts, metadata, centerline=output.centerline)
    elif ending == ".inkml":
        from handsum.layout.inkml import encode_inkml

        data = encode_inkml(sheet, style, texts, metadata)
    else:
        from handsum.layout.animation import encode_animation

        data, boxes = encode_animation(sheet, style, metadata, ending, output.duration)
    shown = sheet.scale(scale)
    if boxes is None:
        boxes = np.array([[_box(item.strokes) for item in row] for row in shown.digits], np.int64)
    places = Places(boxes, shown.rows, DIGIT_HEIGHT * scale)
    return Encoded(data, sheet.pixels(style.factor), places)


def numbered_paths(path: Path, count: int) -> list[Path]:
    """Return the names of `count` numbered files, from 1, padded with zeros so that they sort."""
    width = len(str(count))
    numbers = (f"{number:0{width}d}" for number in range(1, count + 1))
    return [path.with_name(path.name.replace(NUMBER_MARK, number)) for number in numbers]


def _box(strokes: Strokes) -> tuple[int, int, int, int]:
    left, top, right, bottom = strokes.bounds()
    x, y = int(left), int(top)
    return x, y, math.ceil(right) - x, math.ceil(bottom) - y
