"""`handsum visualize`: every stage of a generator while it draws a digit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handsum.cli.json_output import AsJson
from handsum.cli.writing_options import Model, Seed, Writer, destination, finish
from handsum.files import shown


def visualize(
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[DIGIT|TOTAL]",
            help="The digit; the total for a model that plans sequences; nothing for a model that "
            "draws random digits.",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A .png of all stages, or a .gif through the stages. - is standard output: a PNG, "
            "or a GIF as -.gif.",
        ),
    ] = Path("layers.png"),
    channels: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default="all",
            help="Limit each layer to its strongest feature maps.",
        ),
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            "-n",
            show_default="5",
            help="Number of digits (sequence models only).",
        ),
    ] = None,
    seed: Seed = None,
    writer: Writer = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show every stage of a generator: condition, latents, each layer's feature maps, the image.

    The digit is the first one that `handsum generate --digits` draws with the same seed, in the
    same hand. For a sequence, the layers that draw digits are those of its first digit.

    Examples:

    handsum visualize 7 -o layers.png

    handsum visualize 7 --channels 16 -o layers.gif --seed 1

    handsum visualize 23 --length 5 --model lstm-cgan
    """
    from handsum.writing import visualize as visualization
    from handsum.writing.stages import check_stages_path

    output = destination(output, as_json)
    check_stages_path(output)
    stages = visualization.visualize(number, model=model, length=length, writer=writer, seed=seed)
    stages.save(output, channels)
    line = f"{len(stages.stages)} stages of {stages.what}  (seed {stages.seed})"
    finish(output, f"{shown(output)}: {line}", stages.as_dict(), as_json)
