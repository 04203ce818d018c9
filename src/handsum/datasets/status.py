"""How far a data set is, from its folder alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handsum.datasets.output import read_manifest
from handsum.datasets.plan import Plan
from handsum.datasets.recipe import Recipe
from handsum.datasets.shards import WORK_FOLDER
from handsum.errors import DatasetError

# The rate is that of the shards that were finished in so many seconds before the last one.
_RECENT = 600.0


@dataclass(frozen=True)
class Work:
    """What one process has done: the samples of its finished shards, and how long each took."""

    by: str
    shards: int
    samples: int
    seconds: float


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
                {"by": one.by, "shards": one.shards, "samples_per_second": round(rate, 1)}
                for one in self.workers
                for rate in [one.samples / max(one.seconds, 1e-3)]
            ],
            "notes": [],
        }


def read_status(folder: str | Path) -> Status:
    """How far the data set in a folder is.

    Raises:
        DatasetError: there is no data set, or it is damaged.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        raise DatasetError(f"{folder} has no data set: there is no dataset.json")
    try:
        recipe = Recipe(**manifest["recipe"])
        plan = Plan(recipe, manifest["format"], manifest["shard_count"], manifest["split"])
    except (TypeError, LookupError) as error:
        raise DatasetError(f"{folder} was written by another version of handsum") from error
    if manifest["complete"]:
        whole = recipe.count
        return Status(folder, True, whole, whole, plan.shards, plan.shards, (), None, ())
    records = dict(_read_records(folder, plan, manifest["handsum"]))
    sizes = {index: len(plan.shard(index)) for index in records}
    names = (path.name for path in (folder / WORK_FOLDER).glob("?????-*"))
    begun = {int(name[:5]) for name in names if name[:5].isdecimal()} - records.keys()
    return Status(
        folder,
        False,
        recipe.count,
        sum(sizes.values()),
        plan.shards,
        len(records),
        tuple(sorted(begun)),
        _rate(records, sizes),
        tuple(_workers(records, sizes)),
    )


def _read_records(folder: Path, plan: Plan, version: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of the finished shards."""
    digest = plan.digest_of(version)
    for index in range(plan.shards):
        try:
            record = json.loads((folder / WORK_FOLDER / f"{index:05d}.json").read_bytes())
            if record["plan"] == digest and record["start"] <= record["end"]:
                yield index, record
        except (OSError, ValueError, TypeError, LookupError):
            continue


def _rate(records: dict[int, dict[str, Any]], sizes: dict[int, int]) -> float | None:
    if not records:
        return None
    last = max(record["end"] for record in records.values())
    recent = [index for index, record in records.items() if record["end"] > last - _RECENT]
    first = min(records[index]["start"] for index in recent)
    return sum(sizes[index] for index in recent) / max(last - first, 1e-3)


def _workers(records: dict[int, dict[str, Any]], sizes: dict[int, int]) -> Iterator[Work]:
    for by in sorted({str(record.get("by")) for record in records.values()}):
        own = [index for index, record in records.items() if record.get("by") == by]
        seconds = sum(records[index]["end"] - records[index]["start"] for index in own)
        yield Work(by, len(own), sum(sizes[index] for index in own), seconds)
