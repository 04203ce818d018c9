"""`handsum generate`: single digits by class, as a grid, a folder or arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    steps: Annotated[int, typer.Option(min=2, max=200, help="Steps of --interpolate.")] = 8,
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
    seed: Seed = None,
    writer: Writer = None,
    model: Model = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help='Print {"digits" (a string), "writers" (a list), "seed"}.'),
    ] = False,
) -> None:
    """Draw single digits, each in a hand of its own, just as the generator makes them.

    Examples:

    handsum generate --digits 0123456789 --rows 8 -o grid.png

    handsum generate --random --rows 5 --cols 12 --seed 1 -o grid.png

    handsum generate --count 60000 -o digits.npz

    handsum generate --digits 7 --count 100 -o sevens/

    handsum generate --digits 2357 --interpolate 12..40 --steps 12 -o hands.gif

    handsum generate --model cgan --mix 6,4,7 --rows 4 --cols 8 -o mixed.png
    """
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from handsum import drawing
    from handsum.saving import check_digits_path, save_digits

    if interpolate is not None:
        from handsum.interpolation import check_interpolation_path, save_interpolation
        from handsum.interpolation import interpolate as draw_steps

        check_interpolation_path(output)
        if mix or random or rows or cols or count:
            raise UsageError("--interpolate takes --digits, --steps, --writer and --model alone")
        strip = draw_steps(
            interpolate, digits or "0123456789", steps=steps, seed=seed, writer=writer or 0,
            model=model,
        )  # fmt: skip
        save_interpolation(output, strip)
        shown = "".join(map(str, strip.labels[::steps]))
        result = {"digits": shown, "steps": steps, "seed": strip.seed}
        tell(f"{output}: {shown} in {steps} steps  (seed {strip.seed})", result, as_json)
        return
    check_digits_path(output)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("drawing", total=None)
        drawn = drawing.generate(
            digits,
            random=random,
            rows=rows,
            columns=cols,
            count=count,
            seed=seed,
            writer=writer,
            model=model,
            mix=mix,
            progress=lambda done, wanted: bar.update(task, completed=done, total=wanted),
        )
    save_digits(output, drawn)
    number = len(drawn.labels)
    hand = "" if writer is None else f"writer {writer}, "
    tell(
        f"{output}: {number} digit{'s' if number > 1 else ''}  ({hand}seed {drawn.seed})",
        {
            "digits": "".join(map(str, drawn.labels)),
            "writers": drawn.writers.tolist(),
            "seed": drawn.seed,
        },
        as_json,
    )
