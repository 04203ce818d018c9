"""The command `dataset`: its output, its errors, and how it stops and continues."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.usefixtures("fake_generator")
def test_it_prints_one_line_about_the_files(run_command: Run, tmp_path: Path) -> None:
    done = run_command("dataset", "numbers", "--count", 12, "--seed", 5, "-o", "set", "--shards", 2)
    assert done.code == 0
    assert done.err == ""
    line = r"set: 12 numbers  \(png, 2 shards, \d+ samples/s, seed 5\)\n"
    assert re.fullmatch(line, done.out)
    assert len(list((tmp_path / "set" / "images").iterdir())) == 12


@pytest.mark.usefixtures("fake_generator")
def test_hosts_need_a_seed_unless_the_folder_has_one(run_command: Run, tmp_path: Path) -> None:
    options = ["dataset", "numbers", "--count", 12, "-o", "set", "--shards", 2, "--hosts", 2]
    done = run_command(*options, "--host", 0)
    assert (done.code, "give all of them the same --seed" in done.err) == (2, True)
    assert not (tmp_path / "set").exists()
    assert run_command(*options, "--host", 0, "--seed", 5).code == 0
    done = run_command(*options, "--host", 1)
    assert (done.code, "6 were there" in done.out, "seed 5" in done.out) == (0, False, True)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--length", "", "--length is a number"),
        ("--totals", "30-20", "totals from 30 to 20 are impossible"),
        ("--height", 0, "a height of 0 is out of range"),
        ("--realism", "none=1", "is unclear"),
        ("--workers", 0, "0 workers write nothing"),
        ("--host", 1, "there is no host 1 of 1"),
    ],
)
def test_wrong_options_are_errors(
    run_command: Run, tmp_path: Path, option: str, value: Any, message: str
) -> None:
    done = run_command("dataset", "sums", "--count", 5, "-o", "set", option, value)
    assert (done.code, message in done.err) == (2, True)
    assert not (tmp_path / "set").exists()


@pytest.mark.usefixtures("fake_generator")
def test_options_reach_the_recipe(run_command: Run, tmp_path: Path) -> None:
    command = (
        "dataset sums --count 6 -o set --format webdataset --length 2-3 --totals 10-12 --seed 7 "
        "--realism all=0.2,blur=1 --height 40 --no-verify --split test --shards 3"
    )
    assert run_command(*command.split()).code == 0
    manifest = json.loads((tmp_path / "set" / "dataset.json").read_text())
    recipe = manifest["recipe"]
    assert (manifest["format"], manifest["split"], manifest["shard_count"]) == (
        "webdataset", "test", 3,
    )  # fmt: skip
    assert (recipe["kind"], recipe["count"], recipe["seed"]) == ("sums", 6, 7)
    assert (recipe["lengths"], recipe["totals"], recipe["height"]) == ([2, 3], [10, 12], 40)
    assert (recipe["realism"]["blur"], recipe["realism"]["noise"]) == (1, 0.2)
    assert recipe["verify"] is False
    assert (tmp_path / "set" / "test-000002.tar").is_file()


@pytest.mark.usefixtures("fake_generator")
def test_json_is_exactly_its_schema(run_command: Run) -> None:
    arguments = ("dataset", "digits", "--count", 8, "-o", "set", "--shards", 3, "--json")
    first = run_command(*arguments, "--hosts", 2, "--host", 1, "--seed", 6)
    result = json.loads(first.out)
    assert list(result) == [
        "folder", "count", "written", "kept", "missing_shards", "seed", "seconds",
        "samples_per_second", "notes",
    ]  # fmt: skip
    assert (result["count"], result["written"], result["kept"]) == (8, 3, 0)
    assert result["missing_shards"] == 2
    assert "other hosts still have 2 shards to write" in first.err
    # Without a seed, the command continues with that of the folder.
    second = json.loads(run_command(*arguments).out)
    assert second["seed"] == result["seed"]
    assert (second["written"], second["kept"], second["missing_shards"]) == (5, 3, 0)


@pytest.mark.usefixtures("fake_generator")
@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("digits --length 2 -o set", 2, "digits come one to a picture"),
        ("numbers --length 0-3 -o set", 2, "within 1 to 32"),
        ("numbers --length many -o set", 2, "a number or a range"),
        ("numbers --totals 5 -o set", 2, "only sums have totals"),
        ("sums --length 2 --totals 19 -o set", 2, "2 digits reach sums up to 18, not 19"),
        ("sums --totals ten -o set", 2, "--totals is a number or a range"),
        ("letters -o set", 2, "letters"),
        ("digits --format gif -o set", 2, "gif"),
        ("digits --realism smudge -o set", 2, "unknown realism 'smudge': use touching, "),
        ("digits --realism blur=7 -o set", 2, "'blur=7' is not a strength"),
        ("digits --count 0 -o set", 2, "count of 0"),
        ("digits --count 5 --shards 6 -o set", 2, "5 samples cannot be divided into 6 shards"),
        ("digits --workers 0 -o set", 2, "1 worker or more"),
        ("digits --hosts 2 --host 2 --seed 1 -o set", 2, "count hosts from 0"),
        ("digits --height 5 -o set", 2, "28 to 512"),
        ("digits -o full", 1, "full already holds files"),
        ("digits -o full/file", 1, "is a file"),
        ("digits -o none/set", 1, "there is no folder"),
        ("digits", 2, "output"),
    ],
)
def test_an_error_is_one_line_and_leaves_nothing(
    run_command: Run, tmp_path: Path, command: str, code: int, message: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    done = run_command("dataset", *command.split())
    assert done.code == code
    assert message in done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


@pytest.mark.usefixtures("fake_generator")
def test_workers_without_shards_are_noted(run_command: Run) -> None:
    done = run_command("dataset", "digits", "--count", 4, "-o", "set", "--workers", 3)
    assert done.code == 0
    assert done.err == "note: 3 workers had only 1 shard to write: use more --shards\n"


@pytest.mark.usefixtures("fake_generator")
def test_another_recipe_in_the_folder_is_one_line(run_command: Run) -> None:
    run_command("dataset", "digits", "--count", 4, "--seed", 1, "-o", "set")
    done = run_command("dataset", "digits", "--count", 5, "--seed", 1, "-o", "set")
    assert done.code == 2
    assert "set holds another data set (count 4, not 5)" in done.err
    assert done.err.count("\n") == 1


def test_help_documents_every_option(run_command: Run) -> None:
    import typer

    from handsum.cli.app import app

    parameters = typer.main.get_command(app).commands["dataset"].params  # type: ignore[attr-defined]
    assert [p.name for p in parameters if not getattr(p, "help", None)] == []
    assert run_command("dataset", "--help").code == 0


COMMAND = [
    *(sys.executable, "-m", "handsum", "dataset", "digits", "--count", "120", "--shards", "40"),
    *("--seed", "3", "--no-verify", "-o", "set"),
]


@contextmanager
def running(
    folder: Path, workers: int, shards: int = 3, *options: str
) -> Iterator[subprocess.Popen[str]]:
    """Start the command in a process group of its own; wait until it has written some shards."""
    process = subprocess.Popen(
        [*COMMAND, "--workers", str(workers), *options],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        patience = time.monotonic() + 120
        while len(finished(folder)) < shards and time.monotonic() < patience:
            time.sleep(0.02)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finished(folder: Path) -> list[Path]:
    return list((folder / "set" / ".parts").glob("*.json"))


def check_continues(folder: Path) -> None:
    """Check that nothing half-written is left, and that the same command does the rest."""
    done = subprocess.run([*COMMAND, "--json"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kept"] >= 3 * 3
    assert list((folder / "set").glob(".*")) == []
    assert len(list((folder / "set").glob("?/*.png"))) == 120


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGTERM, 2),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.slow),
        (signal.SIGKILL, 1),
    ],
)
def test_a_stopped_process_leaves_whole_shards_and_continues(
    tmp_path: Path, number: signal.Signals, workers: int
) -> None:
    with running(tmp_path, workers) as process:
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as Ctrl-C in a terminal
        else:
            process.send_signal(number)
        message = process.communicate(timeout=60)[1]
        assert len(finished(tmp_path)) >= 3
        if number != signal.SIGKILL:
            scratch = [
                path.name for path in (tmp_path / "set/.parts").iterdir() if "-" in path.name
            ]
            assert scratch == []
            assert process.returncode == 128 + number
        assert message.strip() == ""
    check_continues(tmp_path)


def test_ctrl_c_while_the_workers_start_prints_nothing(tmp_path: Path) -> None:
    with running(tmp_path, 2, shards=0) as process:
        patience = time.monotonic() + 60
        while not worker_processes(process.pid) and time.monotonic() < patience:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGINT)
        message = process.communicate(timeout=60)[1]
        assert (process.returncode, message.strip()) == (130, "")


def worker_processes(parent: int) -> list[int]:
    """The processes that a process of ours has started to work for it (Linux)."""
    path = Path(f"/proc/{parent}/task/{parent}/children")
    if not path.exists():
        pytest.skip("there is no /proc to find the workers in")
    numbers = [int(number) for number in path.read_text().split()]
    return [
        number
        for number in numbers
        if b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes()
    ]


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_killed_worker_is_one_line_and_the_command_continues(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running(tmp_path, 2, 3, "--retries", "0") as process:
        os.kill(worker_processes(process.pid)[0], number)
        message = process.communicate(timeout=60)[1]
        assert process.returncode == 1
        assert re.fullmatch(
            "error: a worker process was killed, and no retry is left: .* fewer --workers .*\n",
            message,
        )
    check_continues(tmp_path)


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, 2) as process:
        workers = worker_processes(process.pid)
        assert len(workers) == 2
        process.kill()
        process.wait()
        patience = time.monotonic() + 30
        while any(is_running(number) for number in workers) and time.monotonic() < patience:
            time.sleep(0.05)
        assert [number for number in workers if is_running(number)] == []
    check_continues(tmp_path)


def is_running(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
