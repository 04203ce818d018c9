"""`handsum evaluate`: measure models and digits, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from handsum.cli.console import err, show_table
from handsum.errors import UsageError

if TYPE_CHECKING:
    from handsum.data.mnist import Split
    from handsum.evaluation.tables import Table


def evaluate(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="Models of the zoo, or snapshots' folders; several are put side by side."
        ),
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(help="Digits to measure beside them: an .npz, .npy or folder. Repeatable."),
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(help="The labels of --images, where these do not hold them: .npy, .csv."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Insist on two or more to put side by side.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Rough figures in under a minute.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with plots and pictures into this folder.")
    ] = None,
    dataset: Annotated[
        str, typer.Option(help="Readers: mnist, tfds:NAME, idx:DIR or folder:DIR.")
    ] = "mnist",
    split: Annotated[
        str, typer.Option(help="Readers: train, validation, test, or all that there is.")
    ] = "test",
    count: Annotated[int | None, typer.Option(help="Measure only so many digits.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="The figures are a function of this.")] = 0,
    judge: Annotated[str, typer.Option(help="Generators: the classifier that judges.")] = "judge",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure models, or digits from anywhere, on data that they never saw.

    Readers: misread digits, as they are and corrupted, calibration, and sums.
    Generators: their digits, unselected, beside as many real ones.
    """
    import dataclasses
    import json

    from handsum.evaluation.figures import FULL, QUICK
    from handsum.evaluation.report import prepare_report, save_report

    sources = images or []
    if compare and len(models or []) + len(sources) < 2:
        raise UsageError("--compare takes two or more models or --images")
    if labels and len(labels) != len(sources):
        raise UsageError(f"{len(labels)} --labels for {len(sources)} --images: give one for each")
    if report is not None:
        prepare_report(report)
    effort = QUICK if quick else FULL
    if count is not None and count != effort.count:
        effort = dataclasses.replace(effort, count=count, name="quick" if quick else "partial")
    found = _evaluate(models or [], sources, labels, dataset, split, effort, seed, judge, report)
    if as_json:
        typer.echo(json.dumps(found.facts, allow_nan=False))
    else:
        for table in found.tables:
            _show(table)
    if report is not None:
        save_report(report, found.facts, found.tables, found.pictures)
        err.print(f"wrote {report / 'index.html'}", markup=False)


def _evaluate(
    models: list[str],
    sources: list[Path],
    labels: list[Path] | None,
    dataset: str,
    split: str,
    effort: Any,
    seed: int,
    judge: str,
    report: Path | None,
) -> Any:
    """Load what is to be measured, and measure it under a progress bar."""
    import shlex
    import sys

    from rich.progress import Progress

    from handsum.data.samples import load_samples
    from handsum.evaluation.run import evaluate as run

    places: list[Path | None] = [*labels] if labels else [None] * len(sources)
    samples = [load_samples(*pair) for pair in zip(sources, places, strict=True)]
    for one in samples:
        for note in one.notes:
            err.print(f"{one.name}: {note}", markup=False)
    data = _read_data(dataset, split)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("measuring", total=1.0)
        return run(
            models,
            samples,
            data=data,
            data_name=f"{dataset} {split}",
            effort=effort,
            seed=seed,
            judge=judge,
            command=shlex.join(["handsum", *sys.argv[1:]]),
            pictures=report is not None,
            report=lambda share: bar.update(task, completed=share),
        )


def _read_data(dataset: str, split: str) -> Any:
    """The digits for readers, light on dark; None for those that are measured by default."""
    from handsum.data.mnist import SPLITS
    from handsum.data.samples import light_on_dark
    from handsum.data.sources import load_all, load_dataset

    if (dataset, split) == ("mnist", "test"):
        return None
    if split not in (*SPLITS, "all"):
        raise UsageError(f"no split {split!r}: choose from {', '.join(SPLITS)}, all")
    data = load_all(dataset) if split == "all" else load_dataset(dataset, cast("Split", split))
    data, note = light_on_dark(data, dataset)
    if note:
        err.print(f"{dataset}: {note}", markup=False)
    return data


def _show(table: Table) -> None:
    from rich.table import Table as RichTable
    from rich.text import Text

    # Names of files may look like markup; cells fold, so that no figure is cut in two.
    shown = RichTable(title=Text(table.title), title_justify="left", caption_justify="left")
    shown.caption = Text(table.note) if table.note else None
    for index, column in enumerate(table.columns):
        shown.add_column(Text(column), justify="right" if index else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row))
    show_table(shown)
