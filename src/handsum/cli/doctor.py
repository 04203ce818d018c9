"""`handsum doctor`: versions, devices, caches, and whatever is missing or damaged."""

from __future__ import annotations

from typing import Annotated

import typer

from handsum.cli.console import err, out
from handsum.cli.json_output import AsJson, print_json


def doctor(
    clear: Annotated[
        bool,
        typer.Option("--clear-cache", help="First delete the compiled code in the cache folder."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the installation: versions, devices, caches, data, models and extras.

    Says where handsum computes, and how to repair whatever is broken. The exit code is 1 if
    anything is broken; a missing extra is not.
    """
    from handsum.pretrained.diagnosis import diagnose

    deleted = [_clear_cache()] if clear else []
    findings = diagnose()
    problems = [one for one in findings if one.problem]
    if as_json:
        listed = [one.as_dict() for one in findings]
        notes = deleted + [one.note for one in findings if one.note]
        print_json({"findings": listed, "problems": len(problems), "notes": notes})
    else:
        width = max(len(one.name) for one in findings)
        last = ""
        for line in deleted:
            out().print(line, markup=False, highlight=False, soft_wrap=True)
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


def _clear_cache() -> str:
    from handsum.pretrained.cache import clear_cache

    folder, files, size = clear_cache()
    return f"deleted {files:,} files, {size / 2**20:.1f} MiB, in {folder}"
