"""`train`: any model of the zoo, from Python as from the command line."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from handsum.data.signs.answers import Signs
from handsum.data.skills import FindsSigns
from handsum.data.sources import load_dataset
from handsum.errors import UsageError
from handsum.models import registry
from handsum.pretrained.devices import default_platform
from handsum.pretrained.load import load_detector
from handsum.training import loop
from handsum.training.runs import (
    LogCallback,
    Outcome,
    ProgressCallback,
    Run,
    Stretch,
    configure,
    device_count,
    reopen,
)

# The settings that have an option of their own.
OPTIONS = ("steps", "batch_size", "seed", "labels", "addends")


def train(
    model: str,
    output: str | os.PathLike[str] | None = None,
    *,
    preset: str = "default",
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    labels: str | None = None,
    addends: int | None = None,
    settings: Mapping[str, Any] | None = None,
    dataset: str = "mnist",
    start_from: str | os.PathLike[str] | None = None,
    resume: bool = False,
    from_step: int | None = None,
    max_minutes: float | None = None,
    devices: int | str = 1,
    progress: ProgressCallback | None = None,
    log: LogCallback | None = None,
) -> Outcome:
    """Train a model into the folder `output` (runs/MODEL by default).

    The folder gets checkpoints, metrics, sample grids, plots and, whenever training stops, a
    snapshot: `handsum.load_model(outcome.snapshot)`, and every `model` argument, take it. A run
    depends on its seed and settings alone, and a resumed run equals an uninterrupted one.

    Args:
        model: a model of the zoo.
        output: the folder of the run.
        preset: a named configuration of the model.
        steps: the number of steps; the preset's by default, as for the next two.
        batch_size: digits, sequences or labelled sums in a step.
        seed: the random seed, 0 to 2**32 - 1.
        labels: for cnn-sum: learn from "digits", "sums" or "numbers".
        addends: for cnn-sum: digits in a sum or number.
        settings: other settings of the model by name, such as `{"widths": (16, 32, 64)}`.
        dataset: "mnist", "tfds:NAME[/CONFIG]", "idx:DIR", "folder:DIR", or for `detector`
            "pages:DIR": pictures and a labels.csv of their rows.
        start_from: a trained model of the same kind and sizes, bundled or a snapshot's folder: its
            network goes on learning, for instance from other pictures.
        resume: continue the run in the folder with its own settings.
        from_step: the checkpoint to resume from; later ones are removed. The newest by default.
        max_minutes: stop after this many minutes, with a checkpoint to resume from.
        devices: split each batch over this many devices, or "all"; the losses do not change.
        progress: called with the steps done and all of them.
        log: called every few steps with their figures: step, seconds, images_per_second, losses.

    Raises:
        UsageError: an unknown model, preset or setting, a bad value, a folder that already holds a
            run, or none to resume.
        SnapshotError: the checkpoint is damaged (says how to continue from an older one).
        DatasetError: the data set is missing or damaged.
        HandsumError: there is no device, a loss became NaN or infinite, or the folder cannot be
            written to.
    """
    given = zip(OPTIONS, (steps, batch_size, seed, labels, addends), strict=True)
    changes = {name: value for name, value in given if value is not None} | dict(settings or {})
    stretch = Stretch(
        resume=resume,
        from_step=from_step,
        max_minutes=max_minutes,
        devices=device_count(devices),
        start_from="" if start_from is None else os.fspath(start_from),
    )
    run = find_run(model, output, preset, changes, dataset, stretch)
    default_platform()
    find = partial(_find, run.start_from or registry.DETECTOR)
    training, validation = (
        load_dataset(run.dataset, split, find) for split in ("train", "validation")
    )
    outcome = loop.train(run, training, validation, stretch=stretch, progress=progress, log=log)
    return replace(outcome, left_out=(*training.left_out, *validation.left_out))


def find_run(
    model: str,
    output: str | os.PathLike[str] | None,
    preset: str,
    settings: Mapping[str, Any],
    dataset: str,
    stretch: Stretch,
) -> Run:
    """The run that `train` starts or resumes.

    Raises:
        UsageError: as `train`.
        SnapshotError: the run to resume is damaged, or of another model.
    """
    entry = registry.find(model)
    if output is not None and not isinstance(output, str | os.PathLike):
        raise UsageError(f"`output` is a path, not {output!r}")
    folder = Path("runs") / entry.name if output is None else Path(output)
    if stretch.resume:
        if settings or preset != "default" or dataset != "mnist":
            raise UsageError(
                "`resume` continues a run with its own settings: leave the other options out"
            )
        return reopen(entry.name, folder)
    known = vars(registry.module(entry.name).PRESETS["default"])
    for name in ("labels", "addends"):
        if name in settings and name not in known:
            raise UsageError(f"{entry.name} has no `{name}`: only cnn-sum learns from sums")
    config = configure(entry.name, preset, settings)
    if dataset.startswith("pages:"):
        skill = registry.module(entry.name).skill(config)
        if not isinstance(skill, FindsSigns):
            raise UsageError(f"{entry.name} does not read pages: train detector on {dataset}")
    words = ["handsum", "train", entry.name, *_options(preset, settings, dataset, stretch)]
    command = shlex.join([*words, "-o", str(folder)])
    return Run(entry.name, preset, config, dataset, folder, command, stretch.start_from)


def _find(name: str, pictures: Sequence[np.ndarray], least: float) -> list[Signs]:
    """The signs that a detector finds in pictures, to see where those of known texts stand."""
    return load_detector(name).find(pictures, least)


def _options(preset: str, settings: Mapping[str, Any], dataset: str, stretch: Stretch) -> list[str]:
    """The options of the command that trains with these settings."""
    words = [] if preset == "default" else ["--preset", preset]
    for name, value in settings.items():
        text = _text(value)
        if name in OPTIONS:
            words += [f"--{name.replace('_', '-')}", text]
        else:
            words += ["--set", f"{name}={text}"]
    if dataset != "mnist":
        words += ["--dataset", dataset]
    if stretch.start_from:
        words += ["--start-from", stretch.start_from]
    if stretch.max_minutes is not None:
        words += ["--max-minutes", f"{stretch.max_minutes:g}"]
    if stretch.devices != 1:
        words += ["--devices", str(stretch.devices or "all")]
    return words


def _text(value: Any) -> str:
    """A setting as the command line takes it."""
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
