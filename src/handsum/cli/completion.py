"""Completion in the shell: names of models and folders, and zsh's first TAB."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import typer

# A file that zsh loads at the first TAB only defines and registers the function that completes.
_FIRST_TAB = """
# The first TAB loads this file and completes, too.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _handsum_completion "$@"; fi
"""


def models(incomplete: str) -> list[tuple[str, str]]:
    """The models whose names begin so, each with its task; none leaves files to the shell."""
    return _listed(incomplete, lambda task: True)


def generators(incomplete: str) -> list[tuple[str, str]]:
    """As `models`: those that draw."""
    return _listed(incomplete, lambda task: task.endswith("generator"))


def readers(incomplete: str) -> list[tuple[str, str]]:
    """As `models`: those that read."""
    return _listed(incomplete, lambda task: not task.endswith("generator"))


def _listed(incomplete: str, fits: Callable[[str], bool]) -> list[tuple[str, str]]:
    from handsum.models.registry import ENTRIES

    entries = ENTRIES.values()
    return [
        (one.name, one.task)
        for one in entries
        if one.name.startswith(incomplete) and fits(one.task)
    ]


def pens(incomplete: str) -> list[str]:
    """The pens that have a name (see `handsum.layout.pens.PENS`)."""
    names = ("fine", "ballpoint", "felt", "marker")
    return [name for name in names if name.startswith(incomplete)]


def datasets(incomplete: str) -> list[str]:
    """mnist, or the folders in idx:DIR, folder:DIR and pages:DIR."""
    scheme, colon, place = incomplete.partition(":")
    if not colon:
        return [name for name in ("mnist",) if name.startswith(incomplete)]
    if scheme not in ("idx", "folder", "pages"):
        return []
    parent, _, name = place.rpartition("/")
    before = incomplete.removesuffix(name)
    try:
        folder = parent or ("/" if place.startswith("/") else ".")
        with os.scandir(os.path.expanduser(folder)) as found:
            folders = sorted(one.name for one in found if one.is_dir())
    except OSError:
        return []
    return [
        f"{before}{one}/" for one in folders if one.startswith(name) and (name or one[0] != ".")
    ]


def repair_scripts(parameters: Iterable[Any]) -> None:
    """Let the scripts of --show-completion and --install-completion complete at zsh's first TAB."""
    for parameter in parameters:
        if parameter.name == "show_completion":
            parameter.callback = _shown(parameter.callback)
        elif parameter.name == "install_completion":
            parameter.callback = _installed(parameter.callback)


def _shown(show: Callable[..., Any]) -> Callable[..., Any]:
    def callback(*arguments: Any) -> Any:
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                return show(*arguments)
        finally:
            script = printed.getvalue()
            more = _FIRST_TAB if "#compdef" in script else ""
            typer.echo(script + more, nl=False)

    return callback


def _installed(install: Callable[..., Any]) -> Callable[..., Any]:
    def callback(context: Any, parameter: Any, value: Any) -> Any:
        if not value or context.resilient_parsing:
            return value
        home = os.path.expanduser("~")
        # An empty HOME would be the root folder.
        if os.environ.get("HOME") == "" or not os.path.isabs(home) or not os.path.isdir(home):
            raise typer.BadParameter(
                "there is no home folder to install it in: set HOME", context, parameter
            )
        try:
            return install(context, parameter, value)
        finally:
            script = Path(os.path.expanduser("~/.zfunc/_handsum"))
            if script.is_file() and _FIRST_TAB not in script.read_text():
                script.write_text(f"{script.read_text().rstrip()}\n{_FIRST_TAB}")

    return callback
