"""What the commands print with --json, and the notes of a result."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from handsum.cli.console import err, option_name
from handsum.errors import name_arguments

AsJson = Annotated[
    bool,
    typer.Option(
        "--json", help="Print the result as JSON; `handsum schema COMMAND` shows its schema."
    ),
]


def show_notes(notes: Iterable[str]) -> None:
    """Print the notes of a result on standard error."""
    for note in notes:
        err().print(f"note: {name_arguments(note, option_name)}", markup=False)


def print_json(result: Mapping[str, Any]) -> None:
    """Print a result as one line of JSON; its notes name the command's options."""
    notes = [name_arguments(note, option_name) for note in result["notes"]]
    typer.echo(json.dumps({**result, "notes": notes}, allow_nan=False))
