"""How far a data set is, from its folder alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handsum._version import __version__
from handsum.datasets.output import MANIFEST, read_manifest
from handsum.datasets.plan import Plan
from handsum.datasets.recipe import Recipe
from handsum.datasets.shards import WORK_FOLDER
from handsum.errors import DatasetError, UsageError, shorten

# Seconds in which a worker may have done something else, and the end of the year 9999.
_PAUSE, _LATEST = 60.0, 253_402_300_800.0


@dataclass(frozen=True)
class Work:
    """What one process has done: the samples of its finished shards, and the seconds for them.

    It finished the last one at the time `last`.
    """

    by: str
    shards: int
    samples: int
    seconds: float
    last: float

    @property
    def rate(self) -> float:
        """Its samples a second."""
        return self.samples / max(self.seconds, 1e-3)


@dataclass(frozen=True)
class Status:
    """How far a data set is: `written` of `count` samples, in `finished` of `shards` shards.

    `begun` are the shards that somebody is writing, or was writing when it was killed. `rate` is in
    samples a second, None before the first shard is finished. `workers` are those that finished the
    shards; nobody knows any more once the data set is complete.
    """

    folder: Path
    complete: bool
    count: int
    written: int
    shards: int
    finished: int
    begun: tuple[int, ...]
    rate: float | None
    workers: tuple[Work, ...]

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate."""
        return (self.count - self.written) / self.rate if self.rate else None

    def as_dict(self) -> dict[str, Any]:
        """The status as plain values, as `handsum dataset --status --json` prints it."""
        left = self.seconds_left
        return {
            "folder": str(self.folder),
            "complete": self.complete,
            "count": self.count,
            "written": self.written,
            "shards": self.shards,
            "finished_shards": self.finished,
            "begun_shards": list(self.begun),
            "samples_per_second": None if self.rate is None else round(self.rate, 1),
            "seconds_left": None if left is None else round(left, 1),
            "workers": [
                {"by": one.by, "shards": one.shards, "samples_per_second": round(one.rate, 1)}
                for one in self.workers
            ],
            "notes": [],
        }


def read_status(folder: str | Path) -> Status:
    """How far the data set in a folder is.

    Raises:
        DatasetError: there is no data set, it is damaged, or another version of handsum wrote it.
    """
    folder = Path(folder)
    try:
        manifest = read_manifest(folder)
        if manifest is None:
            raise DatasetError(f"{folder} has no data set: there is no {MANIFEST}")
        count, shards = int(manifest["recipe"]["count"]), int(manifest["shard_count"])
        whole = Status(folder, True, count, count, shards, shards, (), None, ())
        if manifest["complete"] is True:
            return whole
        if manifest["handsum"] != __version__:
            shown = shorten(repr(manifest["handsum"]), 40)
            raise DatasetError(f"{folder} was begun by another version of handsum, {shown}")
        plan = Plan(Recipe(**manifest["recipe"]), manifest["format"], shards, manifest["split"])
    except OSError as error:
        raise DatasetError(f"cannot read {folder}: {error.strerror or error}") from error
    except (TypeError, LookupError, ValueError, AttributeError, UsageError) as error:
        raise DatasetError(f"{folder / MANIFEST} is damaged") from error
    records = dict(_read_records(folder, plan))
    # It may have been completed just now, and the records are gone.
    if (now := read_manifest(folder)) and now["complete"] is True:
        return whole
    names = (path.name for path in (folder / WORK_FOLDER).glob("?????-*"))
    begun = {int(name[:5]) for name in names if name[:5].isdecimal()} - records.keys()
    workers = tuple(_workers(records, plan))
    return Status(
        folder,
        False,
        count,
        sum(work.samples for work in workers),
        shards,
        len(records),
        tuple(sorted(begun)),
        _rate(workers),
        workers,
    )


def _read_records(folder: Path, plan: Plan) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of the finished shards."""
    for index in range(plan.shards):
        try:
            record = json.loads((folder / WORK_FOLDER / f"{index:05d}.json").read_bytes())
            times = float(record["start"]), float(record["end"])
            named = isinstance(record["by"], str)
            if record["plan"] == plan.digest and named and 0 <= times[0] <= times[1] < _LATEST:
                yield index, record
        except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError):
            continue


def _workers(records: dict[int, dict[str, Any]], plan: Plan) -> Iterator[Work]:
    for by in sorted({record["by"] for record in records.values()}):
        own = {index: record for index, record in records.items() if record["by"] == by}
        seconds = sum(record["end"] - record["start"] for record in own.values())
        samples = sum(len(plan.shard(index)) for index in own)
        last = max(record["end"] for record in own.values())
        yield Work(by, len(own), samples, seconds, last)


def _rate(workers: tuple[Work, ...]) -> float | None:
    """The samples a second of all workers that are still at work."""
    if not workers:
        return None
    last = max(work.last for work in workers)
    # One that has finished no shard for the time of two is not at work any more.
    at_work = [
        work for work in workers if work.last > last - 2 * work.seconds / work.shards - _PAUSE
    ]
    return sum(work.rate for work in at_work)
