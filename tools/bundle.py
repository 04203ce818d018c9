"""Copy a trained snapshot into the package: weights, facts and model card.

python tools/bundle.py runs/cnn/snapshot

It goes to src/handsum/weights/MODEL/. `python tools/results.py` then measures it and writes the
figures into its config.json, its card and docs/results.md.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from handsum.files import atomic_write, write_json
from handsum.models.registry import ENTRIES
from handsum.pretrained.snapshots import WEIGHTS, load_snapshot, read_facts, save_snapshot

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

Measured with `handsum evaluate {model}`. The test set had no part in training or in any choice.
"""


def write_card(model: str, figures: Mapping[str, str]) -> None:
    """Write the figures of a bundled model, by name, into its config.json and its card."""
    folder = WEIGHTS / model
    facts = {**read_facts(folder), "measured": dict(figures)}
    write_json(folder / "config.json", facts, indent=2)
    card = CARD.format(
        **{name: value for name, value in facts.items() if name not in {"config", "measured"}},
        summary=ENTRIES[model].summary[0].upper() + ENTRIES[model].summary[1:] + ".",
        task=ENTRIES[model].task,
        size=(folder / "weights.npz").stat().st_size / 2**20,
        steps=facts["config"]["steps"],
        figures="\n".join(f"- {name}: {value}" for name, value in figures.items()) or "not yet",
    )
    with atomic_write(folder / "README.md") as file:
        file.write(card.encode())


def main(folder: Path) -> None:
    """Bundle the snapshot in `folder`."""
    snapshot = load_snapshot(folder)
    save_snapshot(WEIGHTS / snapshot.model, snapshot)
    write_card(snapshot.model, {})
    print(f"{WEIGHTS / snapshot.model}: measure it with python tools/results.py {snapshot.model}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
