"""The models that the page offers: those whose weights are in the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from handsum.models.registry import DEFAULT_GENERATOR, DEFAULT_READER, DETECTOR, ENTRIES, Task
from handsum.pretrained.snapshots import is_bundled


def _bundled(*tasks: Task) -> tuple[str, ...]:
    """The names of the models with one of these tasks, the default first."""
    names = [
        entry.name for entry in ENTRIES.values() if entry.task in tasks and is_bundled(entry.name)
    ]
    return tuple(sorted(names, key=lambda name: name != DEFAULT_GENERATOR))


CONDITIONAL = _bundled("digit generator")
GENERATORS = (*CONDITIONAL, *_bundled("random digit generator"))
SEQUENCES = _bundled("sequence generator")
SUM_READERS = _bundled("sum reader")
# What reads single digits, what reads pictures, and what writes.
READER, FINDER, GENERATOR = DEFAULT_READER, DETECTOR, DEFAULT_GENERATOR

# The types of the parameters that name a model. To a type checker they are strings, because it
# cannot know the names.
if TYPE_CHECKING:
    NumberModel = str
    SumModel = str
    GenerateModel = str
    VisualizeModel = str
    CheckingReader = str
    AnyReader = str
else:
    NumberModel = Literal[CONDITIONAL]
    SumModel = Literal[(*CONDITIONAL, *SEQUENCES)]
    GenerateModel = Literal[GENERATORS]
    VisualizeModel = Literal[(*GENERATORS, *SEQUENCES)]
    CheckingReader = Literal[READER]
    AnyReader = Literal[(FINDER, *SUM_READERS)]
