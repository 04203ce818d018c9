"""`handsum export`: a model as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handsum.cli import completion
from handsum.cli.console import err
from handsum.cli.json_output import AsJson, print_json
from handsum.cli.writing_options import destination
from handsum.files import is_stream, shown


def export(
    model: Annotated[
        str,
        typer.Argument(
            help="A model of the zoo, or a snapshot folder.", autocompletion=completion.models
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            show_default="MODEL.FORMAT",
            help="File to write; - is standard output.",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="safetensors|stablehlo|mlir",
            show_default="by the ending of the file, else stablehlo",
            help="safetensors: the weights. stablehlo, mlir: the network with its weights.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default="any; 1 for mlir",
            help="Fixed number of rows for the network's inputs and outputs.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a model to a file that other programs load without handsum.

    safetensors: load it with `safetensors.numpy.load_file(FILE)`, or with safetensors in any other
    language. Needs the extra handsum\\[export].

    stablehlo: load it with `jax.export.deserialize(FILE's bytes).call(...)`, which needs JAX and
    flatbuffers. It runs on CPU, CUDA, ROCm and TPU.

    mlir: StableHLO as MLIR bytecode, for compilers other than JAX's, such as IREE's.

    A network takes any number of rows, or --batch-size of them. Its inputs and outputs are printed.

    Examples:

    handsum export r3gan -o r3gan.safetensors

    handsum export cnn --format stablehlo -o cnn.hlo

    handsum export cnn --batch-size 32 -o cnn.mlir
    """
    from handsum.pretrained.export import choose_format
    from handsum.pretrained.export import export as export_model

    format = choose_format(output, format)
    path = destination(output or Path(f"{Path(model).name}.{format}"), as_json, f".{format}")
    signature = export_model(model, path, format=format, batch_size=batch_size)
    size = None if is_stream(path) else path.stat().st_size
    written = "" if size is None else f", {size / 2**20:.1f} MiB"
    typer.echo(f"{shown(path)}: {model}, {format}{written}", err=as_json or is_stream(path))
    if signature is not None:
        for title, shapes in (("inputs", signature.takes), ("outputs", signature.gives)):
            listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            err().print(f"{title}: {listed}", markup=False)
    if as_json:
        arrays = signature and signature.as_dict()
        result = {"model": model, "format": format, "file": str(path), "bytes": size}
        print_json(result | (arrays or {"inputs": None, "outputs": None, "notes": []}))
