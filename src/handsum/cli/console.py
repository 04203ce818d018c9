"""What every command prints with: one console for results, one for everything else."""

from __future__ import annotations

import sys
from typing import NoReturn

from rich.console import Console

# Results go to standard output and may be piped; notes, progress and errors go to standard error.
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, exit_code: int) -> NoReturn:
    """Print `error: message` on standard error and leave with `exit_code`."""
    err.print("error: ", style="bold red", end="")
    err.print(message, markup=False)
    sys.exit(exit_code)
