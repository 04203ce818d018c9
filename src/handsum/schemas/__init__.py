"""JSON schemas (2020-12) of what the commands print with --json, one file for each command."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from handsum.errors import UsageError, did_you_mean


def names() -> list[str]:
    """The commands that have a schema."""
    files = (file.name for file in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(".json") for name in files if name.endswith(".json"))


def load(command: str) -> dict[str, Any]:
    """The JSON schema of what `handsum COMMAND --json` prints.

    Raises:
        UsageError: no such command, or one without --json.
    """
    known = names()
    if command not in known:
        hint = did_you_mean(command, known)
        raise UsageError(f"no schema of {command!r}: {hint}choose from {', '.join(known)}")
    text = resources.files(__name__).joinpath(f"{command}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
