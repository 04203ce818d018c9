"""Which models the page offers: those of the zoo that have their weights in the package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from handsum.models.registry import DEFAULT_GENERATOR, DEFAULT_READER, ENTRIES, Task
from handsum.pretrained.snapshots import WEIGHTS


def _bundled(*tasks: Task) -> tuple[str, ...]:
    """The names of models with one of these tasks, the default first."""
    names = [
        entry.name
        for entry in ENTRIES.values()
        if entry.task in tasks
        and (WEIGHTS / (entry.weights or entry.name) / "config.json").exists()
    ]
    return tuple(sorted(names, key=lambda name: name != DEFAULT_GENERATOR))


CONDITIONAL = _bundled("digit generator")
GENERATORS = (*CONDITIONAL, *_bundled("random digit generator"))
SEQUENCES = _bundled("sequence generator")
SUM_READERS = _bundled("sum reader")
READER, GENERATOR = DEFAULT_READER, DEFAULT_GENERATOR


@dataclass(frozen=True)
class OneOf:
    """A parameter that is one of these names."""

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Any other value is an error that lists the names."""
        return core_schema.literal_schema(list(self.names))
