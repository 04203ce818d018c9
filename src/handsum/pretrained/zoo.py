"""The zoo: every model with its size, how it was made and its measured figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from handsum.arguments import require_model
from handsum.models import registry
from handsum.models.registry import Task
from handsum.pretrained.load import TASKS, locate
from handsum.pretrained.snapshots import is_bundled, read_facts, weights_folder

# The figure that says most about a model of each task, by its name on the model card.
HEADLINES: Mapping[Task, str] = {
    "digit generator": "digits read as asked",
    "random digit generator": "Fréchet distance over real digits'",
    "sequence generator": "sequences of 5 right, drawn once",
    "digit reader": "test error",
    "sum reader": "sums of 10 digits exact",
    "judge": "test error",
}
# What `config.json` says about the training.
_TRAINING = ("command", "dataset", "step", "minutes", "hardware")
_FIGURE = re.compile(r"(-?\d+(?:\.\d+)?)(%?)(?: |$)")


def list_models() -> list[dict[str, Any]]:
    """Every model of the zoo, as `describe_model` describes it."""
    return [_describe(entry, _folder(entry.name)) for entry in registry.ENTRIES.values()]


def describe_model(model: str | PathLike[str]) -> dict[str, Any]:
    """What is known about a model, by its name or its snapshot folder, as plain values.

    `name`, `task`, `summary`; `bundled`: whether its weights are in the package. Of one with
    weights also `parameters`, `bytes` (the size of its weights file), the `command` that trained
    it, the `dataset`, `step`, `minutes` and `hardware` of the training; `measured`: figures as
    texts by name; `figures`: the same as numbers (a percentage as a share); `headline`: the name
    of the figure that says most about a model of its task. These are None where unknown.

    Raises:
        UsageError: no such model.
        SnapshotError: no snapshot in that folder, or a damaged one.
    """
    name = require_model(model)
    if name in registry.ENTRIES:
        return _describe(registry.ENTRIES[name], _folder(name))
    folder = locate(name, TASKS)
    entry = registry.find(read_facts(folder)["model"])
    return {**_describe(entry, folder), "name": name, "bundled": False}


def _folder(name: str) -> Path | None:
    return weights_folder(name) if is_bundled(name) else None


def _describe(entry: registry.Entry, folder: Path | None) -> dict[str, Any]:
    facts = read_facts(folder) if folder else {}
    measured = facts.get("measured") or None
    figures = _numbers(measured) if isinstance(measured, dict) else None
    headline = HEADLINES[entry.task]
    return {
        "name": entry.name,
        "task": entry.task,
        "summary": entry.summary,
        "bundled": folder is not None,
        "parameters": facts.get("parameters"),
        "bytes": (folder / "weights.npz").stat().st_size if folder else None,
        **{name: facts.get(name) for name in _TRAINING},
        "measured": measured,
        "figures": figures,
        "headline": headline if figures and headline in figures else None,
    }


def _numbers(measured: Mapping[str, Any]) -> dict[str, float]:
    """The figures as numbers: "99.12% (7)" is 0.9912."""
    found = {name: _FIGURE.match(str(text)) for name, text in measured.items()}
    return {
        name: round(float(match[1]) / (100 if match[2] else 1), 6)
        for name, match in found.items()
        if match
    }
