"""What every command prints with: one console for results, one for everything else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

if TYPE_CHECKING:
    from rich.table import Table

LEAST_WIDTH = 72

# Results go to standard output and may be piped; notes, progress and errors go to standard error.
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show_table(table: Table) -> None:
    """Print a table; in a terminal too narrow for any, its lines break and nothing is cut off."""
    Console(highlight=False, soft_wrap=True, width=max(out.width, LEAST_WIDTH)).print(table)


def fail(message: str, exit_code: int) -> NoReturn:
    """Print `error: message` on standard error and leave with `exit_code`."""
    err.print("error: ", style="bold red", end="")
    err.print(message, markup=False)
    sys.exit(exit_code)
