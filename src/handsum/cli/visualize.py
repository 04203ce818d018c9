"""`handsum visualize`: how a digit comes about inside a generator, stage by stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handsum.cli.writing_options import Model, Seed, Writer


def visualize(
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[DIGIT|TOTAL]",
            help="The digit; for a model that draws sequences, the total; for one that draws "
            "random digits, nothing.",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="A .png of all stages, or a .gif through them."),
    ] = Path("layers.png"),
    channels: Annotated[
        int | None,
        typer.Option(min=1, show_default="all", help="Only the strongest feature maps of a layer."),
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(
            "--length", "-n", show_default="5", help="How many digits (models of sequences)."
        ),
    ] = None,
    seed: Seed = None,
    writer: Writer = None,
    model: Model = None,
) -> None:
    """Show every stage of a generator: condition, latents, each layer's feature maps, the image.

    The digit is the first that `handsum generate --digits` draws of it with the same seed, in the
    same hand. Of a sequence, the layers of single digits are shown for its first digit.

    Examples:

    handsum visualize 7 -o layers.png

    handsum visualize 7 --channels 16 -o layers.gif --seed 1

    handsum visualize 23 --length 5 --model lstm-cgan
    """
    from handsum.writing import visualize as visualization

    visualization.check_path(output)
    traced = visualization.trace(number, model=model, length=length, writer=writer, seed=seed)
    visualization.save(traced, output, channels)
    typer.echo(f"{output}: {len(traced.stages)} stages of {traced.what}  (seed {traced.seed})")
