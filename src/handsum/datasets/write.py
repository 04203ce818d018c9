"""`write_dataset`: a labelled data set, from options as on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from handsum.arguments import model_name, optional_number, whole_number
from handsum.datasets.engines import Division, Engine
from handsum.datasets.hosts import choose_hosts
from handsum.datasets.output import WrittenDataset, read_manifest, write_plan
from handsum.datasets.plan import Plan, Split, choose_shards
from handsum.datasets.recipe import LENGTH_LIMIT, Forms, Kind, Recipe, parse_range, parse_realism
from handsum.errors import DatasetError, UsageError
from handsum.layout.marks import read_number
from handsum.seeds import choose_seed

# All of them are in the manifest.
_MOST_TEXTS = 100_000
_MOST_BYTES = 8 * 2**20


def write_dataset(
    output: str | os.PathLike[str],
    kind: Kind,
    *,
    count: int | None = None,
    format: str = "png",
    length: int | str | tuple[int, int] | None = None,
    pattern: str | Sequence[str] | None = None,
    weights: str | Sequence[float] | None = None,
    texts: str | os.PathLike[str] | Sequence[str] | None = None,
    totals: int | str | tuple[int, int] | None = None,
    split: Split = "train",
    realism: str | Mapping[str, float] = "none",
    forms: Forms | None = None,
    height: int | None = None,
    seed: int | None = None,
    model: str | os.PathLike[str] | None = None,
    verify: bool = True,
    shards: int | None = None,
    workers: int = 1,
    hosts: int | None = None,
    host: int | None = None,
    engine: Engine = "local",
    scheduler: str | None = None,
    retries: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> WrittenDataset:
    """Write a labelled data set into a folder, or continue one that was interrupted.

    The bytes depend on neither `workers` nor `hosts`. With several workers, a script must call this
    under `if __name__ == "__main__":`, because each worker imports the script.

    Args:
        output: the folder to write, new or empty, or one to continue.
        kind: "digits" (one to a picture), "numbers" (random digits), "sums" (every total is equally
            likely) or "pages" (rows of numbers and words: lists, tables, forms and notes).
        count: the number of pictures; by default 1,000, or as many as `texts`.
        format: "png", "npz", "idx", "parquet", "webdataset", "coco", "tfds", "alto" or "cuts".
        length: digits and signs in a number, such as 5, "1-8" or (1, 8). Each length is equally
            likely; of a pattern with finitely many numbers, each number. By default 1 to 8, or all
            lengths of such a pattern.
        pattern: what numbers look like: an expression such as "-?digits{1,3}.digits{2}", or a name:
            "amount", "date", "time", "phone", "card", "year", "id{8}". Several may be given. All
            numbers of a length are equally likely.
        weights: how often each of several patterns occurs, such as "3,1" or (3, 1).
        texts: numbers to write, in turn: a file with a number in each line, and how many times
            after a tab, or a list of them.
        totals: totals to draw sums from, such as 20, "20-30" or (20, 30); by default all.
        split: the name of the split in file names: "train", "validation" or "test".
        realism: "all", "none", or effects with strengths in [0, 1] (default 0.5), such as
            "lines=1,blur" or {"lines": 1, "blur": 0.5}; see `handsum.datasets.EFFECTS`.
        forms: local forms of the digits: "european" (a 1 with a flag, a crossed 7), "american" (a
            plain 1 and 7, sometimes a slashed 0) or "mixed" (each writer one of them); by default
            as the generator draws them.
        height: height of the pictures in pixels, 28 to 512 (by default 28 for digits, else 64), or
            of pages 512 to 4096 (1024).
        seed: the same seed gives the same files. By default that of the folder to continue, or a
            random one.
        model: the generator that draws the digits; by default the best one.
        verify: have the reader check every digit, and redraw those that it misreads.
        shards: the number of files to write, or of groups of files. By default one for each 4,096
            pictures or 128 MiB of pixels.
        workers: processes to divide the shards among.
        hosts: machines that share the folder and divide the shards. By default 1, or as many as
            the environment of a SLURM array or step says.
        host: the number of this machine, from 0. By default 0, or what the environment of SLURM,
            PBS or an indexed job of Kubernetes says.
        engine: "local" (processes of this machine) or "dask" (the extra `handsum[dask]`).
        scheduler: the address of a Dask scheduler, such as tcp://10.0.0.5:8786, whose workers share
            the folder; by default the engine dask starts `workers` processes here.
        retries: how often a shard is written again whose process was killed; with a `scheduler`,
            its setting `allowed-failures` counts.
        progress: called with the number of this host's pictures that are drawn, and of all of them.

    Returns:
        What was written; its `missing_shards` is 0 when no other host has shards to write.

    Raises:
        UsageError: an option is out of range, or the folder holds another data set.
        DatasetError: the data set in the folder is damaged.
        HandsumError: a library is missing, the folder cannot be written, or workers were killed.
    """
    folder = _folder(output)
    hosts, host = choose_hosts(optional_number(hosts, "`hosts`"), optional_number(host, "`host`"))
    given = _read_texts(texts)
    usual = len(given) or 1000
    recipe = Recipe(
        kind=kind,
        count=usual if count is None else whole_number(count, "`count`"),
        seed=_choose_seed(folder, seed, hosts),
        lengths=None if length is None else parse_range(length, "length"),
        totals=None if totals is None else parse_range(totals, "totals"),
        model=model_name(model),
        verify=bool(verify),
        realism=parse_realism(realism),
        forms=forms,
        height=optional_number(height, "`height`"),
        patterns=_patterns(pattern),
        weights=_weights(weights),
        texts=given,
    )
    if recipe.has_signs and format == "idx":
        raise UsageError("idx has no place for signs: use another format")
    if recipe.kind == "pages" and format in ("npz", "idx", "tfds"):
        raise UsageError(
            f"{format} has no place for pages: use png, coco, parquet, webdataset or alto"
        )
    parts = optional_number(shards, "`shards`")
    plan = Plan(recipe, format, choose_shards(recipe) if parts is None else parts, split)
    division = Division(
        whole_number(workers, "`workers`"),
        hosts,
        host,
        engine,
        _scheduler(scheduler),
        whole_number(retries, "`retries`"),
    )
    written = write_plan(folder, plan, division, progress or _silent)
    if division.workers <= plan.shards or division.scheduler is not None:
        return written
    few = f"{plan.shards} shard{'s' if plan.shards > 1 else ''}"
    note = f"{division.workers} workers had only {few} to write: use more `shards`"
    return replace(written, notes=(*written.notes, note))


def _folder(output: Any) -> Path:
    if not isinstance(output, str | os.PathLike) or not str(output):
        raise UsageError(f"`output` is a folder's path, not {output!r}")
    if "\0" in str(output):
        raise UsageError(f"{str(output)!r} is no name for a folder: leave out the zero byte")
    return Path(output)


def _scheduler(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UsageError(f"`scheduler` is an address such as tcp://10.0.0.5:8786, not {value!r}")
    return value


def _patterns(value: Any) -> tuple[str, ...]:
    parts = [value] if isinstance(value, str) else value or []
    if not isinstance(parts, Sequence) or not all(isinstance(part, str) for part in parts):
        raise UsageError(f"`pattern` is a text such as amount, or several, not {value!r}")
    return tuple(parts)


def _weights(value: Any) -> tuple[float, ...]:
    parts = value.split(",") if isinstance(value, str) else () if value is None else value
    try:
        return tuple(float(part) for part in parts)
    except (TypeError, ValueError) as error:
        raise UsageError(f"`weights` are numbers such as 3,1, not {value!r}") from error


def _read_texts(texts: Any) -> tuple[str, ...]:
    """The numbers of a list, or of the lines of a file, as often as each is to be written.

    Raises:
        UsageError: a line is not a number with, after a tab, how many times.
        DatasetError: the file cannot be read, or has no or too many numbers.
    """
    if texts is None:
        return ()
    if not isinstance(texts, str | os.PathLike):
        if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
            raise UsageError(f"`texts` is a file, or a list of texts, not {texts!r}")
        return tuple(read_number(text) for text in texts)
    path = Path(texts)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise DatasetError(f"{path} has more than {_MOST_BYTES // 2**20} MiB: divide it")
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise DatasetError(f"{path} is no text in UTF-8") from error
    found: list[str] = []
    for place, line in enumerate(lines, 1):
        if not line.strip():
            continue
        text, _, times = line.partition("\t")
        if not re.fullmatch(r" *[0-9]{0,6} *", times):
            raise UsageError(f"{path}, line {place}: give a number, or a number, a tab and a count")
        try:
            number = read_number(text)
            if len(number) > LENGTH_LIMIT:
                raise UsageError(f"use up to {LENGTH_LIMIT} characters, not {len(number)}")
            found += [number] * int(times.strip() or 1)
        except UsageError as error:
            raise UsageError(f"{path}, line {place}: {error}") from error
        if len(found) > _MOST_TEXTS:
            raise DatasetError(f"{path} has more than {_MOST_TEXTS:,} numbers: divide it")
    if not found:
        raise DatasetError(f"{path} has no numbers: give one in each line")
    return tuple(found)


def _choose_seed(folder: Path, seed: int | None, hosts: int) -> int:
    """The given seed, or that of the data set in the folder, or a random one.

    Raises:
        UsageError: several hosts, each of which would choose its own.
    """
    if seed is None and (manifest := read_manifest(folder)):
        seed = manifest["recipe"]["seed"]
    if seed is None and hosts > 1:
        raise UsageError("hosts share the pictures of one seed: give all of them the same `seed`")
    return choose_seed(seed)


def _silent(done: int, total: int) -> None:
    """Show no progress."""
