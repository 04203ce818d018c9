"""What a training run is set to: from a person's options, or from a run's own config.json."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from handsum.config import from_json, parse_settings, replace
from handsum.errors import SnapshotError, UsageError
from handsum.models import registry
from handsum.training.loop import count_parameters
from handsum.training.runs import FORMAT, Run


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
