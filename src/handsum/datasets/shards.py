"""One shard of a data set: written whole or not at all, with a record of its files.

Until the data set is complete, the folder `.parts` in it holds the record of each finished shard
(`00003.json`), its parts of joined files (`00003/`), and scratch folders (`00003-...`).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from handsum.datasets.checking import FileSum, hash_file, is_within
from handsum.datasets.formats import find_format
from handsum.datasets.formats.base import PARTS
from handsum.datasets.plan import Plan
from handsum.datasets.samples import Sample, draw_samples
from handsum.errors import HandsumError
from handsum.files import scratch_folder, write_json

WORK_FOLDER = ".parts"
# What a message says after an error that a second run may not meet.
KEPT = "(finished shards are kept; run the same command again to continue)"
# Samples between two calls of `progress`: one call for each would cost too much.
_PROGRESS_INTERVAL = 50
Progress = Callable[[int, int], None]


def make_shard(folder: Path, plan: Plan, index: int, progress: Progress) -> None:
    """Write a shard's files, which get their names once all of them are whole.

    `progress` is called with the number of the shard's samples that are drawn, and of all of them.

    Raises:
        HandsumError: the disk is full, or the folder cannot be written.
    """
    shard = plan.shard(index)
    start = time.time()
    try:
        with scratch_folder(folder / WORK_FOLDER, f"{index:05d}-") as scratch:
            samples = draw_samples(plan.recipe, shard.start, shard.stop)
            counted = _count_samples(samples, len(shard), progress)
            find_format(plan.format).write_shard(scratch, plan, shard, counted)
            paths = sorted(path for path in scratch.rglob("*") if path.is_file())
            files = [(path.relative_to(scratch).as_posix(), *hash_file(path)) for path in paths]
            shutil.rmtree(parts_folder(folder, index), ignore_errors=True)
            for name, _, _ in files:
                target = _final_path(folder, index, name)
                target.parent.mkdir(exist_ok=True)
                os.replace(scratch / name, target)
            work = {"by": f"{socket.gethostname()} {os.getpid()}", "start": start}
            record = {"plan": plan.digest, "files": files, **work, "end": time.time()}
            write_json(_record_path(folder, index), record)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _count_samples(samples: Iterator[Sample], total: int, progress: Progress) -> Iterator[Sample]:
    for done, sample in enumerate(samples, 1):
        yield sample
        if done % _PROGRESS_INTERVAL == 0 or done == total:
            progress(done, total)


def parts_folder(folder: Path, index: int) -> Path:
    """Where a finished shard's parts of joined files wait for those of the others."""
    return folder / WORK_FOLDER / f"{index:05d}"


def _final_path(folder: Path, index: int, name: str) -> Path:
    """Where a finished shard's file is; `name` is its name within the shard."""
    place, _, rest = name.partition("/")
    return parts_folder(folder, index) / rest if place == PARTS else folder / name


def _record_path(folder: Path, index: int) -> Path:
    return folder / WORK_FOLDER / f"{index:05d}.json"


def cannot_write(folder: Path, error: OSError) -> HandsumError:
    """The error to raise for a folder that cannot be written."""
    reason = error.strerror or error
    return HandsumError(f"cannot write {folder}: {reason} {KEPT}")


def read_record(folder: Path, plan: Plan, index: int) -> list[FileSum] | None:
    """The files of a finished shard of this plan; None if there is no such shard.

    The shard may be another plan's, copied here from the folder of another host.
    """
    try:
        record = json.loads(_record_path(folder, index).read_bytes())
        if record["plan"] == plan.digest:
            return [(name, digest, size) for name, digest, size in record["files"]]
    except (OSError, ValueError, TypeError, LookupError):
        pass
    return None


def is_intact(folder: Path, plan: Plan, index: int) -> bool:
    """Whether a shard is finished and its files are as written; if not, its record is removed."""
    files = read_record(folder, plan, index)
    try:
        intact = files is not None and all(
            is_within(name) and hash_file(_final_path(folder, index, name))[0] == digest
            for name, digest, _ in files
        )
    except (OSError, TypeError):
        intact = False
    if not intact:
        _record_path(folder, index).unlink(missing_ok=True)
    return intact


def remove_scratch(folder: Path, shards: range) -> None:
    """Remove the scratch folders that killed processes have left of these shards."""
    for path in (folder / WORK_FOLDER).glob("?????-*"):
        if path.name[:5].isdecimal() and int(path.name[:5]) in shards:
            shutil.rmtree(path, ignore_errors=True)
