"""Written digits as files: PNG pictures with metadata, folders of PNG, and NPZ arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handsum._version import __version__
from handsum.errors import HandsumError, UsageError
from handsum.images import atomic_folder, atomic_write, encode_png, save_png, tile
from handsum.layout import Picture, Style, check_size, ink_box, render
from handsum.seeds import Stream, stream
from handsum.writing import Digits, Sequences

NUMBER_MARK = "{}"


def check_sequences_path(path: Path) -> None:
    """Raise unless sequences can be saved under this name: before the work, not after it.

    Raises:
        UsageError: neither a PNG nor an NPZ, or numbered files that are no PNG.
        HandsumError: the name is taken by a directory, or its folder is missing.
    """
    _check_place(path)
    if path.suffix.lower() not in (".png", ".npz"):
        raise UsageError(f"cannot write {path}: use a name that ends in .png or .npz")
    if NUMBER_MARK in path.name and path.suffix.lower() != ".png":
        raise UsageError(
            f"cannot write {path}: {NUMBER_MARK} numbers .png files; one .npz holds all"
        )


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
        _check_place(path, folder=True)
    elif path.suffix.lower() in (".png", ".npz"):
        _check_place(path)
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
    indices = range(len(sequences.images))[rows]
    rngs = [stream(sequences.seed, Stream.LAYOUT, index) for index in indices]
    return render(sequences.images[rows], rngs, style, captions and captions[rows])


def save_sequences(
    path: Path, sequences: Sequences, style: Style, captions: Sequence[str] | None = None
) -> np.ndarray:
    """Write sequences to a PNG (one sheet), to numbered PNGs (a name with {}), or to an NPZ.

    Returns int64 (N, L, 4): each digit's ink box in its picture; for an NPZ in its 28x28 image.

    Raises:
        HandsumError: the file cannot be written; none is then left half-written.
    """
    check_sequences_path(path)
    if path.suffix.lower() == ".npz":
        _save_npz(
            path,
            images=sequences.images,
            labels=sequences.labels,
            totals=sequences.totals,
            writers=sequences.writers,
        )
        return np.array([[ink_box(image) for image in row] for row in sequences.images])
    if NUMBER_MARK not in path.name:
        picture = draw_picture(sequences, style, captions=captions)
        save_png(path, picture.pixels, _metadata(sequences))
        return picture.boxes
    boxes, files = [], []
    for index, name in enumerate(numbered_paths(path, len(sequences.images))):
        rows = slice(index, index + 1)
        picture = draw_picture(sequences, style, captions=captions, rows=rows)
        boxes.append(picture.boxes)
        files.append((name, encode_png(picture.pixels, _metadata(sequences, rows))))
    for name, data in files:
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
    metadata = {
        "Software": f"handsum {__version__}",
        "handsum:seed": str(digits.seed),
        "handsum:model": digits.model,
    }
    if path.is_dir() or not path.suffix:
        width = max(5, len(str(len(digits.images) - 1)))
        with atomic_folder(path) as folder:
            rows = zip(digits.images, digits.labels, digits.writers, strict=True)
            for index, (image, label, writer) in enumerate(rows):
                own = {"handsum:writer": str(writer), "handsum:digits": str(label)}
                data = encode_png(image, metadata | own)
                (folder / f"{index:0{width}d}_{label}.png").write_bytes(data)
    elif path.suffix.lower() == ".npz":
        _save_npz(path, images=digits.images, labels=digits.labels, writers=digits.writers)
    else:
        check_size(digits.columns * 28, -(-len(digits.images) // digits.columns) * 28)
        own = {
            "handsum:writer": " ".join(map(str, digits.writers)),
            "handsum:digits": "".join(map(str, digits.labels)),
        }
        save_png(path, tile(digits.images, digits.columns), metadata | own)


def numbered_paths(path: Path, count: int) -> list[Path]:
    """Return the names of `count` numbered files, from 1 on, with zeros so that they sort."""
    width = len(str(count))
    numbers = (f"{number:0{width}d}" for number in range(1, count + 1))
    return [path.with_name(path.name.replace(NUMBER_MARK, number)) for number in numbers]


def _metadata(sequences: Sequences, rows: slice = slice(None)) -> dict[str, str]:
    return {
        "Software": f"handsum {__version__}",
        "handsum:seed": str(sequences.seed),
        "handsum:model": sequences.model,
        "handsum:writer": " ".join(map(str, sequences.writers[rows])),
        "handsum:digits": " ".join(sequences.digits[rows]),
    }


def _save_npz(path: Path, **arrays: np.ndarray) -> None:
    with atomic_write(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _check_place(path: Path, folder: bool = False) -> None:
    try:
        if path.is_dir() and not folder:
            raise HandsumError(f"{path} is a directory: give a file name to write to")
        if not path.absolute().parent.is_dir():
            raise HandsumError(f"cannot write {path}: there is no folder {path.parent}")
    except OSError as error:  # such as a name that is too long
        raise HandsumError(f"cannot write {path}: {error.strerror}") from error
