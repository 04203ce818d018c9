"""`handsum predict`: the digits in pictures, and their sum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli import completion
from handsum.cli.console import err, out
from handsum.cli.json_output import AsJson, print_json
from handsum.errors import UsageError
from handsum.files import check_replaceable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from handsum.reading.results import FileReading, Prediction


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES...",
            help="Pictures, or directories of pictures. - is standard input.",
            show_default=False,
        ),
    ],
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            "-n",
            show_default="any",
            help="Number of digits in each picture, if known: helps with touching digits.",
        ),
    ] = None,
    punctuation: Annotated[
        bool,
        typer.Option("--punctuation", help="Print points and commas, too."),
    ] = False,
    annotate: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory for copies of the pictures with boxes and digits drawn on them. "
            "- writes one picture to standard output.",
        ),
    ] = None,
    show_input: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory for the digits of each picture, 28x28, as the reader saw them. "
            "- writes those of one picture to standard output.",
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            show_default="the best one",
            autocompletion=completion.readers,
            help="Model that reads: its name (see `handsum models`) or a snapshot folder.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the digits in pictures, with confidence, and their sum.

    A picture shows one digit, a row or several rows, in dark or light ink. All
    digits of all files are one sequence. The command prints its most probable
    sum, the probability of that sum, and the central 90% interval.

    If a file cannot be read, the command names it, reads the others, and exits
    with code 1. A picture without digits is not an error.

    Examples:

    handsum predict digits.png photo.jpg

    handsum predict scans/ --annotate marked/ --json

    handsum predict amount.png --length 6 --punctuation
    """
    from handsum.reading.predict import predict as read

    aside = _check_streams(annotate, show_input, as_json)
    prediction = read(files, reader=reader, length=length, punctuation=punctuation)
    if annotate is not None or show_input is not None:
        from handsum.reading.results import save_inputs

        if annotate is not None:
            prediction.annotate(annotate)
        if show_input is not None:
            save_inputs(show_input, prediction.files)
    if as_json:
        print_json(prediction.as_dict())
    else:
        _show(prediction, err() if aside else out())
    failures = [reading for reading in prediction.files if reading.failed]
    if not failures:
        return
    from rich.text import Text

    for reading in failures:
        err().print(Text.assemble(("error: ", "bold red"), _printable(str(reading.error))))
    raise typer.Exit(1)


def _check_streams(annotate: Path | None, show_input: Path | None, as_json: bool) -> bool:
    """Whether a picture goes to standard output, where nothing else may go.

    Raises:
        UsageError: something else would.
        HandsumError: standard output takes no picture.
    """
    given = [str(folder) for folder in (annotate, show_input)] + ["-" if as_json else ""]
    if given.count("-") > 1:
        raise UsageError("standard output takes `annotate`, `show_input` or `json`: choose one")
    if "-" not in given[:2]:
        return False
    check_replaceable("-.png")
    return True


def _show(prediction: Prediction, console: Console) -> None:
    from rich.text import Text

    readings = [reading for reading in prediction.files if not reading.failed]
    width = max((len(_printable(reading.file)) for reading in readings), default=0)
    for reading in readings:
        console.print(_line(reading, width))
    if prediction.interval is None or prediction.probability is None:
        return
    low, high = prediction.interval
    details = f"  ({_percent(prediction.probability)}, 90% interval {low}-{high})"
    console.print(Text.assemble("sum ", (str(prediction.sum), "bold"), details))


def _line(reading: FileReading, width: int) -> Text:
    from rich.text import Text

    from handsum.reading.results import DOUBTFUL

    line = Text(_printable(reading.file).ljust(width) + "  ")
    if reading.error is not None:
        return line.append(reading.error, "yellow")
    line.append("  ".join(reading.rows), "bold").append(" ")
    for confidence in reading.confidence:
        line.append(f" {_percent(confidence)}", "yellow" if confidence < DOUBTFUL else "dim")
    return line


def _percent(probability: float) -> str:
    """Round down to a tenth of a percent: only 1 is 100%."""
    return f"{int(probability * 1000) / 10:.1f}%"


def _printable(text: str) -> str:
    """Escape characters that a terminal cannot print, or would execute."""
    escaped = (char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return "".join(escaped)
