"""Measure every bundled model and write docs/results.md.

python tools/results.py [--again] [MODEL ...]

Figures are kept in docs/results.json by the SHA-256 of the weights they were measured on, so that
only what has changed is measured; `--again` measures all, or the models that are named.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import typing
from pathlib import Path
from typing import Any

from handsum.evaluation.figures import GeneratorFigures, Quality, ReaderFigures
from handsum.evaluation.run import evaluate
from handsum.evaluation.tables import Table, generator_tables, reader_tables
from handsum.models.registry import ENTRIES, JUDGE
from handsum.pretrained import GENERATORS, READERS, WEIGHTS
from handsum.training.snapshots import read_facts

DOCS = Path(__file__).parent.parent / "docs"
KEPT = DOCS / "results.json"

HEAD = """# Results

Every bundled model, measured by `handsum evaluate MODEL` with its defaults: {versions}, seed 0, on
two CPU cores. `python tools/results.py` measures what has changed and writes this page. Digits per
second are of that machine; all other figures are a function of the seed.

Generators draw digits of the test set's classes in hands drawn at random, without any selection;
the last column is as many training digits in their place. The test set had no part in training or
in any choice, and neither had `judge`, which reads what they draw and whose features the distances
are in.

"""

# What others have published, and why it does not compare one to one.
PUBLISHED = (
    (
        "Fréchet distance over that of real digits",
        "NS GAN 6.8, WGAN 6.7, LSGAN 7.8, WGAN-GP 20.3, real train against test 1.1: "
        "about 6 times (Lucic et al., 2018)",
        "frechet",
        "theirs is in an ImageNet network's features; only the ratio means something here",
    ),
    (
        "classifier trained on generated digits, tested on real ones",
        "98.37%, against 99.34% trained on real ones (a public conditional GAN)",
        "gan_train",
        "another classifier, trained for longer; compare the loss against real digits",
    ),
    (
        "Stacked MNIST, modes of 1000 and KL divergence",
        "R3GAN: 1000 modes, KL 0.029 (Huang et al., 2024)",
        "modes",
        "theirs draws three digits at once and is told none of them; here each channel's class is "
        "asked for at random",
    ),
    (
        "sequences with the right total",
        "One-to-Many CGAN and LSTM-CGAN (public notebooks): about half of the printed pairs",
        "sums",
        "theirs are of two digits, counted by eye: no metric was published",
    ),
    (
        "sum of 10 digits, mean absolute error",
        "CNN + LSTM (public notebook): 0.838",
        "sum_error",
        "theirs predicts the sum as one number; digits of the same test set",
    ),
    (
        "one classifier's test error",
        "0.17% (best single network)",
        "error",
        "the epoch was often chosen on the test set, which was not done here",
    ),
)


def measure(model: str) -> dict[str, Any]:
    """The facts of a full evaluation of a bundled model."""
    print(f"measuring {model}", flush=True)
    return evaluate([model], command=f"handsum evaluate {model}").facts


def plain(kind: Any, value: Any) -> Any:
    """A figures dataclass from what `dataclasses.asdict` and JSON made of it."""
    options = [part for part in typing.get_args(kind) if part is not type(None)]
    if value is None:
        return None
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{name: plain(hints[name], part) for name, part in value.items()})
    if typing.get_origin(kind) in (list, tuple):
        return typing.get_origin(kind)(plain(options[0], part) for part in value)
    if typing.get_origin(kind) is not dict and options:
        return plain(options[0], value)
    return value


def markdown(table: Table) -> str:
    """A table in Markdown, under its title."""
    columns = [name or " " for name in table.columns]
    lines = [
        f"### {table.title}",
        "",
        "| " + " | ".join(columns) + " |",
        "|---" + "|---:" * (len(columns) - 1) + "|",
        *(
            "| " + " | ".join(cell.replace("  ", "&emsp;") for cell in row) + " |"
            for row in table.rows
        ),
        "",
    ]
    return "\n".join([*lines, table.note, ""] if table.note else lines)


def ours(figures: dict[str, Any], real: Quality) -> dict[str, str]:
    """The default models' figures, as they stand beside published ones."""
    quality = figures["r3gan"].quality
    sequences = figures["r3gan"].sequences
    right = sum(part.right * part.count for part in sequences)
    share = right / sum(part.count for part in sequences)
    ten = next(part for part in figures["cnn"].sums if part.length == 10)
    return {
        "frechet": f"`r3gan`: {quality.frechet / real.frechet:.2f} times",
        "gan_train": f"`r3gan`: {quality.gan_train:.2%}, against {real.gan_train:.2%}",
        "modes": f"`r3gan`: {quality.modes.modes} modes, KL {quality.modes.divergence:.4f} "
        f"(real digits: {real.modes.divergence:.4f})",
        "sums": f"`sum-sequence`: {share:.1%} at lengths 1 to 10, as `judge` reads them",
        "sum_error": f"`cnn`: {ten.error:.3f}, {ten.exact:.1%} exact",
        "error": f"`cnn`: {figures['cnn'].error:.2%}",
    }


def write(kept: dict[str, Any]) -> None:
    """Write docs/results.md from the kept figures."""
    figures: dict[str, Any] = {}
    for model, entry in kept.items():
        kind = GeneratorFigures if ENTRIES[model].task in GENERATORS else ReaderFigures
        figures[model] = plain(kind, entry["facts"]["figures"][0])
    generators = [figures[name] for name in figures if ENTRIES[name].task in GENERATORS]
    readers = [figures[name] for name in figures if ENTRIES[name].task in READERS]
    real = plain(Quality, kept[generators[0].model]["facts"]["real"])
    mine = ours(figures, real)
    rows = tuple((name, mine[key], theirs, why) for name, theirs, key, why in PUBLISHED)
    versions = kept["r3gan"]["facts"]["versions"]
    parts = [
        HEAD.format(versions=", ".join(f"{name} {value}" for name, value in versions.items())),
        "## Generators\n\n",
        *(markdown(table) + "\n" for table in generator_tables(generators, real)),
        "## Readers\n\n",
        *(markdown(table) + "\n" for table in reader_tables(readers)),
        "## Beside what others publish\n\n",
        "| figure | here | published | what makes them differ |\n|---|---|---|---|\n",
        *("| " + " | ".join(row) + " |\n" for row in rows),
    ]
    (DOCS / "results.md").write_text("".join(parts).rstrip() + "\n")


def main() -> None:
    """Measure what has changed, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    judge = read_facts(WEIGHTS / JUDGE)["sha256"]
    for name in ENTRIES:
        if not (WEIGHTS / name / "config.json").exists():
            kept.pop(name, None)
            continue
        sums = [read_facts(WEIGHTS / name)["sha256"], judge]
        due = name not in kept or kept[name]["sha256"] != sums
        if due or (options.again and (not options.models or name in options.models)):
            kept[name] = {"sha256": sums, "facts": measure(name)}
            KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    write({name: kept[name] for name in ENTRIES if name in kept})


if __name__ == "__main__":
    main()
