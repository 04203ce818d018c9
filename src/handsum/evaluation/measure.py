"""`handsum.evaluate`: measuring models and digits, by name and path."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from itertools import zip_longest
from os import PathLike
from pathlib import Path
from typing import Any, cast

from handsum import arguments
from handsum.data.mnist import SPLITS, Dataset, Split
from handsum.data.samples import light_on_dark, load_samples
from handsum.data.sources import load_all, load_dataset
from handsum.errors import UsageError
from handsum.evaluation.figures import FULL, QUICK, Progress, silent
from handsum.evaluation.run import Evaluation, Options
from handsum.evaluation.run import evaluate as run
from handsum.evaluation.tables import Table
from handsum.seeds import choose_seed

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Measurement(Evaluation):
    """The result of `evaluate`: `facts` as plain values, `tables`, and `pictures` if wanted.

    `notes` say how the input was changed, such as inverted digits, and what must be known about a
    model's figures. Jupyter shows the tables.
    """

    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The figures and notes as `handsum evaluate --json` prints them, without the command."""
        return {**self.facts, "notes": list(self.notes)}

    def __repr__(self) -> str:
        names = ", ".join(str(one["model"]) for one in self.facts["figures"])
        return f"<measurement of {names}, {self.facts['effort']}, seed {self.facts['seed']}>"

    def _repr_markdown_(self) -> str:
        return "\n".join(map(markdown, self.tables))


def evaluate(
    models: Paths = (),
    *,
    images: Paths = (),
    labels: Paths = (),
    dataset: str = "mnist",
    split: str = "test",
    quick: bool = False,
    count: int | None = None,
    seed: int = 0,
    judge: str = "judge",
    pictures: bool = False,
    strokes: bool = False,
    progress: Progress = silent,
) -> Measurement:
    """Measure models, or digits from files, side by side, on data that they never saw.

    Figures that need more images than there are, are left out; the tables say which.

    Args:
        models: names or snapshot folders: all generators, or all readers.
        images: digits to measure beside generators: .npz or .npy files, or folders.
        labels: the labels of `images`, one file for each, if the images come without.
        dataset: the digits for readers, as `handsum train` takes them, of this `split` (or "all").
        quick: rough figures in under a minute.
        count: the largest number of digits to measure.
        seed: the random seed; the same seed gives the same figures.
        judge: the classifier that judges generators.
        pictures: make the plots and pictures of a report too.
        strokes: measure generators of single digits as they write with pen strokes.
        progress: called with the work done and the whole of it.

    Raises:
        UsageError: an unknown model or split, generators with readers, or nothing to measure.
        DatasetError: the images, labels or data set are missing or not in a known form.
    """
    names = [arguments.require_model(model) for model in arguments.paths(models, "models")]
    sources, places = arguments.paths(images, "images"), arguments.paths(labels, "labels")
    if places and len(places) != len(sources):
        raise UsageError(f"{len(places)} `labels` for {len(sources)} `images`: give one for each")
    if not isinstance(dataset, str):
        raise UsageError(f"a data set is a text such as mnist or folder:DIR, not {dataset!r}")
    effort = QUICK if quick else FULL
    count = arguments.optional_number(count, "a number of digits", 1)
    if count is not None and count != effort.count:
        effort = dataclasses.replace(effort, count=count, name="quick" if quick else "partial")
    samples = [
        load_samples(Path(source), None if place is None else Path(place))
        for source, place in zip_longest(sources, places)
    ]
    notes = [f"{one.name}: {note}" for one in samples for note in one.notes]
    data, note = _read_data(dataset, split)
    found = run(
        names,
        samples,
        Options(
            effort=effort,
            seed=choose_seed(seed),
            judge=arguments.require_model(judge),
            pictures=pictures,
            strokes=arguments.truth(strokes, "strokes"),
            data=data,
            data_name=f"{dataset} {split}",
        ),
        progress,
    )
    notes += [f"{dataset}: {note}"] if note else []
    # The figures of digits from a file have the notes on the file, too.
    notes = [*dict.fromkeys((*notes, *found.notes))]
    return Measurement(found.facts, found.tables, found.pictures, tuple(notes))


def _read_data(dataset: str, split: str) -> tuple[Dataset | None, str | None]:
    """The digits for readers, light on dark; None for the default ones."""
    if (dataset, split) == ("mnist", "test"):
        return None, None
    if split not in (*SPLITS, "all"):
        raise UsageError(f"no split {split!r}: choose from {', '.join(SPLITS)}, all")
    data = load_all(dataset) if split == "all" else load_dataset(dataset, cast("Split", split))
    return light_on_dark(data, dataset)


def markdown(table: Table) -> str:
    """A table in Markdown, under its title."""
    columns = [name or " " for name in table.columns]
    lines = [
        f"### {table.title}",
        "",
        "| " + " | ".join(columns) + " |",
        "|---" + "|---:" * (len(columns) - 1) + "|",
        *(
            "| " + " | ".join(cell.replace("  ", "&emsp;") for cell in row) + " |"
            for row in table.rows
        ),
        "",
    ]
    return "\n".join([*lines, table.note, ""] if table.note else lines)
