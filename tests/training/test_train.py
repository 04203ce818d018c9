"""`train`, the function behind `handsum train`."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handsum.data.mnist import Dataset
from handsum.data.signs.alphabet import CLASSES
from handsum.data.signs.answers import Signs
from handsum.errors import UsageError
from handsum.training import loop, runs
from handsum.training.runs import Outcome, Run, Stretch
from handsum.training.train import train


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Run, dict[str, Any]]]:
    """The runs that training would start, in place of training."""
    found = []

    def begin(run: Run, training: Dataset, validation: Dataset, **options: Any) -> Outcome:
        assert len(training) > len(validation) > 0
        found.append((run, options))
        return Outcome(run.model, 5, run.config.steps, run.output / "snapshot")

    monkeypatch.setattr(loop, "train", begin)
    return found


def test_arguments_become_a_run(begun: Any, tmp_path: Path) -> None:
    outcome = train(
        "cnn-sum",
        tmp_path,
        preset="small",
        steps=40,
        labels="numbers",
        addends=3,
        settings={"widths": [4, 5, 6], "dropout": "0.5"},
        max_minutes=1.5,
        devices="all",
    )
    ((run, options),) = begun
    assert (run.model, run.preset, run.dataset) == ("cnn-sum", "small", "mnist")
    assert (run.config.steps, run.config.labels, run.config.addends) == (40, "numbers", 3)
    assert (run.config.widths, run.config.dropout) == ((4, 5, 6), 0.5)
    assert options["stretch"] == Stretch(max_minutes=1.5, devices=None)
    assert run.command == (
        "handsum train cnn-sum --preset small --steps 40 --labels numbers --addends 3 "
        f"--set widths=4,5,6 --set dropout=0.5 --max-minutes 1.5 --devices all -o {tmp_path}"
    )
    assert repr(outcome) == f"<cnn-sum stopped at step 5 of 40: {tmp_path / 'snapshot'}>"


def test_a_run_records_the_model_that_it_starts_as(begun: Any, tmp_path: Path) -> None:
    train("cnn", tmp_path, start_from=Path("runs/mine"))
    assert begun[0][0].start_from == "runs/mine"
    assert begun[0][0].command.endswith(f"cnn --start-from runs/mine -o {tmp_path}")


def test_a_run_goes_into_runs_by_default(begun: Any) -> None:
    train("cnn")
    assert begun[0][0].output == Path("runs/cnn")


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("cnnn", {}, "did you mean cnn"),
        ("cnn", {"steps": 2.5}, "steps cannot be 2.5"),
        ("cnn", {"seed": -1}, "seed must be at least 0"),
        ("cnn", {"settings": {"widths": (4, 4)}}, "widths takes 3 numbers"),
        ("cnn", {"output": 3}, "`output` is a path"),
        ("cnn", {"devices": 0}, "`devices` is 1 or more"),
        ("cnn", {"devices": "many"}, "`devices` is a number or all"),
        ("cnn", {"max_minutes": float("nan")}, "`max_minutes` is 0 or more"),
        ("cnn", {"max_minutes": "5"}, "`max_minutes` is a number"),
        ("cnn", {"from_step": 3}, "`from_step` goes with `resume`"),
        ("cnn", {"resume": True, "start_from": "cnn"}, "`start_from` begins a run"),
        ("cnn", {"resume": True, "steps": 3}, "leave the other options out"),
        ("gan", {"addends": 3}, "gan has no `addends`: only cnn-sum"),
        ("r3gan", {"settings": {"writers": 3}}, "writers is set from the data set"),
        ("cnn", {"dataset": "pages:mine"}, "cnn does not read pages: train detector on pages:mine"),
    ],
)
def test_wrong_arguments_are_refused(
    model: str, arguments: dict[str, Any], message: str, begun: Any
) -> None:
    with pytest.raises(UsageError, match=message):
        train(model, **arguments)
    assert begun == []


def test_the_options_of_the_command_are_those_of_the_function() -> None:
    """With the same defaults, except for options that belong to the command alone."""
    import inspect

    from handsum.cli import train as command

    ours = inspect.signature(train).parameters
    theirs = inspect.signature(command.train).parameters
    alone = {"as_json", "dry_run", "distributed", "coordinator", "process_id", "num_processes"}
    assert set(theirs) - alone == set(ours) - {"progress", "log"}
    for name in set(theirs) - alone - {"model", "devices"}:  # devices: 1, or all with --distributed
        assert theirs[name].default == ours[name].default, name


def test_a_folder_that_another_process_claimed_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    run = Run("cnn", "small", runs.configure("cnn", "small", {}), "mnist", tmp_path)
    with pytest.raises(UsageError, match="holds a run already"):
        runs.claim(run, run.config, resume=False)
    assert (tmp_path / "config.json").read_text() == "{}"


def test_pages_are_read_by_the_network_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []

    def begin(run: Run, *data: Dataset, **_: object) -> Outcome:
        begun.append((run, data))
        return Outcome(run.model, 1, 1, run.output / "snapshot")

    monkeypatch.setattr(loop, "train", begin)

    class Finder:
        def find(self, pictures: list[np.ndarray], least: float) -> list[Signs]:
            sevens = Signs(np.array([[4.0, 4, 20, 30]]), np.ones(1), np.eye(CLASSES)[[7]])
            return [sevens for _ in pictures]

    asked: list[str] = []

    def load(name: str) -> Finder:
        asked.append(name)
        return Finder()

    monkeypatch.setattr(sys.modules["handsum.training.train"], "load_detector", load)
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(np.full((40, 40), 200, np.uint8)).save(tmp_path / name)
    (tmp_path / "labels.csv").write_text("file,label\na.png,7\nb.png,7\nc.png,77\n")
    options = {"dataset": f"pages:{tmp_path}", "output": tmp_path / "run"}
    outcome = train("detector", start_from="detector", **options)  # type: ignore[arg-type]
    (run, (training, validation)) = begun[0]
    assert run.dataset == f"pages:{tmp_path}"
    # c.png shows one digit, and its text has two.
    assert [len(data.pages) for data in (training, validation)] == [1, 1]
    assert set(asked) == {"detector"}
    # Nobody wonders why the reader did not learn from it.
    assert outcome.as_dict()["notes"] == [
        "left out 1 of the pictures, as the texts of their rows were not found in them: c.png"
    ]
    assert [training.pages[0].labels.tolist(), len(validation)] == [[7], 5000]
