import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from file_facts import read_facts
from PIL import Image

from handsum import __version__
from handsum.data.mnist import Dataset, load
from handsum.errors import HandsumError, SnapshotError, UsageError
from handsum.pretrained.snapshots import load_snapshot
from handsum.training import loop, runs
from handsum.training.reports import read_metrics
from handsum.training.runs import Run, Stretch, configure, reopen
from handsum.training.state import begin_state, flatten, snapshot_state

READER = {"widths": (4, 4, 4), "hidden": 8}
SEQUENCES = {
    "widths": (6, 4, 4),
    "discriminator_widths": (4, 4, 4),
    "plan": 8,
    "longest": 2,
}
SETTINGS = {
    "cnn": READER | {"ema_decay": 0.9, "non_digit_bank": 60},
    "cgan": {"widths": (6, 4, 4), "discriminator_widths": (4, 4, 4), "features": 8},
    "dcgan": {"widths": (6, 4, 4, 2), "discriminator_widths": (4, 4, 4)},
    "cnn-lstm": READER | {"features": 8, "longest": 3},
    "cnn-sum": READER | {"labels": "sums"},
    "gan": {"widths": (8, 8, 8)},
    "lstm-cgan": SEQUENCES,
    "one-to-many-cgan": SEQUENCES,
    "judge": {"widths": (4, 4), "blocks": 1},
    "r3gan": {"widths": (6, 4, 4), "style": 8, "features": 8},
    "detector": {"widths": (4, 4, 4, 4), "depths": (1, 1, 1), "side": 32, "ema_decay": 0.9},
}
# One model of digits, one of sequences, one with frozen parts and one of composed pages; the others
# have no code of their own that resuming depends on.
KINDS = ("cnn", "cnn-lstm", "r3gan", "detector")


@pytest.fixture(scope="module")
def data() -> tuple[Dataset, Dataset]:
    return load("train").where(np.arange(300)), load("validation").where(np.arange(120))


def make(model: str, output: Path, steps: int = 30, **changes) -> Run:
    settings = SETTINGS[model] | {"batch_size": 8, "steps": steps} | changes
    return Run(model, "small", configure(model, "small", settings), "mnist", output)


RESUME = Stretch(resume=True)


def stop_at(step: int):
    """A progress callback that sends this process the signal of Ctrl-C at a step."""

    def progress(done: int, total: int) -> None:
        if done == step:
            os.kill(os.getpid(), signal.SIGINT)

    return progress


def arrays(folder: Path) -> dict[str, np.ndarray]:
    return dict(load_snapshot(folder / "snapshot").arrays)


def figures(folder: Path) -> list[dict[str, float]]:
    rows = read_metrics(folder / "metrics.jsonl")
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.parametrize(
    "model",
    [
        name if name in KINDS else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(SETTINGS)
    ],
)
def test_a_resumed_run_equals_an_uninterrupted_one(model, data, tmp_path) -> None:
    whole = loop.train(make(model, tmp_path / "whole"), *data)
    assert whole.finished
    assert whole.step == 30
    parts = tmp_path / "parts"
    first = loop.train(make(model, parts), *data, progress=stop_at(10))
    assert (first.finished, first.step, first.signal) == (False, 10, signal.SIGINT)
    second = loop.train(reopen(model, parts), *data, stretch=RESUME, progress=stop_at(20))
    assert (second.finished, second.step) == (False, 20)
    third = loop.train(reopen(model, parts), *data, stretch=RESUME)
    assert (third.finished, third.step) == (True, 30)
    expected, found = arrays(tmp_path / "whole"), arrays(parts)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)
    assert figures(parts) == figures(tmp_path / "whole")


def test_a_run_writes_its_files(data, tmp_path) -> None:
    out = tmp_path / "a" / "run"
    seen: list[tuple[int, int]] = []
    logged: list[dict[str, float]] = []
    outcome = loop.train(
        make("r3gan", out), *data, progress=lambda *at: seen.append(at), log=logged.append
    )
    assert seen == [(0, 30), (10, 30), (20, 30), (30, 30)]
    assert [row["step"] for row in logged] == [10, 20, 30]
    assert all(row["images_per_second"] > 0 for row in logged)
    assert repr(outcome) == f"<r3gan trained for 30 steps: {out / 'snapshot'}>"
    rows = read_metrics(out / "metrics.jsonl")
    assert [row["step"] for row in rows] == [10, 20, 30]
    assert {"seconds", "generator_loss", "discriminator_loss", "penalty"} <= rows[0].keys()
    samples = sorted((out / "samples").glob("*.png"))
    assert [int(path.stem) for path in samples] == [10, 20, 30]
    for path, step in ((samples[0], 10), (out / "loss.png", 30), (out / "progress.gif", 30)):
        with Image.open(path) as picture:
            picture.load()
        facts = read_facts(path)
        assert facts.pop("Software") == f"handsum {__version__}"
        assert facts == {
            "handsum:seed": "0",
            "handsum:model": "r3gan",
            "handsum:preset": "small",
            "handsum:dataset": "mnist",
            "handsum:step": str(step),
        }
    with Image.open(out / "progress.gif") as film:
        assert film.n_frames == 3
        assert film.size == (280, 280)
    facts = load_snapshot(outcome.snapshot).facts
    assert facts["model"] == "r3gan"
    assert facts["step"] == 30
    assert facts["config"]["writers"] == len(np.unique(data[0].writers))
    repeated = json.loads((out / "config.json").read_text())
    assert repeated["config"] == facts["config"]


def test_a_classifier_is_calibrated_on_validation(data, tmp_path) -> None:
    outcome = loop.train(make("cnn", tmp_path / "run"), *data)
    assert 0.05 < load_snapshot(outcome.snapshot).facts["temperature"] < 20
    assert "validation_error" in outcome.metrics


def test_the_clock_stops_a_run(data, tmp_path) -> None:
    run = make("cnn", tmp_path / "run")
    outcome = loop.train(run, *data, stretch=Stretch(max_minutes=0.0))
    assert (outcome.finished, outcome.step, outcome.signal) == (False, 10, None)
    assert (tmp_path / "run" / "snapshot" / "weights.npz").exists()


def test_a_second_signal_interrupts_at_once(data, tmp_path) -> None:
    def progress(done: int, total: int) -> None:
        if not done:
            return
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        loop.train(make("cnn", tmp_path / "run"), *data, progress=progress)
    # The previous handlers are back.
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_training_works_in_a_thread(data, tmp_path) -> None:
    outcomes = []
    run = make("cnn", tmp_path / "run", steps=10)
    thread = threading.Thread(target=lambda: outcomes.append(loop.train(run, *data)))
    thread.start()
    thread.join()
    assert outcomes[0].finished


def test_a_loss_that_is_not_finite_stops_with_advice(data, tmp_path) -> None:
    run = make("cnn", tmp_path / "run", learning_rate=1e38)
    with pytest.raises(HandsumError, match=r"became (nan|inf) at step \d+: try a lower .*rate"):
        loop.train(run, *data)
    assert not (tmp_path / "run" / "snapshot").exists()
    # There is no checkpoint that a run with other settings could destroy.
    assert loop.train(make("cnn", tmp_path / "run", steps=10), *data).finished


def test_a_folder_holds_one_run(data, tmp_path) -> None:
    run = make("cnn", tmp_path / "run", steps=10)
    loop.train(run, *data)
    with pytest.raises(UsageError, match="holds a run already: `resume` it"):
        loop.train(run, *data)
    again = loop.train(reopen("cnn", run.output), *data, stretch=RESUME)
    assert again.finished
    with pytest.raises(SnapshotError, match="holds a run of cnn, not of judge"):
        reopen("judge", run.output)
    with pytest.raises(UsageError, match="nothing to resume"):
        reopen("cnn", tmp_path / "elsewhere")
    (run.output / "config.json").write_text('{"model": "cnn"')
    with pytest.raises(SnapshotError, match=r"config\.json is damaged"):
        reopen("cnn", run.output)


def test_a_checkpoint_of_another_configuration_is_refused(data, tmp_path) -> None:
    run = make("cnn", tmp_path / "run", steps=10)
    loop.train(run, *data)
    other = make("cnn", run.output, steps=20, hidden=16)
    with pytest.raises(SnapshotError, match="checkpoint of step 10 .* is of another configuration"):
        loop.train(other, *data, stretch=RESUME)


def test_an_unwritable_folder_is_named(data, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HandsumError, match="cannot write to"):
        loop.train(make("cnn", tmp_path / "file" / "run"), *data)


def test_a_run_starts_as_a_trained_network(tmp_path: Path, data: tuple[Dataset, Dataset]) -> None:
    loop.train(make("cnn", tmp_path / "first", steps=3), *data)
    run = make("cnn", tmp_path / "second", steps=4)
    run = dataclasses.replace(run, start_from=str(tmp_path / "first"))
    _, state = begin_state("cnn", run.config, runs.load_start(run))
    begun, before = flatten(snapshot_state(state, "classifier")), arrays(tmp_path / "first")
    assert begun.keys() == before.keys()
    assert all(np.array_equal(begun[name], before[name]) for name in before)

    loop.train(run, *data, stretch=Stretch(max_minutes=0))
    # Its own checkpoints have all that it needs from here on.
    shutil.rmtree(tmp_path / "first")
    assert reopen("cnn", run.output).start_from == run.start_from
    assert loop.train(run, *data, stretch=RESUME).finished


def test_a_run_cannot_start_as_another_network(
    tmp_path: Path, data: tuple[Dataset, Dataset]
) -> None:
    for start, message in [
        ("cnn", "a network of other sizes"),
        ("r3gan", "r3gan is a digit generator"),
        ("nothing", "nothing"),
        (str(tmp_path / "nothing"), "nothing"),
    ]:
        run = dataclasses.replace(make("cnn", tmp_path / "run"), start_from=start)
        with pytest.raises(HandsumError, match=message):
            loop.train(run, *data)
        assert not (tmp_path / "run").exists()


def test_the_next_start_of_the_same_training_compiles_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "handsum" / "xla"
    words = [sys.executable, "-m", "handsum", "train", "gan", "--steps", "2", "--preset", "small"]
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    found = []
    for run in ("first", "second"):
        subprocess.run([*words, "-o", str(tmp_path / run)], env=environment, check=True)
        # JAX writes beside each entry when it was used last.
        found.append({path.name for path in kept.iterdir() if not path.name.endswith("-atime")})
    assert found[0]
    assert found[0] == found[1]
    losses = [(tmp_path / run / "metrics.jsonl").read_text() for run in ("first", "second")]
    first, second = ([json.loads(line) for line in text.splitlines()] for text in losses)
    assert [row | {"seconds": 0} for row in first] == [row | {"seconds": 0} for row in second]
