"""What all formats share: what a format is, and a sample's picture and labels as plain values."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from handsum.datasets.plan import Plan, Shard
from handsum.datasets.samples import Sample
from handsum.files import atomic_write

# Within a shard's folder: what `join` puts together from all shards. It does not stay.
PARTS = "parts"


def _nothing(folder: Path, parts: list[Path], plan: Plan) -> list[str]:
    return []


def _ready() -> None:
    return


@dataclass(frozen=True)
class Format:
    """How a data set is written.

    `write_shard` writes a shard's files into an empty folder, under the names they will have, and
    its part of joined files into the folder PARTS there. `join` makes files of all shards' parts,
    in their order, and returns their names. Both give the same bytes for the same samples. `check`
    raises a HandsumError if a library is missing.
    """

    write_shard: Callable[[Path, Plan, Shard, Iterator[Sample]], None]
    join: Callable[[Path, list[Path], Plan], list[str]] = _nothing
    check: Callable[[], None] = _ready


def encode_picture(image: np.ndarray) -> bytes:
    """Encode a picture uint8 (H, W) or (H, W, 3) as PNG, quickly rather than as small as can be."""
    buffer = io.BytesIO()
    # Level 3 is 15 times faster than the smallest files, which are a tenth smaller.
    Image.fromarray(image).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def labels_of(sample: Sample) -> dict[str, Any]:
    """All that is known of a sample but its picture, as plain values."""
    return {
        "index": sample.index,
        "text": sample.text,
        "digits": list(sample.digits),
        "boxes": sample.boxes.tolist(),
        "total": sample.total,
        "writer": sample.writer,
        "seed": sample.seed,
        "effects": sample.effects,
    }


def concatenate(target: BinaryIO, parts: Iterable[Path]) -> None:
    """Copy the contents of files one after another."""
    for part in parts:
        with part.open("rb") as source:
            shutil.copyfileobj(source, target, 1 << 20)


def join_files(folder: Path, name: str, parts: list[Path], header: bytes = b"") -> str:
    """Make the file `name` of a header and the files of that name among the parts."""
    with atomic_write(folder / name) as file:
        file.write(header)
        concatenate(file, (part / name for part in parts))
    return name
