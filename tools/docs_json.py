"""The page 'Output as JSON' of the documentation, made from the schemas of the package."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from handsum import schemas

# Option names and braces, which are shown as code.
_OPTION = re.compile(r"--[a-z][\w-]*|\{\}")
HEAD = """# Output as JSON

Commands that make, read or measure something take `--json`. They then print one line of JSON on
standard output, and everything else on standard error. All keys below are always there. Values are
`null` where they are unknown or do not apply; there is no NaN and no infinity. A probability or a
share is a number from 0 to 1.

`notes` are the warnings and hints that a person sees on standard error. They name the options of
the command line. In Python, results have them as `notes`, a tuple of strings that name arguments,
and `as_dict()` gives the values below.

`handsum schema COMMAND` prints the JSON schema (2020-12) that describes a command's output, and
`handsum.schemas.load("COMMAND")` returns it. To check some output:

```console
handsum schema models > models.schema.json
handsum models --json > models.json
```

```python
import json
from pathlib import Path

import jsonschema

schema = json.loads(Path("models.schema.json").read_text())
jsonschema.validate(json.loads(Path("models.json").read_text()), schema)
```

This page is generated from the schemas.
"""


def json_reference() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for command in schemas.names():
        schema = schemas.load(command)
        parts += [f"## handsum {command}\n", f"{_code(schema['description'])}\n"]
        parts += _tables(schema)
    return "\n".join(parts)


def _tables(schema: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the output, then those of the objects in it."""
    definitions = schema.get("$defs", {})
    if "properties" in schema:
        yield _table(schema)
    else:
        forms = [_type(one) for one in schema["oneOf"]]
        yield f"An object with the keys of one of these: {', '.join(forms)}.\n"
    for name, definition in definitions.items():
        if "properties" in definition:
            yield f"**{_title(name)}.** {_code(definition['description'])}\n"
            yield _table(definition)


def _table(described: Mapping[str, Any]) -> str:
    lines = ["| key | type | meaning |", "|---|---|---|", *_rows(described)]
    return "\n".join(lines) + "\n"


def _rows(described: Mapping[str, Any], within: str = "") -> Iterator[str]:
    for key, value in described["properties"].items():
        text = _code(value["description"])
        if "enum" in value:
            text += f" One of {', '.join(f'`{one}`' for one in value['enum'])}."
        yield f"| `{within}{key}` | {_type(value)} | {text} |"
        if "properties" in value:
            yield from _rows(value, f"{within}{key}.")


def _code(text: str) -> str:
    return _OPTION.sub(r"`\g<0>`", text.replace("|", "\\|"))


def _type(value: Mapping[str, Any]) -> str:
    """The type of a value in words, such as `list of integer` or `string or null`."""
    if "$ref" in value:
        return _title(value["$ref"].rpartition("/")[2])
    if "anyOf" in value:
        return " or ".join(map(_type, value["anyOf"]))
    types = value["type"] if isinstance(value["type"], list) else [value["type"]]
    return " or ".join(_one_type(value, name) for name in types)


def _one_type(value: Mapping[str, Any], name: str) -> str:
    if name == "array":
        return f"list of {_type(value['items'])}"
    if name == "object" and "properties" not in value:
        free = value["additionalProperties"] or next(iter(value["patternProperties"].values()))
        return f"object of {_type(free)}" if free is not True else "object"
    return name


def _title(name: str) -> str:
    return name.replace("_", " ")
