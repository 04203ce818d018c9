"""`handsum evaluate`: measure models and digits, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from handsum.cli.console import err, out
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
    split: Annotated[str, typer.Option(help="Readers: train, validation or test.")] = "test",
    count: Annotated[
        int | None, typer.Option(help="Generators: how many digits to compare.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="The figures are a function of this.", min=0)] = 0,
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

    sources = images or []
    if compare and len(models or []) + len(sources) < 2:
        raise UsageError("--compare takes two or more models or --images")
    if labels and len(labels) != len(sources):
        raise UsageError(f"{len(labels)} --labels for {len(sources)} --images: give one for each")
    effort = QUICK if quick else FULL
    if count is not None:
        effort = dataclasses.replace(effort, count=count)
    found = _evaluate(models or [], sources, labels, dataset, split, effort, seed, judge, report)
    if report:
        from handsum.evaluation.report import save_report

        save_report(report, found.facts, found.tables, found.pictures)
        err.print(f"wrote {report / 'index.html'}", markup=False)
    if as_json:
        typer.echo(json.dumps(found.facts))
    else:
        for table in found.tables:
            _show(table)


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
    from handsum.data.sources import load_dataset
    from handsum.evaluation.run import evaluate as run

    places: list[Path | None] = [*labels] if labels else [None] * len(sources)
    samples = [load_samples(*pair) for pair in zip(sources, places, strict=True)]
    for one in samples:
        for note in one.notes:
            err.print(f"{one.name}: {note}", markup=False)
    own = (dataset, split) != ("mnist", "test")
    data = load_dataset(dataset, cast("Split", split)) if own else None
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


def _show(table: Table) -> None:
    from rich.table import Table as RichTable

    shown = RichTable(title=table.title, title_justify="left", caption=table.note or None)
    shown.caption_justify = "left"
    for index, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if index else "left")
    for row in table.rows:
        shown.add_row(*row)
    out.print(shown)
