"""Write traces of the functions that are used most into the package.

python tools/bundle_traces.py

Writes src/handsum/weights/MODEL/*.export and removes the traces of old code. Run it whenever the
code of a network changes (a test fails otherwise), and with the lowest JAX that pyproject.toml
allows: newer releases read older traces, but not the other way round.
"""

from __future__ import annotations

from handsum.data.signs.views import WINDOWS
from handsum.files import atomic_write
from handsum.models.registry import ENTRIES, Entry, Task
from handsum.pretrained.compiled import ArraySpec, Function, rows, trace, trace_name
from handsum.pretrained.readers import window_specs
from handsum.pretrained.snapshots import WEIGHTS, load_snapshot

Traced = tuple[Function, tuple[ArraySpec, ...]]
_SEED, _COLUMN = rows(dtype="uint32"), rows(dtype="int32")
_DRAW: Traced = "draw_digits", (_SEED, *[_COLUMN] * 4)
_READ: Traced = "read_digits", (rows(28, 28, dtype="uint8"),)
_BY_TASK: dict[Task, list[Traced]] = {
    "digit generator": [_DRAW],
    "random digit generator": [_DRAW],
    "sequence generator": [("draw_sequences", _DRAW[1])],
    "digit reader": [_READ],
    "judge": [_READ],
    "pen": [("trace_digits", _READ[1])],
    "detector": [("find_signs", window_specs(*window)) for window in WINDOWS],
}


def bundled_functions(entry: Entry) -> list[Traced]:
    """The functions of a model that are used most, and the specs of their arguments."""
    return [("write_digits", _DRAW[1])] if entry.writes_strokes else _BY_TASK.get(entry.task, [])


def bundled_traces() -> dict[str, bytes]:
    """The serialized trace for the task of every bundled model, by its path below the weights."""
    found = {}
    for entry in ENTRIES.values():
        if not (WEIGHTS / entry.name / "config.json").exists():
            continue
        for traced in bundled_functions(entry):
            snapshot = load_snapshot(WEIGHTS / entry.name)
            path = f"{entry.name}/{trace_name(snapshot, *traced)}"
            found[path] = bytes(trace(snapshot, *traced).serialize())
    return found


def main() -> None:
    """Write the traces and remove those of old code."""
    traces = bundled_traces()
    for path in WEIGHTS.glob("*/*.export"):
        if str(path.relative_to(WEIGHTS)) not in traces:
            path.unlink()
    for name, data in traces.items():
        with atomic_write(WEIGHTS / name) as file:
            file.write(data)
        print(f"{name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
