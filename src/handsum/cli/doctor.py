"""`handsum doctor`: versions, devices, caches, and whatever is missing or damaged."""

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
            "kind is version, device, cache, data, model or extra; problems is their number.",
        ),
    ] = False,
) -> None:
    """Check the installation: versions, devices, caches, data, models and extras.

    Says where handsum computes, and how to repair whatever is broken. The exit code is 1 if
    anything is broken; a missing extra is not.
    """
    from handsum.pretrained.diagnosis import diagnose

    findings = diagnose()
    problems = [one for one in findings if one.problem]
    if as_json:
        listed = [one.as_dict() for one in findings]
        typer.echo(json.dumps({"findings": listed, "problems": len(problems)}))
    else:
        width = max(len(one.name) for one in findings)
        last = ""
        for one in findings:
            style = "bold red" if one.problem else "dim" if one.hint else ""
            value = f"{one.value}: {one.hint}" if one.hint else one.value
            heading = "" if one.kind == last else one.kind
            out().print(f"{heading:9}{one.name:{width}}  {value}", style=style, markup=False)
            last = one.kind
    for one in problems:
        err().print(f"{one.kind} {one.name}: {one.problem}", markup=False)
    if problems:
        raise typer.Exit(1)
