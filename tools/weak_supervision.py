"""Train readers from sums alone and measure them as the published additions were.

python tools/weak_supervision.py numbers --addends 1 2 4 15 --seeds 3 --epochs 20
python tools/weak_supervision.py sums --addends 2 4 10 30 100 --seeds 1 --epochs 20

Each run trains `cnn-sum` for a number of epochs on groups of training digits with only their sums
as labels; nothing is selected, not even an epoch. Test digits are grouped in the same way. The rows
are added to docs/weak-supervision.json, which gives the table in docs/models/cnn-sum.md.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from handsum.config import replace
from handsum.data.mnist import load
from handsum.data.rows import draw_groups
from handsum.files import atomic_write, write_json
from handsum.models import registry
from handsum.pretrained.load import DigitReader
from handsum.training.fitting import fit

DOCS = Path(__file__).parent.parent / "docs"
RESULTS, BEGIN, END = DOCS / "weak-supervision.json", "<!-- figures -->", "<!-- end -->"
PAGE = DOCS / "models" / "cnn-sum.md"
# About this many digits per step for any group size, but enough groups for several sums per step.
DIGITS_PER_STEP, LEAST_GROUPS = 128, 8


def measure(kind: str, addends: int, seed: int, epochs: int) -> dict[str, Any]:
    """Train one reader and measure it on the test set."""
    training, test = load("train"), load("test")
    size = addends * (2 if kind == "numbers" else 1)
    groups = max(LEAST_GROUPS, DIGITS_PER_STEP // size)
    steps = epochs * (len(training) // size // groups)
    changes = {
        "labels": kind,
        "addends": addends,
        "seed": seed,
        "batch_size": groups,
        "steps": steps,
    }
    config = replace(registry.module("cnn-sum").PRESETS["default"], changes)
    began = time.monotonic()
    reader = DigitReader("from sums", fit("cnn-sum", config, training, lambda done, total: None))
    seconds = time.monotonic() - began
    probabilities = reader.probabilities(test.images)
    readings = probabilities.argmax(-1)
    rows = draw_groups(len(test), size, seed)
    if kind == "numbers":
        # Python's integers are exact for fifteen digits and their sums.
        right = [_add(readings[row]) == _add(test.labels[row]) for row in rows]
    else:
        right = readings[rows].sum(1) == test.labels[rows].sum(1)
    return {
        "kind": kind,
        "addends": addends,
        "seed": seed,
        "epochs": epochs,
        "steps": steps,
        "minutes": round(seconds / 60, 1),
        "groups": len(training) // size,
        "tested": len(rows),
        "sums": float(np.mean(right)),
        "digits": float((readings == test.labels).mean()),
    }


def _add(digits: np.ndarray) -> int:
    first, second = np.split(digits, 2)
    return int("".join(map(str, first))) + int("".join(map(str, second)))


def table(rows: list[dict[str, Any]]) -> str:
    """The figures as Markdown, a row for each protocol, number of digits and number of epochs."""
    lines = [
        "| label | pairs or sequences | epochs | sums right | digits right | runs |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for kind in ("numbers", "sums"):
        keys = sorted({(row["addends"], row["epochs"]) for row in rows if row["kind"] == kind})
        for size, epochs in keys:
            runs = [
                r for r in rows if (r["kind"], r["addends"], r["epochs"]) == (kind, size, epochs)
            ]
            group = f"two numbers of {size}" if kind == "numbers" else f"{size} digits"
            cells = [
                f"the sum of {group}",
                f"{runs[0]['groups']:,}",
                str(epochs),
                _spread([run["sums"] for run in runs]),
                _spread([run["digits"] for run in runs]),
                str(len(runs)),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    deviation = f" ± {100 * np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{100 * np.mean(values):.2f}%{deviation}"


def write(rows: list[dict[str, Any]]) -> None:
    """Store the rows, and write them into the table of the page."""
    write_json(RESULTS, rows)
    before, rest = PAGE.read_text().split(BEGIN)
    page = f"{before}{BEGIN}\n\n{table(rows)}\n\n{END}{rest.split(END)[1]}"
    with atomic_write(PAGE) as file:
        file.write(page.encode())


def main() -> None:
    """Run the requested measurements that have no row yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("numbers", "sums"))
    parser.add_argument("--addends", type=int, nargs="+", required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for seed in range(options.seeds):
        for addends in options.addends:
            key = (options.kind, addends, seed, options.epochs)
            if key in [(r["kind"], r["addends"], r["seed"], r["epochs"]) for r in rows]:
                continue
            rows.append(measure(options.kind, addends, seed, options.epochs))
            print(rows[-1], flush=True)
            write(rows)


if __name__ == "__main__":
    main()
