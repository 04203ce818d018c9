"""`handsum models`: the zoo, or one model of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from handsum.cli import completion
from handsum.cli.console import out
from handsum.cli.json_output import AsJson, print_json

# How the list shows each headline figure.
_FORMS = {
    "read_as_asked": "{} read as asked",
    "frechet_ratio": "Fréchet ratio {}",
    "sequences_of_5_right": "5-digit sums {} right",
    "test_error": "test error {}",
    "sums_of_10_exact": "10-digit sums {} right",
    "ink_shared": "{} of the ink as traced",
    "page_digits_right": "{} of page digits",
}


def models(
    model: Annotated[
        str | None,
        typer.Argument(
            help="Show all about this model: a name, or a snapshot folder.",
            autocompletion=completion.models,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the models, one per line: task, size and one measured figure.

    `handsum models NAME` shows every figure of a model and how it was made.

    Examples:

    handsum models

    handsum models r3gan
    """
    from handsum.pretrained.zoo import describe_model, list_models

    found = list_models() if model is None else [describe_model(model)]
    if as_json:
        print_json({"models": found, "notes": []})
    elif model is None:
        _show_list(found)
    else:
        _show_model(found[0])


def _show_list(rows: list[dict[str, Any]]) -> None:
    """One line for each model; no line is longer than 80 characters."""
    cells = [("model", "task", "parameters", "measured"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for index, (name, task, parameters, measured) in enumerate(cells):
        line = f"{name:{widths[0]}}  {task:{widths[1]}}  {parameters:>{widths[2]}}  {measured}"
        out().print(line.rstrip(), style="" if index else "bold", markup=False)
    if out().is_terminal:
        out().print("handsum models NAME shows the details", style="dim", markup=False)


def _cells(row: dict[str, Any]) -> tuple[str, str, str, str]:
    if not row["bundled"]:
        return row["name"], row["task"], "", "no weights in the package"
    headline = row["headline"]
    shown = _FORMS[headline].format(row["figures"][headline]["text"]) if headline else ""
    return row["name"], row["task"], f"{row['parameters']:,}", shown


def _show_model(row: dict[str, Any]) -> None:
    """Its summary, its facts and every measured figure."""
    out().print(f"{row['name']}: {row['summary']}", style="bold", markup=False)
    facts = {"task": row["task"]}
    if row["bytes"] is None:
        facts["weights"] = "not in the package"
    else:
        facts |= {
            "parameters": _number(row["parameters"]),
            "weights file": f"{row['bytes']:,} bytes",
            "trained by": row["command"],
            "training data": row["dataset"],
            "steps": _number(row["step"]),
            "training time": row["minutes"] and f"{row['minutes']} minutes",
            "hardware": row["hardware"],
        }
    _show_pairs({name: str(value) for name, value in facts.items() if value is not None})
    if row["figures"]:
        out().print("\nmeasured on the test set", style="bold", markup=False)
        figures = row["figures"].values()
        # The text of the figure before it names the worst class.
        _show_pairs({one["name"]: one["text"] for one in figures if one["unit"] != "digit"})


def _show_pairs(pairs: dict[str, str]) -> None:
    width = max(map(len, pairs))
    for name, value in pairs.items():
        out().print(f"{name:{width}}  {value}", markup=False)


def _number(value: Any) -> Any:
    return f"{value:,}" if isinstance(value, int) else value
