"""`handsum models`: the zoo."""

from __future__ import annotations

from typing import Annotated

import typer

from handsum.cli.console import out, show_table


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the models: task, size, measured quality, bundled or not."""
    import json

    from handsum.pretrained.zoo import list_models

    rows = list_models()
    if as_json:
        typer.echo(json.dumps(rows))
        return
    from rich.table import Column, Table

    table = Table(Column("model", no_wrap=True), "task", "parameters", "file", "measured")
    for row in rows:
        if row["bundled"]:
            size = f"{row['parameters']:,}"
            file = f"{row['bytes'] / 2**20:.1f} MiB"
        else:
            size, file = "", "not bundled"
        measured = "\n".join(f"{name} {value}" for name, value in (row["measured"] or {}).items())
        table.add_row(row["name"], row["task"], size, file, measured)
    show_table(table)
    for row in rows:
        out().print(f"{row['name']}: {row['summary']}", markup=False)
