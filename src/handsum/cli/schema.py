"""`handsum schema`: the JSON schemas of what the commands print with --json."""

from __future__ import annotations

from typing import Annotated

import typer


def schema(
    command: Annotated[
        str | None,
        typer.Argument(help="The command, such as predict.", show_default="list the commands"),
    ] = None,
) -> None:
    """Print the JSON schema (2020-12) of what a command prints with --json.

    Examples:

    handsum schema

    handsum schema predict
    """
    import json

    from handsum.schemas import load, names

    if command is None:
        typer.echo("\n".join(names()))
    else:
        typer.echo(json.dumps(load(command), indent=2, ensure_ascii=False))
