"""`handsum generate`: draw single digits by class, as a grid, a folder or arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from handsum.cli.console import err
from handsum.cli.json_output import AsJson
from handsum.cli.writing_options import CHANCE, Model, Seed, Writer, destination, finish
from handsum.errors import UsageError
from handsum.files import shown

SEVERAL = "Large sets in several files"


def generate(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A .png or .svg grid; an .npz of images (N, 28, 28), white on black, labels and "
            "writers; or a new folder (a name without an ending) of pictures such as 00000_7.png. "
            "- is standard output: a PNG, or another type as -.svg or -.npz.",
        ),
    ] = Path("digits.png"),
    digits: Annotated[
        str | None,
        typer.Option(
            show_default="0123456789", help="The digits to draw, repeated column by column."
        ),
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option(metavar="6,4,7", help="Mix these digits in every image (only --model cgan)."),
    ] = None,
    interpolate: Annotated[
        str | None,
        typer.Option(
            metavar="12..40|latents|digits",
            help="Draw the steps from one hand, one drawing or one digit to another: a .png strip "
            "or a .gif.",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=2, max=200, show_default="8", help="Number of steps of --interpolate."),
    ] = None,
    random: Annotated[
        bool,
        typer.Option(
            "--random", rich_help_panel=CHANCE, help="Choose each digit at random from --digits."
        ),
    ] = False,
    rows: Annotated[
        int | None, typer.Option(min=1, show_default="8", help="Number of rows.")
    ] = None,
    columns: Annotated[
        int | None,
        typer.Option(min=1, show_default="one for each of --digits", help="Number of columns."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Exact number of digits, instead of --rows."),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=99_999,
            rich_help_panel=SEVERAL,
            help="Split an .npz into this many files, such as digits-00000-of-00020.npz. Only one "
            "file is in memory at a time; the digits do not change.",
        ),
    ] = None,
    hosts: Annotated[
        int,
        typer.Option(
            min=1,
            rich_help_panel=SEVERAL,
            help="Number of processes or machines that share the --shards. Give each its --host, "
            "and all the same --seed.",
        ),
    ] = 1,
    host: Annotated[
        int,
        typer.Option(
            min=0, rich_help_panel=SEVERAL, help="Number of this process or machine, from 0."
        ),
    ] = 0,
    height: Annotated[
        int | None,
        typer.Option(
            min=5,
            max=20_000,
            show_default="80 with strokes, 20 in pixels",
            help="Height of a digit in pictures, in pixels, drawn from pen strokes.",
        ),
    ] = None,
    seed: Seed = None,
    writer: Writer = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Draw single digits, each in a random hand, exactly as the generator makes them.

    Examples:

    handsum generate --digits 0123456789 --rows 8 -o grid.png

    handsum generate --random --rows 5 --columns 12 --seed 1 -o grid.png

    handsum generate --digits 2357 --rows 2 --height 200 -o large.png

    handsum generate --rows 4 -o digits.svg

    handsum generate --count 60000 -o digits.npz

    handsum generate --count 1000000 --shards 20 -o digits.npz

    handsum generate --count 1000000 --shards 20 --seed 1 --hosts 4 --host 0 -o digits.npz

    handsum generate --digits 7 --count 100 -o sevens/

    handsum generate --digits 2357 --interpolate 12..40 --steps 12 -o hands.gif

    handsum generate --model cgan --mix 6,4,7 --rows 4 --columns 8 -o mixed.png
    """
    _check_hosts(hosts, host, shards, seed)
    output = destination(output, as_json)
    common = {"seed": seed, "writer": writer, "model": model}
    if interpolate is not None:
        if mix or random or rows or columns or count or shards or height:
            raise UsageError(
                "--interpolate works only with --digits, --steps, --seed, --writer and --model"
            )
        given = {"digits": digits, "steps": steps}
        chosen = {name: value for name, value in given.items() if value is not None}
        _interpolate(output, interpolate, {**chosen, **common}, as_json)
        return
    if steps is not None:
        raise UsageError("--steps is for --interpolate: give both")
    if output.suffix.lower() == ".svg" and height is None and mix is None:
        # Any generator's digits as strokes.
        height = 80
    if output.suffix.lower() not in (".png", ".svg") and height is None and mix is None:
        # Arrays and folders hold digits as MNIST has them.
        from handsum.models.registry import PIXEL_GENERATOR

        common["model"] = model or PIXEL_GENERATOR
    grid = {"digits": digits, "random": random, "rows": rows, "columns": columns, "mix": mix}
    options = {**grid, **common, "count": count, "height": height}
    if shards is not None:
        if count is None:
            raise UsageError("--shards splits a --count of digits: give both")
        if height is not None:
            raise UsageError("--shards writes digits of 28x28 pixels: leave out --height")
        _write_shards(output, options, shards, range(host, shards, hosts), as_json)
        return
    _write(output, options, as_json)


def _interpolate(output: Path, between: str, options: dict[str, Any], as_json: bool) -> None:
    from handsum.writing.interpolate import check_interpolation_path, interpolate

    check_interpolation_path(output)
    strip = interpolate(between, **options)
    strip.save(output)
    line = f"{strip.digits} in {strip.steps} steps  ({strip.hands}, seed {strip.seed})"
    finish(output, f"{shown(output)}: {line}", strip.as_dict(), as_json)


def _write(output: Path, options: dict[str, Any], as_json: bool) -> None:
    from handsum.writing import generate as drawing
    from handsum.writing.digits import check_digits_path

    check_digits_path(output, options["height"])
    with _progress_bar() as progress:
        drawn = drawing.generate(**options, progress=progress)
    drawn.save(output)
    number = len(drawn.labels)
    hand = "" if options["writer"] is None else f"writer {options['writer']}, "
    finish(
        output,
        f"{shown(output)}: {number} digit{'s' if number > 1 else ''}  "
        f"({hand}{drawn.model}, seed {drawn.seed})",
        drawn.as_dict(output.suffix.lower()),
        as_json,
    )


def _write_shards(
    output: Path, options: dict[str, Any], shards: int, mine: range, as_json: bool
) -> None:
    """Draw and save the shards that are `mine`, one file after another."""
    from handsum.seeds import choose_seed
    from handsum.writing import generate as drawing
    from handsum.writing.digits import shard_paths

    count: int = options["count"]
    paths = shard_paths(output, shards, count)
    seed = choose_seed(options["seed"])
    spans = [range(index * count // shards, (index + 1) * count // shards) for index in mine]
    total, before = sum(map(len, spans)), 0
    files = [paths[index] for index in mine]
    with _progress_bar() as progress:
        for path, span in zip(files, spans, strict=True):

            def report(done: int, _: int, before: int = before) -> None:
                progress(before + done, total)

            part = {"count": span.stop, "start": span.start, "seed": seed}
            drawing.generate(**{**options, **part}, progress=report).save(path)
            before += len(span)
    last = f" to {files[-1].name}" if len(files) > 1 else ""
    others = "" if total == count else f" of {count:,}; other hosts write the rest"
    result = {"files": list(map(str, files)), "count": count, "seed": seed, "notes": []}
    line = f"{files[0]}{last}: {total:,} digits{others}  (seed {seed})"
    finish(files[0], line, result, as_json)


def _check_hosts(hosts: int, host: int, shards: int | None, seed: int | None) -> None:
    if host >= hosts:
        raise UsageError(f"there is no host {host} of {hosts}: count hosts from 0")
    if hosts == 1:
        return
    if shards is None or shards < hosts:
        raise UsageError(f"{hosts} hosts share --shards: use --shards {hosts} or more")
    if seed is None:
        raise UsageError("hosts share the digits of one seed: give each the same --seed N")


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None]]:
    """Show the number of digits drawn so far, in a terminal."""
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err(), transient=True, disable=not err().is_terminal) as bar:
        task = bar.add_task("drawing", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
