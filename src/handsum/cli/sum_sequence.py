"""`handsum sum-sequence`: digits in one hand that sum to a target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli.console import err
from handsum.cli.writing_options import (
    BOXES,
    CHANCE,
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
    from handsum.writing.sequences import Sequences


def sum_sequence(
    target: Annotated[str, typer.Argument(metavar="TOTAL", help="What the digits sum to.")],
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            "-n",
            show_default="one that suits the total, about a digit for every 4.5",
            help="How many digits.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            show_default="sum-TOTAL.png",
            help="A .png or .svg picture (a sheet, if several sequences); a name with {}, such as "
            "sum-{}.png, for numbered pictures; or an .npz of the digits: images (N, L, 28, 28), "
            "white on black, labels (N, L), totals, writers.",
        ),
    ] = None,
    count: Annotated[
        int,
        typer.Option(
            min=1,
            rich_help_panel=CHANCE,
            help="How many sequences, each drawn anew, each in a hand of its own.",
        ),
    ] = 1,
    spacing: Annotated[
        bool,
        typer.Option("--spacing", rich_help_panel=LAYOUT, help="Wide gaps between the digits."),
    ] = False,
    scale: Scale = None,
    height: Height = None,
    dpi: Dpi = None,
    ink: Ink = None,
    paper: Paper = "white",
    caption: Annotated[
        bool,
        typer.Option("--caption", rich_help_panel=LAYOUT, help="Print the sum under it, small."),
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
            help='Print {"sequences": [{"digits", "total", "boxes", "readings", "redrawn"}], '
            f'"writer", "seed"}}: {BOXES}, readings is what the reader sees (null with '
            "--no-verify), redrawn how many digits were drawn again, writer a number or, where the "
            "sequences' writers differ, the list of them, or null for a model that knows none.",
        ),
    ] = False,
) -> None:
    """Write digits in one hand that sum to TOTAL.

    The digits are drawn exactly uniformly from all sequences of that length and sum. With --model
    lstm-cgan or one-to-many-cgan, a network plans them; one that is wrong is drawn anew.

    Examples:

    handsum sum-sequence 23 --length 5 -o out.png

    handsum sum-sequence 23 --length 5 --count 12 --caption --seed 1 -o sheet.png

    handsum sum-sequence 45 --length 10 --count 1000 -o sums.npz
    """
    from handsum.sums import parse_total
    from handsum.writing import write as writing
    from handsum.writing.sequences import check_sequences_path

    total = parse_total(target)
    chosen = writing.length_for(total, length, model)
    path = output or Path(f"sum-{total}.png")
    check_sequences_path(path)
    gaps: Spacing = "wide" if spacing else "normal"
    style = make_style(scale, height, dpi, ink, paper, gaps, cells)
    written = writing.sum_sequence(
        total,
        chosen,
        count=count,
        seed=seed,
        writer=writer,
        verify=verify,
        model=model,
        style=picture_style(path, style, count, chosen),
    )
    captions = list(written.equations) if caption else None
    rows = save(path, written, style, captions)
    wrong = int((written.totals != total).sum())
    if wrong:
        advice = "try another --seed" if verify else "without --no-verify they are redrawn"
        message = f"note: {wrong} of {len(rows)} planned another sum than {total}: {advice}"
        err().print(message, markup=False)
    tell(
        f"{path}: {_summary(written, total, length)}",
        {"sequences": rows, "writer": written.writer, "seed": written.seed},
        as_json,
    )


def _summary(written: Sequences, total: int, asked_length: int | None) -> str:
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
    notes = [f"seed {written.seed}"]
    writer = written.writer
    if writer is not None and not isinstance(writer, list):
        notes.insert(0, f"writer {writer}")
    if asked_length is None:
        notes.insert(0, f"length {length} chosen")
    return f"{what}  ({', '.join(notes)})"
