"""The command line, the Python API and the page side by side: what each calls an option.

python tools/surface.py

Prints a table for each verb as Markdown, made from the commands, the functions and the page's
requests themselves; the documentation shows them, and a test compares them.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

import handsum
from handsum.cli.app import app

# Each verb: its command, its function, and the page's request (in handsum.web.parameters).
VERBS: dict[str, tuple[str, str, str | None]] = {
    "number": ("number", "number", "NumberQuery"),
    "sum_sequence": ("sum-sequence", "sum_sequence", "SumQuery"),
    "generate": ("generate", "generate", "GenerateQuery"),
    "interpolate": ("generate", "interpolate", "InterpolateQuery"),
    "visualize": ("visualize", "visualize", "VisualizeQuery"),
    "writers": ("writers", "writers", "HandsQuery"),
    "fit_writer": ("writers", "fit_writer", "LikeQuery"),
    "predict": ("predict", "predict", "PictureQuery"),
    "train": ("train", "train", None),
    "evaluate": ("evaluate", "evaluate", None),
    "write_dataset": ("dataset", "write_dataset", None),
    "export": ("export", "export", None),
    "list_models": ("models", "list_models", None),
}
# A default that says "nothing given", or that only a call can know.
NOTHING = "-"
# Arguments of a command that have no name there, and `--set`, which is typed often.
ALIASES = {"target": "total", "files": "paths", "set": "settings"}


@dataclass(frozen=True)
class Row:
    """One option: its name, and its default on each surface, None where the surface lacks it."""

    name: str
    command: str | None
    python: str | None
    page: str | None


def rows(verb: str) -> list[Row]:
    """Every option of a verb, in the order of the command."""
    command, function, request = VERBS[verb]
    sides = (_options(command), _parameters(function), _fields(request))
    names = list(dict.fromkeys(name for side in sides for name in side))
    return [Row(name, *(side.get(name) for side in sides)) for name in names]


def tables() -> str:
    """All verbs as Markdown."""
    parts = [
        "# Options side by side\n",
        "The same verb has the same options with the same defaults on the command line, in Python "
        "and on the page. A dash is an option that must be given, or one whose default depends on "
        "the call: a random seed, the default model, a size that fits. An empty cell: not there.\n",
    ]
    for verb, (command, function, request) in VERBS.items():
        heads = ["option", f"`handsum {command}`", f"`handsum.{function}`"]
        heads += ["page"] if request else []
        parts += [f"## {verb}\n", _line(heads), _line(["---"] * len(heads))]
        for row in rows(verb):
            cells = [f"`{row.name}`", row.command or "", row.python or "", row.page or ""]
            parts.append(_line(cells[: len(heads)]))
        parts.append("")
    return "\n".join(parts)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _options(command: str) -> dict[str, str]:
    group: Any = typer.main.get_command(app)
    found = {}
    for one in group.commands[command].params:
        name = max(one.opts, key=len).lstrip("-").replace("-", "_").lower()
        found[ALIASES.get(name, name)] = _shown(one.default)
    return {name: default for name, default in found.items() if name not in ("help", "json")}


def _parameters(function: str) -> dict[str, str]:
    found = {}
    for name, one in inspect.signature(getattr(handsum, function)).parameters.items():
        if name == "style":
            # What a style holds are options of their own elsewhere.
            for field in dataclasses.fields(handsum.Style):
                found[field.name] = _shown(field.default)
        elif name != "progress":
            found[name] = _shown(None if one.default is one.empty else one.default)
    return found


def _fields(request: str | None) -> dict[str, str]:
    if request is None:
        return {}
    model = getattr(importlib.import_module("handsum.web.parameters"), request)
    fields: Mapping[str, Any] = model.model_fields
    return {
        name: _shown(None if one.is_required() else one.default) for name, one in fields.items()
    }


def _shown(default: Any) -> str:
    if default is None or callable(default) or default in ((), []):
        return NOTHING
    return str(getattr(default, "value", default))


if __name__ == "__main__":
    print(tables())
