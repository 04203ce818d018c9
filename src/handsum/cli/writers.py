"""`handsum writers`: a sheet of hands to choose from, or those most like some digits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli.console import err, out
from handsum.cli.writing_options import Height, Ink, Model, Paper, Seed, make_style, picture_style
from handsum.errors import UsageError

if TYPE_CHECKING:
    from handsum.likeness import Likeness


def writers(
    pictures: Annotated[
        list[Path] | None, typer.Argument(help="With --like: pictures of somebody's digits.")
    ] = None,
    like: Annotated[
        bool, typer.Option("--like", help="Show the hands most like the digits in the pictures.")
    ] = False,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The sheet: a .png or .svg picture.")
    ] = Path("writers.png"),
    first: Annotated[
        int | None, typer.Option(min=0, show_default="0", help="The first writer to show.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=494, help="How many hands to show.")] = 24,
    digits: Annotated[str, typer.Option(help="What they write.")] = "0123456789",
    ink: Ink = None,
    paper: Paper = "white",
    height: Height = "48",
    seed: Seed = None,
    model: Model = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help='Print {"writers": [...], "likeness": [{"writer", "distance", "fit"}], "seed"}.',
        ),
    ] = False,
) -> None:
    """Show hands to choose from, each with the number that --writer takes.

    With --like, the hands most like the digits in your pictures, and how well they fit: the share
    of writers whose own digits are no nearer to their other digits.

    Examples:

    handsum writers -o hands.png

    handsum writers --like my-digits.jpg --count 5
    """
    import json

    import numpy as np

    from handsum import writing
    from handsum.drawing import parse_digits
    from handsum.pretrained import load_generator
    from handsum.saving import check_sequences_path, save_sequences
    from handsum.seeds import choose_seed

    if like != bool(pictures):
        raise UsageError("--like takes pictures of digits, such as handsum writers --like me.jpg")
    if like and first is not None:
        raise UsageError("--like shows the hands that are most alike: leave out --first")
    first = first or 0
    check_sequences_path(output)
    if output.suffix.lower() == ".npz":
        raise UsageError(f"cannot write {output}: a sheet of hands is a .png or .svg picture")
    for picture in pictures or []:
        if output.exists() and picture.exists() and output.samefile(picture):
            raise UsageError(f"{output} is one of the pictures: name another sheet with --output")
    labels = parse_digits(digits)
    generator = load_generator(model) if model else load_generator()
    if generator.writers == 1:
        raise UsageError(f"{generator.name} knows no writers")
    found, failed = _like(pictures or [], count) if like else ([], False)
    chosen = np.array([one.writer for one in found], np.int64)
    if not like:
        if first >= generator.writers:
            raise UsageError(f"writer {first} is out of range: use 0 to {generator.writers - 1}")
        chosen = np.arange(first, min(first + count, generator.writers))
    style = make_style(None, height, None, ink, paper, "normal", False)
    picture_style(output, style, len(chosen), len(labels))
    rows = np.tile(labels, (len(chosen), 1))
    written = writing.write_rows(rows, choose_seed(seed), chosen, model=model)
    captions = [str(writer) for writer in chosen]
    for place, one in enumerate(found):
        captions[place] = f"{one.writer}, fit {one.fit:.0%}"
    save_sequences(output, written, style, captions)
    if as_json:
        likeness = [{"writer": o.writer, "distance": o.distance, "fit": o.fit} for o in found]
        result = {"writers": chosen.tolist(), "likeness": likeness, "seed": written.seed}
        typer.echo(json.dumps(result))
    else:
        for one in found:
            out().print(f"writer {one.writer}: fit {one.fit:.0%}", markup=False)
        hands = f"{len(chosen)} hand{'s' if len(chosen) > 1 else ''}"
        err().print(f"{output}: {hands}, seed {written.seed}", markup=False)
    if failed:
        # As `predict` ends where one of its files cannot be read.
        raise typer.Exit(1)


def _like(paths: list[Path], count: int) -> tuple[list[Likeness], bool]:
    """The writers most like the digits that are read in pictures; whether one cannot be read."""
    import numpy as np

    from handsum.likeness import most_alike
    from handsum.reading import predict

    files = list(predict([str(path) for path in paths]).files)
    for file in files:
        if file.error:
            err().print(f"{file.file}: {file.error}", markup=False)
        else:
            err().print(f"{file.file}: {file.digits}", markup=False)
    images = np.concatenate([file.images for file in files])
    labels = np.array([int(digit) for file in files for digit in file.digits], np.int64)
    return most_alike(images, labels, count), any(file.failed for file in files)
