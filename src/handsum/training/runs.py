"""A run: what it is set to, how it goes and ends, and its folder, claimed by one process."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import jax

from handsum._version import __version__
from handsum.config import TrainingConfig, to_json
from handsum.errors import HandsumError, UsageError
from handsum.images import atomic_write, remove_unfinished

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
