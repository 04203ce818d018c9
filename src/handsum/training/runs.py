"""A run: its settings, how it goes and ends, and its folder, which one process claims."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
from flax import nnx

from handsum._version import __version__
from handsum.arguments import optional_number
from handsum.config import TrainingConfig, as_dict, from_dict, parse_settings, replace
from handsum.errors import SnapshotError, UsageError, did_you_mean, name_some
from handsum.files import check_folder, make_folders, remove_unfinished, write_json
from handsum.models import registry
from handsum.pretrained.devices import default_platform
from handsum.pretrained.load import locate
from handsum.pretrained.snapshots import load_snapshot, restore
from handsum.training.state import count_parameters

# Of config.json; earlier versions wrote none.
FORMAT = 1

# Called with the steps done and all of them.
ProgressCallback = Callable[[int, int], None]
# Called with the figures of the last few steps: step, seconds, images_per_second and the metrics.
LogCallback = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class Run:
    """A run, as its `config.json` records it.

    `start_from` is the model whose trained network it starts as, or empty.
    """

    model: str
    preset: str
    config: TrainingConfig
    dataset: str
    output: Path
    command: str = ""
    start_from: str = ""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One stretch of a run: where it starts, when it stops, and on how many devices.

    With `resume` it continues the run in the folder, from the newest checkpoint or from the one of
    `from_step`; without, its network may start as a trained one, `start_from`. `devices` None
    stands for all devices, of all processes.

    Raises:
        UsageError: `from_step` without `resume`, `start_from` with it, or a number out of range.
    """

    resume: bool = False
    from_step: int | None = None
    max_minutes: float | None = None
    devices: int | None = 1
    start_from: str = ""

    def __post_init__(self) -> None:
        optional_number(self.from_step, "`from_step`", least=0)
        optional_number(self.devices, "`devices`", least=1)
        if self.from_step is not None and not self.resume:
            raise UsageError("`from_step` goes with `resume`")
        if self.start_from and self.resume:
            raise UsageError("`start_from` begins a run, and `resume` continues one")
        minutes = self.max_minutes
        if minutes is None:
            return
        if isinstance(minutes, bool) or not isinstance(minutes, int | float):
            raise UsageError(f"`max_minutes` is a number, not {minutes!r}")
        if not 0 <= minutes < math.inf:
            raise UsageError(f"`max_minutes` is 0 or more, not {minutes}")


@dataclass(frozen=True, eq=False)
class Outcome:
    """How training ended: at its last step, or stopped before by the clock or a signal.

    `snapshot` is the folder to use as a model. `signal` is the number of the signal, if this
    process received one. `left_out` are the files of the data set that were of no use.
    """

    model: str
    step: int
    steps: int
    snapshot: Path
    metrics: dict[str, float] = field(default_factory=dict)
    signal: int | None = None
    left_out: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """How to continue, if there are steps left, and what was left out."""
        stopped = f"stopped at step {self.step:,} of {self.steps:,}, saved: `resume` continues"
        return (*([] if self.finished else [stopped]), *self.warnings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out of the data set, and why."""
        if not self.left_out:
            return ()
        return (
            f"left out {len(self.left_out)} of the pictures, as the texts of their rows were not "
            f"found in them: {name_some(self.left_out)}",
        )

    def as_dict(self) -> dict[str, Any]:
        """How training ended, as `handsum train --json` prints it."""
        return {
            "model": self.model,
            "finished": self.finished,
            "step": self.step,
            "steps": self.steps,
            "snapshot": str(self.snapshot),
            "metrics": self.metrics,
            "signal": self.signal,
            "notes": list(self.notes),
        }

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.step == self.steps

    def __repr__(self) -> str:
        done = f"trained for {self.step:,} steps"
        if not self.finished:
            done = f"stopped at step {self.step:,} of {self.steps:,}"
        return f"<{self.model} {done}: {self.snapshot}>"


def make_folder(run: Run, resume: bool) -> None:
    """Make the folder of a new run, or check that there is a run to resume."""
    exists = os.path.exists(run.output / "config.json")
    if resume and not exists:
        raise _nothing_to_resume(run.output)
    if exists and not resume:
        raise UsageError(
            f"{run.output} holds a run already: `resume` it, or choose another `output`"
        )
    check_folder(run.output)
    make_folders(run.output / "samples")


def _nothing_to_resume(folder: Path) -> UsageError:
    return UsageError(f"nothing to resume in {folder}: leave out `resume` to start there")


def claim(run: Run, config: TrainingConfig, resume: bool) -> None:
    """Record a new run in its locked folder, and remove what a killed process left half-written."""
    for folder in (run.output, run.output / "samples", run.output / "snapshot"):
        remove_unfinished(folder)
    if resume:
        return
    # Another process may have started here between the check and the lock.
    make_folder(run, resume)
    facts = {
        "format": FORMAT,
        "model": run.model,
        "preset": run.preset,
        "dataset": run.dataset,
        "config": as_dict(config),
        "command": run.command,
        "start_from": run.start_from,
        "handsum": __version__,
        "jax": jax.__version__,
    }
    write_json(run.output / "config.json", facts, indent=2)


def configure(model: str, preset: str, settings: Mapping[str, Any]) -> TrainingConfig:
    """A preset of a model with other `settings`; their values may be texts.

    Raises:
        UsageError: an unknown model, preset or setting, a value of another type or out of bounds,
            or settings that contradict one another.
    """
    presets = registry.module(model).PRESETS
    if preset not in presets:
        hint = did_you_mean(str(preset), presets)
        raise UsageError(
            f"{model} has no preset {preset!r}: {hint}choose from {', '.join(presets)}"
        )
    config = presets[preset]
    config = replace(config, parse_settings(config, settings))
    config.check(settings.keys())
    return config


def reopen(model: str, output: Path) -> Run:
    """The run in the folder `output`, to resume.

    Raises:
        UsageError: there is no run.
        SnapshotError: its config.json is damaged, or belongs to another model.
    """
    path = output / "config.json"
    try:
        facts = json.loads(path.read_bytes())
        if facts.get("format", FORMAT) != FORMAT:
            raise SnapshotError(
                f"{path} is of run format {facts['format']}, and this handsum reads format "
                f"{FORMAT}: update handsum"
            )
        if facts["model"] != model:
            raise SnapshotError(f"{output} holds a run of {facts['model']}, not of {model}")
        config = from_dict(registry.module(model).Config, facts["config"])
        texts = [facts[name] for name in ("preset", "dataset", "command")]
        texts.append(facts.get("start_from", ""))
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("its preset, dataset, command and start_from are texts")
    except OSError as error:
        raise _nothing_to_resume(output) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"{path} is damaged: {error}") from error
    preset, dataset, command, start_from = texts
    return Run(model, preset, config, dataset, output, command, start_from)


def load_start(run: Run) -> nnx.Module | None:
    """The trained network that a run starts as, if it starts as one.

    Raises:
        UsageError: the run's model has no such trained network.
        SnapshotError: its snapshot is damaged.
    """
    if not run.start_from:
        return None
    task = registry.find(run.model).task
    network: nnx.Module = restore(load_snapshot(locate(run.start_from, (task,))))
    return network


def device_count(devices: int | str) -> int | None:
    """A number of devices, also as a text; None for "all".

    Raises:
        UsageError: it is neither.
    """
    if devices == "all":
        return None
    if isinstance(devices, str):
        if not re.fullmatch("[1-9][0-9]{0,5}", devices):
            raise UsageError(f"`devices` is a number or all, not {devices!r}")
        return int(devices)
    return devices


def count_sizes(run: Run) -> dict[str, int]:
    """The number of trained parameters of each part of the model.

    Raises:
        HandsumError: JAX finds no device.
    """
    default_platform()
    build = registry.module(run.model).build
    parts = nnx.eval_shape(lambda: build(run.config, rngs=nnx.Rngs(0)))
    return count_parameters({name: nnx.state(part, nnx.Param) for name, part in parts.items()})
