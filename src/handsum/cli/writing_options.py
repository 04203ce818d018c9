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
    from handsum.layout.rows import Spacing, Style
    from handsum.writing.sequences import Sequences

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
    str | None,
    typer.Option(
        metavar="N|N+M|new|like:...",
        show_default="chosen by the seed",
        rich_help_panel=CHANCE,
        help="Whose hand: a writer's number (`handsum writers` shows them), a mix such as 12+40 or "
        "12:3+40:1, new for one that nobody has, or what `handsum writers --like` fits to yours.",
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
Height = Annotated[
    str | None,
    typer.Option(
        metavar="80|12mm|0.5in",
        rich_help_panel=LAYOUT,
        help="Height of a digit instead of a scale: in pixels, or in mm, cm, in or pt.",
    ),
]
Dpi = Annotated[
    float | None,
    typer.Option(
        show_default="300 with a height in mm, cm, in or pt",
        rich_help_panel=LAYOUT,
        help="Pixels to an inch, for those who print the picture.",
    ),
]
PRINT_DPI = 300.0
PER_INCH = {"mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0, "pt": 1 / 72}
BOXES = "boxes are x, y, width and height in the picture's pixels (for an .npz, in the 28x28 image)"


class SignedCommand(TyperCommand):
    """A command that takes `-5` for a negative number rather than for an unknown option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line; numbers with a minus sign are arguments as any other."""
        taking = {
            name
            for parameter in self.params
            if not getattr(parameter, "is_flag", False)
            for name in parameter.opts
            if name.startswith("-")
        }
        numbers: list[str] = []
        others: list[str] = []
        before = ""
        for argument in args:
            # After an option that takes a value it is that value.
            signed = re.match(r"-[\d.,]", argument) and before not in taking
            (numbers if signed and "--" not in others else others).append(argument)
            before = argument
        rest = others if "--" in others or not numbers else [*others, "--"]
        return super().parse_args(ctx, rest + numbers)


def make_style(
    scale: float | None,
    height: str | None,
    dpi: float | None,
    ink: str | None,
    paper: str,
    spacing: Spacing,
    cells: bool,
) -> Style:
    """The style that the options ask for.

    Raises:
        UsageError: both a scale and a height, or a value out of range.
    """
    from handsum.layout.rows import DIGIT_HEIGHT, LARGEST_SCALE, LEAST_SCALE, Style

    if height is not None:
        if scale is not None:
            raise UsageError("give either --scale or --height, not both")
        amount = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(px|mm|cm|in|pt)?", height.lower())
        if not amount:
            raise UsageError(f"a height is one such as 80, 12mm or 0.5in, not {height!r}")
        unit = amount[2] or "px"
        pixels, at = float(amount[1]), ""
        if unit != "px":
            dpi = PRINT_DPI if dpi is None else dpi
            pixels, at = pixels * PER_INCH[unit] * dpi, f" at {dpi:g} dpi"
        Style(dpi=dpi)  # says what is wrong with the resolution before what comes of it
        scale = pixels / DIGIT_HEIGHT
        if not LEAST_SCALE <= scale <= LARGEST_SCALE:
            lowest, highest = LEAST_SCALE * DIGIT_HEIGHT, LARGEST_SCALE * DIGIT_HEIGHT
            raise UsageError(
                f"a height of {height} is {pixels:g} pixels{at}: use {lowest:g} to {highest:g}"
            )
    return Style(scale, ink, paper, spacing, cells, dpi)


def picture_style(path: Path, style: Style, count: int, length: int) -> Style | None:
    """Return how `count` sequences of `length` digits will be seen: in an .npz, as they are.

    Raises:
        UsageError: their picture would be too large: before the work, not after it.
    """
    from handsum.layout.rows import check_least_size
    from handsum.writing.sequences import NUMBER_MARK

    if path.suffix.lower() == ".npz":
        return None
    check_least_size(style, 1 if NUMBER_MARK in path.name else count, length)
    return style


def save(
    path: Path, sequences: Sequences, style: Style, captions: list[str] | None
) -> list[dict[str, Any]]:
    """Save the sequences, note what does not read as asked; return each one's row for --json."""
    from handsum.writing.sequences import save_sequences

    rows = sequences.as_rows(save_sequences(path, sequences, style, captions))
    for row in rows:
        digits, reading = row["digits"], row["readings"]
        if reading not in (None, digits):
            seen = reading or "nothing"
            advice = "--seed" if sequences.writer is None else "--seed or --writer"
            message = f"note: {digits} still reads as {seen}: try another {advice}"
            err().print(message, markup=False)
    return rows


def tell(line: str, result: dict[str, Any], as_json: bool) -> None:
    """Print the closing line, or the result as JSON on standard output and the line beside it."""
    typer.echo(line, err=as_json)
    if as_json:
        typer.echo(json.dumps(result))
