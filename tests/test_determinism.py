"""The same command and seed give the same bytes, whatever the process and its surroundings."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# Several commands in one process, since most of each one's time is JAX's start.
COMMANDS = """
import sys
from handsum.cli.app import main
for line in (
    "sum-sequence 23 --length 5 --seed 1 -o sum.png",
    "number -1,234.50 --seed 1 --writer 3+4 -o number.svg",
    "generate --count 70 --seed 1 --random -o digits.npz",
    "generate --count 40 --seed 1 --writer new -o new.png",
    "dataset sums --count 12 --realism all --seed 1 --format webdataset -o sums",
):
    sys.argv = ["handsum", *line.split()]
    try:
        main()
    except SystemExit as left:
        assert not left.code, line
"""
ENVIRONMENTS = (
    {"PYTHONHASHSEED": "1"},
    {
        "PYTHONHASHSEED": "2",
        "OMP_NUM_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
    },
)


def sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def test_two_fresh_processes_write_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for number, environment in enumerate(ENVIRONMENTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        cache = {"XDG_CACHE_HOME": str(tmp_path / f"cache-{number}")}
        subprocess.run(
            [sys.executable, "-c", COMMANDS],
            cwd=folder,
            env={**os.environ, **cache, **environment},
            check=True,
            capture_output=True,
            timeout=300,
        )
        found.append(sums(folder))
    assert len(found[0]) >= 7
    assert found[0] == found[1]


@pytest.mark.parametrize("writer", [None, "3", "3+4", "new"])
@pytest.mark.parametrize("random", [False, True])
def test_shards_hold_the_same_digits(
    run_command, tmp_path: Path, writer: str | None, random: bool
) -> None:
    options = ["generate", "--count", 67, "--seed", 5, *(["--random"] if random else [])]
    options += ["--writer", writer] if writer else []
    assert run_command(*options, "-o", "whole.npz").code == 0
    for shards in (1, 3):
        done = run_command(*options, "--shards", shards, "-o", "part.npz", "--json")
        assert done.code == 0
        paths = [f"part-{index:05d}-of-{shards:05d}.npz" for index in range(shards)]
        parts = [np.load(tmp_path / path, allow_pickle=False) for path in paths]
        with np.load("whole.npz", allow_pickle=False) as whole:
            for name in ("images", "labels", "writers"):
                found = np.concatenate([part[name] for part in parts])
                np.testing.assert_array_equal(found, whole[name], err_msg=name)


def test_hosts_write_the_files_of_one_process(run_command, tmp_path: Path) -> None:
    options = ["generate", "--count", 67, "--seed", 5, "--shards", 3, "-o"]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert run_command(*options, "one/part.npz").code == 0
    first = run_command(*options, "two/part.npz", "--hosts", 2, "--host", 1, "--json")
    assert json.loads(first.out)["files"] == [str(Path("two/part-00001-of-00003.npz"))]
    assert "22 digits of 67; other hosts write the rest" in first.err
    assert run_command(*options, "two/part.npz", "--hosts", 2, "--host", 0).code == 0
    assert len(sums(tmp_path / "one")) == 3
    assert sums(tmp_path / "two") == sums(tmp_path / "one")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", 5, "--shards", 2, "--hosts", 2, "-o", "a.npz"], "the same --seed"),
        (["--count", 5, "--hosts", 2, "--seed", 1, "-o", "a.npz"], "use --shards 2"),
        (["--count", 5, "--host", 1, "-o", "a.npz"], "count hosts from 0"),
        (["--count", 5, "--shards", 2, "-o", "a.png"], "ends in .npz"),
        (["--count", 5, "--shards", 6, "-o", "a.npz"], "do not make 6 shards: use 1 to 5"),
        (["--shards", 2, "-o", "a.npz"], "--shards splits a --count"),
        (["--count", 10**8, "-o", "a.npz"], "write an .npz in shards"),
        (["--count", 10**10, "--shards", 90_000, "-o", "a.npz"], "2,147,483,647 in all"),
    ],
)
def test_shards_that_cannot_be(run_command, tmp_path: Path, arguments, message: str) -> None:
    done = run_command("generate", *arguments)
    assert done.code == 2
    assert message in done.err
    assert list(tmp_path.iterdir()) == []
