"""MNIST from the archives inside the package, with the writer of every digit.

Source: Y. LeCun, C. Cortes and C. Burges, the MNIST database (CC BY-SA 3.0); writers from C. Yadav
and L. Bottou, "Cold case: the lost MNIST digits" (QMNIST, 2019, BSD licence).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from handsum.data.signs.page import Page
from handsum.errors import DatasetError, UsageError
from handsum.installation import repair_command

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

# The types in an IDX file's third byte.
_IDX_TYPES: Mapping[int, str] = MappingProxyType({0x08: "u1", 0x0C: ">i4"})

ARCHIVES = Path(__file__).parent / "archives"

SHA256: Mapping[str, str] = MappingProxyType(
    {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
        "train-writers.npy": "2707c7eb6e8bb835111df09faee7cd63f971d6da06a2db048f648a3467f2f71d",
        "t10k-writers.npy": "81f9ec09a784f775e418acae79da499ec1a44806a7e8f3ecd9aff9167dce8c94",
    }
)

# Writers with 5,000 digits in all, from MNIST's two populations (census employees and students) in
# the proportion of the training set. Drawn at random once and listed here, so that no change of a
# random number generator can move a digit from validation to training.
VALIDATION_WRITERS = (
    1, 11, 22, 46, 52, 70, 71, 73, 81, 84, 99, 107, 119, 136, 148,
    149, 168, 179, 199, 224, 230, 231, 241, 278, 282, 2116, 2122, 2124, 2148, 2160,
    2167, 2197, 2211, 2228, 2237, 2283, 2291, 2300, 2301, 2308, 2315, 2333, 2346, 2347, 2348,
)  # fmt: skip


@dataclass(frozen=True)
class Dataset:
    """Digits: images uint8 (N, 28, 28) white on black, labels int64 (N,), writers int64 (N,).

    `writers` are the data set's own ids, or None if it does not say who wrote what. `pages` are
    pages beside the digits, for readers of pages; `left_out` are files of pages that are of no use.
    """

    images: np.ndarray
    labels: np.ndarray
    writers: np.ndarray | None = None
    pages: tuple[Page, ...] = ()
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, rows: np.ndarray) -> Dataset:
        """Return the digits in `rows`, a boolean mask (N,) or an array of indices."""
        writers = None if self.writers is None else self.writers[rows]
        return Dataset(self.images[rows], self.labels[rows], writers)


def read_checked(path: Path, sha256: str) -> bytes:
    """Read a file and check its SHA-256.

    Raises:
        DatasetError: the file is missing, or damaged (with the file and both sums).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"cannot read {path}: {error.strerror}; restore it with {repair_command()}"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise DatasetError(
            f"{path} is damaged: its SHA-256 is {found}, expected {sha256}; "
            f"restore it with {repair_command()}"
        )
    return data


def parse_idx(data: bytes, name: str) -> np.ndarray:
    """Parse an IDX file of bytes or 32-bit integers, gzipped or not: uint8 or int32 of its shape.

    Raises:
        DatasetError: `data` is not such a file, or not as long as its header says.
    """
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DatasetError(f"{name} is a damaged gzip file: {error}") from error
    if len(data) < 4 or data[:2] != b"\x00\x00" or data[2] not in _IDX_TYPES:
        raise DatasetError(f"{name} is not an IDX file of bytes or 32-bit integers")
    stored = np.dtype(_IDX_TYPES[data[2]])
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise DatasetError(f"{name} ends within its header")
    shape = [int.from_bytes(data[i : i + 4], "big") for i in range(4, start, 4)]
    expected = start + stored.itemsize * math.prod(shape)
    if len(data) != expected:
        raise DatasetError(f"{name} has {len(data)} bytes, its header says {expected}")
    values = np.frombuffer(data, stored, offset=start).reshape(shape)
    return values.astype(stored.newbyteorder("="), copy=False)


def read_idx(path: str | Path) -> np.ndarray:
    """Read an IDX file (see `parse_idx`)."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from error
    return parse_idx(data, str(path))


def _archive(prefix: str) -> Dataset:
    def checked(name: str) -> bytes:
        return read_checked(ARCHIVES / name, SHA256[name])

    images, labels = (
        parse_idx(checked(name), name)
        for name in (f"{prefix}-images-idx3-ubyte.gz", f"{prefix}-labels-idx1-ubyte.gz")
    )
    writers = np.load(io.BytesIO(checked(f"{prefix}-writers.npy")), allow_pickle=False)
    return Dataset(images, labels.astype(np.int64), writers.astype(np.int64))


def load(split: Split = "train") -> Dataset:
    """Load "train" (55,000 digits, 494 writers), "validation" (5,000; 45) or "test" (10,000; 297).

    No writer is in two splits. The first two are MNIST's training set in its own order.

    Raises:
        DatasetError: an archive is missing or damaged.
        UsageError: there is no such split.
    """
    if split not in SPLITS:
        raise UsageError(f"no split {split!r}: choose from {', '.join(SPLITS)}")
    if split == "test":
        return _archive("t10k")
    data = _archive("train")
    assert data.writers is not None
    held_out = np.isin(data.writers, VALIDATION_WRITERS)
    return data.where(held_out if split == "validation" else ~held_out)
