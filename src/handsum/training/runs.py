"""A run: what it is set to, how far it is, how it ended, and the folder that is its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import jax

from handsum._version import __version__
from handsum.config import TrainingConfig, to_json
from handsum.errors import HandsumError, UsageError
from handsum.images import atomic_write


@dataclass(frozen=True)
class Progress:
    """Where a run is: the step reached, its seconds of training, the metrics of its last steps."""

    step: int
    steps: int
    seconds: float
    images_per_second: float
    metrics: dict[str, float]


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
class Outcome:
    """How a run ended: `finished`, or stopped by the clock or a signal at `step`."""

    finished: bool
    step: int
    snapshot: Path
    metrics: dict[str, float] = field(default_factory=dict)


def claim(run: Run, config: TrainingConfig, resume: bool) -> None:
    """Make the run's folder and its config.json, or see that it is there to go on with."""
    path = run.out / "config.json"
    if resume:
        if not path.exists():
            raise UsageError(f"nothing to resume in {run.out}: leave out --resume to begin there")
        return
    if path.exists():
        raise UsageError(f"{run.out} holds a run already: --resume it, or choose another --out")
    facts = {
        "model": run.model,
        "preset": run.preset,
        "dataset": run.dataset,
        "config": to_json(config),
        "command": run.command,
        "handsum": __version__,
        "jax": jax.__version__,
    }
    try:
        (run.out / "samples").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HandsumError(f"cannot make the folder {run.out}: {error.strerror}") from error
    with atomic_write(path) as file:
        file.write((json.dumps(facts, indent=2) + "\n").encode())
