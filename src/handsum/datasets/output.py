"""The folder of a data set: its shards, the files joined from them, and a manifest of both.

`dataset.json` holds the plan from the start. Each finished shard leaves a record in `.parts`. When
all records are there, the host that sees it joins the files that span shards and completes the
manifest. So an interrupted run continues where it stopped, and hosts that share a folder need not
communicate.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handsum.datasets.checking import SUMS, check_sums, format_sums, hash_file, summarize_files
from handsum.datasets.engines import Division, check_engine, make_shards
from handsum.datasets.formats import find_format
from handsum.datasets.formats.base import PARTS
from handsum.datasets.formats.card import write_card
from handsum.datasets.formats.croissant import write_croissant
from handsum.datasets.plan import Plan
from handsum.datasets.samples import draw_samples
from handsum.datasets.shards import (
    WORK_FOLDER,
    Progress,
    cannot_write,
    is_intact,
    make_shard,
    parts_folder,
    read_record,
    remove_scratch,
)
from handsum.errors import DatasetError, HandsumError, UsageError, shorten
from handsum.files import (
    atomic_write,
    check_folder,
    locked,
    remove_unfinished,
    removed_at_end,
    write_json,
)

MANIFEST = "dataset.json"
_WORK = "writing"
# The most characters of a value in a message.
_MOST_SHOWN = 80


_ALONE = Division()


@dataclass(frozen=True, eq=False, repr=False)
class WrittenDataset:
    """A data set in a folder, and what a run has done for it.

    The run has drawn `written` samples; `kept` ones were there before it. `missing_shards` are yet
    to be written by other hosts: the data set is complete at 0.
    """

    folder: Path
    plan: Plan
    written: int
    kept: int
    missing_shards: int
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The number of samples in the data set."""
        return self.plan.recipe.count

    @property
    def seed(self) -> int:
        """The seed, which gives the same data set again."""
        return self.plan.recipe.seed

    def as_dict(self) -> dict[str, Any]:
        """What was written, as `handsum dataset --json` prints it, without the speed."""
        return {
            "folder": str(self.folder),
            "count": self.count,
            "written": self.written,
            "kept": self.kept,
            "missing_shards": self.missing_shards,
            "seed": self.seed,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        missing = f", {self.missing_shards} missing" if self.missing_shards else ""
        return (
            f"<{self.plan.recipe.title} in {self.folder}, {self.plan.title}{missing}, "
            f"seed {self.seed}>"
        )


def write_plan(
    folder: str | Path,
    plan: Plan,
    division: Division = _ALONE,
    progress: Progress = lambda done, total: None,
) -> WrittenDataset:
    """Write a data set, or continue one of the same plan that was interrupted.

    `progress` is called with the number of this host's samples that are there, and of all of them.
    The bytes depend on the plan alone.

    Raises:
        UsageError: the folder holds another data set, or another process writes these shards.
        HandsumError: a library is missing, or the folder cannot be written.
        DatasetError: the data set in the folder is damaged.
    """
    folder = Path(folder)
    find_format(plan.format).check()
    if plan.recipe.model:
        # A model that cannot draw these samples must not leave a folder behind.
        next(draw_samples(plan.recipe, 0, 1))
    check_engine(division)
    try:
        _make_folder(folder)
        # A complete data set is only checked, and may be in a folder that cannot be written.
        with nullcontext() if _is_complete(folder) else _locked_host(folder, division):
            written = _write(folder, plan, division, progress)
        if not written.missing_shards:
            _remove_leftovers(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return written


def _write(folder: Path, plan: Plan, division: Division, progress: Progress) -> WrittenDataset:
    """Write the missing shards of this host, and complete the data set if they are the last."""
    own = range(division.host, plan.shards, division.hosts)
    total = sum(len(plan.shard(index)) for index in own)
    if _claim(folder, plan):
        progress(total, total)
        return WrittenDataset(folder, plan, 0, plan.recipe.count, 0)
    remove_scratch(folder, own)
    pending = [index for index in own if not is_intact(folder, plan, index)]
    kept = total - sum(len(plan.shard(index)) for index in pending)
    progress(kept, total)
    try:
        _make_pending(folder, plan, pending, division, _from(kept, total, progress))
    finally:
        remove_scratch(folder, own)
    if lost := [index for index in pending if read_record(folder, plan, index) is None]:
        raise HandsumError(
            f"{len(lost)} of {len(pending)} shards that workers wrote are not in {folder}: all "
            "need this folder, and this version of handsum"
        )
    missing = _complete_if_last(folder, plan)
    return WrittenDataset(folder, plan, total - kept, kept, missing)


def read_manifest(folder: str | Path) -> dict[str, Any] | None:
    """The contents of `dataset.json` in the folder; None if there is no such file.

    Raises:
        DatasetError: it is damaged, or another program's.
    """
    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        if isinstance(manifest["recipe"]["seed"], int) and "complete" in manifest:
            return dict(manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    raise DatasetError(f"{path} is damaged, or not handsum's: name a new or an empty folder")


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise HandsumError(f"{folder} is a file: name a new or an empty folder")
    check_folder(folder)
    # A link to a folder that is missing stays a link.
    place = Path(os.path.realpath(folder))
    if not place.parent.is_dir():
        raise HandsumError(f"cannot write {folder}: there is no folder {place.parent}")
    try:
        place.mkdir(exist_ok=True)
    except OSError as error:
        raise HandsumError(f"cannot write {folder}: {error.strerror or error}") from error


@contextmanager
def _locked_host(folder: Path, division: Division) -> Iterator[None]:
    """Keep other processes from this host's shards.

    Raises:
        UsageError: another process writes them, or writes shards divided by other hosts.
    """
    hosts = division.hosts
    for path in folder.glob(".host-*.lock"):
        if not path.name.endswith(f"-of-{hosts}.lock"):
            with locked(path, _WORK):
                path.unlink(missing_ok=True)
    path = folder / f".host-{division.host}-of-{hosts}.lock"
    with locked(path, _WORK), removed_at_end(path):
        yield


def _claim(folder: Path, plan: Plan) -> bool:
    """Write the plan into an empty folder, or check that it is the folder's; is it complete?"""
    manifest = read_manifest(folder)
    if manifest is None:
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            raise HandsumError(f"{folder} already holds files: name a new or an empty folder")
        write_json(folder / MANIFEST, plan.as_dict() | {"complete": False})
    elif differences := _differences(manifest, plan.as_dict()):
        raise UsageError(
            f"{folder} holds another data set ({'; '.join(differences)}): "
            "name another folder, or use the same options to continue it"
        )
    elif manifest["complete"]:
        check_sums(folder, manifest)
        return True
    (folder / WORK_FOLDER).mkdir(exist_ok=True)
    return False


def _differences(manifest: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Where a manifest's plan differs from the wanted one."""
    found = []
    for key, value in wanted.items():
        there = manifest.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            found += _differences(there, value)
        elif there != value:
            # Given texts may be many.
            shown = [shorten(json.dumps(one), _MOST_SHOWN) for one in (there, value)]
            found.append(f"{key} {shown[0]}, not {shown[1]}")
    return found


def _make_pending(
    folder: Path, plan: Plan, pending: list[int], division: Division, progress: Progress
) -> None:
    if pending and division.needs_others(len(pending)):
        make_shards(folder, plan, pending, division, progress)
        return
    total, done = sum(len(plan.shard(index)) for index in pending), 0
    for index in pending:
        make_shard(folder, plan, index, _from(done, total, progress))
        done += len(plan.shard(index))


def _from(before: int, total: int, progress: Progress) -> Progress:
    """The progress of a part of the work, shown as that of the whole."""
    return lambda done, _: progress(before + done, total)


def _complete_if_last(folder: Path, plan: Plan) -> int:
    """Complete the data set if all its shards are finished; return how many are not."""
    missing = sum(read_record(folder, plan, index) is None for index in range(plan.shards))
    try:
        if not missing:
            _complete(folder, plan)
    except (FileNotFoundError, HandsumError):
        # Another host may have been last at the same moment, and have removed the parts.
        if not _is_complete(folder):
            raise
    return 0 if _is_complete(folder) else missing


def _is_complete(folder: Path) -> bool:
    manifest = read_manifest(folder)
    return bool(manifest and manifest["complete"])


def _complete(folder: Path, plan: Plan) -> None:
    """Join the files that span shards, then write the sums and the manifest of all files."""
    indices = range(plan.shards)
    parts = [parts_folder(folder, index) for index in indices]
    joined = [*find_format(plan.format).join(folder, parts, plan), *write_card(folder, plan)]
    shards = []
    with atomic_write(folder / SUMS) as sums:
        for index in indices:
            files = read_record(folder, plan, index)
            if files is None:
                raise HandsumError(
                    f"shard {index} of {folder} is gone: run the same command again to continue"
                )
            own = [file for file in files if not file[0].startswith(f"{PARTS}/")]
            sums.write(format_sums(own).encode())
            shard = plan.shard(index)
            shards.append(
                {"start": shard.start, "stop": shard.stop} | summarize_files(own or files)
            )
        files = [(name, *hash_file(folder / name)) for name in sorted(joined)]
        described = write_croissant(folder, plan, files)
        files = sorted([*files, (described, *hash_file(folder / described))])
        sums.write(format_sums(files).encode())
    listed = [summarize_files([file]) for file in files]
    complete = {"complete": True, "shards": shards, "joined": listed}
    write_json(folder / MANIFEST, plan.as_dict() | complete)


def _remove_leftovers(folder: Path) -> None:
    """Remove from a complete data set what only the writing needed, and what killed runs left."""
    shutil.rmtree(folder / WORK_FOLDER, ignore_errors=True)
    # A folder that cannot be written stays as it is, and so does the lock of a running process.
    with suppress(OSError):
        remove_unfinished(folder)
    for path in folder.glob(".host-*.lock"):
        with suppress(OSError, HandsumError), locked(path, _WORK):
            path.unlink(missing_ok=True)
