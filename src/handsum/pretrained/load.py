"""Loading trained models, from the package or from the snapshot folder of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from handsum.arguments import require_model
from handsum.errors import UsageError
from handsum.models import registry
from handsum.models.registry import DEFAULT_GENERATOR, DEFAULT_READER, DETECTOR, PEN, Task
from handsum.pretrained.generators import DigitGenerator, SequenceGenerator
from handsum.pretrained.readers import Detector, DigitReader, Pen, SumReader
from handsum.pretrained.snapshots import is_bundled, load_snapshot, read_facts, weights_folder

GENERATORS: tuple[Task, ...] = ("digit generator", "random digit generator")
SUM_READERS: tuple[Task, ...] = ("sum reader",)
SEQUENCE_GENERATORS: tuple[Task, ...] = ("sequence generator",)
READERS: tuple[Task, ...] = ("digit reader", "judge")
PENS: tuple[Task, ...] = ("pen",)
DETECTORS: tuple[Task, ...] = ("detector",)
TASKS: tuple[Task, ...] = (
    *GENERATORS,
    *SEQUENCE_GENERATORS,
    *SUM_READERS,
    *READERS,
    *PENS,
    *DETECTORS,
)


def locate(model: str, tasks: Iterable[Task]) -> Path:
    """The snapshot folder of a model, which is a name in the zoo, or a snapshot or run folder.

    Raises:
        UsageError: no such model, one without weights, or one with none of `tasks`.
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
    """Whether a model is given by its folder; names in the zoo come first."""
    # Unlike the methods of Path, isdir accepts a name that no file can have.
    return os.sep in model or (model not in registry.ENTRIES and os.path.isdir(model))


def draws_sequences(model: str) -> bool:
    """Whether a generator draws whole sequences that it plans (see `locate` for errors)."""
    return _task(model, (*GENERATORS, *SEQUENCE_GENERATORS)) in SEQUENCE_GENERATORS


def _task(model: str, tasks: tuple[Task, ...]) -> Task:
    folder = locate(model, tasks)
    return registry.find(read_facts(folder)["model"] if _is_folder(model) else model).task


@cache
def load_generator(name: str | None = None) -> DigitGenerator:
    """A generator by its name or snapshot folder (see `locate`); None: the default one."""
    if name is None:
        return load_generator(DEFAULT_GENERATOR)
    return DigitGenerator(name, load_snapshot(locate(name, GENERATORS)), load_pen)


@cache
def load_sequence_generator(name: str) -> SequenceGenerator:
    """A generator of sequences by its name or snapshot folder (see `locate`)."""
    return SequenceGenerator(name, load_snapshot(locate(name, SEQUENCE_GENERATORS)), load_pen)


@cache
def load_reader(name: str | None = None) -> DigitReader:
    """A reader by its name or snapshot folder (see `locate`); None: the default one."""
    if name is None:
        return load_reader(DEFAULT_READER)
    return DigitReader(name, load_snapshot(locate(name, READERS)))


@cache
def load_pen(name: str | None = None) -> Pen:
    """A pen by its name or snapshot folder (see `locate`); None: the default one."""
    if name is None:
        return load_pen(PEN)
    return Pen(name, load_snapshot(locate(name, PENS)))


@cache
def load_detector(name: str | None = None) -> Detector:
    """A detector by its name or snapshot folder (see `locate`); None: the default one."""
    if name is None:
        return load_detector(DETECTOR)
    return Detector(name, load_snapshot(locate(name, DETECTORS)))


@cache
def load_sum_reader(name: str) -> SumReader:
    """A reader of sums or of digits by its name or snapshot folder (see `locate`)."""
    return SumReader(name, load_snapshot(locate(name, (*SUM_READERS, *READERS))))


def load_picture_reader(name: str) -> DigitReader | Detector | SumReader:
    """A model that reads pictures, by its name or snapshot folder (see `locate`)."""
    task = _task(name, (*SUM_READERS, *READERS, *DETECTORS))
    if task in DETECTORS:
        return load_detector(name)
    return load_sum_reader(name) if task in SUM_READERS else load_reader(name)


def load_model(
    model: str | os.PathLike[str],
) -> DigitGenerator | SequenceGenerator | DigitReader | SumReader | Pen | Detector:
    """A trained model by its name in the zoo or its snapshot folder, of the class for its task.

    Every model has `config`, `parameters`, `weights` and `measured` figures. Generators of digits
    and of sequences have `draw`; readers of digits have `probabilities`, `logits`, `features` and
    `read`; readers of sums have `distributions`. All take and return NumPy arrays. A pen has
    `trace`, which returns `Strokes`; a detector has `find`, which returns `Signs`.

    Raises:
        UsageError: no such model, or no weights of it in the package.
        SnapshotError: no snapshot there, or a damaged one.
    """
    name = require_model(model)
    task = _task(name, TASKS)
    if task in GENERATORS:
        return load_generator(name)
    if task in SEQUENCE_GENERATORS:
        return load_sequence_generator(name)
    if task in PENS:
        return load_pen(name)
    if task in DETECTORS:
        return load_detector(name)
    return load_sum_reader(name) if task in SUM_READERS else load_reader(name)
