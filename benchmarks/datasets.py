"""Measure how fast data sets are written, and continued, in turns with others' ways.

python benchmarks/datasets.py [--count 4000] [--rounds 3] [--finished 100000]

Prints Markdown tables: processes against one; Parquet and WebDataset against writing the same
bytes with pyarrow or webdataset alone; a finished set of `--finished` pictures, checked by the same
command, against `sha256sum -c`. Needs pyarrow and webdataset, and cores with nothing else to do.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import webdataset

SEED = 1


def handsum(folder: Path, *options: object) -> list[str]:
    """The command that writes numbers into a folder."""
    words = ["dataset", "numbers", "--seed", SEED, "-o", folder, *options]
    return [sys.executable, "-m", "handsum", *map(str, words)]


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(command: list[str], folder: Path | None = None) -> None:
    """Run a command, quietly."""
    subprocess.run(command, check=True, capture_output=True, cwd=folder)


def written(folder: Path, *options: object) -> float:
    """How long it takes to write a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    return seconds(lambda: run(handsum(folder, *options)))


def write_parquet(source: Path, target: Path) -> float:
    """How long pyarrow takes to write the tables of a data set again."""
    tables = [pq.read_table(path) for path in sorted(source.glob("*.parquet"))]
    target.mkdir()

    def write() -> None:
        for place, table in enumerate(tables):
            pq.write_table(table, target / f"{place}.parquet", row_group_size=256)

    return seconds(write)


def write_tars(source: Path, target: Path) -> float:
    """How long webdataset takes to write the files of a data set again."""
    samples = []
    for path in sorted(source.glob("*.tar")):
        with tarfile.open(path) as archive:
            files = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
        for name in files:
            if name.endswith(".png"):
                key = name.removesuffix(".png")
                samples.append({"__key__": key, "png": files[name], "json": files[f"{key}.json"]})
    target.mkdir()

    def write() -> None:
        with webdataset.TarWriter(str(target / "0.tar"), encoder=False) as writer:
            for sample in samples:
                writer.write(sample)

    return seconds(write)


def show(title: str, header: str, rows: list[tuple[str, float, float]]) -> None:
    """Print medians and the ratio of the second to the first."""
    print(f"\n{title}\n\n| {header} | ratio |\n|---|---:|---:|---:|")
    for name, one, other in rows:
        print(f"| {name} | {one:.2f} s | {other:.2f} s | {other / one:.2f} |", flush=True)


def scaling(place: Path, count: int, rounds: int) -> None:
    """One process and two, with and without effects."""
    rows = []
    for realism in ("none", "all"):
        options = ("--count", count, "--shards", 8, "--realism", realism)
        times = [
            [written(place / "set", *options, "--workers", workers) for workers in (2, 1)]
            for _ in range(rounds)
        ]
        two, one = (statistics.median(column) for column in zip(*times, strict=True))
        rows.append((f"realism {realism}", two, one))
    show(f"{count} numbers as PNG", "| two processes | one", rows)


def formats(place: Path, count: int, rounds: int) -> None:
    """What a format costs beyond drawing, and what its own library takes for the same bytes."""
    rows = []
    writers = {"parquet": write_parquet, "webdataset": write_tars}
    for name, write in writers.items():
        options = ("--count", count, "--shards", 1, "--no-verify")
        times = []
        for _ in range(rounds):
            own = written(place / "set", *options, "--format", name)
            plain = written(place / "idx", *options, "--format", "idx")
            shutil.rmtree(place / "again", ignore_errors=True)
            times.append((own, plain, write(place / "set", place / "again")))
        own, plain, alone = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name}: {own:.2f} s whole, {plain:.2f} s as IDX, its library alone {alone:.2f} s")
        rows.append((name, own, plain + alone))
    show(f"{count} numbers", "| handsum | drawn as IDX, then written by its library", rows)


def resume(place: Path, count: int, rounds: int) -> None:
    """A finished data set, checked by the command that wrote it and by sha256sum."""
    options = ("--count", count, "--no-verify", "--workers", 2, "--height", 28)
    folder = place / "finished"
    run(handsum(folder, *options))
    times = [
        (
            seconds(lambda: run(handsum(folder, *options))),
            seconds(lambda: run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], folder)),
        )
        for _ in range(rounds)
    ]
    own, plain = (statistics.median(column) for column in zip(*times, strict=True))
    show(f"{count} finished numbers", "| the same command again | sha256sum -c", [("", own, plain)])


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, usual in (("count", 4000), ("rounds", 3), ("finished", 100_000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scaling(Path(folder), options.count, options.rounds)
        formats(Path(folder), options.count, options.rounds)
        resume(Path(folder), options.finished, options.rounds)


if __name__ == "__main__":
    main()
