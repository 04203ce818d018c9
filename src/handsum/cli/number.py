"""`handsum number`: write a number in one hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handsum.cli.json_output import AsJson
from handsum.cli.writing_options import (
    LAYOUT,
    LISTED_DIGITS,
    Cells,
    Dpi,
    Height,
    Ink,
    Model,
    Paper,
    Reader,
    Scale,
    Seed,
    Verify,
    Wide,
    Writer,
    destination,
    finish,
    picture_style,
    save,
    written_files,
)


def number(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="Digits, with points, commas and minus signs. Leading zeros are kept. A space or "
            "an apostrophe between digits is a gap.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            show_default="number-TEXT.png",
            help="A .png or .svg picture, or an .npz of the digits: images (1, L, 28, 28), white "
            "on black, labels (1, L), totals, writers. - is standard output: a PNG, or another "
            "type as -.svg or -.npz.",
        ),
    ] = None,
    spacing: Annotated[
        bool,
        typer.Option(
            "--spacing",
            rich_help_panel=LAYOUT,
            help="Gaps between groups of thousands, counted from the right.",
        ),
    ] = False,
    wide: Wide = False,
    scale: Scale = None,
    height: Height = None,
    dpi: Dpi = None,
    ink: Ink = None,
    paper: Paper = "white",
    caption: Annotated[
        bool,
        typer.Option(
            "--caption", rich_help_panel=LAYOUT, help="Print the number, small, under the digits."
        ),
    ] = False,
    cells: Cells = False,
    seed: Seed = None,
    writer: Writer = None,
    model: Model = None,
    reader: Reader = None,
    verify: Verify = True,
    as_json: AsJson = False,
) -> None:
    """Write a number in one hand.

    Examples:

    handsum number 1234567 --spacing -o number.png

    handsum number -1,234.50 -o amount.svg --height 12mm

    handsum number 007 --ink navy --paper transparent --scale 8 --seed 1
    """
    from handsum.layout.marks import GAP, read_number
    from handsum.layout.style import Style
    from handsum.writing import write as writing
    from handsum.writing.sequences import check_sequences_path

    text = read_number(text)
    plain = text.replace(GAP, "")
    path = destination(output or Path(f"number-{plain[:LISTED_DIGITS]}.png"), as_json)
    check_sequences_path(path)
    style = Style(scale, ink, paper, spacing, wide, cells, dpi, height)
    written = writing.number(
        text,
        seed=seed,
        writer=writer,
        model=model,
        reader=reader,
        verify=verify,
        style=picture_style(path, style, 1, len(plain)),
    )
    row = save(path, written, style, caption)[0]
    what = text if len(text) <= LISTED_DIGITS else f"{len(plain)} digits"
    hand = "" if written.writer is None else f"writer {written.writer}, "
    finish(
        path,
        f"{written_files(path, 1)}: {what}  ({hand}seed {written.seed})",
        {**row, "writer": written.writer, "seed": written.seed, "notes": written.notes},
        as_json,
    )
