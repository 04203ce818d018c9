"""`handsum number`: a number in one hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli.writing_options import (
    BOXES,
    LAYOUT,
    LISTED_DIGITS,
    Cells,
    Dpi,
    Height,
    Ink,
    Model,
    Paper,
    Scale,
    Seed,
    Verify,
    Writer,
    make_style,
    picture_style,
    save,
    tell,
)

if TYPE_CHECKING:
    from handsum.layout.rows import Spacing


def number(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="The digits, of any length; leading zeros are kept, points, commas and minus "
            "signs drawn.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            show_default="number-TEXT.png",
            help="A .png or .svg picture, or an .npz of the digits: images (1, L, 28, 28), white "
            "on black, labels (1, L), totals, writers.",
        ),
    ] = None,
    spacing: Annotated[
        bool,
        typer.Option(
            "--spacing", rich_help_panel=LAYOUT, help="Set thousands apart, counted from the right."
        ),
    ] = False,
    scale: Scale = None,
    height: Height = None,
    dpi: Dpi = None,
    ink: Ink = None,
    paper: Paper = "white",
    caption: Annotated[
        bool,
        typer.Option("--caption", rich_help_panel=LAYOUT, help="Print the number under it, small."),
    ] = False,
    cells: Cells = False,
    seed: Seed = None,
    writer: Writer = None,
    model: Model = None,
    verify: Verify = True,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help='Print {"digits", "total", "boxes", "readings", "redrawn", "writer", "seed"}: '
            f"{BOXES}, total is the sum of the digits, readings what the reader sees (null with "
            "--no-verify), redrawn how many digits were drawn again.",
        ),
    ] = False,
) -> None:
    """Write a number in one hand.

    Examples:

    handsum number 1234567 --spacing -o number.png

    handsum number -1,234.50 -o amount.svg --height 12mm

    handsum number 007 --ink navy --paper transparent --scale 8 --seed 1
    """
    from handsum.writing import write as writing
    from handsum.writing.sequences import check_sequences_path

    writing.parse_number(text)
    path = output or Path(f"number-{text[:LISTED_DIGITS]}.png")
    check_sequences_path(path)
    gaps: Spacing = "thousands" if spacing else "normal"
    style = make_style(scale, height, dpi, ink, paper, gaps, cells)
    written = writing.number(
        text,
        seed=seed,
        writer=writer,
        verify=verify,
        model=model,
        style=picture_style(path, style, 1, len(text)),
    )
    grouped = writing.group_thousands(text) if spacing else text
    captions = [grouped] if caption else None
    row = save(path, written, style, captions)[0]
    what = text if len(text) <= LISTED_DIGITS else f"{len(text)} digits"
    hand = "" if written.writer is None else f"writer {written.writer}, "
    tell(
        f"{path}: {what}  ({hand}seed {written.seed})",
        {**row, "writer": written.writer, "seed": written.seed},
        as_json,
    )
