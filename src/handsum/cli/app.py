"""The `handsum` command: registers the commands and prints their errors."""

from __future__ import annotations

import copy
import inspect
import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated, Any

import typer

from handsum._version import __version__
from handsum.cli import completion
from handsum.cli.console import fail, option_name
from handsum.cli.dataset import dataset
from handsum.cli.doctor import doctor
from handsum.cli.evaluate import evaluate
from handsum.cli.export import export
from handsum.cli.generate import generate
from handsum.cli.json_output import hear_warnings
from handsum.cli.models import models
from handsum.cli.number import number
from handsum.cli.predict import predict
from handsum.cli.schema import schema
from handsum.cli.sum_sequence import sum_sequence
from handsum.cli.train import train
from handsum.cli.visualize import visualize
from handsum.cli.web import web
from handsum.cli.writers import writers
from handsum.cli.writing_options import SignedCommand
from handsum.errors import HandsumError, name_arguments

# Some versions of Typer contain their own Click, whose exceptions are found through BadParameter.
ClickException: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

NO_MEMORY = "this needs more memory than there is: choose a smaller --count or --batch-size"

app = typer.Typer(
    name="handsum",
    help="Handwritten digits, numbers and sequences with a given sum, and a reader for them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"handsum {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Handwritten digits, numbers and sequences with a given sum, and a reader for them."""


app.command("sum-sequence", cls=SignedCommand)(sum_sequence)
app.command("number", cls=SignedCommand)(number)
app.command("generate")(generate)
app.command("visualize", cls=SignedCommand)(visualize)
app.command("predict")(predict)
app.command("dataset")(dataset)
app.command("writers")(writers)
app.command("train")(train)
app.command("evaluate")(evaluate)
app.command("models")(models)
app.command("web")(web)
app.command("export")(export)
app.command("doctor")(doctor)
app.command("schema")(schema)


for _info in app.registered_commands:
    # Typer keeps the line ends of a docstring, which look broken in a narrow terminal.
    _info.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(_info.callback) or "")


def _for_call(words: Sequence[str]) -> typer.Typer:
    """The app with the parameters of the called command only: building all of them is slow."""
    if any(name.startswith("_") and name.endswith("_COMPLETE") for name in os.environ):
        return app  # for shell completion
    called = next((word for word in words if not word.startswith("-")), None)
    small = copy.copy(app)
    small.registered_commands = [
        info if info.name == called else _listed(info) for info in app.registered_commands
    ]
    return small


def _listed(info: Any) -> Any:
    """A command without its parameters, for the list of commands."""
    listed = copy.copy(info)
    listed.callback = lambda: None
    return listed


def main() -> None:
    """Run the command line; an expected error is one line on standard error and an exit code."""
    for printed in (sys.stdout, sys.stderr):
        # Characters that the terminal cannot encode are shown as escapes.
        if isinstance(printed, io.TextIOWrapper):
            printed.reconfigure(errors="backslashreplace")
    try:
        command = typer.main.get_command(_for_call(sys.argv[1:]))
        completion.repair_scripts(command.params)
        with hear_warnings() if "--json" in sys.argv else nullcontext():
            sys.exit(command(standalone_mode=False) or 0)
    except HandsumError as error:
        fail(name_arguments(str(error), option_name), error.exit_code)
    except ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            sys.exit(error.exit_code)
        path = error.ctx.command_path if getattr(error, "ctx", None) else "handsum"
        # For a value that is none of several, some releases of Typer name Python's exception.
        message = error.format_message().replace(": Value error, ", ": ").rstrip(".")
        fail(f"{message} (see {path} --help)", error.exit_code)
    except typer.Abort:
        fail("interrupted", 130)
    except MemoryError:
        fail(NO_MEMORY, 1)
    except BrokenPipeError:
        # The reader of the output is gone (`handsum ... | head`): the interpreter must not flush
        # into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except RuntimeError as error:
        # How XLA reports too little memory.
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        fail(NO_MEMORY, 1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        fail(f"{place}{error.strerror or error}", 1)
