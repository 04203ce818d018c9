"""Options that the writing commands share, and what these commands do at the end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from handsum.cli import completion
from handsum.cli.json_output import print_json, show_notes
from handsum.errors import UsageError
from handsum.files import is_stream, shown

if TYPE_CHECKING:
    from handsum.layout.encoding import Output, Places
    from handsum.layout.style import Style
    from handsum.writing.sequences import Sequences

LAYOUT = "Layout"
CHANCE = "Hand and randomness"
# Longer sequences are counted in the closing line instead of listed.
LISTED_DIGITS = 40

Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=2**32 - 1,
        show_default="random; printed",
        rich_help_panel=CHANCE,
        help="Random seed. The same seed gives the same file, byte for byte.",
    ),
]
Writer = Annotated[
    str | None,
    typer.Option(
        metavar="N|N+M|new|like:...",
        show_default="random",
        rich_help_panel=CHANCE,
        help="The hand: a writer's number (`handsum writers` shows them), a mix such as 12+40 or "
        "12:3+40:1, new for an invented hand, or like:... from `handsum writers --like`.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        show_default="r3gan",
        autocompletion=completion.generators,
        rich_help_panel=CHANCE,
        help="The generator: a name from `handsum models`, or a snapshot folder.",
    ),
]
Reader = Annotated[
    str | None,
    typer.Option(
        show_default="cnn",
        autocompletion=completion.readers,
        rich_help_panel=CHANCE,
        help="The model that checks the digits: a name, or a snapshot folder.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify/--no-verify",
        rich_help_panel=CHANCE,
        help="Check every digit with the reader, and redraw those that it misreads.",
    ),
]
Scale = Annotated[
    float | None,
    typer.Option(
        min=0.25,
        max=1000,
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
        metavar="COLOUR|transparent",
        rich_help_panel=LAYOUT,
        help="Colour of the paper: a name, #rrggbb, or transparent.",
    ),
]
Wide = Annotated[
    bool,
    typer.Option("--wide", rich_help_panel=LAYOUT, help="Wide gaps between the digits."),
]
Cells = Annotated[
    bool,
    typer.Option(
        "--cells",
        rich_help_panel=LAYOUT,
        help="Plain 28x28 cells side by side, without baseline, gaps and margins.",
    ),
]
Height = Annotated[
    str | None,
    typer.Option(
        metavar="80|12mm|0.5in",
        rich_help_panel=LAYOUT,
        help="Height of a digit instead of a scale: in pixels, or in mm, cm, in or pt; up to "
        "20000 pixels.",
    ),
]
Dpi = Annotated[
    float | None,
    typer.Option(
        show_default="300 with a height in mm, cm, in or pt",
        rich_help_panel=LAYOUT,
        help="Resolution for printing, in pixels per inch.",
    ),
]
Pen = Annotated[
    str | None,
    typer.Option(
        metavar="fine|ballpoint|felt|marker|0.5mm|0.06",
        show_default="the hand's own",
        autocompletion=completion.pens,
        rich_help_panel=LAYOUT,
        help="The pen: a name, a width in mm (with a size on paper), or a share of the height.",
    ),
]
NibLike = Annotated[
    Path | None,
    typer.Option(
        metavar="PICTURE",
        rich_help_panel=LAYOUT,
        help="Write with a pen as wide as the one in a picture of somebody's digits.",
    ),
]
AsDrawn = Annotated[
    bool,
    typer.Option(
        "--as-drawn",
        rich_help_panel=LAYOUT,
        help="Leave each digit its own width, and loops unclosed, or filled where a finer pen "
        "would open them.",
    ),
]
Centerline = Annotated[
    bool,
    typer.Option(
        "--centerline",
        rich_help_panel=LAYOUT,
        help="In an .svg, draw the way of the pen instead of outlines: for plotters and lasers.",
    ),
]
Animate = Annotated[
    bool,
    typer.Option(
        "--animate",
        rich_help_panel=LAYOUT,
        help="In an .svg, let the pen write stroke by stroke, as in every .gif and .webp.",
    ),
]
Duration = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        show_default="the time of a hand",
        rich_help_panel=LAYOUT,
        help="How long the animation takes, up to 60 seconds.",
    ),
]


class SignedCommand(TyperCommand):
    """A command that reads `-5` as a negative number and not as an unknown option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line; numbers with a minus sign are ordinary arguments."""
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
            # After an option that takes a value, it is that value.
            signed = re.match(r"-[\d.,($€]", argument) and before not in taking
            (numbers if signed and "--" not in others else others).append(argument)
            before = argument
        rest = others if "--" in others or not numbers else [*others, "--"]
        return super().parse_args(ctx, rest + numbers)


def choose_pen(pen: str | None, nib_like: Path | None) -> str | float | None:
    """The pen, or the one of a picture, whose width is printed.

    Raises:
        UsageError: both are given, or no digit is read in the picture.
    """
    if nib_like is None:
        return pen
    if pen is not None:
        raise UsageError("give either `pen` or `nib_like`, not both")
    from handsum.cli.console import err
    from handsum.writing.writers import measure_nib

    nib = measure_nib(nib_like)
    err().print(f"{shown(nib_like)}: --pen {nib:g}", markup=False)
    return nib


def picture_style(path: Path, style: Style, count: int, length: int) -> Style | None:
    """Return the style in which `count` sequences of `length` digits are checked; None for an .npz.

    Raises:
        UsageError: the picture would be too large; known before the work.
    """
    from handsum.layout.encoding import NUMBER_MARK, VECTORS
    from handsum.layout.rows import check_least_size

    ending = path.suffix.lower()
    if ending == ".npz":
        return None
    if ending not in VECTORS:
        check_least_size(style, 1 if NUMBER_MARK in path.name else count, length, ending)
    return style


def save(path: Path, sequences: Sequences, style: Style, caption: bool, output: Output) -> Places:
    """Save the sequences and print their notes; return where their digits are."""
    from handsum.writing.sequences import save_sequences

    places = save_sequences(path, sequences, style, caption=caption, output=output)
    show_notes(sequences.notes)
    return places


def destination(output: Path, as_json: bool = False, ending: str = ".png") -> Path:
    """The file to write; "-" is standard output, with the `ending` of its usual type.

    Raises:
        UsageError: standard output is for the JSON.
    """
    if as_json and is_stream(output):
        raise UsageError("`json` prints on standard output: leave it out, or name an `output` file")
    return Path(f"-{ending}") if str(output) == "-" else output


def written_files(path: Path, count: int) -> str:
    """The written file, or the first and the last of numbered pictures, for the closing line."""
    from handsum.layout.encoding import NUMBER_MARK, numbered_paths

    if NUMBER_MARK not in path.name:
        return shown(path)
    first, *others = numbered_paths(path, count)
    return f"{first} to {others[-1].name}" if others else str(first)


def finish(path: Path, line: str, result: dict[str, Any], as_json: bool) -> None:
    """Print the closing line; with --json the result.

    Beside the JSON, or the file, on standard output, the line goes to standard error.
    """
    typer.echo(line, err=as_json or is_stream(path))
    if as_json:
        print_json(result)
