"""The result of `generate`: single digits as a grid of pixels or paths, an NPZ or a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from handsum.errors import HandsumError, UsageError, shorten
from handsum.files import atomic_folder, atomic_write, check_place, is_stream
from handsum.images import (
    DIGIT_SIZE,
    LARGEST_SHOWN,
    MAX_PICTURE_PIXELS,
    describe,
    encode_png,
    enlarged,
    tile,
)
from handsum.layout.lines import CELL
from handsum.layout.rows import Sheet, check_size, compose
from handsum.layout.style import DIGIT_HEIGHT, Style
from handsum.layout.svg import SVG_SCALE, draw_svg
from handsum.layout.tempo import strokes_as_dicts
from handsum.strokes import FRAME, Strokes, draw_strokes
from handsum.strokes.arrays import as_arrays

# The most digits in memory at once: 7.3 GiB of pixels.
LARGEST = 10_000_000
# The number of different digits that a seed has.
INDICES = 2**31 - 1


# The heights in pixels, from the best, at which strokes are drawn in a grid if it fits; the last is
# that of digits in pixels.
_HEIGHTS = (80, 40, 20)
LEAST_HEIGHT = 5
# The most digits that a notebook shows, and the most whose strokes `--json` gives.
MOST_DIGITS, _MOST_STROKES = 400, 1000


@dataclass(frozen=True, eq=False, repr=False)
class Digits:
    """N single digits: images uint8 (N, 28, 28), white on black; labels and writers int64 (N,).

    The labels are the requested classes; for random digits and mixtures, which have none, they are
    what the reader sees. `columns` is the width of their grid in digits. `hand` names a mixed, new
    or fitted hand; the writers are then -1. `strokes` are their pen strokes, None for digits drawn
    in pixels; pictures draw them with digits `height` pixels high.
    """

    images: np.ndarray
    labels: np.ndarray
    writers: np.ndarray
    columns: int
    seed: int
    model: str
    hand: str | None = None
    notes: tuple[str, ...] = ()
    strokes: tuple[Strokes, ...] | None = None
    height: int | None = None

    @property
    def cell(self) -> int:
        """The width and height of a digit's place in the grid, in pixels."""
        if self.height is not None:
            return _cell(self.height)
        if self.strokes is None:
            return DIGIT_SIZE
        places = self.columns * -(-len(self.images) // self.columns)
        sizes = map(_cell, _HEIGHTS)
        return next((size for size in sizes if places * size**2 <= MAX_PICTURE_PIXELS), DIGIT_SIZE)

    def as_dict(self, ending: str = ".png") -> dict[str, Any]:
        """The digits, without pixels, as `handsum generate --json` prints them.

        The strokes are in the lengths of a grid of this type, ".png" or ".svg"; None for digits
        drawn in pixels, for another type, and for more than 1,000 digits.
        """
        return {
            "digits": "".join(map(str, self.labels)),
            "strokes": _stroke_dicts(self, ending),
            "writers": self.writers.tolist(),
            "seed": self.seed,
            "notes": list(self.notes),
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write them to a grid in a .png or .svg, an .npz, or a new folder with a PNG for each.

        Raises:
            UsageError: another type of file, a grid that would be too large, or an .svg of digits
                without strokes.
            HandsumError: the file or folder cannot be written.
        """
        save_digits(Path(path), self)

    def __repr__(self) -> str:
        shown = shorten("".join(map(str, self.labels[:50])))
        plural = "" if len(self.labels) == 1 else "s"
        return f"<{len(self.labels)} digit{plural}, {shown}, {self.model}, seed {self.seed}>"

    def _repr_png_(self) -> bytes | None:
        return show_digits(self)


def _cell(height: int) -> int:
    """The size of an image of a digit that is `height` pixels high."""
    return round(height * FRAME)


def check_grid(count: int, columns: int, height: int) -> None:
    """Raise UsageError if a grid of digits of that height has more pixels than handsum opens."""
    size = _cell(height)
    check_size(columns * size, -(-count // columns) * size)


def check_digits_path(path: Path, height: int | None = None) -> None:
    """Raise unless digits can be saved under this name; to be called before the work.

    Raises:
        UsageError: a suffix other than .png, .svg and .npz, or a `height` for an .npz.
        HandsumError: the folder already holds files, or its parent folder is missing.
    """
    if path.is_dir() or not path.suffix:
        if path.is_file():
            raise HandsumError(f"{path} is a file: name a new or an empty folder")
        if path.is_dir() and any(path.iterdir()):
            raise HandsumError(f"{path} already holds files: name a new or an empty folder")
        check_place(path, folder=True)
    elif path.suffix.lower() in (".png", ".svg", ".npz"):
        if height is not None and path.suffix.lower() == ".npz":
            raise UsageError("an .npz has digits of 28x28 pixels: leave out `height`")
        check_place(path)
    else:
        raise UsageError(
            f"cannot write {path}: use a name that ends in .png, .svg or .npz, or one without an "
            "ending for a folder of PNG files"
        )


def save_digits(path: Path, digits: Digits) -> None:
    """Write digits to a PNG or SVG (a grid), an NPZ, or a folder of PNGs such as 00000_7.png.

    Raises:
        UsageError: the grid would be too large to open again, or an SVG of digits without strokes.
        HandsumError: the file or folder cannot be written; nothing half-written is left.
    """
    check_digits_path(path, digits.height)
    if path.is_dir() or not path.suffix:
        width = max(5, len(str(len(digits.images) - 1)))
        cell = DIGIT_SIZE if digits.height is None else digits.cell
        with atomic_folder(path) as folder:
            rows = zip(digits.labels, digits.writers, strict=True)
            for index, (label, writer) in enumerate(rows):
                (image,) = _draw(digits, slice(index, index + 1), cell)
                data = encode_png(image, _metadata(digits, [label], [writer]))
                (folder / f"{index:0{width}d}_{label}.png").write_bytes(data)
    elif path.suffix.lower() == ".npz":
        arrays = {"images": digits.images, "labels": digits.labels, "writers": digits.writers}
        metadata = describe(seed=digits.seed, model=digits.model, writer=digits.hand)
        strokes = {} if digits.strokes is None else as_arrays(digits.strokes)
        save_npz(path, metadata, arrays | strokes)
    else:
        data = _encode_svg(digits) if path.suffix.lower() == ".svg" else encode_digits(digits)
        with atomic_write(path) as file:
            file.write(data)


def encode_digits(digits: Digits) -> bytes:
    """Return the bytes of a PNG with the digits in a grid.

    Raises:
        UsageError: it would be too large to open again.
    """
    check_size(digits.columns * digits.cell, -(-len(digits.images) // digits.columns) * digits.cell)
    metadata = _metadata(digits, digits.labels, digits.writers)
    return encode_png(tile(_draw(digits, slice(None), digits.cell), digits.columns), metadata)


def _encode_svg(digits: Digits) -> bytes:
    """The bytes of an SVG with the digits in a grid, a group of paths for each row and digit."""
    style = Style(cells=True, height=digits.cell / FRAME)
    sheet, texts = _sheet(digits, style)
    return draw_svg(sheet, style, texts, _metadata(digits, digits.labels, digits.writers))


def _sheet(digits: Digits, style: Style) -> tuple[Sheet, list[str]]:
    """The strokes of the digits in their grid, and the text of each row."""
    if digits.strokes is None:
        raise UsageError("these digits were drawn in pixels, without strokes: give a `height`")
    starts = range(0, len(digits.labels), digits.columns)
    rows = [digits.strokes[start : start + digits.columns] for start in starts]
    texts = ["".join(map(str, digits.labels[start:][: digits.columns])) for start in starts]
    # Digits in cells have nothing random.
    rng = np.random.default_rng(0)
    return compose(rows, [rng] * len(rows), style, texts=texts), texts


def _stroke_dicts(digits: Digits, ending: str) -> list[dict[str, Any]] | None:
    """The strokes as plain values, each digit's from its own start (see `Digits.as_dict`)."""
    count = len(digits.labels)
    if digits.strokes is None or ending not in (".png", ".svg") or count > _MOST_STROKES:
        return None
    scale = SVG_SCALE if ending == ".svg" else digits.cell / CELL
    placed = chain.from_iterable(_sheet(digits, Style(cells=True))[0].scale(scale).rows)
    return [
        stroke | {"digit": index}
        for index, item in enumerate(placed)
        for stroke in strokes_as_dicts((item,), DIGIT_HEIGHT * scale)
    ]


def _draw(digits: Digits, rows: slice, cell: int) -> np.ndarray:
    """Some of the digits as images uint8 (N, cell, cell): of their strokes, if they have any."""
    if digits.strokes is None or cell == DIGIT_SIZE:
        return digits.images[rows]
    return draw_strokes(digits.strokes[rows], cell)


def _metadata(
    digits: Digits, labels: Sequence[int] | np.ndarray, writers: Sequence[int] | np.ndarray
) -> dict[str, str]:
    """The metadata of a picture with some of the digits."""
    return describe(
        seed=digits.seed,
        model=digits.model,
        writer=name_hand(digits.hand, writers),
        digits="".join(map(str, labels)),
    )


def shard_paths(path: Path, shards: int, count: int) -> list[Path]:
    """Return the names of the NPZ files that `count` digits are divided into.

    Raises:
        UsageError: not the name of an .npz, or fewer digits than files.
        HandsumError: the files cannot be written there.
    """
    if path.suffix.lower() != ".npz":
        raise UsageError(f"cannot divide {path} into shards: use a name that ends in .npz")
    if is_stream(path):
        raise UsageError("shards are several files, and standard output is one: leave out `shards`")
    if not 1 <= shards <= count:
        raise UsageError(f"{count} digits do not make {shards} shards: use 1 to {count}")
    if count > INDICES or -(-count // shards) > LARGEST:
        raise UsageError(
            f"{count} digits are too many for {shards} shards: use up to {LARGEST:,} to a file, "
            f"and {INDICES:,} in all"
        )
    paths = [
        path.with_name(f"{path.stem}-{index:05d}-of-{shards:05d}{path.suffix}")
        for index in range(shards)
    ]
    for name in paths:
        check_digits_path(name)
    return paths


def name_hand(name: str | None, writers: Sequence[int] | np.ndarray) -> str | None:
    """The hand, or the writers, in the metadata of a picture; None if the model has no writers."""
    return name or " ".join(str(writer) for writer in writers if writer >= 0) or None


def save_npz(path: Path, metadata: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a compressed NPZ, whole or not at all; `metadata` as JSON beside them."""
    text = np.array(json.dumps(dict(metadata)))
    with atomic_write(path) as file:
        np.savez_compressed(file, allow_pickle=False, metadata=text, **arrays)


def show_digits(digits: Digits) -> bytes | None:
    """The first digits in a grid, as a PNG; None if there are none."""
    count = min(MOST_DIGITS, len(digits.images))
    if not count:
        return None
    columns = min(digits.columns, count, LARGEST_SHOWN // DIGIT_SIZE)
    size = min(digits.cell, LARGEST_SHOWN // columns)
    return encode_png(enlarged(tile(_draw(digits, slice(count), size), columns)))
