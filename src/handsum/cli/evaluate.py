"""`handsum evaluate`: measure a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from handsum.cli.console import err, out

if TYPE_CHECKING:
    from handsum.data.mnist import Split


def evaluate(
    model: Annotated[str, typer.Argument(help="A model of the zoo, or a snapshot's folder.")],
    dataset: Annotated[
        str,
        typer.Option(help="Readers: mnist, tfds:NAME, idx:DIR or folder:DIR."),
    ] = "mnist",
    split: Annotated[str, typer.Option(help="Readers: train, validation or test.")] = "test",
    count: Annotated[
        int, typer.Option(help="Generators: how many digits to draw.", min=1)
    ] = 10_000,
    seed: Annotated[int, typer.Option(help="The figures are a function of this.")] = 0,
    judge: Annotated[str, typer.Option(help="Generators: the classifier that judges.")] = "judge",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure a model on data that it never saw.

    A reader: the share of digits misread, as they are and corrupted.
    A generator: its digits, unselected, beside as many real ones.
    """
    import dataclasses
    import json

    from handsum.models.registry import find
    from handsum.pretrained import GENERATORS, READERS, load_generator, load_reader, locate
    from handsum.training.snapshots import read_facts

    folder = locate(model, (*GENERATORS, *READERS))
    figures: Any
    if find(read_facts(folder)["model"]).task in GENERATORS:
        from handsum.evaluation import evaluate_generator

        generator = load_generator(model)
        figures = _watched(
            lambda report: evaluate_generator(
                generator, count=count, seed=seed, judge=judge, report=report
            )
        )
    else:
        from handsum.data.sources import load_dataset
        from handsum.evaluation import evaluate_reader

        data = load_dataset(dataset, cast("Split", split))
        reader = load_reader(model)
        figures = _watched(
            lambda report: evaluate_reader(
                reader, data, f"{dataset} {split}", seed=seed, report=report
            )
        )
    values = dataclasses.asdict(figures)
    if as_json:
        typer.echo(json.dumps(values))
    else:
        _show(values)


def _watched(work: Any) -> Any:
    from rich.progress import Progress

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("measuring", total=1.0)
        return work(lambda share: bar.update(task, completed=share))


def _show(values: dict[str, Any]) -> None:
    from rich.table import Table

    title = f"{values['model']}, {values['count']:,} digits"
    if "error" in values:
        table = Table(title=title, show_header=False)
        table.add_row("data", values["data"])
        table.add_row("error", f"{values['error']:.2%}")
        for digit, row in enumerate(values["confusion"]):
            wrong = {read: n for read, n in enumerate(row) if n and read != digit}
            text = ", ".join(f"{n} as {read}" for read, n in sorted(wrong.items()))
            table.add_row(f"  {digit} misread", text or "none")
        table.add_row("calibration error", f"{values['calibration_error']:.2%}")
        for corruption, error in values["error_by_corruption"].items():
            table.add_row(f"error under {corruption}", f"{error:.2%}")
        table.add_row("parameters", f"{values['parameters']:,}")
        out.print(table)
        return
    columns = ("", "generated", "training digits")
    table = Table(*columns, title=title, caption=f"against the test set, by {values['judge']}")
    pair = (_quality_cells(values["generated"]), _quality_cells(values["real"]))
    for name in pair[0]:
        table.add_row(name, pair[0][name], pair[1][name])
    right = f"{values['sums_right']} of {values['sums']}"
    table.add_row("sequences read to their total", right, "")
    table.add_row("digits per second", f"{values['digits_per_second']:,.0f}", "")
    table.add_row("parameters", f"{values['parameters']:,}", "")
    out.print(table)


def _quality_cells(quality: dict[str, Any]) -> dict[str, str]:
    cells = {"read as labelled": f"{quality['asked']:.2%}"}
    for digit, share in enumerate(quality["asked_by_class"]):
        cells[f"  {digit}"] = "none drawn" if share is None else f"{share:.2%}"
    cells["Fréchet distance"] = f"{quality['frechet']:.3f}"
    cells |= {name: f"{value:.3f}" for name, value in quality["manifold"].items()}
    cells["slant within a hand (ICC)"] = f"{quality['slant_correlation']:.2f}"
    cells["stroke width within a hand (ICC)"] = f"{quality['width_correlation']:.2f}"
    return cells
