"""`handsum predict`: the digits in pictures, and the distribution of their sum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli.console import err, out

if TYPE_CHECKING:
    from rich.text import Text

    from handsum.reading.results import FileReading, Prediction

# A digit read with less than this is worth a second look.
DOUBTFUL = 0.9


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES...",
            help="Pictures, and directories of pictures.",
            show_default=False,
        ),
    ],
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            "-n",
            show_default="found",
            help="How many digits each picture shows: a help where they touch.",
        ),
    ] = None,
    punctuation: Annotated[
        bool,
        typer.Option("--punctuation", help="Keep points and commas in what is printed."),
    ] = False,
    annotate: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write each picture into this directory, with boxes and readings drawn on it.",
        ),
    ] = None,
    show_input: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write each picture's digits into this directory, 28x28 as the reader saw them.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            show_default="the best reader",
            help="The reader; `handsum models` lists them.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help='Print {"files": [{"file", "digits", "confidence", "boxes", "error", '
            '"alternatives", "rows", "others", "sum", "probability", "interval", '
            '"distribution"}], "sum", "probability", "interval", "distribution"}: boxes are x, y, '
            "width and height in the upright picture's pixels, alternatives each digit's other "
            "readings with their probabilities, rows the text row by row, others the boxes of "
            "what is no digit.",
        ),
    ] = False,
) -> None:
    """Read the digits in pictures, each with its confidence, and their sum.

    A picture shows one digit or rows of them, in ink darker or lighter than the
    paper. All digits of all files make one sequence, whose sum has an exact
    distribution: its most probable value, that value's probability and the
    central 90% interval are printed.

    A picture without digits is said to be so. A file that cannot be read is
    reported by name, the rest is still read, and the exit code is 1.

    Examples:

    handsum predict digits.png photo.jpg

    handsum predict scans/ --annotate marked/ --json

    handsum predict amount.png --length 6 --punctuation
    """
    from handsum.reading.predict import predict as read

    prediction = read(files, model=model, length=length, punctuation=punctuation)
    if annotate is not None or show_input is not None:
        from handsum.reading.results import save_annotated, save_inputs

        if annotate is not None:
            save_annotated(annotate, prediction.files)
        if show_input is not None:
            save_inputs(show_input, prediction.files)
    if as_json:
        typer.echo(json.dumps(prediction.as_dict()))
    else:
        _show(prediction)
    failures = [reading for reading in prediction.files if reading.failed]
    if not failures:
        return
    from rich.text import Text

    for reading in failures:
        err().print(Text.assemble(("error: ", "bold red"), _printable(str(reading.error))))
    raise typer.Exit(1)


def _show(prediction: Prediction) -> None:
    from rich.text import Text

    readings = [reading for reading in prediction.files if not reading.failed]
    width = max((len(_printable(reading.file)) for reading in readings), default=0)
    for reading in readings:
        out().print(_line(reading, width))
    if prediction.interval is None or prediction.probability is None:
        return
    low, high = prediction.interval
    details = f"  ({_percent(prediction.probability)}, 90% interval {low}-{high})"
    out().print(Text.assemble("sum ", (str(prediction.sum), "bold"), details))


def _line(reading: FileReading, width: int) -> Text:
    from rich.text import Text

    line = Text(_printable(reading.file).ljust(width) + "  ")
    if reading.error is not None:
        return line.append(reading.error, "yellow")
    line.append("  ".join(reading.rows), "bold").append(" ")
    for confidence in reading.confidence:
        line.append(f" {_percent(confidence)}", "yellow" if confidence < DOUBTFUL else "dim")
    return line


def _percent(probability: float) -> str:
    """Round down to a tenth of a percent: only certainty is 100%."""
    return f"{int(probability * 1000) / 10:.1f}%"


def _printable(text: str) -> str:
    """Show what a terminal cannot print, or would obey, as escapes."""
    escaped = (char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return "".join(escaped)
