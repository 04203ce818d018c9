"""What `number` and `sum-sequence` share: their options, and what they do after writing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from handsum.cli.console import err
from handsum.errors import UsageError

if TYPE_CHECKING:
    from handsum.layout import Style
    from handsum.writing import Sequences

LAYOUT = "Layout"
CHANCE = "Hand and chance"
# Beyond this, the closing line tells how many digits there are instead of listing them.
LISTED_DIGITS = 40

Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=2**32 - 1,
        show_default="chosen, and told",
        rich_help_panel=CHANCE,
        help="The same seed gives the same file, byte for byte.",
    ),
]
Writer = Annotated[
    int | None,
    typer.Option(
        min=0,
        show_default="chosen by the seed",
        rich_help_panel=CHANCE,
        help="Whose hand: the number of a writer.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        show_default="the best generator",
        rich_help_panel=CHANCE,
        help="The generator that draws the digits; `handsum models` lists them.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify/--no-verify",
        rich_help_panel=CHANCE,
        help="Let the reader check every digit, and redraw one that does not read as asked.",
    ),
]
Scale = Annotated[
    float | None,
    typer.Option(
        min=0.25,
        max=64,
        show_default="4; 1 with --cells",
        rich_help_panel=LAYOUT,
        help="Size: picture pixels per pixel of a 28x28 digit.",
    ),
]
Ink = Annotated[
    str | None,
    typer.Option(
        metavar="COLOUR",
        show_default="dark on light paper, white on dark",
        rich_help_panel=LAYOUT,
        help="Colour of the ink: a name such as navy, or #rrggbb.",
    ),
]
Paper = Annotated[
    str,
    typer.Option(
        metavar="white|black|transparent|#rrggbb",
        rich_help_panel=LAYOUT,
        help="Colour of the paper, or none at all.",
    ),
]
Cells = Annotated[
    bool,
    typer.Option(
        "--cells",
        rich_help_panel=LAYOUT,
        help="Plain 28x28 cells side by side, without baseline, gaps and margin.",
    ),
]
BOXES = "boxes are x, y, width and height in the picture's pixels (for an .npz, in the 28x28 image)"


class NegativeNumberCommand(TyperCommand):
    """A command that takes `-5` for a negative number rather than for an unknown option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line; a negative number raises UsageError."""
        before = ""
        for argument in args:
            # After an option it is that option's value, and the option says what it takes.
            if re.match(r"-\d", argument) and not before.startswith("-"):
                raise UsageError(
                    f"{argument} is negative: only digits can be written, use 0 or more"
                )
            before = argument
        return super().parse_args(ctx, args)


def picture_style(path: Path, style: Style, count: int, length: int) -> Style | None:
    """Return how `count` sequences of `length` digits will be seen: in an .npz, as they are.

    Raises:
        UsageError: their picture would be too large: before the work, not after it.
    """
    from handsum.layout import check_least_size
    from handsum.saving import NUMBER_MARK

    if path.suffix.lower() != ".png":
        return None
    check_least_size(style, 1 if NUMBER_MARK in path.name else count, length)
    return style


def save(
    path: Path, sequences: Sequences, style: Style, captions: list[str] | None
) -> list[dict[str, Any]]:
    """Save the sequences, note what does not read as asked; return each one's row for --json."""
    from handsum.saving import save_sequences

    boxes = save_sequences(path, sequences, style, captions)
    rows: list[dict[str, Any]] = []
    for index, digits in enumerate(sequences.digits):
        reading = sequences.readings[index] if sequences.readings else None
        if reading not in (None, digits):
            seen = reading or "nothing"
            message = f"note: {digits} still reads as {seen}: try another --seed or --writer"
            err.print(message, markup=False)
        rows.append(
            {
                "digits": digits,
                "total": int(sequences.totals[index]),
                "boxes": boxes[index].tolist(),
                "readings": reading,
                "redrawn": int(sequences.redrawn[index]),
            }
        )
    return rows


def tell(line: str, result: dict[str, Any], as_json: bool) -> None:
    """Print the closing line, or the result as JSON on standard output and the line beside it."""
    typer.echo(line, err=as_json)
    if as_json:
        typer.echo(json.dumps(result))


def writer_of(sequences: Sequences) -> int | list[int]:
    """Return the writer of all sequences, or the list of theirs where they differ."""
    writers = sequences.writers.tolist()
    return writers[0] if len(set(writers)) == 1 else writers
