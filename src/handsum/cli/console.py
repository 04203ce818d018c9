"""The two consoles of the commands: one for results, one for everything else."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LEAST_WIDTH = 72

# Consoles are made at their first use: importing Rich is slow, and many commands print nothing.


@cache
def out() -> Console:
    """The console for results, on standard output."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


@cache
def err() -> Console:
    """The console for notes, progress and errors, on standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def show_table(table: Table) -> None:
    """Print a table; in a very narrow terminal its lines wrap and nothing is cut off."""
    from rich.console import Console

    width = max(out().width, LEAST_WIDTH)
    Console(highlight=False, soft_wrap=True, width=width).print(table)


def option_name(argument: str) -> str:
    """The option of the command line for an argument of the Python API."""
    return f"--{argument.replace('_', '-')}"


def fail(message: str, exit_code: int) -> NoReturn:
    """Print `error: message` on standard error and exit with `exit_code`."""
    err().print("error: ", style="bold red", end="")
    err().print(message, markup=False)
    sys.exit(exit_code)
