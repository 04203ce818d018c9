"""Figures as tables of text: what a terminal, a report and the documentation all show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handsum.evaluation.figures import GeneratorFigures, Quality, ReaderFigures
from handsum.metrics.sums import SumFigures

NONE = "–"


@dataclass(frozen=True)
class Table:
    """A title, the columns' names, rows of as many cells, and a note below them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def generator_tables(figures: Sequence[GeneratorFigures], real: Quality) -> list[Table]:
    """Generators side by side, real digits as the last column; then their sequences by length."""
    first = figures[0]
    qualities = [one.quality for one in figures]
    floors = [real.frechet] * len(qualities)
    counts = sorted({quality.count for quality in [*qualities, real]})
    samples = " and ".join(f"{count:,}" for count in counts)
    columns = [_quality_cells(*pair) for pair in zip(qualities, floors, strict=True)]
    columns.append(_quality_cells(real, real.frechet))
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    rows += [
        ("parameters", *(_optional(one.parameters, ",") for one in figures), NONE),
        ("network calls per digit", *(_optional(one.calls, "") for one in figures), NONE),
        ("digits per second", *(_optional(one.digits_per_second, ",.0f") for one in figures), NONE),
    ]
    note = (
        f"Fréchet distance, precision, recall, density and coverage: features of {first.extractor}"
        f", {samples} digits against the 10,000 of the test set. {_effort_note(first.effort)}"
    )
    names = [one.model for one in figures]
    title = f"{', '.join(names)} against MNIST's test set"
    tables = [Table(title, ("", *names, "training digits"), tuple(rows), note)]
    return tables + [sequence_table(one) for one in figures if one.sequences]


def sequence_table(figures: GeneratorFigures) -> Table:
    """Sequences that sum to a total, by length."""
    rows = tuple(
        (str(one.length), f"{one.count:,}", f"{one.right:.1%}", _optional(one.entropy, ".1%"))
        for one in figures.sequences
    )
    columns = ("digits", "sequences", "read to their total", "entropy over uniform")
    note = "The entropy is that of one total's decompositions; longer ones have too many to tell."
    return Table(f"{figures.model}: sequences that sum to a total", columns, rows, note)


def reader_tables(figures: Sequence[ReaderFigures]) -> list[Table]:
    """Readers side by side, then each one's confusions, and their sums by length."""
    names = [one.model for one in figures]
    rows: list[tuple[str, ...]] = [
        ("error", *(f"{one.error:.2%}" for one in figures)),
        ("calibration error", *(f"{one.calibration_error:.2%}" for one in figures)),
        *(
            (f"error under {name}", *(f"{one.error_by_corruption[name]:.2%}" for one in figures))
            for name in figures[0].error_by_corruption
        ),
        ("parameters", *(f"{one.parameters:,}" for one in figures)),
    ]
    first = figures[0]
    title = f"{', '.join(names)} on {first.count:,} digits of {first.data}"
    tables = [Table(title, ("", *names), tuple(rows), _effort_note(first.effort))]
    for one in figures:
        tables += [_confusion_table(one), _confidence_table(one)]
        tables.append(sum_table(one.model, one.sums))
    return tables


def sum_table(name: str, sums: Sequence[SumFigures]) -> Table:
    """Predicted sums, by length."""
    rows = tuple(
        (
            str(one.length),
            f"{one.exact:.1%}",
            f"{one.error:.3f}",
            f"{one.coverage:.1%}",
            f"{one.width:.1f}",
        )
        for one in sums
    )
    columns = ("digits", "exact", "mean absolute error", "within the 90% interval", "its sums")
    note = (
        f"{sums[0].count:,} sequences of each length, drawn from the same digits." if sums else ""
    )
    return Table(f"{name}: sums of digits", columns, rows, note)


def _confusion_table(figures: ReaderFigures) -> Table:
    rows = tuple(
        (str(label), *(str(count) if count else "·" for count in row))
        for label, row in enumerate(figures.confusion)
    )
    return Table(f"{figures.model}: readings by label", ("", *map(str, range(10))), rows)


def _confidence_table(figures: ReaderFigures) -> Table:
    rows = tuple(
        (f"{one.confidence:.1%}", f"{one.count:,}", f"{1 - one.accuracy:.1%}")
        for one in figures.confidence_bins
    )
    columns = ("mean confidence", "digits", "misread")
    return Table(f"{figures.model}: error by confidence", columns, rows)


def _quality_cells(quality: Quality, floor: float) -> dict[str, str]:
    cells = {"read as labelled": _optional(quality.asked, ".2%")}
    for digit in range(10):
        share = quality.asked_by_class[digit] if quality.asked_by_class else None
        cells[f"  {digit}"] = _optional(share, ".2%")
    cells["Fréchet distance"] = f"{quality.frechet:.4f}"
    cells["  over training digits'"] = f"{quality.frechet / floor:.2f}"
    manifold = quality.manifold
    cells["precision"] = f"{manifold.precision:.3f}"
    cells["recall"] = f"{manifold.recall:.3f}"
    cells["density"] = f"{manifold.density:.3f}"
    cells["coverage"] = f"{manifold.coverage:.3f}"
    cells["GAN-train: a classifier trained on these"] = _optional(quality.gan_train, ".2%")
    cells["GAN-test: one trained on real digits"] = _optional(quality.gan_test, ".2%")
    cells["copies of training digits"] = f"{quality.copies.count:,}"
    cells["nearer to one than 1 in 100 test digits"] = f"{quality.copies.near:.2%}"
    cells["median distance over test digits'"] = f"{quality.copies.distance:.2f}"
    modes = quality.modes
    cells["Stacked MNIST: modes of 1000"] = NONE if modes is None else str(modes.modes)
    cells["Stacked MNIST: KL divergence"] = NONE if modes is None else f"{modes.divergence:.4f}"
    cells["slant within a hand (ICC)"] = _optional(quality.slant_correlation, ".2f")
    cells["stroke width within a hand (ICC)"] = _optional(quality.width_correlation, ".2f")
    return cells


def _optional(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)


def _effort_note(effort: str) -> str:
    if effort == "full":
        return ""
    return "QUICK: few digits, rough figures; measure without --quick to compare or publish."
