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

# The digits with loops.
LOOPED = (0, 6, 8, 9)
# Key and unit of each figure, by its name on the model card: a share of 1, a ratio to the figure of
# real digits, or in units of the sum.
FIGURES: Mapping[str, tuple[str, str]] = {
    "test error": ("test_error", "share"),
    "calibration error": ("calibration_error", "share"),
    "sums of 10 digits exact": ("sums_of_10_exact", "share"),
    "their mean absolute error": ("sums_of_10_error", "sum"),
    "digits read as asked": ("read_as_asked", "share"),
    "in the worst class": ("read_as_asked_worst", "share"),
    "Fréchet distance over real digits'": ("frechet_ratio", "ratio"),
    "sequences of 2 right, drawn once": ("sequences_of_2_right", "share"),
    "sequences of 5 right, drawn once": ("sequences_of_5_right", "share"),
    "sequences of 10 right, drawn once": ("sequences_of_10_right", "share"),
    "signs found on composed pages": ("page_signs_found", "share"),
    "digits found and read on composed pages": ("page_digits_right", "share"),
    "ink shared with the traced digit": ("ink_shared", "share"),
    "width along a stroke, deviation over mean": ("width_variation", "ratio"),
    **{
        f"loops of {digit} open in pictures": (f"loops_of_{digit}_open", "share")
        for digit in LOOPED
    },
}
# The key of the figure that says most about a model of each task.
HEADLINES: Mapping[Task, str] = {
    "digit generator": "read_as_asked",
    "random digit generator": "frechet_ratio",
    "sequence generator": "sequences_of_5_right",
    "digit reader": "test_error",
    "sum reader": "sums_of_10_exact",
    "judge": "test_error",
    "pen": "ink_shared",
    "detector": "page_digits_right",
}
# What `config.json` says about the training.
_TRAINING = ("command", "dataset", "step", "minutes", "hardware")
# A number, as a percentage or not, and the class that it is of, such as "99.12% (7)".
_FIGURE = re.compile(r"(\d+(?:\.\d+)?)(%?)(?: \((\d)\))?")


def list_models() -> list[dict[str, Any]]:
    """Every model of the zoo, as `describe_model` describes it."""
    return [_describe(entry, _folder(entry.name)) for entry in registry.ENTRIES.values()]


def describe_model(model: str | PathLike[str]) -> dict[str, Any]:
    """What is known about a model, by its name or its snapshot folder, as plain values.

    `name`, `task`, `summary`; `bundled`: whether its weights are in the package. Of one with
    weights also `parameters`, `bytes` (the size of its weights file), the `command` that trained
    it, the `dataset`, `step`, `minutes` and `hardware` of the training, and `headline`: the key of
    the figure that says most about a model of its task. These are None where unknown. `figures` are
    its measured figures by key: the `name` in words, the `value`, its `unit` (see `FIGURES`) and
    the `text` on the model card.

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
    measured = facts.get("measured")
    figures = _figures(measured) if isinstance(measured, dict) else {}
    headline = HEADLINES[entry.task]
    return {
        "name": entry.name,
        "task": entry.task,
        "summary": entry.summary,
        "bundled": folder is not None,
        "parameters": facts.get("parameters"),
        "bytes": (folder / "weights.npz").stat().st_size if folder else None,
        **{name: facts.get(name) for name in _TRAINING},
        "figures": figures,
        "headline": headline if headline in figures else None,
    }


def _figures(measured: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The known figures of a model card: "99.12% (7)" is a share of 0.9912, in class 7."""
    found: dict[str, dict[str, Any]] = {}
    for name, text in measured.items():
        match = _FIGURE.fullmatch(str(text))
        if match is None or name not in FIGURES:
            continue
        key, unit = FIGURES[name]
        value = round(float(match[1]) / (100 if match[2] else 1), 6)
        found[key] = {"name": name, "value": value, "unit": unit, "text": str(text)}
        if match[3]:
            worst = {"name": "worst class", "value": int(match[3]), "unit": "digit"}
            found["worst_class"] = {**worst, "text": match[3]}
    return found
