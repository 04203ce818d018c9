"""`handsum evaluate`: measure models and digits, side by side."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli.console import err, show_table
from handsum.errors import UsageError

if TYPE_CHECKING:
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
    import json

    from handsum.evaluation.report import prepare_report, save_report

    given, sources, places = models or [], images or [], labels or []
    if compare and len(given) + len(sources) < 2:
        raise UsageError("--compare takes two or more models or --images")
    if places and len(places) != len(sources):
        raise UsageError(f"{len(places)} --labels for {len(sources)} --images: give one for each")
    if report is not None:
        prepare_report(report)
    with _progress() as progress:
        from handsum.evaluation.measure import evaluate as measure

        found = measure(
            given,
            images=sources,
            labels=places,
            dataset=dataset,
            split=split,
            quick=quick,
            count=count,
            seed=seed,
            judge=judge,
            pictures=report is not None,
            command=shlex.join(["handsum", *sys.argv[1:]]),
            progress=progress,
        )
    for note in found.notes:
        err().print(note, markup=False)
    if as_json:
        typer.echo(json.dumps(found.facts, allow_nan=False))
    else:
        for table in found.tables:
            _show(table)
    if report is not None:
        save_report(report, found.facts, found.tables, found.pictures)
        err().print(f"wrote {report / 'index.html'}", markup=False)


@contextmanager
def _progress() -> Iterator[Callable[[float], None]]:
    """Show the share that is done as a bar."""
    from rich.progress import Progress

    with Progress(console=err(), transient=True, disable=not err().is_terminal) as bar:
        task = bar.add_task("measuring", total=1.0)
        yield lambda share: bar.update(task, completed=share)


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
