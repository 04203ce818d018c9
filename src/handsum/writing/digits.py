"""Single digits: as a grid, an NPZ, a folder of PNG files and in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from handsum._version import __version__
from handsum.errors import HandsumError, UsageError
from handsum.files import atomic_folder, atomic_write, check_place
from handsum.images import LARGEST_SHOWN, encode_png, enlarged, tile
from handsum.layout.rows import check_size

# What is held in memory at once: 7.3 GiB of pixels.
LARGEST = 10_000_000
# How many digits of a seed there are.
INDICES = 2**31 - 1


def parse_digits(text: str) -> np.ndarray:
    """Return the digits of a string as int64 (L,).

    Raises:
        UsageError: the string is empty or holds anything but the digits 0 to 9.
    """
    if not text:
        raise UsageError("there is nothing to write: give at least one digit")
    others = [character for character in dict.fromkeys(text) if character not in "0123456789"]
    if others:
        listed = " ".join(repr(character) for character in others)
        raise UsageError(f"only the digits 0 to 9 can be drawn, not {listed}")
    return np.array([int(character) for character in text], np.int64)


MOST_DIGITS = 400


@dataclass(frozen=True)
class Digits:
    """N single digits: images uint8 (N, 28, 28), white on black; labels and writers int64 (N,).

    The labels are the classes asked for; where none were, random digits and mixtures, they are what
    the reader makes of them. `columns` is the number of digits in a row of their grid; `hand` names
    a mixed or new hand, the writers are then -1.
    """

    images: np.ndarray
    labels: np.ndarray
    writers: np.ndarray
    columns: int
    seed: int
    model: str
    hand: str | None = None

    def save(self, path: str | PathLike[str]) -> None:
        """Write them to a .png grid, an .npz, or a new folder of PNG files, one for each digit.

        Raises:
            UsageError: another kind of file, or a grid that would be too large.
            HandsumError: the file or folder cannot be written.
        """

        save_digits(Path(path), self)

    def _repr_png_(self) -> bytes | None:

        return show_digits(self)


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
                own = {**hand_facts(digits.hand, [writer]), "handsum:digits": str(label)}
                data = encode_png(image, _digits_metadata(digits) | own)
                (folder / f"{index:0{width}d}_{label}.png").write_bytes(data)
    elif path.suffix.lower() == ".npz":
        save_npz(path, images=digits.images, labels=digits.labels, writers=digits.writers)
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
        **hand_facts(digits.hand, digits.writers),
        "handsum:digits": "".join(map(str, digits.labels)),
    }
    return encode_png(tile(digits.images, digits.columns), _digits_metadata(digits) | own)


def _digits_metadata(digits: Digits) -> dict[str, str]:
    return {
        "Software": f"handsum {__version__}",
        "handsum:seed": str(digits.seed),
        "handsum:model": digits.model,
    }


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


def hand_facts(name: str | None, writers: Sequence[int] | np.ndarray) -> dict[str, str]:
    """Whose hands a picture is told to be in: nothing where the model knows none."""
    known = name or " ".join(str(writer) for writer in writers if writer >= 0)
    return {"handsum:writer": known} if known else {}


def save_npz(path: Path, **arrays: np.ndarray) -> None:
    with atomic_write(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def show_digits(digits: Digits) -> bytes | None:
    """The first digits in their grid; None where there are none."""
    images = digits.images[:MOST_DIGITS]
    if not len(images):
        return None
    columns = min(digits.columns, len(images), LARGEST_SHOWN // 28)
    grid = tile(images, columns)
    return encode_png(enlarged(grid))
