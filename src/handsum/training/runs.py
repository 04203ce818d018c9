"""A run: what it is set to, how it goes and ends, and its folder, claimed by one process."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import jax

from handsum._version import __version__
from handsum.config import TrainingConfig, from_json, parse_settings, replace, to_json
from handsum.errors import HandsumError, SnapshotError, UsageError
from handsum.files import atomic_write, remove_unfinished
from handsum.models import registry
from handsum.training.state import count_parameters

# Of config.json; that of earlier versions has none.
FORMAT = 1


@dataclass(frozen=True)
class Run:
    """A run to make or to go on with: what `config.json` repeats."""

    model: str
    preset: str
    config: TrainingConfig
    dataset: str
    out: Path
    max_minutes: float | None = None
    command: str = ""


@dataclass(frozen=True)
class Progress:
    """Where a run is: the step reached, its seconds of training, the metrics of its last steps."""

    step: int
    steps: int
    seconds: float
    images_per_second: float
    metrics: dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `finished`, or stopped by the clock or a signal at `step`.

    `signal` is that signal's number, where this process was sent one.
    """

    finished: bool
    step: int
    snapshot: Path
    metrics: dict[str, float] = field(default_factory=dict)
    signal: int | None = None


def make_folder(run: Run, resume: bool) -> None:
    """Make the run's folder, or see that it is there to go on with."""
    exists = os.path.exists(run.out / "config.json")
    if resume and not exists:
        raise UsageError(f"nothing to resume in {run.out}: leave out --resume to begin there")
    if exists and not resume:
        raise UsageError(f"{run.out} holds a run already: --resume it, or choose another --out")
    try:
        (run.out / "samples").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HandsumError(f"cannot make the folder {run.out}: {error.strerror}") from error


def claim(run: Run, config: TrainingConfig, resume: bool) -> None:
    """Write what the run is, with its folder locked; sweep out what a killed process has left."""
    for folder in (run.out, run.out / "samples", run.out / "snapshot"):
        remove_unfinished(folder)
    if resume:
        return
    # Another process may have begun here between the look and the lock.
    make_folder(run, resume)
    facts = {
        "format": FORMAT,
        "model": run.model,
        "preset": run.preset,
        "dataset": run.dataset,
        "config": to_json(config),
        "command": run.command,
        "handsum": __version__,
        "jax": jax.__version__,
    }
    with atomic_write(run.out / "config.json") as file:
        file.write((json.dumps(facts, indent=2) + "\n").encode())


def begin(
    model: str,
    preset: str,
    changes: Mapping[str, Any],
    settings: Iterable[str],
    dataset: str,
    out: Path,
    max_minutes: float | None = None,
    command: str = "",
) -> Run:
    """A new run: a preset with `changes`, and then `settings` ("key=value") on top.

    Raises:
        UsageError: an unknown model, preset or setting, or a value of another type.
    """
    module = registry.module(model)
    if preset not in module.PRESETS:
        close = difflib.get_close_matches(preset, module.PRESETS, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        names = ", ".join(module.PRESETS)
        raise UsageError(f"{model} has no preset {preset!r}: {hint}choose from {names}")
    missing = sorted(changes.keys() - {field.name for field in fields(module.PRESETS[preset])})
    if missing:
        option = missing[0].replace("_", "-")
        raise UsageError(f"{model} has no --{option}: only cnn-sum learns from sums")
    config = replace(module.PRESETS[preset], changes)
    chosen = parse_settings(config, settings)
    if "writers" in chosen:
        raise UsageError("writers is how many the data set has: leave it out")
    config = replace(config, chosen)
    if "addends" in chosen | dict(changes) and getattr(config, "labels", "") == "digits":
        raise UsageError("--addends goes with --labels sums or numbers")
    drawn = getattr(config, "drawn", config.batch_size)
    if hasattr(config, "longest") and (config.batch_size % 2 or drawn % 2):
        raise UsageError("sequences come in pairs: batch_size and drawn must be even")
    if getattr(config, "longest", 2) < 2:
        raise UsageError("longest must be at least 2: sequences have two digits or more")
    return Run(model, preset, config, dataset, out, max_minutes, command)


def reopen(model: str, out: Path, max_minutes: float | None = None) -> Run:
    """The run in the folder `out`, to go on with.

    Raises:
        UsageError: no run is there.
        SnapshotError: its config.json is damaged, or of another model.
    """
    path = out / "config.json"
    try:
        facts = json.loads(path.read_bytes())
        if facts.get("format", FORMAT) != FORMAT:
            raise SnapshotError(
                f"{path} is of run format {facts['format']}, and this handsum reads format "
                f"{FORMAT}: update handsum"
            )
        if facts["model"] != model:
            raise SnapshotError(f"{out} holds a run of {facts['model']}, not of {model}")
        config = from_json(registry.module(model).Config, facts["config"])
        texts = [facts[name] for name in ("preset", "dataset", "command")]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("its preset, dataset and command are texts")
    except OSError as error:
        raise UsageError(
            f"nothing to resume in {out}: leave out --resume to begin there"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"{path} is damaged: {error}") from error
    preset, dataset, command = texts
    return Run(model, preset, config, dataset, out, max_minutes, command)


def sizes(run: Run) -> dict[str, int]:
    """The number of trained parameters of each part of a run's model."""
    from flax import nnx

    build = registry.module(run.model).build
    parts = nnx.eval_shape(lambda: build(run.config, rngs=nnx.Rngs(0)))
    return count_parameters({name: nnx.state(part, nnx.Param) for name, part in parts.items()})
