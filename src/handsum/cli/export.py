"""`handsum export`: a model's weights or network for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handsum.cli.console import err


def export(
    model: Annotated[
        str,
        typer.Argument(help="A model of the zoo (see `handsum models`), or a snapshot's folder."),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="safetensors|stablehlo",
            show_default="by FILE's ending, else stablehlo",
            help="Its weights by name, or its network with them.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", show_default="MODEL.FORMAT", help="The file to write."),
    ] = None,
) -> None:
    """Write a model to a file that other programs load, without handsum.

    safetensors: `safetensors.numpy.load_file(FILE)`, or the same of any other library. Needs
    the extra handsum\\[export].

    stablehlo: `jax.export.deserialize(FILE's bytes).call(...)`, for any number of rows, on the
    CPU, CUDA, ROCm and TPU; what it takes and gives is printed.

    Examples:

    handsum export r3gan -o r3gan.safetensors

    handsum export cnn --format stablehlo -o cnn.stablehlo
    """
    from handsum.files import check_replaceable
    from handsum.pretrained.export import KINDS, export_model

    ending = output.suffix.removeprefix(".").lower() if output else ""
    kind = kind or (ending if ending in KINDS else "stablehlo")
    path = output or Path(f"{Path(model).name}.{kind}")
    check_replaceable(path)
    signature = export_model(model, kind, path)
    typer.echo(f"{path}: {model}, {kind}, {path.stat().st_size / 2**20:.1f} MiB")
    if signature is not None:
        for verb, names in (("takes", signature.takes), ("gives", signature.gives)):
            listed = ", ".join(f"{name} {shape}" for name, shape in names.items())
            err().print(f"{verb} {listed}", markup=False)
