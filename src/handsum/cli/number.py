"""`handsum number`: write a number in one hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handsum.cli.json_output import AsJson
from handsum.cli.writing_options import (
    LAYOUT,
    LISTED_DIGITS,
    Animate,
    AsDrawn,
    Cells,
    Centerline,
    Dpi,
    Duration,
    Height,
    Ink,
    Model,
    NibLike,
    Paper,
    Pen,
    Reader,
    Scale,
    Seed,
    Verify,
    Wide,
    Writer,
    choose_pen,
    destination,
    finish,
    picture_style,
    save,
    written_files,
)

if TYPE_CHECKING:
    from handsum.layout.encoding import Places
    from handsum.writing.sequences import Sequences

# Characters of a number that file names cannot have.
_IN_FILE_NAMES = str.maketrans("/:", "--")


def number(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="Digits, with the marks . , - + = / : % ( ) $ €. Leading zeros are kept. A space, "
            "or an apostrophe between digits, is a gap.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            show_default="number-TEXT.png",
            help="A .png or .svg picture, a .gif or .webp animation, an .inkml of the strokes, or "
            "an .npz of arrays: images (1, L, 28, 28), white on black, labels (1, L), totals, "
            "writers, strokes. - is standard output: a PNG, or another type as -.svg or -.npz.",
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
    pen: Pen = None,
    nib_like: NibLike = None,
    as_drawn: AsDrawn = False,
    cells: Cells = False,
    centerline: Centerline = False,
    animate: Animate = False,
    duration: Duration = None,
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

    handsum number "3 + 4 = 7" -o sum.png

    handsum number 007 --ink navy --paper transparent --scale 8 --seed 1

    handsum number 1234567 --pen felt -o number.gif

    handsum number 2026 --height 12mm --pen 0.5mm --centerline -o plot.svg
    """
    from handsum.layout.encoding import Output, check_held, check_path
    from handsum.layout.marks import GAP, read_number
    from handsum.layout.style import Style
    from handsum.writing import write as writing

    text = read_number(text)
    plain = text.replace(GAP, "")
    name = plain[:LISTED_DIGITS].translate(_IN_FILE_NAMES)
    path = destination(output or Path(f"number-{name}.png"), as_json)
    how = Output(centerline, animate, duration)
    check_path(path, how)
    pen_width = choose_pen(pen, nib_like)
    style = Style(scale, ink, paper, spacing, wide, cells, dpi, height, pen_width, as_drawn)
    check_held(path.suffix.lower(), [text], style, caption)
    written = writing.number(
        text,
        seed=seed,
        writer=writer,
        model=model,
        reader=reader,
        verify=verify,
        style=picture_style(path, style, 1, len(plain)),
    )
    places = save(path, written, style, caption, how)
    what = text if len(text) <= LISTED_DIGITS else f"{len(plain)} digits"
    hand = "" if written.writer is None else f"writer {written.writer}, "
    finish(
        path,
        f"{written_files(path, 1)}: {what}  ({hand}seed {written.seed})",
        _as_dict(written, places) if as_json else {},
        as_json,
    )


def _as_dict(written: Sequences, places: Places) -> dict[str, Any]:
    """The number as `handsum number --json` prints it."""
    (row,) = written.as_dicts(places)
    return {**row, "writer": written.writer, "seed": written.seed, "notes": written.notes}
