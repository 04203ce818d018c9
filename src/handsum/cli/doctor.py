"""`handsum doctor`: what is installed, what it runs on, and what is missing."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from handsum.cli.console import err, out


def doctor(
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help='Print {"findings": [{"kind", "name", "value", "problem", "hint"}], "problems"}: '
            "kind is version, device, cache, data, model or extra, problems how many there are.",
        ),
    ] = False,
) -> None:
    """Look at versions, devices, caches, the data and models in the package, and the extras.

    The exit code is 1 if anything is broken; an extra that is not installed is not.
    """
    from handsum.pretrained.diagnosis import diagnose

    findings = diagnose()
    problems = [one for one in findings if one.problem]
    if as_json:
        told = {"findings": [one.as_dict() for one in findings], "problems": len(problems)}
        typer.echo(json.dumps(told))
    else:
        width = max(len(one.name) for one in findings)
        last = ""
        for one in findings:
            style = "bold red" if one.problem else "dim" if one.hint else ""
            value = f"{one.value}: {one.hint}" if one.hint else one.value
            kind = "" if one.kind == last else one.kind
            out().print(f"{kind:9}{one.name:{width}}  {value}", style=style, markup=False)
            last = one.kind
    for one in problems:
        err().print(f"{one.kind} {one.name}: {one.problem}", markup=False)
    if problems:
        raise typer.Exit(1)
