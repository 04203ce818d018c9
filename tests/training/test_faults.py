"""Training survives kill -9, full disks, damaged files, a second process and other versions."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import jax
import numpy as np
import pytest

from handsum.config import TrainingConfig
from handsum.data.mnist import Dataset, load
from handsum.errors import HandsumError, SnapshotError, UsageError
from handsum.files import locked
from handsum.training import loop
from handsum.training.checkpoints import Checkpoints
from handsum.training.runs import Run, Stretch, configure, reopen
from handsum.training.state import State, begin_state

SETTINGS = {"widths": (4, 4, 4), "hidden": 8, "batch_size": 8, "ema_decay": 0.9}
SETTINGS |= {"non_digit_bank": 60}
STEPS = 50
# A checkpoint after every chunk, so that a process is often killed while it writes one.
DRIVE = """
import json
import sys
from pathlib import Path
import numpy as np
from handsum.data.mnist import load
from handsum.training import loop
from handsum.training.runs import Run, Stretch, configure, reopen

loop.CHECKPOINT_SECONDS = 0.0
out, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
data = load("train").where(np.arange(300)), load("validation").where(np.arange(120))
resume = (out / "config.json").exists()
new = lambda: Run("cnn", "small", configure("cnn", "small", settings), "mnist", out)
run = reopen("cnn", out) if resume else new()
print("begins", flush=True)
loop.train(run, *data, stretch=Stretch(resume=resume))
"""


def start(out: Path) -> subprocess.Popen[str]:
    """A process that has just started to train into `out`, or to resume there."""
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVE, str(out), json.dumps(SETTINGS | {"steps": STEPS})],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JAX_COMPILATION_CACHE_DIR": str(out.parent / "xla")},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n", process.communicate()[1]
    return process


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for a run, which must succeed."""
    _, printed = process.communicate()
    assert process.returncode == 0, printed
    assert "Traceback" not in printed


RESUME = Stretch(resume=True)


def make(output: Path, steps: int) -> Run:
    config = configure("cnn", "small", SETTINGS | {"steps": steps})
    return Run("cnn", "small", config, "mnist", output)


@cache
def fresh_state(model: str, config: TrainingConfig) -> State:
    return begin_state(model, config)[1]


def end_state(out: Path) -> dict[str, list[bytes]]:
    """All results of a run except its times."""
    run = reopen("cnn", out)
    checkpoints = Checkpoints(out / "checkpoints", "cnn")
    state = checkpoints.restore(run.config.steps, fresh_state("cnn", run.config))
    checkpoints.close()
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    metrics = [json.dumps(line | {"seconds": 0}).encode() for line in lines]
    assert len(metrics) == STEPS // 10
    return {
        "state": [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(state)],
        "metrics": metrics,
        "weights": [(out / "snapshot" / "weights.npz").read_bytes()],
        "samples": [path.read_bytes() for path in sorted((out / "samples").iterdir())],
    }


def check_kills(tmp_path: Path, kills: int, seed: int) -> None:
    whole = tmp_path / "whole"
    process, began = start(whole), time.monotonic()
    finish(process)
    # The others take the compiled code from the cache.
    duration = 0.6 * (time.monotonic() - began)
    expected = end_state(whole)
    chance, killed, runs = random.Random(seed), 0, 0
    while killed < kills:
        out = tmp_path / f"killed-{runs}"
        runs += 1
        while killed < kills:
            process = start(out)
            try:
                process.wait(chance.uniform(0, duration))
                break  # this run has finished: start a new one
            except subprocess.TimeoutExpired:
                process.kill()
                _, printed = process.communicate()
                assert "error" not in printed, printed
                killed += 1
        finish(process if process.returncode == 0 else start(out))
        found = end_state(out)
        for name, parts in expected.items():
            assert found[name] == parts, f"{name} of run {runs} after {killed} kills"
        assert not list(out.rglob(".*.part"))
    print(f"{killed} kills within {runs} runs of {duration:.1f} s")


def test_a_killed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=2, seed=0)


@pytest.mark.slow
def test_a_run_killed_30_times_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=30, seed=1)


@pytest.fixture(scope="module")
def data() -> tuple[Dataset, Dataset]:
    return load("train").where(np.arange(300)), load("validation").where(np.arange(120))


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 30 steps with checkpoints of steps 20 and 30."""
    out = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
        loop.train(make(out, 30), *data)
    return out


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copy"))


def restore(out: Path, step: int | None = None) -> State:
    checkpoints = Checkpoints(out / "checkpoints", "cnn")
    try:
        state = fresh_state("cnn", reopen("cnn", out).config)
        return checkpoints.restore(step or checkpoints.latest(), state)
    finally:
        checkpoints.close()


def test_every_damaged_file_of_a_checkpoint_is_found_and_the_older_one_named(
    copy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = sorted(path for path in (copy / "checkpoints" / "30").rglob("*") if path.is_file())
    assert len(files) > 5
    for index, path in enumerate(files):
        data = path.read_bytes()
        broken = [data[: len(data) // 2], data[:-1] + bytes([data[-1] ^ 1])] if data else [b"x"]
        path.write_bytes(broken[index % len(broken)])
        with pytest.raises(SnapshotError, match=r"step 30 .* damaged .*`from_step` 20$"):
            restore(copy)
        path.unlink()
        with pytest.raises(SnapshotError, match=r"is missing.*`from_step` 20$"):
            restore(copy)
        path.write_bytes(data)
    restore(copy)
    assert capfd.readouterr() == ("", "")


def test_resuming_from_an_older_checkpoint_ends_the_same(copy: Path, trained: Path, data) -> None:
    (copy / "checkpoints" / "30" / "_CHECKPOINT_METADATA").write_bytes(b"{")
    run = reopen("cnn", copy)
    with pytest.raises(SnapshotError, match="`from_step` 20"):
        loop.train(run, *data, stretch=RESUME)
    with pytest.raises(UsageError, match="no checkpoint of step 10 .*: there are 20, 30"):
        loop.train(run, *data, stretch=Stretch(resume=True, from_step=10))
    assert loop.train(run, *data, stretch=Stretch(resume=True, from_step=20)).finished
    for one, other in zip(
        jax.tree.leaves(restore(copy, 30)), jax.tree.leaves(restore(trained, 30)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_damage_to_all_checkpoints_is_reported(copy: Path) -> None:
    for step in ("20", "30"):
        (copy / "checkpoints" / step / "default" / "_METADATA").unlink()
    with pytest.raises(SnapshotError, match="no older one; start again in another `output`"):
        restore(copy)


def test_a_run_of_an_earlier_version_resumes(copy: Path) -> None:
    """Such a run recorded neither formats nor checksums."""
    (copy / "checkpoints.json").unlink()
    facts = json.loads((copy / "config.json").read_text())
    del facts["format"]
    (copy / "config.json").write_text(json.dumps(facts))
    restore(copy)
    (copy / "checkpoints" / "30" / "default" / "_METADATA").write_text("{")
    with pytest.raises(SnapshotError, match="damaged .*`from_step` 20"):
        restore(copy)
    restore(copy, 20)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("config.json", {"format": 99}, "of run format 99, .* reads format 1: update handsum"),
        ("config.json", {"model": "judge"}, "holds a run of judge, not of cnn"),
        ("checkpoints.json", {"format": 99}, "of format 99, .* reads format 1: update handsum"),
        ("checkpoints.json", {"model": "judge"}, "holds checkpoints of judge, not cnn"),
        ("checkpoints.json", {"steps": 3}, "is damaged: remove it"),
    ],
)
def test_another_model_or_version_is_refused(copy: Path, name: str, change, message: str) -> None:
    path = copy / name
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SnapshotError, match=message):
        restore(copy)


def test_a_damaged_record_is_refused(copy: Path) -> None:
    record = copy / "checkpoints.json"
    record.write_bytes(record.read_bytes()[:100])
    with pytest.raises(SnapshotError, match="is damaged: remove it to continue"):
        restore(copy)


def test_a_second_run_into_a_folder_leaves_the_first_alone(data, tmp_path: Path) -> None:
    run = make(tmp_path / "run", 30)
    run.output.mkdir()
    with locked(run.output / ".lock", "training in"):
        with pytest.raises(UsageError, match="another process is training in"):
            loop.train(run, *data)
        assert not (run.output / "config.json").exists()
    assert loop.train(run, *data).finished


def test_a_full_disk_leaves_the_older_checkpoint(
    data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orbax.checkpoint import CheckpointManager

    save = CheckpointManager.save

    def full(self, step: int, **options: object) -> None:
        if step == 20:
            (Path(self.directory) / "20.orbax-checkpoint-tmp").mkdir()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        save(self, step, **options)

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    run = make(tmp_path / "run", 30)
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointManager, "save", full)
        with pytest.raises(HandsumError, match=r"step 20 .*: No space .*continues from step 10$"):
            loop.train(run, *data)
    assert [path.name for path in (run.output / "checkpoints").iterdir()] == ["10"]
    assert loop.train(reopen("cnn", run.output), *data, stretch=RESUME).finished


def test_a_file_that_cannot_be_written_is_named(
    data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "loss.png")

    monkeypatch.setattr(loop, "plot_losses", full)
    run = make(tmp_path / "run", 30)
    with pytest.raises(HandsumError, match=r"cannot write to loss\.png: Read-only .*`resume`"):
        loop.train(run, *data)
