"""Put a trained snapshot into the package, measured: weights, facts and model card.

python tools/bundle.py runs/cnn/snapshot

Measures the snapshot on the test set as `handsum evaluate` does, writes the figures into its
config.json, and copies it with a model card to src/handsum/weights/MODEL/.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from handsum.data.mnist import load
from handsum.evaluation import FULL, Bench, evaluate_reader, measure_generator
from handsum.models.registry import ENTRIES
from handsum.pretrained import GENERATORS, WEIGHTS, load_generator, load_reader
from handsum.training.snapshots import Snapshot, load_snapshot, save_snapshot

CARD = """# {model}

{summary}

| | |
|---|---|
| task | {task} |
| parameters | {parameters:,} |
| size | {size:.2f} MiB (`weights.npz`, float16) |
| made by | `{command}` |
| step | {step:,} of {steps:,} |
| time | {minutes} minutes |
| hardware | {hardware} |
| data | {dataset}: the training split; the validation split for choices |
| handsum | {handsum} |

## Measured

{figures}

Measured with `{evaluation}`. The test set had no part in training or in any choice.
"""


def measure(folder: str, model: str) -> tuple[dict[str, str], str]:
    """The figures of a snapshot, by name, and the command that gives them."""
    command = f"handsum evaluate {model}"
    if ENTRIES[model].task not in GENERATORS:
        read = evaluate_reader(load_reader(folder), load("test"), "mnist test")
        figures = {
            "test error": f"{read.error:.2%}",
            "calibration error": f"{read.calibration_error:.2%}",
        }
        return figures, command
    bench = Bench(FULL)
    made = measure_generator(bench, load_generator(folder)).figures
    quality, classes = made.quality, made.quality.asked_by_class
    figures = {}
    if quality.asked is not None and classes:
        lowest = min(share for share in classes if share is not None)
        figures["digits read as asked"] = f"{quality.asked:.2%}"
        figures["in the worst class"] = f"{lowest:.2%} ({classes.index(lowest)})"
    ratio = quality.frechet / bench.real.frechet
    figures["Fréchet distance over the floor"] = f"{ratio:.2f}"
    if made.sequences:
        right = sum(round(part.right * part.count) for part in made.sequences)
        count = sum(part.count for part in made.sequences)
        figures["sequences read to their total"] = f"{right:,} of {count:,}"
    return figures, command


def main(folder: Path) -> None:
    """Bundle the snapshot in `folder`."""
    snapshot = load_snapshot(folder)
    model = snapshot.model
    figures, evaluation = measure(str(folder), model)
    facts: dict[str, Any] = {**snapshot.facts, "measured": figures}
    target = WEIGHTS / model
    save_snapshot(target, Snapshot(snapshot.arrays, facts))
    card = CARD.format(
        **{name: value for name, value in facts.items() if name not in {"config", "measured"}},
        summary=ENTRIES[model].summary[0].upper() + ENTRIES[model].summary[1:] + ".",
        task=ENTRIES[model].task,
        size=(target / "weights.npz").stat().st_size / 2**20,
        steps=facts["config"]["steps"],
        figures="\n".join(f"- {name}: {value}" for name, value in figures.items()),
        evaluation=evaluation,
    )
    (target / "README.md").write_text(card)
    print(f"{target}: {figures}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
