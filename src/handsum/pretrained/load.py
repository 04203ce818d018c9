"""Trained models, ready to draw and to read: from the package, or from a run's snapshot folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from handsum.arguments import require_model
from handsum.errors import UsageError
from handsum.models import registry
from handsum.models.registry import DEFAULT_GENERATOR, DEFAULT_READER, Task
from handsum.pretrained.generators import DigitGenerator, SequenceGenerator
from handsum.pretrained.model import Model
from handsum.pretrained.readers import DigitReader, SumReader
from handsum.pretrained.snapshots import is_bundled, load_snapshot, read_facts, weights_folder

GENERATORS: tuple[Task, ...] = ("digit generator", "random digit generator")
SUM_READERS: tuple[Task, ...] = ("sum reader",)
SEQUENCE_GENERATORS: tuple[Task, ...] = ("sequence generator",)
READERS: tuple[Task, ...] = ("digit reader", "judge")
TASKS: tuple[Task, ...] = (*GENERATORS, *SEQUENCE_GENERATORS, *SUM_READERS, *READERS)


def locate(model: str, tasks: Iterable[Task]) -> Path:
    """The snapshot folder of a model: one of the zoo by name, or any other's or its run's by path.

    Raises:
        UsageError: no such model, one without weights, or one that cannot do any of `tasks`.
        SnapshotError: no snapshot there.
    """
    tasks = tuple(tasks)
    if _is_folder(model):
        folder = Path(model)
        if os.path.isdir(folder / "snapshot"):  # a run's
            folder /= "snapshot"
        registry.find(read_facts(folder)["model"], tasks)
        return folder
    entry = registry.find(model, tasks)
    if not is_bundled(entry.name):
        raise UsageError(
            f"{model} has no weights in the package: train it (`handsum train {model}`), "
            "and name its snapshot's folder"
        )
    return weights_folder(entry.name)


def _is_folder(model: str) -> bool:
    """Whether a model is named by its folder; the zoo's names come first."""
    # isdir, as no method of Path, answers for a name that no file can have.
    return os.sep in model or (model not in registry.ENTRIES and os.path.isdir(model))


def draws_sequences(model: str) -> bool:
    """Whether a generator draws whole sequences by a plan of its own (see `locate` for errors)."""
    return _task(model, (*GENERATORS, *SEQUENCE_GENERATORS)) in SEQUENCE_GENERATORS


def reads_sums(model: str) -> bool:
    """Whether a reader reads sums, and not digits (see `locate` for errors)."""
    return _task(model, (*SUM_READERS, *READERS)) in SUM_READERS


def _task(model: str, tasks: tuple[Task, ...]) -> Task:
    # A model without a bundle is still known by its name.
    folder = locate(model, tasks)
    return registry.find(read_facts(folder)["model"] if _is_folder(model) else model).task


@cache
def load_generator(name: str = DEFAULT_GENERATOR) -> DigitGenerator:
    """The generator of that name, or in that snapshot folder (see `locate`)."""
    return DigitGenerator(name, load_snapshot(locate(name, GENERATORS)))


def load_network(name: str) -> Any:
    """The network itself of a generator of digits or sequences (see `locate` for errors)."""
    return Model(name, load_snapshot(locate(name, (*GENERATORS, *SEQUENCE_GENERATORS)))).network()


@cache
def load_sequence_generator(name: str) -> SequenceGenerator:
    """The generator of sequences of that name, or in that snapshot folder (see `locate`)."""
    return SequenceGenerator(name, load_snapshot(locate(name, SEQUENCE_GENERATORS)))


@cache
def load_reader(name: str = DEFAULT_READER) -> DigitReader:
    """The reader of that name, or in that snapshot folder (see `locate`)."""
    return DigitReader(name, load_snapshot(locate(name, READERS)))


@cache
def load_sum_reader(name: str) -> SumReader:
    """The reader of sums or of digits of that name, or in that snapshot folder (see `locate`)."""
    return SumReader(name, load_snapshot(locate(name, (*SUM_READERS, *READERS))))


def load_model(
    model: str | os.PathLike[str],
) -> DigitGenerator | SequenceGenerator | DigitReader | SumReader:
    """A trained model, by its name in the zoo or by its snapshot's folder, as what its task is.

    All tell their `config`, `parameters`, `weights` and `measured` figures. A generator of digits
    has `draw`, one of sequences too; a reader of digits `probabilities`, `logits`, `features` and
    `read`, one of sums `distributions`. These take and give NumPy arrays.

    Raises:
        UsageError: no such model, or none with weights in the package.
        SnapshotError: no snapshot there, or a damaged one.
    """
    name = require_model(model)
    task = _task(name, TASKS)
    if task in GENERATORS:
        return load_generator(name)
    if task in SEQUENCE_GENERATORS:
        return load_sequence_generator(name)
    return load_sum_reader(name) if task in SUM_READERS else load_reader(name)
