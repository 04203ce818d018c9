"""`handsum writers`: a sheet of hands to choose from, or one fitted to some digits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handsum.cli.console import err
from handsum.cli.writing_options import Height, Ink, Model, Paper, Seed, make_style, picture_style
from handsum.errors import UsageError

if TYPE_CHECKING:
    import numpy as np


def writers(
    pictures: Annotated[
        list[Path] | None, typer.Argument(help="With --like: pictures of somebody's digits.")
    ] = None,
    like: Annotated[
        bool,
        typer.Option("--like", help="Fit a hand to the pictures' digits; show those most like it."),
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
            help='Print {"writers": [...], "hand": {"name", "distance", "fit"}, '
            '"likeness": [{"writer", "distance"}], "seed"}.',
        ),
    ] = False,
) -> None:
    """Show hands to choose from, each with the number that --writer takes.

    With --like, a hand fitted to the digits in your pictures, which is printed as like:... for
    --writer, and the writers most like them. Its fit is the share of writers whose own digits are
    no nearer to what is drawn as theirs, told by digits that it was not fitted to.

    Examples:

    handsum writers -o hands.png

    handsum writers --like my-digits.jpg --count 5
    """
    import json

    import numpy as np

    from handsum.pretrained.load import load_generator
    from handsum.seeds import choose_seed
    from handsum.writing import write as writing
    from handsum.writing.digits import parse_digits
    from handsum.writing.hands import Hands
    from handsum.writing.sequences import check_sequences_path, save_sequences

    if like != bool(pictures):
        raise UsageError("--like takes pictures of digits, such as handsum writers --like me.jpg")
    if like and first is not None:
        raise UsageError("--like shows the hands that are most alike: leave out --first")
    first = first or 0
    if output.suffix.lower() not in (".png", ".svg"):
        raise UsageError(f"cannot write {output}: a sheet of hands is a .png or .svg picture")
    check_sequences_path(output)
    for picture in pictures or []:
        if output.exists() and picture.exists() and output.samefile(picture):
            raise UsageError(f"{output} is one of the pictures: name another sheet with --output")
    labels = parse_digits(digits)
    generator = load_generator(model) if model else load_generator()
    if generator.writers == 1:
        raise UsageError(f"{generator.name} knows no writers")
    if first >= generator.writers:
        raise UsageError(f"writer {first} is out of range: use 0 to {generator.writers - 1}")
    count = min(count, generator.writers - first)
    style = make_style(None, height, None, ink, paper, "normal", False)
    picture_style(output, style, count, len(labels))
    alike, told, failed = [], {}, False
    if pictures:
        from handsum.writing.likeness import fit_hand, hands_alike, most_alike

        images, read, failed = _read(pictures)
        if failed and not len(read):
            raise typer.Exit(1)
        alike = most_alike(images, read, count - 1)
        fitted = fit_hand(generator, images, read)
        hands, names = hands_alike(generator, fitted, alike)
        told = {"name": fitted.name, "distance": fitted.distance, "fit": fitted.fit}
        captions = [f"yours, fit {fitted.fit:.0%}", *names[1:]]
    else:
        chosen = np.arange(first, first + count)
        hands, captions = Hands(chosen, chosen), [str(writer) for writer in chosen]
    rows = np.tile(labels, (len(captions), 1))
    written = writing.write_rows(rows, choose_seed(seed), hands, model=model)
    save_sequences(output, written, style, captions)
    writers = [int(writer) for writer in hands.writers if writer >= 0]
    if as_json:
        likeness = [{"writer": one.writer, "distance": one.distance} for one in alike]
        result = {"writers": writers, "hand": told or None, "likeness": likeness}
        typer.echo(json.dumps({**result, "seed": written.seed}))
    else:
        if told:
            # Not wrapped: it is there to be copied.
            typer.echo(f"yours: fit {told['fit']:.0%}, --writer {told['name']}")
            if writers:
                typer.echo(f"most like yours: writers {' '.join(map(str, writers))}")
        shown = f"{len(captions)} hand{'s' if len(captions) > 1 else ''}"
        err().print(f"{output}: {shown}, seed {written.seed}", markup=False)
    if failed:
        # As `predict` ends where one of its files cannot be read.
        raise typer.Exit(1)


def _read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray, bool]:
    """The digits (N, 28, 28) that are read in pictures, and (N,); whether a file cannot be read."""
    import numpy as np

    from handsum.reading.predict import predict

    files = list(predict([str(path) for path in paths]).files)
    for file in files:
        if file.error:
            err().print(f"{file.file}: {file.error}", markup=False)
        else:
            err().print(f"{file.file}: {file.digits}", markup=False)
    images = np.concatenate([file.images for file in files])
    labels = np.array([int(digit) for file in files for digit in file.digits], np.int64)
    return images, labels, any(file.failed for file in files)
