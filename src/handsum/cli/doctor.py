"""`handsum doctor`: versions, devices, caches, and whatever is missing or damaged."""

from __future__ import annotations

import typer

from handsum.cli.console import err, out
from handsum.cli.json_output import AsJson, print_json


def doctor(
    as_json: AsJson = False,
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
        notes = [one.note for one in findings if one.note]
        print_json({"findings": listed, "problems": len(problems), "notes": notes})
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
        err().print(one.note, markup=False)
    if problems:
        raise typer.Exit(1)
