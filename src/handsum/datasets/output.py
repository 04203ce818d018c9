"""Data sets on disk: whole shards, one after another or side by side, and a manifest of them.

`dataset.json` says what the folder holds from the first moment; each finished shard leaves a record
in `.parts`, until all are there and the files that span shards are joined. So a run that was
interrupted goes on, and several hosts that share a folder need not talk to one another.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handsum.datasets.checking import SUMS, check_sums, hash_file, list_sums
from handsum.datasets.formats import find_format
from handsum.datasets.formats.base import PARTS
from handsum.datasets.plan import Plan
from handsum.datasets.samples import draw_samples
from handsum.datasets.shards import (
    UNFINISHED,
    Tell,
    files_summary,
    is_intact,
    make_shard,
    read_record,
    unwritable,
    write_json,
)
from handsum.errors import DatasetError, HandsumError, UsageError
from handsum.files import atomic_write, locked

MANIFEST = "dataset.json"
_BUSY = "writing"


@dataclass(frozen=True)
class Written:
    """What a run has done: `written` samples of all, `kept` ones were there before it.

    `missing` counts the shards that other hosts have yet to write; the data set is complete at 0.
    """

    written: int
    kept: int
    missing: int


def write_dataset(
    folder: str | Path,
    plan: Plan,
    *,
    workers: int = 1,
    hosts: int = 1,
    host: int = 0,
    tell: Tell = lambda samples: None,
) -> Written:
    """Write a data set, or go on where the same plan was interrupted.

    `workers` processes divide the shards of this host, which is one of `hosts`, numbered from 0.
    `tell` is called with numbers of samples as they are there. The bytes do not depend on any.

    Raises:
        UsageError: workers or hosts that cannot be, or the folder is another plan's.
        HandsumError: a library is missing, or the folder cannot be written.
        DatasetError: what the folder holds is damaged.
    """
    folder = Path(folder)
    if workers < 1:
        raise UsageError(f"{workers} workers write nothing: use 1 worker or more")
    if not 0 <= host < hosts:
        raise UsageError(f"there is no host {host} of {hosts}: count hosts from 0")
    find_format(plan.format).check()
    if plan.recipe.model:
        # A model that cannot do it must not leave a folder that then waits for it.
        next(draw_samples(plan.recipe, 0, 1))
    try:
        _make_folder(folder)
        # What is complete is only looked through, and may be where nobody can write.
        with nullcontext() if _is_complete(folder) else _alone(folder, hosts, host):
            return _write(folder, plan, range(host, plan.shards, hosts), workers, tell)
    except OSError as error:
        raise unwritable(folder, error) from error


def _write(folder: Path, plan: Plan, mine: range, workers: int, tell: Tell) -> Written:
    """Write the shards of this host that are not there, and finish if no other is missing."""
    if _open(folder, plan):
        tell(plan.recipe.count)
        return Written(0, plan.recipe.count, 0)
    _sweep(folder, mine)
    pending = [index for index in mine if not is_intact(folder, plan, index)]
    kept = sum(len(plan.shard(index)) for index in set(mine) - set(pending))
    tell(kept)
    try:
        _make_shards(folder, plan, pending, workers, tell)
    finally:
        _sweep(folder, mine)
    missing = _conclude(folder, plan)
    return Written(sum(len(plan.shard(index)) for index in pending), kept, missing)


def read_manifest(folder: str | Path) -> dict[str, Any] | None:
    """What `dataset.json` in the folder says; None where there is none.

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
    except (ValueError, TypeError, LookupError):
        pass
    raise DatasetError(f"{path} is damaged, or not handsum's: name a new or an empty folder")


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise HandsumError(f"{folder} is a file: name a new or an empty folder")
    if not folder.absolute().parent.is_dir():
        raise HandsumError(f"cannot write {folder}: there is no folder {folder.parent}")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise HandsumError(f"cannot write {folder}: {error.strerror or error}") from error


@contextmanager
def _alone(folder: Path, hosts: int, host: int) -> Iterator[None]:
    """Keep this host's shards to this process.

    Raises:
        UsageError: another process is writing them, or divides the shards otherwise.
    """
    for path in folder.glob(".host-*.lock"):
        if not path.name.endswith(f"-of-{hosts}.lock"):
            with locked(path, _BUSY):
                path.unlink(missing_ok=True)
    path = folder / f".host-{host}-of-{hosts}.lock"
    with locked(path, _BUSY):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _open(folder: Path, plan: Plan) -> bool:
    """Make the folder this plan's; return whether it holds all of it already."""
    manifest = read_manifest(folder)
    if manifest is None:
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            raise HandsumError(f"{folder} already holds files: name a new or an empty folder")
        write_json(folder / MANIFEST, plan.as_json() | {"complete": False})
    elif differences := _differences(manifest, plan.as_json()):
        raise UsageError(
            f"{folder} holds another data set ({'; '.join(differences)}): "
            "name another folder, or give the same options to go on with it"
        )
    elif manifest["complete"]:
        check_sums(folder, manifest)
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
        return True
    (folder / UNFINISHED).mkdir(exist_ok=True)
    return False


def _differences(manifest: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Say how a manifest's plan differs from the one wanted."""
    found = []
    for key, value in wanted.items():
        there = manifest.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            found += _differences(there, value)
        elif there != value:
            found.append(f"{key} {json.dumps(there)}, not {json.dumps(value)}")
    return found


def _sweep(folder: Path, shards: range) -> None:
    """Remove what processes that were killed have left of these shards."""
    for path in (folder / UNFINISHED).glob("?????-*"):
        if int(path.name[:5]) in shards:
            shutil.rmtree(path, ignore_errors=True)


def _make_shards(folder: Path, plan: Plan, shards: list[int], workers: int, tell: Tell) -> None:
    if workers == 1 or len(shards) < 2:
        for index in shards:
            make_shard(folder, plan, index, tell)
    else:
        from handsum.datasets.workers import share

        share(folder, plan, shards, workers, tell)


def _conclude(folder: Path, plan: Plan) -> int:
    """Finish the data set if all its shards are there; return how many are not."""
    missing = sum(read_record(folder, plan, index) is None for index in range(plan.shards))
    try:
        if not missing:
            _finish(folder, plan)
    except (FileNotFoundError, HandsumError):
        # Another host may have been the last one too, and have tidied up meanwhile.
        if not _is_complete(folder):
            raise
    return 0 if _is_complete(folder) else missing


def _is_complete(folder: Path) -> bool:
    manifest = read_manifest(folder)
    return bool(manifest and manifest["complete"])


def _finish(folder: Path, plan: Plan) -> None:
    """Join what spans shards, and write the sums and the manifest of all there is."""
    parts = [folder / UNFINISHED / f"{index:05d}" for index in range(plan.shards)]
    joined = find_format(plan.format).join(folder, parts, plan)
    shards = []
    with atomic_write(folder / SUMS) as sums:
        for index in range(plan.shards):
            files = read_record(folder, plan, index)
            if files is None:
                raise HandsumError(f"shard {index} of {folder} is gone: the same command goes on")
            own = [file for file in files if not file[0].startswith(f"{PARTS}/")]
            sums.write(list_sums(own))
            shard = plan.shard(index)
            shards.append({"start": shard.start, "stop": shard.stop} | files_summary(own or files))
        files = [(name, *hash_file(folder / name)) for name in sorted(joined)]
        sums.write(list_sums(files))
    listed = [files_summary([file]) for file in files]
    complete = {"complete": True, "shards": shards, "joined": listed}
    write_json(folder / MANIFEST, plan.as_json() | complete)
    shutil.rmtree(folder / UNFINISHED)
