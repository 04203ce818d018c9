"""`handsum sum-sequence`: write digits in one hand that sum to a target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli.json_output import AsJson
from handsum.cli.writing_options import (
    CHANCE,
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
    from handsum.writing.sequences import Sequences


def sum_sequence(
    target: Annotated[str, typer.Argument(metavar="TOTAL", help="The sum of the digits.")],
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            "-n",
            show_default="typical for the total: about TOTAL / 4.5",
            help="Number of digits.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            show_default="sum-TOTAL.png",
            help="A .png or .svg picture, a .gif or .webp animation, or an .inkml of the strokes "
            "(one sheet for several sequences); numbered files for a name with {}, such as "
            "sum-{}.png; or an .npz of arrays: images (N, L, 28, 28), white on black, labels "
            "(N, L), totals, writers, strokes. - is standard output: a PNG, or another type as "
            "-.svg or -.npz.",
        ),
    ] = None,
    count: Annotated[
        int,
        typer.Option(
            min=1,
            rich_help_panel=CHANCE,
            help="Number of sequences, each with its own digits and hand.",
        ),
    ] = 1,
    wide: Wide = False,
    scale: Scale = None,
    height: Height = None,
    dpi: Dpi = None,
    ink: Ink = None,
    paper: Paper = "white",
    caption: Annotated[
        bool,
        typer.Option(
            "--caption", rich_help_panel=LAYOUT, help="Print the sum, small, under the digits."
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
    """Write digits in one hand that sum to TOTAL.

    The digits are drawn exactly uniformly from all sequences of that length and sum. With --model
    lstm-cgan or one-to-many-cgan, a network plans the digits; wrong sums are drawn again.

    Examples:

    handsum sum-sequence 23 --length 5 -o out.png

    handsum sum-sequence 23 --length 5 --count 12 --caption --seed 1 -o sheet.png

    handsum sum-sequence 45 --length 10 --count 1000 -o sums.npz
    """
    from handsum.layout.encoding import Output, check_held, check_path
    from handsum.layout.style import Style
    from handsum.sums import parse_total
    from handsum.writing import write as writing

    total = parse_total(target)
    chosen = writing.length_for(total, length, model)
    path = destination(output or Path(f"sum-{total}.png"), as_json)
    how = Output(centerline, animate, duration)
    check_path(path, how)
    pen_width = choose_pen(pen, nib_like)
    style = Style(scale, ink, paper, False, wide, cells, dpi, height, pen_width, as_drawn)
    check_held(path.suffix.lower(), None, style, caption)
    written = writing.sum_sequence(
        total,
        chosen,
        count=count,
        seed=seed,
        writer=writer,
        model=model,
        reader=reader,
        verify=verify,
        style=picture_style(path, style, count, chosen),
    )
    places = save(path, written, style, caption, how)
    finish(
        path,
        f"{written_files(path, count)}: {_summary(written, total, length)}",
        {
            "sequences": written.as_dicts(places) if as_json else [],
            "writer": written.writer,
            "seed": written.seed,
            "notes": written.notes,
        },
        as_json,
    )


def _summary(written: Sequences, total: int, given_length: int | None) -> str:
    """The closing line without the file name."""
    count, length = written.labels.shape
    what = f"{length} digit{'s' if length > 1 else ''}"
    reached = (written.totals == total).all()
    if count > 1:
        each = f", each summing to {total}" if reached else f" for {total}"
        what = f"{count} sequences of {what}{each}"
    elif length <= LISTED_DIGITS:
        what = written.equations[0]
    else:
        what = f"{what} {'summing to' if reached else 'for'} {total}"
    facts = [f"seed {written.seed}"]
    writer = written.writer
    if writer is not None and not isinstance(writer, list):
        facts.insert(0, f"writer {writer}")
    if given_length is None:
        facts.insert(0, f"length {length} chosen")
    return f"{what}  ({', '.join(facts)})"
