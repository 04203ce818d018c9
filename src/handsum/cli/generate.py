"""`handsum generate`: single digits by class, as a grid, a folder or arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from handsum.cli.console import err
from handsum.cli.writing_options import CHANCE, Model, Seed, Writer, tell
from handsum.errors import UsageError


def generate(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A .png grid; an .npz: images (N, 28, 28), white on black, labels, writers; or a "
            "name without an ending: a new folder of pictures such as 00000_7.png.",
        ),
    ] = Path("digits.png"),
    digits: Annotated[
        str | None,
        typer.Option(
            show_default="0123456789", help="Which digits: column by column, over and over."
        ),
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option(metavar="6,4,7", help="Digits that are all of these at once (model cgan)."),
    ] = None,
    interpolate: Annotated[
        str | None,
        typer.Option(
            metavar="12..40|latents|digits",
            help="From one hand, one drawing or one digit to another: a .png strip or a .gif.",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=2, max=200, show_default="8", help="Steps of --interpolate."),
    ] = None,
    random: Annotated[
        bool,
        typer.Option(
            "--random", rich_help_panel=CHANCE, help="Draw each digit at random from --digits."
        ),
    ] = False,
    rows: Annotated[int | None, typer.Option(min=1, show_default="8", help="Rows.")] = None,
    cols: Annotated[
        int | None,
        typer.Option(min=1, show_default="one for each of --digits", help="Columns."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Exactly this many digits, in place of --rows."),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=99_999,
            help="Divide an .npz into so many files, such as digits-00000-of-00020.npz, one after "
            "another: the digits are the same, and no more than a file of them is in memory.",
        ),
    ] = None,
    hosts: Annotated[
        int,
        typer.Option(
            min=1,
            help="Processes or machines that divide the --shards: give each its --host, and all "
            "the same --seed.",
        ),
    ] = 1,
    host: Annotated[int, typer.Option(min=0, help="Which of the --hosts this is, from 0.")] = 0,
    seed: Seed = None,
    writer: Writer = None,
    model: Model = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help='Print {"digits" (a string), "writers" (a list), "seed"}; of --shards {"files", '
            '"count" (of all files), "seed"}.',
        ),
    ] = False,
) -> None:
    """Draw single digits, each in a hand of its own, just as the generator makes them.

    Examples:

    handsum generate --digits 0123456789 --rows 8 -o grid.png

    handsum generate --random --rows 5 --cols 12 --seed 1 -o grid.png

    handsum generate --count 60000 -o digits.npz

    handsum generate --count 1000000 --shards 20 -o digits.npz

    handsum generate --count 1000000 --shards 20 --seed 1 --hosts 4 --host 0 -o digits.npz

    handsum generate --digits 7 --count 100 -o sevens/

    handsum generate --digits 2357 --interpolate 12..40 --steps 12 -o hands.gif

    handsum generate --model cgan --mix 6,4,7 --rows 4 --cols 8 -o mixed.png
    """
    _check_hosts(hosts, host, shards, seed)
    if interpolate is not None:
        if mix or random or rows or cols or count or shards:
            raise UsageError(
                "--interpolate takes --digits, --steps, --seed, --writer and --model alone"
            )
        _interpolate(output, interpolate, digits, steps, seed, writer, model, as_json)
        return
    if steps is not None:
        raise UsageError("--steps are those of --interpolate: give both")
    options = {
        "digits": digits,
        "random": random,
        "rows": rows,
        "columns": cols,
        "writer": writer,
        "model": model,
        "mix": mix,
    }
    if shards is not None:
        if count is None:
            raise UsageError("--shards divides a --count of digits: give both")
        _write_shards(output, options, count, range(host, shards, hosts), shards, seed, as_json)
        return
    _write(output, options, count, seed, as_json)


def _interpolate(
    output: Path,
    between: str,
    digits: str | None,
    steps: int | None,
    seed: int | None,
    writer: str | None,
    model: str | None,
    as_json: bool,
) -> None:
    from handsum.writing.interpolate import (
        check_interpolation_path,
        interpolate,
        save_interpolation,
        shown_digits,
    )

    check_interpolation_path(output)
    given = {"digits": digits, "steps": steps}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    strip = interpolate(between, **chosen, seed=seed, writer=writer, model=model)
    save_interpolation(output, strip)
    steps = strip.columns
    shown = shown_digits(strip)
    result = {"digits": shown, "steps": steps, "writer": strip.hand, "seed": strip.seed}
    tell(f"{output}: {shown} in {steps} steps  ({strip.hand}, seed {strip.seed})", result, as_json)


def _write(
    output: Path, options: dict[str, Any], count: int | None, seed: int | None, as_json: bool
) -> None:
    from handsum.writing import generate as drawing
    from handsum.writing.digits import check_digits_path, save_digits

    check_digits_path(output)
    with _progress() as report:
        drawn = drawing.generate(**options, count=count, seed=seed, progress=report)
    save_digits(output, drawn)
    number = len(drawn.labels)
    hand = "" if options["writer"] is None else f"writer {options['writer']}, "
    tell(
        f"{output}: {number} digit{'s' if number > 1 else ''}  ({hand}seed {drawn.seed})",
        {
            "digits": "".join(map(str, drawn.labels)),
            "writers": drawn.writers.tolist(),
            "seed": drawn.seed,
        },
        as_json,
    )


def _write_shards(
    output: Path,
    options: dict[str, Any],
    count: int,
    mine: range,
    shards: int,
    seed: int | None,
    as_json: bool,
) -> None:
    """Draw and save one file of digits after another: those of the shards that are `mine`."""
    from handsum.seeds import choose_seed
    from handsum.writing import generate as drawing
    from handsum.writing.digits import save_digits, shard_paths

    paths = shard_paths(output, shards, count)
    seed = choose_seed(seed)
    spans = [range(index * count // shards, (index + 1) * count // shards) for index in mine]
    wanted, before = sum(map(len, spans)), 0
    files = [paths[index] for index in mine]
    with _progress() as report:
        for path, span in zip(files, spans, strict=True):
            drawn = drawing.generate(
                **options,
                count=span.stop,
                start=span.start,
                seed=seed,
                progress=partial(_tell_all, report, before, wanted),
            )
            save_digits(path, drawn)
            before += len(span)
    last = f" to {files[-1].name}" if len(files) > 1 else ""
    others = "" if wanted == count else f" of {count:,}; the others are other hosts'"
    result = {"files": list(map(str, files)), "count": count, "seed": seed}
    tell(f"{files[0]}{last}: {wanted:,} digits{others}  (seed {seed})", result, as_json)


def _check_hosts(hosts: int, host: int, shards: int | None, seed: int | None) -> None:
    if host >= hosts:
        raise UsageError(f"there is no host {host} of {hosts}: count hosts from 0")
    if hosts == 1:
        return
    if shards is None or shards < hosts:
        raise UsageError(f"{hosts} hosts divide --shards: use --shards {hosts} or more")
    if seed is None:
        raise UsageError("hosts divide the digits of one seed: give each the same --seed N")


def _tell_all(
    report: Callable[[int, int], None], before: int, all_wanted: int, done: int, wanted: int
) -> None:
    """Pass on a file's progress as that of all files."""
    report(before + done, all_wanted)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show how many digits of how many are drawn, where there is a screen."""
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err(), transient=True, disable=not err().is_terminal) as bar:
        task = bar.add_task("drawing", total=None)
        yield lambda done, wanted: bar.update(task, completed=done, total=wanted)
