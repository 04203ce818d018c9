"""`handsum predict`: the digits in pictures, and their sum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli import completion
from handsum.cli.console import err, out
from handsum.cli.json_output import AsJson, print_json
from handsum.errors import UsageError
from handsum.files import STREAM, check_place, check_replaceable, is_stream

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from handsum.reading.results import FileReading, Prediction


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES...",
            help="Pictures and PDFs, or directories of them. - is standard input.",
            show_default=False,
        ),
    ],
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            "-n",
            show_default="any",
            help="Number of digits in each picture, if known: reads the most probable ones.",
        ),
    ] = None,
    punctuation: Annotated[
        bool,
        typer.Option("--punctuation", help="Print signs, too: . , - / : + = % ( ) $."),
    ] = False,
    pattern: Annotated[
        str | None,
        typer.Option(
            "--pattern",
            show_default="any row",
            help="What each row may be: amount, date, time, phone, digits{4}, or signs such as "
            "[0-9]+%. Its signs are printed.",
        ),
    ] = None,
    table: Annotated[
        bool,
        typer.Option("--table", help="Print the numbers of each row in columns, also in a CSV."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File for the readings: .csv, .json, .alto.xml or .hocr. - is a CSV on standard "
            "output, -.json another format.",
        ),
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory for copies of the pictures with boxes, digits and a legend. "
            "- writes one picture to standard output.",
        ),
    ] = None,
    show_input: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory for the digits of each picture, cut out to 28x28 as in MNIST. "
            "- writes those of one picture to standard output.",
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            show_default="detector",
            autocompletion=completion.readers,
            help="Model that reads: a name (see `handsum models`) or a snapshot folder. A reader "
            "of single digits or of sums, such as cnn, reads the digits that detector found.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the digits in pictures, with confidence, and their sum.

    A picture shows one digit, a row or several rows, in dark or light ink. Every
    page of a PDF or TIFF is read. All digits of all files are one sequence. The
    command prints its most probable sum, its probability and 90% interval.

    If a file or page cannot be read, the command names it, reads the others, and
    exits with code 1. A picture without digits is not an error.

    Examples:

    handsum predict digits.png photo.jpg

    handsum predict scans/ --annotate marked/ --json

    handsum predict amount.png --pattern amount

    handsum predict form.pdf --table -o readings.csv
    """
    from handsum.reading.formats import check_path
    from handsum.reading.predict import predict as read

    if output is not None:
        check_place(check_path(output, table))
    aside = _check_streams(output, annotate, show_input, as_json)
    prediction = read(
        files,
        reader=reader,
        length=length,
        punctuation=punctuation,
        pattern=pattern,
        images=show_input is not None,
    )
    if output is not None:
        prediction.save(output, table)
    if annotate is not None:
        prediction.annotate(annotate)
    if show_input is not None:
        from handsum.reading.annotating import save_inputs

        save_inputs(show_input, prediction.files)
    if as_json:
        print_json(prediction.as_dict())
    else:
        _show(prediction, table, err() if aside else out())
    _finish(prediction)


def _finish(prediction: Prediction) -> None:
    """Print the notes and errors; end with code 1 if there are errors."""
    from rich.text import Text

    for note in prediction.remarks:
        err().print(f"note: {_printable(note)}", markup=False)
    failures = [reading for reading in prediction.files if reading.failed]
    for reading in failures:
        err().print(Text.assemble(("error: ", "bold red"), _printable(str(reading.error))))
    if failures:
        raise typer.Exit(1)


def _check_streams(
    output: Path | None, annotate: Path | None, show_input: Path | None, as_json: bool
) -> bool:
    """Whether a file goes to standard output, where nothing else may go.

    Raises:
        UsageError: something else would.
        HandsumError: standard output takes no picture.
    """
    pictures = [str(folder) for folder in (annotate, show_input)].count(STREAM)
    readings = output is not None and is_stream(output)
    if pictures + readings + as_json > 1 and (pictures or readings):
        raise UsageError(
            "standard output takes `output`, `annotate`, `show_input` or `json`: choose one"
        )
    if pictures:
        check_replaceable("-.png")
    return pictures > 0 or readings


def _show(prediction: Prediction, table: bool, console: Console) -> None:
    from rich.text import Text

    readings = [reading for reading in prediction.files if not reading.failed]
    width = max((len(_printable(reading.name)) for reading in readings), default=0)
    for reading in readings:
        if table and reading.digits:
            console.print(_printable(reading.name), markup=False)
            console.print(_table(reading))
        else:
            console.print(_line(reading, width))
    if prediction.interval is None or prediction.probability is None:
        return
    low, high = prediction.interval
    details = f"  ({_percent(prediction.probability)}, 90% interval {low}-{high})"
    if len(prediction.files) > 1 or prediction.left_out:
        details += f", {prediction.scope}"
    console.print(Text.assemble("sum ", (str(prediction.sum), "bold"), details))


def _table(reading: FileReading) -> Text:
    """The numbers of a picture, aligned in columns; doubtful ones in colour."""
    from rich.text import Text

    from handsum.reading.marking import DOUBTFUL
    from handsum.reading.table import arrange, find_numbers

    rows = arrange(find_numbers(reading.rows, reading.boxes))
    texts = [[" ".join(one.text for one in cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = []
    for row, cells in zip(rows, texts, strict=True):
        line = Text()
        for cell, text, width in zip(row, cells, widths, strict=True):
            least = min(
                (min(reading.confidence[one.start : one.stop]) for one in cell), default=1.0
            )
            style = "yellow" if least < DOUBTFUL else "bold"
            line.append("  " + " " * (width - len(text))).append(text, style)
        lines.append(line)
    return Text("\n").join(lines)


def _line(reading: FileReading, width: int) -> Text:
    from rich.text import Text

    from handsum.reading.marking import DOUBTFUL

    line = Text(_printable(reading.name).ljust(width) + "  ")
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
