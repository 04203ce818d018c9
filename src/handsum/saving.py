"""Written digits as files: PNG and SVG pictures, folders of PNG, and NPZ arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from handsum._version import __version__
from handsum.drawing import INDICES, LARGEST, Digits
from handsum.errors import HandsumError, UsageError
from handsum.images import atomic_folder, atomic_write, check_replaceable, encode_png, tile
from handsum.layout import Picture, Placed, Style, check_size, compose, render
from handsum.painting import ink_box
from handsum.seeds import Stream, stream
from handsum.writing import Sequences

NUMBER_MARK = "{}"


def check_sequences_path(path: Path) -> None:
    """Raise unless sequences can be saved under this name: before the work, not after it.

    Raises:
        UsageError: neither PNG, SVG nor NPZ, or numbered NPZ files.
        HandsumError: the name is taken by a directory, or its folder is missing.
    """
    check_place(path)
    if path.suffix.lower() not in (".png", ".svg", ".npz"):
        raise UsageError(f"cannot write {path}: use a name that ends in .png, .svg or .npz")
    if NUMBER_MARK in path.name and path.suffix.lower() == ".npz":
        raise UsageError(f"cannot write {path}: {NUMBER_MARK} numbers pictures; one .npz holds all")


def check_digits_path(path: Path) -> None:
    """Raise unless digits can be saved under this name: before the work, not after it.

    Raises:
        UsageError: a suffix that is neither .png nor .npz.
        HandsumError: the folder already holds files, or the name's own folder is missing.
    """
    if path.is_dir() or not path.suffix:
        if path.is_file():
            raise HandsumError(f"{path} is a file: name a new or an empty folder")
        if path.is_dir() and any(path.iterdir()):
            raise HandsumError(f"{path} already holds files: name a new or an empty folder")
        check_place(path, folder=True)
    elif path.suffix.lower() in (".png", ".npz"):
        check_place(path)
    else:
        raise UsageError(
            f"cannot write {path}: use a name that ends in .png or .npz, or one without an ending "
            "for a folder of PNG files"
        )


def draw_picture(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> Picture:
    """Set written sequences, or some `rows` of them, as one picture (see `layout.render`)."""
    return render(*_layout(sequences, style, captions, rows))


def encode_sequences(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> tuple[bytes, np.ndarray]:
    """As `draw_picture`, but as the bytes of a PNG, and the digits' boxes int64 (N, L, 4)."""
    picture = draw_picture(sequences, style, captions=captions, rows=rows)
    return encode_png(picture.pixels, _metadata(sequences, rows), style.dpi), picture.boxes


def draw_vector(
    sequences: Sequences,
    style: Style,
    *,
    captions: Sequence[str] | None = None,
    rows: slice = slice(None),
) -> tuple[bytes, np.ndarray]:
    """As `draw_picture`, but as the bytes of an SVG, and the digits' boxes int64 (N, L, 4)."""
    from handsum.vector import TRACE_SCALE, TRACED_PIXELS, draw_svg

    fine = replace(style, scale=TRACE_SCALE)
    # It is as large as the style says: what is traced is never a picture, only digits one by one.
    images, rngs, _, own, marked = _layout(sequences, fine, captions, rows)
    sheet = compose(images, rngs, fine, own, marked, most=TRACED_PIXELS)
    texts = (sequences.texts or sequences.digits)[rows]
    metadata = _metadata(sequences, rows)
    share = style.factor / TRACE_SCALE
    boxes = [[_placed_box(digit) for digit in digits] for digits in sheet.digits]
    data = draw_svg(sheet, style, texts, own, metadata)
    return data, np.rint(np.array(boxes) * share).astype(np.int64)


def _layout(
    sequences: Sequences, style: Style, captions: Sequence[str] | None, rows: slice
) -> tuple[Any, ...]:
    """The arguments of `render` and `compose` for some rows of the sequences."""
    indices = range(len(sequences.images))[rows]
    rngs = [stream(sequences.seed, Stream.LAYOUT, index) for index in indices]
    texts = sequences.texts[rows] if sequences.texts else None
    return sequences.images[rows], rngs, style, captions and captions[rows], texts


def _placed_box(digit: Placed) -> tuple[int, int, int, int]:
    x, y, width, height = ink_box(digit.coverage)
    return digit.left + x, digit.top + y, width, height


def save_sequences(
    path: Path, sequences: Sequences, style: Style, captions: Sequence[str] | None = None
) -> np.ndarray:
    """Write sequences to a PNG or SVG (one sheet; numbered files for a name with {}), or an NPZ.

    Returns int64 (N, L, 4): each digit's ink box in its picture; for an NPZ in its 28x28 image.

    Raises:
        UsageError: an NPZ, or cells, of more than digits.
        HandsumError: the file cannot be written; none is then left half-written.
    """
    check_sequences_path(path)
    if path.suffix.lower() == ".npz":
        if sequences.texts:
            raise UsageError(f"an .npz holds digits only: write {sequences.texts[0]} as a picture")
        _save_npz(
            path,
            images=sequences.images,
            labels=sequences.labels,
            totals=sequences.totals,
            writers=sequences.writers,
        )
        return np.array([[ink_box(image) for image in row] for row in sequences.images])
    count = len(sequences.images)
    parts = [slice(None)]
    names = [path]
    if NUMBER_MARK in path.name:
        parts, names = [slice(i, i + 1) for i in range(count)], numbered_paths(path, count)
    boxes, files = [], []
    for rows in parts:
        encode = draw_vector if path.suffix.lower() == ".svg" else encode_sequences
        data, found = encode(sequences, style, captions=captions, rows=rows)
        boxes.append(found)
        files.append(data)
    for name, data in zip(names, files, strict=True):
        with atomic_write(name) as file:
            file.write(data)
    return np.concatenate(boxes)


def save_digits(path: Path, digits: Digits) -> None:
    """Write digits to a PNG (a grid), an NPZ, or a folder of PNGs such as 00000_7.png.

    Raises:
        UsageError: the grid would be too large to be opened again.
        HandsumError: the file or folder cannot be written; none is then left half-written.
    """
    check_digits_path(path)
    if path.is_dir() or not path.suffix:
        width = max(5, len(str(len(digits.images) - 1)))
        with atomic_folder(path) as folder:
            rows = zip(digits.images, digits.labels, digits.writers, strict=True)
            for index, (image, label, writer) in enumerate(rows):
                own = {**_hand(digits.hand, [writer]), "handsum:digits": str(label)}
                data = encode_png(image, _digits_metadata(digits) | own)
                (folder / f"{index:0{width}d}_{label}.png").write_bytes(data)
    elif path.suffix.lower() == ".npz":
        _save_npz(path, images=digits.images, labels=digits.labels, writers=digits.writers)
    else:
        data = encode_digits(digits)
        with atomic_write(path) as file:
            file.write(data)


def encode_digits(digits: Digits) -> bytes:
    """The bytes of a PNG with digits in a grid.

    Raises:
        UsageError: it would be too large to be opened again.
    """
    check_size(digits.columns * 28, -(-len(digits.images) // digits.columns) * 28)
    own = {
        **_hand(digits.hand, digits.writers),
        "handsum:digits": "".join(map(str, digits.labels)),
    }
    return encode_png(tile(digits.images, digits.columns), _digits_metadata(digits) | own)


def _digits_metadata(digits: Digits) -> dict[str, str]:
    return {
        "Software": f"handsum {__version__}",
        "handsum:seed": str(digits.seed),
        "handsum:model": digits.model,
    }


def numbered_paths(path: Path, count: int) -> list[Path]:
    """Return the names of `count` numbered files, from 1 on, with zeros so that they sort."""
    width = len(str(count))
    numbers = (f"{number:0{width}d}" for number in range(1, count + 1))
    return [path.with_name(path.name.replace(NUMBER_MARK, number)) for number in numbers]


def shard_paths(path: Path, shards: int, count: int) -> list[Path]:
    """The names of the NPZ files that `count` digits are divided into.

    Raises:
        UsageError: the name is not that of an .npz, or there are fewer digits than files.
        HandsumError: the files cannot be written there.
    """
    if path.suffix.lower() != ".npz":
        raise UsageError(f"cannot divide {path} into shards: use a name that ends in .npz")
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


def _hand(name: str | None, writers: Sequence[int] | np.ndarray) -> dict[str, str]:
    """Whose hands a picture is told to be in: nothing where the model knows none."""
    known = name or " ".join(str(writer) for writer in writers if writer >= 0)
    return {"handsum:writer": known} if known else {}


def _metadata(sequences: Sequences, rows: slice = slice(None)) -> dict[str, str]:
    return {
        "Software": f"handsum {__version__}",
        "handsum:seed": str(sequences.seed),
        "handsum:model": sequences.model,
        **_hand(sequences.hand, sequences.writers[rows]),
        "handsum:digits": " ".join((sequences.texts or sequences.digits)[rows]),
    }


def _save_npz(path: Path, **arrays: np.ndarray) -> None:
    with atomic_write(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def check_place(path: Path, folder: bool = False) -> None:
    """Raise HandsumError unless a file, or a `folder`, can be made under this name."""
    try:
        if not folder:
            check_replaceable(path)
        if not path.absolute().parent.is_dir():
            raise HandsumError(f"cannot write {path}: there is no folder {path.parent}")
    except OSError as error:  # such as a name that is too long
        raise HandsumError(f"cannot write {path}: {error.strerror}") from error
