"""One shard of a data set: made whole or not at all, and recorded with its files' sums."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from handsum.datasets.checking import hash_file, is_within, list_sums
from handsum.datasets.formats import find_format
from handsum.datasets.formats.base import PARTS
from handsum.datasets.plan import Plan
from handsum.datasets.samples import Sample, draw_samples
from handsum.errors import HandsumError
from handsum.files import atomic_write

# Where shards wait until the data set is complete.
UNFINISHED = ".parts"
# Telling of every single sample would cost more than it says.
_TOLD_AT_ONCE = 50
Tell = Callable[[int], None]


def make_shard(folder: Path, plan: Plan, index: int, tell: Tell) -> None:
    """Write a shard's files, which take their names once all of them are whole.

    Raises:
        HandsumError: the disk is full, or the folder cannot be written.
    """
    shard = plan.shard(index)
    try:
        with tempfile.TemporaryDirectory(
            dir=folder / UNFINISHED, prefix=f"{index:05d}-"
        ) as scratch:
            stage = Path(scratch)
            samples = _told(draw_samples(plan.recipe, shard.start, shard.stop), tell)
            find_format(plan.format).write_shard(stage, plan, shard, samples)
            paths = sorted(path for path in stage.rglob("*") if path.is_file())
            files = [(path.relative_to(stage).as_posix(), *hash_file(path)) for path in paths]
            parts = folder / UNFINISHED / f"{index:05d}"
            shutil.rmtree(parts, ignore_errors=True)
            for name, _, _ in files:
                target = _place(folder, index, name)
                target.parent.mkdir(exist_ok=True)
                os.replace(stage / name, target)
            write_json(_record(folder, index), {"plan": plan.digest, "files": files})
    except OSError as error:
        raise unwritable(folder, error) from error


def _told(samples: Iterator[Sample], tell: Tell) -> Iterator[Sample]:
    untold = 0
    for sample in samples:
        yield sample
        untold += 1
        if untold == _TOLD_AT_ONCE:
            tell(untold)
            untold = 0
    tell(untold)


def _place(folder: Path, index: int, name: str) -> Path:
    """Where a shard's file is: its parts of joined files wait apart from the others."""
    place, _, rest = name.partition("/")
    return folder / UNFINISHED / f"{index:05d}" / rest if place == PARTS else folder / name


def _record(folder: Path, index: int) -> Path:
    return folder / UNFINISHED / f"{index:05d}.json"


def unwritable(folder: Path, error: OSError) -> HandsumError:
    """What to raise for a folder that cannot be written."""
    reason = error.strerror or error
    return HandsumError(
        f"cannot write {folder}: {reason} (whole shards stay; the same command goes on)"
    )


def read_record(folder: Path, plan: Plan, index: int) -> list[tuple[str, str, int]] | None:
    """A finished shard's files: their names, SHA-256 sums and sizes; None where it is not there.

    A shard of another plan, copied from another host's folder, is not this one's.
    """
    try:
        record = json.loads(_record(folder, index).read_bytes())
        if record["plan"] == plan.digest:
            return [(name, digest, size) for name, digest, size in record["files"]]
    except (OSError, ValueError, TypeError, LookupError):
        pass
    return None


def is_intact(folder: Path, plan: Plan, index: int) -> bool:
    """Tell whether a shard is there, and as it was written."""
    files = read_record(folder, plan, index)
    try:
        intact = files is not None and all(
            is_within(name) and hash_file(_place(folder, index, name))[0] == digest
            for name, digest, _ in files
        )
    except (OSError, TypeError):
        intact = False
    if not intact:
        _record(folder, index).unlink(missing_ok=True)
    return intact


def files_summary(files: list[tuple[str, str, int]]) -> dict[str, Any]:
    """One file's name, size and sum; of several their number, size, and the sum of their list."""
    if len(files) == 1:
        name, digest, size = files[0]
        return {"file": name, "bytes": size, "sha256": digest}
    digest = hashlib.sha256(list_sums(files)).hexdigest()
    return {"files": len(files), "bytes": sum(size for _, _, size in files), "sha256": digest}


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write plain values to a JSON file, whole or not at all."""
    with atomic_write(path) as file:
        file.write(json.dumps(values, indent=1).encode() + b"\n")
