"""Put what bundled models are asked most into the package, already traced.

python tools/bundle_programs.py

Writes src/handsum/weights/MODEL/*.program and removes those of former code. To be run whenever the
code of a network changes; a test tells.
"""

from __future__ import annotations

import numpy as np

from handsum.compiled import Function, keep, program_name, rows, trace
from handsum.models.registry import ENTRIES, Task
from handsum.programs import Kind, Program
from handsum.training.snapshots import WEIGHTS, load_snapshot

_SEED, _COLUMN = rows(dtype=np.uint32), rows(dtype=np.int32)
_DRAW: tuple[Function, tuple[Kind, ...]] = "draw_digits", (_SEED, *[_COLUMN] * 4)
_READ: tuple[Function, tuple[Kind, ...]] = "read_digits", (rows(28, 28, dtype=np.uint8),)
ASKED: dict[Task, tuple[Function, tuple[Kind, ...]]] = {
    "digit generator": _DRAW,
    "random digit generator": _DRAW,
    "sequence generator": ("draw_sequences", _DRAW[1]),
    "digit reader": _READ,
    "judge": _READ,
}


def bundled_programs() -> dict[str, Program]:
    """The program of every bundled model's task, by the path of its file below the weights."""
    found = {}
    for entry in ENTRIES.values():
        if entry.task in ASKED and (WEIGHTS / entry.name / "config.json").exists():
            snapshot, asked = load_snapshot(WEIGHTS / entry.name), ASKED[entry.task]
            path = f"{entry.name}/{program_name(snapshot, *asked)}"
            found[path] = trace(snapshot, *asked)
    return found


def main() -> None:
    """Write them, where they differ from those there."""
    programs = bundled_programs()
    for path in WEIGHTS.glob("*/*.program"):
        if str(path.relative_to(WEIGHTS)) not in programs:
            path.unlink()
    for name, program in programs.items():
        keep(WEIGHTS / name, program.to_bytes())
        print(f"{name}: {len(program.module):,} bytes")


if __name__ == "__main__":
    main()
