import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from handsum.data.mnist import load
from handsum.training.runs import Outcome

TINY = [f"--set={text}" for text in ("widths=4,4,4", "hidden=8", "non_digit_bank=60")]


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A small data set in IDX files."""
    folder = tmp_path / "digits"
    folder.mkdir()
    for prefix, split in (("train", "train"), ("t10k", "validation")):
        data = load(split).where(np.arange(240))
        for kind, array in (("images-idx3", data.images), ("labels-idx1", data.labels)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            content = header + array.astype(np.uint8).tobytes()
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(content)
    return folder


def test_train_resume_and_use_the_snapshot(run_command, digits: Path) -> None:
    options = [
        "--steps",
        20,
        "--batch-size",
        8,
        "--dataset",
        f"idx:{digits}",
        *TINY,
    ]
    first = run_command("train", "cnn", *options, "-o", "run", "--max-minutes", 0)
    assert first.code == 0, first.err
    assert "stopped at step 10 of 20" in first.err
    assert "handsum train cnn -o run --resume" in first.err
    second = run_command("train", "cnn", "--output", "run", "--resume")
    assert second.code == 0, second.err
    assert "snapshot in run/snapshot" in second.err
    facts = json.loads(Path("run/snapshot/config.json").read_text())
    command = "handsum train cnn --steps 20 --batch-size 8 --set widths=4,4,4 --set hidden=8 "
    command += "--set non_digit_bank=60 "
    assert facts["command"] == f"{command}--dataset idx:{digits} --max-minutes 0 -o run"
    assert facts["step"] == 20
    assert facts["config"]["hidden"] == 8
    measured = run_command("evaluate", "run/snapshot", "--dataset", f"idx:{digits}", "--json")
    assert measured.code == 0, measured.err
    figures = json.loads(measured.out)["figures"][0]
    assert figures["count"] == 240
    assert 0 <= figures["error"] <= 1


def test_a_dry_run_shows_and_writes_nothing(run_command, tmp_path: Path) -> None:
    result = run_command("train", "r3gan", "--dry-run", "--set", "penalty=2.5")
    assert result.code == 0
    assert "penalty = 2.5" in result.out
    assert "generator: " in result.out
    assert "discriminator: " in result.out
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cnnn"], "did you mean cnn?"),
        (["cnn", "--preset", "smal"], "did you mean small?"),
        (["cnn", "--set", "stepz=1"], "did you mean steps?"),
        (["cnn", "--set", "steps=x"], "steps is of type int"),
        (["cnn", "--steps", "0"], "steps must be at least 1"),
        (["cnn", "--dataset", "nothing"], "no data set 'nothing'"),
        (["cnn", "--resume"], "nothing to resume in runs/cnn"),
        (["cnn", "--resume", "--steps", "5"], "leave the other options out"),
        (["cnn", "--from-step", "20"], "--from-step goes with --resume"),
        (["cnn", "--set", "steps"], "--set takes key=value"),
        (["r3gan", "--set", "writers=3"], "writers is set from the data set"),
        (["cnn", "--steps", str(2**31)], "steps must be at most 2,147,483,647"),
    ],
)
def test_wrong_requests_are_refused(run_command, arguments: list[str], message: str) -> None:
    result = run_command("train", *arguments)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_a_missing_device_is_explained_in_one_line(option: list[str], tmp_path: Path) -> None:
    if shutil.which("nvidia-smi"):
        pytest.skip("there may be such a device")
    done = subprocess.run(
        [sys.executable, "-m", "handsum", "train", "cnn", "-o", "run", *option],
        env=os.environ | {"JAX_PLATFORMS": "cuda"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "JAX finds no device" in line
    assert "JAX_PLATFORMS=cuda" in line
    assert "set JAX_PLATFORMS=cpu" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (None, 0)])
def test_a_run_stopped_by_a_signal_exits_with_its_code(
    number: int | None, code: int, run_command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stopped(*arguments: object, **options: object) -> Outcome:
        return Outcome("gan", 10, 20, tmp_path / "snapshot", signal=number)

    monkeypatch.setattr("handsum.training.loop.train", stopped)
    done = run_command("train", "gan", "--steps", 20)
    assert done.code == code
    assert "stopped at step 10 of 20, saved" in done.err
