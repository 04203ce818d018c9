"""Engines: the same bytes whoever writes the shards, and whatever happens to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from handsum.datasets import (
    Division,
    Plan,
    Recipe,
    engines,
    output,
    read_status,
    write_dataset,
    write_plan,
)
from handsum.datasets.hosts import choose_hosts
from handsum.errors import DatasetError, HandsumError, UsageError

OPTIONS = {"count": 48, "shards": 24, "seed": 5, "verify": False, "realism": "noise=0.2"}
PLAN = Plan(Recipe("digits", 48, 5, verify=False, realism={"noise": 0.2}), "png", 24)
PATIENCE = 180


def tree(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files as one process writes them."""
    folder = tmp_path_factory.mktemp("one") / "set"
    write_plan(folder, PLAN)
    return tree(folder)


def wait(until: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := until()) and time.monotonic() < end:
        time.sleep(0.02)
    assert found
    return found


def finished(folder: Path) -> int:
    return len(list((folder / ".parts").glob("*.json")))


# Processes of this machine.


@pytest.mark.parametrize(("kills", "retries"), [(1, 2), (2, 2), (1, 0)])
def test_the_shards_of_killed_workers_are_written_again(
    tmp_path: Path, expected: dict[str, bytes], kills: int, retries: int
) -> None:
    folder = tmp_path / "set"
    command = [sys.executable, "-m", "handsum", "dataset", "digits", "--no-verify", "--seed", "5"]
    command += ["--count", "48", "--shards", "24", "--realism", "noise=0.2", "--workers", "2"]
    with subprocess.Popen(
        [*command, "--retries", str(retries), "-o", str(folder)], stderr=subprocess.PIPE, text=True
    ) as process:
        known: set[int] = set()
        for _ in range(kills):
            before = finished(folder)
            new = wait(lambda: workers_of(process.pid) - known)  # noqa: B023
            wait(lambda: finished(folder) > before)  # noqa: B023
            known |= workers_of(process.pid)
            os.kill(max(new), signal.SIGKILL)
        message = process.communicate()[1]
    if retries:
        assert process.returncode == 0, message
        assert tree(folder) == expected
    else:
        assert process.returncode == 1
        assert message.startswith("error: a worker process was killed, and no retry is left")
        assert message.count("\n") == 1


def workers_of(parent: int) -> set[int]:
    """The worker processes of a process (Linux)."""
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    if not listed.exists():
        pytest.skip("there is no /proc to find the workers in")
    found = set()
    for number in listed.read_text().split():
        command = Path(f"/proc/{number}/cmdline")
        if command.exists() and b"spawn_main" in command.read_bytes():
            found.add(int(number))
    return found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "spark"}, "no engine 'spark': use local or dask"),
        ({"scheduler": "tcp://127.0.0.1:1"}, "a `scheduler` is Dask's"),
        ({"engine": "dask", "scheduler": 8786}, "`scheduler` is an address"),
        ({"retries": -1}, "-1 retries are impossible"),
        ({"retries": "many"}, "`retries`"),
    ],
)
def test_a_wrong_division_is_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        write_dataset(tmp_path / "set", "digits", **OPTIONS, **options)
    assert not (tmp_path / "set").exists()


# A Dask cluster.


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "dask", *words], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def worker(scheduler: Path) -> Any:
    return running(
        *("worker", "--scheduler-file", str(scheduler), "--nthreads", "1", "--no-nanny"),
        *("--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(scheduler.parent)),
    )


def test_a_worker_of_a_cluster_is_killed_and_another_joins_late(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    """A scheduler and three workers on loopback, as on a cluster."""
    pytest.importorskip("distributed")
    place, folder = tmp_path / "scheduler.json", tmp_path / "set"
    with ExitStack() as stack:
        stack.enter_context(
            running(
                *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
                *("--scheduler-file", str(place)),
            )
        )
        address = wait(lambda: place.exists() and _address(place))
        first, _ = (stack.enter_context(worker(place)) for _ in range(2))
        command = [sys.executable, "-m", "handsum", "dataset", "digits", "--no-verify"]
        command += ["--seed", "5", "--count", "48", "--shards", "24", "--realism", "noise=0.2"]
        command += ["--engine", "dask", "--scheduler", address, "-o", str(folder)]
        process = stack.enter_context(
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        )
        wait(lambda: finished(folder) > 2)
        first.kill()
        stack.enter_context(worker(place))
        message = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 0, message
    assert tree(folder) == expected


def _address(place: Path) -> str:
    try:
        return str(json.loads(place.read_text())["address"])
    except (ValueError, KeyError):
        return ""  # half written


def test_a_cluster_of_this_machine_writes_the_same(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    pytest.importorskip("distributed")
    calls: list[tuple[int, int]] = []
    division = Division(workers=2, engine="dask")
    write_plan(tmp_path / "set", PLAN, division, lambda *call: calls.append(call))
    assert tree(tmp_path / "set") == expected
    assert calls == sorted(calls)
    assert calls[-1] == (48, 48)


@pytest.mark.parametrize("signals", [1, 2])
@pytest.mark.parametrize("until", [0, 2])
def test_ctrl_c_ends_a_cluster_without_a_word(tmp_path: Path, signals: int, until: int) -> None:
    pytest.importorskip("distributed")
    folder = tmp_path / "set"
    command = [sys.executable, "-m", "handsum", "dataset", "digits", "--no-verify", "--seed", "5"]
    command += ["--count", "4000", "--shards", "2000", "--engine", "dask", "--workers", "2"]
    with subprocess.Popen(
        [*command, "-o", str(folder)], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait(lambda: (folder / ".parts").exists() and finished(folder) >= until)
        time.sleep(1)
        for _ in range(signals):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.3)
        message = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 130
    if signals == 1:
        assert message == ""
    # The second one stops what cleans up: Python counts what it leaves behind.
    assert "Traceback" not in message


def test_shards_that_workers_wrote_elsewhere_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As workers of another version do, or with another folder of the same name."""
    monkeypatch.setattr(output, "make_shards", lambda *arguments: None)
    with pytest.raises(HandsumError, match="24 of 24 shards that workers wrote are not in"):
        write_plan(tmp_path / "set", PLAN, Division(workers=2))


def test_a_script_without_a_guard_says_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, handsum\n"
        "handsum.write_dataset(sys.argv[1], 'digits', count=4, shards=2, workers=2, seed=1)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "set")], capture_output=True, text=True
    )
    assert done.stderr.splitlines()[-1].endswith('under `if __name__ == "__main__":`')


def test_no_scheduler_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(engines, "_PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "no address", "tls://127.0.0.1:9", "tcp://127.0.0.1"):
        division = Division(engine="dask", scheduler=address)
        with pytest.raises(HandsumError, match=f"no Dask scheduler answers at {address}") as caught:
            write_plan(tmp_path / "set", PLAN, division)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "set").exists()


def test_dask_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(HandsumError, match=r"the engine dask needs Dask.*handsum\[dask\]"):
        write_plan(tmp_path / "set", PLAN, Division(engine="dask"))


# Arrays of jobs.

ARRAY = {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "3"}
STEP = {"SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "1"}


@pytest.mark.parametrize(
    ("environment", "given", "hosts"),
    [
        ({}, (None, None), (1, 0)),
        ({}, (4, None), (4, 0)),
        ({}, (4, 3), (4, 3)),
        (ARRAY, (None, None), (4, 2)),
        (ARRAY | {"SLURM_ARRAY_TASK_STEP": "2"}, (None, None), (4, 1)),
        (ARRAY | STEP, (None, None), (12, 7)),
        (STEP, (None, None), (3, 1)),
        # A batch script that runs no step.
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, (None, None), (1, 0)),
        (ARRAY, (8, None), (8, 2)),
        (ARRAY, (1, 0), (1, 0)),
        (ARRAY, (1, None), (1, 0)),
        (ARRAY, (2, 1), (2, 1)),
        ({"PBS_ARRAY_INDEX": "2"}, (4, None), (4, 2)),
        ({"PBS_ARRAYID": "2"}, (4, None), (4, 2)),
        ({"JOB_COMPLETION_INDEX": "3"}, (4, None), (4, 3)),
        ({"JOB_COMPLETION_INDEX": "3"}, (4, 1), (4, 1)),
        ({"JOB_COMPLETION_INDEX": "3"}, (1, None), (1, 0)),
        ({"JOB_COMPLETION_INDEX": ""}, (None, None), (1, 0)),
        (ARRAY | {"SLURM_ARRAY_TASK_MAX": "6"}, (None, None), (4, 2)),
    ],
)
def test_a_job_of_an_array_knows_which_it_is(
    environment: Mapping[str, str], given: tuple[int | None, int | None], hosts: tuple[int, int]
) -> None:
    assert choose_hosts(*given, environment) == hosts


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"JOB_COMPLETION_INDEX": "3"}, "give the number of all as `hosts`"),
        ({"PBS_ARRAY_INDEX": "0"}, "give the number of all as `hosts`"),
        (ARRAY | {"SLURM_ARRAY_TASK_ID": "9"}, "have gaps"),
        (ARRAY | {"SLURM_ARRAY_TASK_STEP": "5"}, "have gaps"),
        (ARRAY | {"SLURM_ARRAY_TASK_MAX": "9"}, "have gaps"),
        (ARRAY | {"SLURM_ARRAY_TASK_ID": "-3"}, "SLURM_ARRAY_TASK_ID is '-3', which is no number"),
        ({"PBS_ARRAY_INDEX": "9" * 5000}, "which is no number"),
    ],
)
def test_a_job_that_cannot_know_says_so(environment: Mapping[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose_hosts(None, None, environment)


def test_two_jobs_of_a_slurm_array_write_one_set(
    tmp_path: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "set"
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "2")
    monkeypatch.setenv("SLURM_ARRAY_TASK_MIN", "1")
    for job, missing in (("2", 12), ("1", 0)):
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", job)
        assert write_dataset(folder, "digits", **OPTIONS).missing_shards == missing
    assert tree(folder) == expected


# Status.


def test_the_status_of_a_part(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_plan(folder, PLAN, Division(hosts=4, host=1))
    (folder / ".parts" / "00002-abc").mkdir()
    status = read_status(folder)
    assert (status.complete, status.count, status.written) == (False, 48, 12)
    assert (status.shards, status.finished, status.begun) == (24, 6, (2,))
    assert status.rate is not None
    assert status.rate > 0
    assert status.seconds_left == pytest.approx(36 / status.rate)
    (work,) = status.workers
    assert (work.shards, work.samples) == (6, 12)
    assert work.rate == pytest.approx(status.rate)
    assert work.by.endswith(f" {os.getpid()}")
    write_plan(folder, PLAN)
    whole = read_status(folder)
    assert (whole.complete, whole.written, whole.finished, whole.workers) == (True, 48, 24, ())
    assert whole.rate is None
    assert whole.seconds_left is None


def test_the_rate_is_that_of_the_workers_at_work(tmp_path: Path) -> None:
    """Twelve with an hour for each shard, and one that ended a day ago."""
    folder, hour = tmp_path / "set", 3600.0
    write_plan(folder, PLAN, Division(hosts=24))
    record = json.loads((folder / ".parts" / "00000.json").read_text())
    for index in range(13):
        end = 1e9 - index * 300 if index < 12 else 1e9 - 24 * hour
        own = record | {"by": f"node {index}", "start": end - hour, "end": end}
        (folder / ".parts" / f"{index:05d}.json").write_text(json.dumps(own))
    status = read_status(folder)
    assert status.finished == 13
    assert status.rate == pytest.approx(12 * 2 / hour)


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no version": lambda manifest: manifest.pop("handsum"),
    "another version": lambda manifest: manifest.update(handsum="0.0.1"),
    "lengths": lambda manifest: manifest["recipe"].update(lengths=[1]),
    "weights": lambda manifest: manifest["recipe"].update(weights="x"),
    "realism": lambda manifest: manifest["recipe"].update(realism={"blur": "x"}),
    "split": lambda manifest: manifest.update(split="dev"),
    "no shards": lambda manifest: manifest.update(shard_count=0),
    "half a shard": lambda manifest: manifest.update(shard_count="2.5"),
    "a new field": lambda manifest: manifest["recipe"].update(mood="glad"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_manifest_that_nobody_understands_is_one_line(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "set"
    write_plan(folder, PLAN, Division(hosts=24))
    manifest = json.loads((folder / "dataset.json").read_text())
    CHANGES[change](manifest)
    (folder / "dataset.json").write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match="is damaged|another version"):
        read_status(folder)
    for place in (tmp_path / ("n" * 300), tmp_path / "file" / "set"):
        (tmp_path / "file").touch()
        with pytest.raises(DatasetError):
            read_status(place)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"start": 2, "end": 1}', '{"plan": 3}', '{"start": "a", "end": []}', "[" * 5000,
        '{"start": 1e300, "end": Infinity}', '{"start": 1, "end": 1' + "0" * 400 + "}",
    ],
)  # fmt: skip
def test_a_damaged_record_is_no_finished_shard(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "set"
    write_plan(folder, PLAN, Division(hosts=24))
    record = json.loads((folder / ".parts" / "00000.json").read_text())
    with suppress(ValueError, TypeError, RecursionError):
        text = json.dumps(record | json.loads(text))
    (folder / ".parts" / "00000.json").write_text(text)
    status = read_status(folder)
    assert (status.finished, status.rate, status.workers) == (0, None, ())


def test_there_is_no_status_without_a_data_set(tmp_path: Path, run_command: Any) -> None:
    with pytest.raises(DatasetError, match="has no data set"):
        read_status(tmp_path)
    shown = run_command("dataset", "--status", "-o", tmp_path)
    assert (shown.code, shown.err.count("\n")) == (1, 1)


def test_the_status_is_printed(tmp_path: Path, run_command: Any) -> None:
    folder = tmp_path / "set"
    write_plan(folder, PLAN, Division(hosts=4, host=1))
    shown = run_command("dataset", "--status", "-o", folder)
    first, worker, rate = shown.out.splitlines()
    assert first == f"{folder}: 6 of 24 shards, 12 of 48 samples"
    assert f" {os.getpid()}: 6 shards, " in worker
    assert rate.endswith(" left")
    write_plan(folder, PLAN)
    shown = run_command("dataset", "--status", "-o", folder)
    assert shown.out == f"{folder}: complete, 24 of 24 shards, 48 of 48 samples\n"


def test_a_kind_is_needed_to_write(tmp_path: Path, run_command: Any) -> None:
    done = run_command("dataset", "-o", tmp_path / "set")
    assert (done.code, done.err) == (2, "error: say what to write: digits, numbers or sums\n")
