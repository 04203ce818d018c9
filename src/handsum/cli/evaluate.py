"""`handsum evaluate`: measure models and digits, side by side."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli import completion
from handsum.cli.console import err, show_table
from handsum.cli.json_output import AsJson, print_json, show_notes
from handsum.errors import UsageError

if TYPE_CHECKING:
    from handsum.evaluation.tables import Table


def evaluate(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="Models of the zoo or snapshot folders, to measure side by side.",
            autocompletion=completion.models,
        ),
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(help="Your own digits: an .npz, .npy or folder. May be repeated."),
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(help="Labels for --images that come without: .npy or .csv."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Require at least two to compare.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Rough figures in under a minute.")
    ] = False,
    strokes: Annotated[
        bool,
        typer.Option("--strokes", help="Measure generators as they write with pen strokes."),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page with plots to this folder.")
    ] = None,
    dataset: Annotated[
        str,
        typer.Option(
            help="Data for readers: mnist, tfds:NAME, idx:DIR or folder:DIR.",
            autocompletion=completion.datasets,
        ),
    ] = "mnist",
    split: Annotated[
        str, typer.Option(help="Split for readers: train, validation, test or all.")
    ] = "test",
    count: Annotated[int | None, typer.Option(help="Measure at most this many digits.", min=1)] = (
        None
    ),
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    judge: Annotated[
        str,
        typer.Option(help="Classifier that judges generators.", autocompletion=completion.readers),
    ] = "judge",
    as_json: AsJson = False,
) -> None:
    """Measure models, or your own digits, on data that no model was trained on.

    Readers: error, error under corruptions, calibration, and sums of digits.

    Generators: digits drawn without selection, beside the same number of real digits.

    Figures that need more digits than there are, are left out; a note names them.

    Examples:

    handsum evaluate r3gan cgan --quick

    handsum evaluate r3gan --images mine.npz --report page
    """
    from handsum.evaluation.report import prepare_report, save_report

    names, sources = models or [], images or []
    if compare and len(names) + len(sources) < 2:
        raise UsageError("--compare takes two or more models or --images")
    if report is not None:
        prepare_report(report)
    with _progress() as progress:
        from handsum.evaluation.measure import evaluate as measure

        found = measure(
            names,
            images=sources,
            labels=labels or [],
            dataset=dataset,
            split=split,
            quick=quick,
            count=count,
            seed=seed,
            judge=judge,
            pictures=report is not None,
            strokes=strokes,
            progress=progress,
        )
    facts = {"command": shlex.join(["handsum", *sys.argv[1:]]), **found.as_dict()}
    if as_json:
        show_notes(found.notes)
        print_json(facts)
    else:
        # The tables show the notes on the models below them.
        below = "\n".join(table.note for table in found.tables)
        show_notes(note for note in found.notes if note not in below)
        for table in found.tables:
            _show(table)
    if report is not None:
        save_report(report, facts, found.tables, found.pictures)
        err().print(f"wrote {report / 'index.html'}", markup=False)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show the work that is done as a bar."""
    from rich.progress import Progress

    with Progress(console=err(), transient=True, disable=not err().is_terminal) as bar:
        task = bar.add_task("measuring", total=1)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show(table: Table) -> None:
    from rich.table import Table as RichTable
    from rich.text import Text

    # Names of files may look like markup; cells fold, so that no figure is cut off.
    shown = RichTable(title=Text(table.title), title_justify="left", caption_justify="left")
    shown.caption = Text(table.note) if table.note else None
    for index, column in enumerate(table.columns):
        shown.add_column(Text(column), justify="right" if index else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row))
    show_table(shown)
