"""`handsum writers`: a sheet of hands to choose from, or a hand fitted to some digits."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli.console import err
from handsum.cli.json_output import AsJson, print_json, show_notes
from handsum.cli.writing_options import (
    Animate,
    AsDrawn,
    Centerline,
    Dpi,
    Duration,
    Height,
    Ink,
    Model,
    Paper,
    Pen,
    Seed,
    destination,
    picture_style,
    written_files,
)
from handsum.errors import UsageError
from handsum.files import is_stream

if TYPE_CHECKING:
    from handsum.reading.results import Prediction
    from handsum.writing.sheet import HandSheet


def writers(
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(help="Pictures of somebody's digits, for --like; - is standard input."),
    ] = None,
    like: Annotated[
        bool,
        typer.Option(
            "--like",
            help="Fit a hand to the digits in the pictures, and show the writers most like it.",
        ),
    ] = False,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The sheet: a .png or .svg picture, a .gif or .webp animation, or an .inkml of "
            "the strokes. - is standard output: a PNG, or another type as -.svg.",
        ),
    ] = Path("writers.png"),
    first: Annotated[
        int | None, typer.Option(min=0, show_default="0", help="Number of the first writer.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=494, help="Number of hands.")] = 24,
    digits: Annotated[str, typer.Option(help="Digits that each hand writes.")] = "0123456789",
    ink: Ink = None,
    paper: Paper = "white",
    height: Height = "48",
    dpi: Dpi = None,
    pen: Pen = None,
    as_drawn: AsDrawn = False,
    centerline: Centerline = False,
    animate: Animate = False,
    duration: Duration = None,
    seed: Seed = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show hands to choose from, each with its number for --writer.

    With --like, fit a hand to the digits in your pictures, print its name (like:...) for --writer
    and the width of its pen for --pen, and show the writers most like it. The fit is the share of
    writers whose own digits are no nearer to those drawn in their hands; it is measured on digits
    that were held out.

    Examples:

    handsum writers -o hands.png

    handsum writers --like my-digits.jpg --count 5
    """
    from handsum.layout.encoding import Output, check_path
    from handsum.layout.style import Style
    from handsum.pretrained.load import load_generator
    from handsum.writing.writers import fit_writer
    from handsum.writing.writers import writers as show_writers

    if like != bool(pictures):
        raise UsageError("--like takes pictures of digits, such as handsum writers --like me.jpg")
    if like and first is not None:
        raise UsageError("--like shows the most similar hands: leave out --first")
    output = destination(output, as_json)
    how = Output(centerline, animate, duration)
    check_path(output, how, arrays=False)
    style = Style(ink=ink, paper=paper, dpi=dpi, height=height, pen=pen, as_drawn=as_drawn)
    shown = min(count, load_generator(model).writers - (first or 0))
    picture_style(output, style, shown, len(digits))
    if not pictures:
        sheet = show_writers(first or 0, count, digits, seed=seed, model=model, style=style)
        sheet.save(output, **asdict(how))
        _finish(output, sheet, as_json)
        return
    for picture in pictures:
        if output.exists() and picture.exists() and output.samefile(picture):
            raise UsageError(f"{output} is one of the pictures: choose another `output`")
    prediction = _read(pictures)
    failed = any(file.failed for file in prediction.files)
    # As `predict` ends if a file cannot be read.
    if failed and not any(file.digits for file in prediction.files):
        raise typer.Exit(1)
    sheet = fit_writer(prediction, count=count, digits=digits, seed=seed, model=model, style=style)
    sheet.save(output, **asdict(how))
    _finish(output, sheet, as_json)
    if failed:
        raise typer.Exit(1)


def _read(pictures: list[Path]) -> Prediction:
    """Read the pictures, and print the digits or the error of each."""
    from handsum.reading.predict import predict

    prediction = predict(pictures)
    for file in prediction.files:
        err().print(f"{file.file}: {file.error or file.digits}", markup=False)
    return prediction


def _finish(output: Path, sheet: HandSheet, as_json: bool) -> None:
    """Print the fitted hand and the similar writers, and the name of the sheet."""
    hand, seed = sheet.hand, sheet.sequences.seed
    show_notes(sheet.sequences.notes)
    if as_json:
        print_json(sheet.as_dict())
        return
    if hand:
        aside = is_stream(output)
        # On one line, to be copied.
        pen = "" if sheet.nib is None else f" --pen {sheet.nib:g}"
        typer.echo(f"yours: fit {hand.fit:.0%}, --writer {hand.name}{pen}", err=aside)
        if sheet.writers:
            alike = " ".join(map(str, sheet.writers))
            typer.echo(f"most like yours: writers {alike}", err=aside)
    count = len(sheet.names)
    line = f"{count} hand{'s' if count > 1 else ''}, seed {seed}"
    err().print(f"{written_files(output, count)}: {line}", markup=False)
