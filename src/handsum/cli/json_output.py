"""What the commands print with --json, and the notes of a result."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, cast

import typer

from handsum.cli.console import err, option_name
from handsum.errors import name_arguments

AsJson = Annotated[
    bool,
    typer.Option(
        "--json", help="Print the result as JSON; `handsum schema COMMAND` shows its schema."
    ),
]


# Warnings of libraries during this command.
_heard: list[str] = []


@contextmanager
def hear_warnings() -> Iterator[None]:
    """Add the warnings that libraries print or log meanwhile to the notes of the JSON."""
    import logging
    import warnings

    def hear(text: str) -> None:
        if text not in _heard:
            _heard.append(text)
            err().print(f"note: {text}", markup=False)

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # An event loop's complaints are about tasks that somebody left, not about the result.
            if record.name != "asyncio":
                hear(record.getMessage())

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        hear(str(message))

    handler, before = Handler(logging.WARNING), warnings.showwarning
    logging.getLogger().addHandler(handler)
    warnings.showwarning = cast("Any", show)
    try:
        yield
    finally:
        warnings.showwarning = before
        logging.getLogger().removeHandler(handler)
        _heard.clear()


def show_notes(notes: Iterable[str]) -> None:
    """Print the notes of a result on standard error."""
    for note in notes:
        err().print(f"note: {name_arguments(note, option_name)}", markup=False)


def print_json(result: Mapping[str, Any]) -> None:
    """Print a result as one line of JSON, with its notes and the warnings of libraries.

    The notes name the command's options.
    """
    notes = [name_arguments(note, option_name) for note in result["notes"]]
    values = {key: value for key, value in result.items() if key != "notes"}
    typer.echo(json.dumps({**values, "notes": [*notes, *_heard]}, allow_nan=False))
