"""Figures as tables of text: what a terminal, a report and the documentation all show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handsum.evaluation.figures import GeneratorFigures, Quality, ReaderFigures, SumReaderFigures
from handsum.metrics.sums import SumFigures

NONE = "–"
REAL_NOTE = (
    "All are {count:,} digits of the test set's classes, against the whole test set. Real digits "
    "are training digits; those read as labelled and of GAN-test are test digits, which neither "
    "the judge nor the classifier knows; of the copies, validation digits."
)


@dataclass(frozen=True)
class Table:
    """A title, the columns' names, rows of as many cells, and a note below them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def generator_tables(figures: Sequence[GeneratorFigures], real: Quality) -> list[Table]:
    """Generators side by side, real digits as the last column; then their sequences by length."""
    first, count = figures[0], real.count
    extractor = f"{first.extractor}, {count:,} digits"
    columns = [_quality_cells(one.quality, real.frechet, extractor) for one in figures]
    columns.append(_quality_cells(real, real.frechet, extractor))
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    rows += [
        ("parameters", *(_optional(one.parameters, ",") for one in figures), NONE),
        ("network calls per digit", *(_optional(one.calls, "") for one in figures), NONE),
        ("digits per second", *(_optional(one.digits_per_second, ",.0f") for one in figures), NONE),
    ]
    notes = [f"{one.model}: {note}." for one in figures for note in one.notes]
    stacked = real.modes.count if real.modes else 0
    if stacked:
        # The expected divergence of as many samples from an even distribution.
        notes.append(
            "Stacked MNIST: each channel's class is asked for at random; drawn evenly, "
            f"{stacked:,} samples have a divergence of {999 / (2 * stacked):.4f}."
        )
    names = [one.model for one in figures]
    title = f"{_mark(first.effort)}{', '.join(names)} against MNIST's test set"
    note = " ".join([REAL_NOTE.format(count=count), *notes])
    tables = [Table(title, ("", *names, "real digits"), tuple(rows), note)]
    return tables + [sequence_table(one) for one in figures if one.sequences]


def sequence_table(figures: GeneratorFigures) -> Table:
    """Sequences that sum to a total, by length."""
    rows = tuple(
        (
            str(one.length),
            f"{one.count:,}",
            f"{one.right:.1%}",
            f"{one.unchecked:.1%}",
            _optional(one.entropy, ".1%"),
        )
        for one in figures.sequences
    )
    columns = ("digits", "sequences", "right", "drawn once", "entropy over uniform")
    note = (
        "Right: the judge reads the total that was asked for, after the reader had others drawn "
        "again. The entropy is that of the decompositions of the middle total, over that of as "
        "many exactly uniform ones; where hardly any comes twice it cannot be told."
    )
    title = f"{_mark(figures.effort)}{figures.model}: sequences that sum to a total"
    return Table(title, columns, rows, note)


def reader_tables(figures: Sequence[ReaderFigures | SumReaderFigures]) -> list[Table]:
    """Readers side by side, then each one's confusions, and their sums by length."""
    digits = [one for one in figures if isinstance(one, ReaderFigures)]
    first, mark = figures[0], _mark(figures[0].effort)
    names = [one.model for one in digits]
    tables = []
    if digits:
        rows: list[tuple[str, ...]] = [
            ("error", *(f"{one.error:.2%}" for one in digits)),
            ("calibration error", *(f"{one.calibration_error:.2%}" for one in digits)),
            *(
                (f"error under {name}", *(f"{one.error_by_corruption[name]:.2%}" for one in digits))
                for name in digits[0].error_by_corruption
            ),
            ("parameters", *(f"{one.parameters:,}" for one in digits)),
        ]
        title = f"{', '.join(names)} on {first.count:,} digits of {first.data}"
        tables.append(Table(title, ("", *names), tuple(rows)))
    for one in digits:
        tables += [_confusion_table(one), _confidence_table(one)]
    tables += [sum_table(one.model, one.sums) for one in figures]
    return [replace(table, title=mark + table.title) for table in tables]


def sum_table(name: str, sums: Sequence[SumFigures]) -> Table:
    """Predicted sums, by length."""
    rows = tuple(
        (
            str(one.length),
            f"{one.exact:.1%}",
            f"{one.error:.3f}",
            f"{one.held:.1%}",
            f"{one.claimed:.1%}",
            f"{one.coverage:.1%}",
        )
        for one in sums
    )
    columns = ("digits", "exact", "mean error", "in the interval", "as claimed", "coverage")
    note = (
        f"{sums[0].count:,} sequences of each length, drawn from the same digits. The interval is "
        "the central 90% in whole sums, which holds more than that; the coverage counts a sum by "
        "its share within 90% exactly, and is 90% where the model claims no more than it knows."
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


def _quality_cells(quality: Quality, floor: float, extractor: str) -> dict[str, str]:
    cells = {"read as labelled": _optional(quality.asked, ".2%")}
    for digit in range(10):
        share = quality.asked_by_class[digit] if quality.asked_by_class else None
        cells[f"  {digit}"] = _optional(share, ".2%")
    cells[f"Fréchet distance ({extractor})"] = f"{quality.frechet:.4f}"
    cells["  over real digits'"] = f"{quality.frechet / floor:.2f}"
    manifold = quality.manifold
    cells["precision"] = f"{manifold.precision:.3f}"
    cells["recall"] = f"{manifold.recall:.3f}"
    cells["density"] = f"{manifold.density:.3f}"
    cells["coverage"] = f"{manifold.coverage:.3f}"
    cells["GAN-train: a classifier trained on these"] = _optional(quality.gan_train, ".2%")
    cells["  digits that it was trained on"] = _optional(quality.trained_on, ",")
    cells["GAN-test: one trained on real digits"] = _optional(quality.gan_test, ".2%")
    copies = quality.copies
    cells["copies of training digits, pixel by pixel"] = f"{copies.count:,} of {copies.known:,}"
    cells["  nearer to one than 1 in 100 test digits"] = _optional(copies.near, ".2%")
    cells["  median distance over test digits'"] = _optional(copies.distance, ".2f")
    modes = quality.modes
    cells["Stacked MNIST: modes of 1000"] = NONE if modes is None else str(modes.modes)
    cells["Stacked MNIST: KL divergence"] = NONE if modes is None else f"{modes.divergence:.4f}"
    cells["slant within a hand (ICC)"] = _optional(quality.slant_correlation, ".2f")
    cells["stroke width within a hand (ICC)"] = _optional(quality.width_correlation, ".2f")
    return cells


def _optional(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)


def _mark(effort: str) -> str:
    """What a title begins with where the figures are rough."""
    return "" if effort == "full" else f"{effort.upper()}, rough figures: "
