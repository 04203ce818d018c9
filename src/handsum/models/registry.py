"""The zoo: what every model is for, without importing any of them."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from handsum.errors import UsageError

Task = Literal[
    "digit generator",
    "random digit generator",
    "sequence generator",
    "digit reader",
    "sum reader",
    "judge",
]


@dataclass(frozen=True)
class Entry:
    """One model: its name (also its module's and its command's), its task and what it is.

    `mixes` is whether it can draw digits that are several at once; `weights` names the model whose
    bundled weights it uses, where it has none of its own.
    """

    name: str
    task: Task
    summary: str
    mixes: bool = False
    weights: str = ""


DEFAULT_GENERATOR = "r3gan"
DEFAULT_READER = "cnn"
JUDGE = "judge"

ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(
            "r3gan", "digit generator", "class- and writer-conditional R3GAN, one call per digit"
        ),
        Entry(
            "writer-cgan",
            "digit generator",
            "class- and writer-conditional GAN, one call a digit",
        ),
        Entry("cgan", "digit generator", "class-conditional GAN, which also mixes digits", True),
        Entry("dcgan", "random digit generator", "convolutional GAN, random digits"),
        Entry("gan", "random digit generator", "fully connected GAN, random digits"),
        Entry(
            "lstm-cgan", "sequence generator", "an LSTM plans digits to a total, a cGAN draws them"
        ),
        Entry("one-to-many-cgan", "sequence generator", "one generator for each digit of a total"),
        Entry("cnn", "digit reader", "convolutional classifier, augmented for real pictures"),
        Entry(
            "cnn-sum",
            "digit reader",
            "exact sums of the digits that cnn reads; learns from sums alone, too",
            weights="cnn",
        ),
        Entry("cnn-lstm", "sum reader", "CNN and LSTM that predict the sum of a sequence"),
        Entry("judge", "judge", "residual classifier for evaluation only"),
    )
}


def find(name: str, tasks: Iterable[Task] | None = None) -> Entry:
    """The entry of a model, which must have one of `tasks` where they are given.

    Raises:
        UsageError: no such model (the close match and the list), or one that cannot do the job
            (names those that can).
    """
    able = [entry.name for entry in ENTRIES.values() if tasks is None or entry.task in tasks]
    entry = ENTRIES.get(name)
    if entry is None:
        close = difflib.get_close_matches(name, able, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"no model {name!r}: {hint}choose from {', '.join(able)}")
    if name not in able:
        raise UsageError(f"{name} is a {entry.task}, which cannot do this: {', '.join(able)} can")
    return entry


def module(name: str) -> Any:
    """Import a model's module: Config, PRESETS, SNAPSHOT_PART, build() and losses()."""
    return importlib.import_module(f"handsum.models.{module_name(find(name).name)}")


def module_name(name: str) -> str:
    """A model's name as its module has it."""
    return name.replace("-", "_")
