"""Measure every bundled model and write docs/results.md.

python tools/results.py [--again] [MODEL ...]

docs/results.json stores the figures with the SHA-256 of the weights and of the code that measured
them, so that only changed models are measured; `--again` measures the others too. Model cards get
the same figures.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import typing
from pathlib import Path
from typing import Any

from bundle import write_card

from handsum.evaluation.figures import (
    FULL,
    GeneratorFigures,
    Quality,
    ReaderFigures,
    SumReaderFigures,
)
from handsum.evaluation.measure import markdown
from handsum.evaluation.run import Options, evaluate
from handsum.evaluation.tables import generator_tables, reader_tables
from handsum.files import atomic_write, write_json
from handsum.models.registry import ENTRIES, JUDGE, PIXEL_GENERATOR
from handsum.pretrained.snapshots import WEIGHTS, read_facts

DOCS = Path(__file__).parent.parent / "docs"
STORED = DOCS / "results.json"

HEAD = """# Results

Every bundled model, measured by `handsum evaluate MODEL` with its defaults: {versions}, seed 0, on
{device}. `python tools/results.py` measures the models that changed and writes this page. Digits
per second were measured while the machine did other work too, on one core except for `r3gan`, which
used all; every other figure depends only on the seed.

Generators draw digits of the test set's classes in random hands, without any selection; the last
column shows the same number of real digits. Sequences are measured as drawn once, and as
`sum-sequence` writes them: digits that the reader `cnn` finds unclear are drawn again. Neither the
test set nor `judge`, which reads the digits and gives the features of the distances, had a part in
training or in any choice.

"""

# Published figures, and why they do not compare one to one.
PUBLISHED = (
    (
        "Fréchet distance over that of real digits",
        "NS GAN 6.8, WGAN 6.7, LSGAN 7.8, WGAN-GP 20.3, real train against test 1.1: "
        "about 6 times (Lucic et al., 2018)",
        "frechet",
        "theirs uses the features of an ImageNet network; only the ratio compares",
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
        "theirs draws three digits at once without labels; here each channel has a random class",
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


# The detector looks at each digit and each corruption of it several times: a part is enough.
COUNTS = {"detector": 2_000}


def measure(model: str) -> dict[str, Any]:
    """The facts of a full evaluation of a bundled model."""
    print(f"measuring {model}", flush=True)
    command, options = f"handsum evaluate {model}", Options()
    if model in COUNTS:
        command += f" --count {COUNTS[model]}"
        options = Options(dataclasses.replace(FULL, count=COUNTS[model], name="partial"))
    return {"command": command, **evaluate([model], options=options).facts}


def headline(figures: Any, real: Quality | None) -> dict[str, str]:
    """The figures of a model for its card."""
    if real is None:
        ten = next(part for part in figures.sums if part.length == 10)
        found = {
            "sums of 10 digits exact": f"{ten.exact:.1%}",
            "their mean absolute error": f"{ten.error:.3f}",
        }
        if isinstance(figures, ReaderFigures):
            found["test error"] = f"{figures.error:.2%}"
            found["calibration error"] = f"{figures.calibration_error:.2%}"
            if figures.pages:
                found["signs found on composed pages"] = f"{figures.pages.found:.1%}"
                right = f"{figures.pages.digits_right:.1%}"
                found["digits found and read on composed pages"] = right
        return found
    quality, found = figures.quality, {}
    classes = quality.asked_by_class
    if quality.asked is not None:
        lowest = min(share for share in classes if share is not None)
        found["digits read as asked"] = f"{quality.asked:.2%}"
        found["in the worst class"] = f"{lowest:.2%} ({classes.index(lowest)})"
    found["Fréchet distance over real digits'"] = f"{quality.frechet / real.frechet:.2f}"
    if figures.shared_ink is not None:
        found["ink shared with the traced digit"] = f"{figures.shared_ink:.1%}"
    if figures.strokes:
        variation = figures.strokes.width_variation
        found["width along a stroke, deviation over mean"] = f"{variation:.3f}"
        found |= {
            f"loops of {label} open in pictures": f"{share:.1%}"
            for label, share in figures.strokes.open_loops.items()
        }
    for part in figures.sequences:
        if part.length in (2, 5, 10):
            found[f"sequences of {part.length} right, drawn once"] = f"{part.unchecked:.1%}"
    return found


def from_json(type_: Any, value: Any) -> Any:
    """A dataclass of figures from its JSON."""
    options = [part for part in typing.get_args(type_) if part is not type(None)]
    if value is None:
        return None
    if dataclasses.is_dataclass(type_):
        hints = typing.get_type_hints(type_)
        return type_(**{name: from_json(hints[name], part) for name, part in value.items()})
    if typing.get_origin(type_) in (list, tuple):
        return typing.get_origin(type_)(from_json(options[0], part) for part in value)
    if typing.get_origin(type_) is not dict and options:
        return from_json(options[0], value)
    return value


def ours(figures: dict[str, Any], real: Quality) -> dict[str, str]:
    """The figures of the default models, to show beside published ones."""
    name = PIXEL_GENERATOR
    quality, sequences = figures[name].quality, figures[name].sequences
    count = sum(part.count for part in sequences)
    share = sum(part.right * part.count for part in sequences) / count
    once = sum(part.unchecked * part.count for part in sequences) / count
    ten = next(part for part in figures["cnn"].sums if part.length == 10)
    return {
        "frechet": f"`{name}`: {quality.frechet / real.frechet:.2f} times",
        "gan_train": f"`{name}`: {quality.gan_train:.2%}, against {real.gan_train:.2%}",
        "modes": f"`{name}`: {quality.modes.modes} modes, KL {quality.modes.divergence:.4f} "
        f"(real digits: {real.modes.divergence:.4f})",
        "sums": f"`sum-sequence`: {share:.1%} at lengths 1 to 10, as `judge` reads them "
        f"({once:.1%} drawn once)",
        "sum_error": f"`cnn`: {ten.error:.3f}, {ten.exact:.1%} exact",
        "error": f"`cnn`: {figures['cnn'].error:.2%}",
    }


def figures_of(facts: dict[str, Any]) -> tuple[Any, Quality | None]:
    """The figures of a model and of real digits, from the facts of its evaluation."""
    own = facts["figures"][0]
    if "real" in facts:
        return from_json(GeneratorFigures, own), from_json(Quality, facts["real"])
    return from_json(ReaderFigures if "error" in own else SumReaderFigures, own), None


def write(stored: dict[str, Any]) -> None:
    """Write docs/results.md and the model cards from the stored figures."""
    figures: dict[str, Any] = {}
    reals: dict[str, Quality] = {}
    for model, entry in stored.items():
        figures[model], real = figures_of(entry["facts"])
        if real is not None:
            reals[model] = real
        write_card(model, headline(figures[model], reals.get(model)))
    generators = [figures[name] for name in figures if name in reals]
    readers = [figures[name] for name in figures if name not in reals]
    counted = [[one] for one in readers if one.model in COUNTS]
    real = reals[PIXEL_GENERATOR]
    mine = ours(figures, real)
    rows = tuple((name, mine[key], theirs, why) for name, theirs, key, why in PUBLISHED)
    versions = stored[PIXEL_GENERATOR]["facts"]["versions"]
    devices = {entry["facts"]["device"] for entry in stored.values()}
    parts = [
        HEAD.format(
            versions=", ".join(f"{name} {value}" for name, value in versions.items()),
            device=" and ".join(sorted(devices)),
        ),
        "## Generators\n\n",
        *(markdown(table) + "\n" for table in generator_tables(generators, real)),
        "## Readers\n\n",
        *(
            markdown(table) + "\n"
            for group in ([one for one in readers if one.model not in COUNTS], *counted)
            for table in reader_tables(group)
        ),
        "## Beside what others publish\n\n",
        "| figure | here | published | difference |\n|---|---|---|---|\n",
        *("| " + " | ".join(row) + " |\n" for row in rows),
    ]
    with atomic_write(DOCS / "results.md") as file:
        file.write(("".join(parts).rstrip() + "\n").encode())


def main() -> None:
    """Measure the models that changed, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    bundled = [name for name in ENTRIES if (WEIGHTS / name / "config.json").exists()]
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join(bundled))
    parser.add_argument("--again", action="store_true", help="measure unchanged models too")
    options = parser.parse_args()
    unknown = set(options.models) - set(bundled)
    if unknown:
        parser.error(f"not bundled: {', '.join(sorted(unknown))}; choose from {', '.join(bundled)}")
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    for name in options.models or bundled:
        sums = [read_facts(WEIGHTS / part)["sha256"] for part in (name, JUDGE)]
        if options.again or stored.get(name, {}).get("sums") != [*sums, code()]:
            stored[name] = {"sums": [*sums, code()], "facts": measure(name)}
            write_json(STORED, stored)
    write({name: stored[name] for name in bundled if name in stored})


def code() -> str:
    """The SHA-256 of the code that measures."""
    package = WEIGHTS.parent
    paths = sorted([*package.glob("evaluation/*.py"), *package.glob("metrics/*.py")])
    measuring = [path for path in paths if path.name not in {"tables.py", "plots.py", "report.py"}]
    return hashlib.sha256(b"".join(path.read_bytes() for path in measuring)).hexdigest()[:16]


if __name__ == "__main__":
    main()
