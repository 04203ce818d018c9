"""Figures as tables of text, for the terminal, reports and the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handsum.evaluation.figures import GeneratorFigures, Quality, ReaderFigures, SumReaderFigures
from handsum.metrics.sums import SumFigures

NONE = "–"
_STROKES = (
    "strokes of a digit",
    "width along a stroke: deviation over mean",
    *(f"loops open in pictures: {label}" for label in (0, 6, 8, 9)),
    "drawn 64 pixels high, per second",
)
REAL_NOTE = (
    "Distances are those of {count:,} digits in the test set's class proportions from the whole "
    "test set. Real digits are training digits, but test digits for read as labelled and GAN-test, "
    "as the judge and the classifier know the training digits, and validation digits for copies."
)


@dataclass(frozen=True)
class Table:
    """A title, column names, rows of as many cells, and a note below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def generator_tables(figures: Sequence[GeneratorFigures], real: Quality) -> list[Table]:
    """Generators side by side with real digits in the last column; then sequences by length."""
    first, count = figures[0], real.count
    extractor = f"{first.extractor}, {count:,} digits"
    qualities = [*(one.quality for one in figures), real]
    columns = [_quality_cells(one, real.frechet, extractor) for one in qualities]
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    rows += _stroke_rows(figures)
    rows += [
        ("parameters", *(_optional(one.parameters, ",") for one in figures), NONE),
        ("network calls per digit", *(_optional(one.calls, "") for one in figures), NONE),
        ("digits per second", *(_optional(one.digits_per_second, ",.0f") for one in figures), NONE),
    ]
    notes = [f"{note}." for note in model_notes(figures, count)]
    stacked = real.modes.count if real.modes else 0
    if stacked:
        # An even distribution has this expected divergence over as many samples.
        notes.append(
            "Stacked MNIST: the class of each channel is random; an even generator has a "
            f"divergence of {999 / (2 * stacked):.4f} over {stacked:,} samples."
        )
    names = [one.model for one in figures]
    title = f"{_mark(first.effort)}{', '.join(names)} against MNIST's test set"
    note = " ".join([REAL_NOTE.format(count=count), *notes])
    tables = [Table(title, ("", *names, "real digits"), tuple(rows), note)]
    return tables + [sequence_table(one) for one in figures if one.sequences]


def _stroke_rows(figures: Sequence[GeneratorFigures]) -> list[tuple[str, ...]]:
    """The figures of strokes, if there are any."""
    if not any(one.strokes for one in figures):
        return []
    columns = []
    for one in figures:
        found, shared = one.strokes, _optional(one.shared_ink, ".3f")
        cells = dict.fromkeys(_STROKES, NONE)
        if found:
            cells["strokes of a digit"] = f"{found.strokes:.2f}"
            cells["width along a stroke: deviation over mean"] = f"{found.width_variation:.3f}"
            for label, share in found.open_loops.items():
                cells[f"loops open in pictures: {label}"] = f"{share:.1%}"
            cells["drawn 64 pixels high, per second"] = f"{found.drawn_per_second:,.0f}"
        columns.append(cells | {"ink shared with the traced digit": shared})
    return [(name, *(cells[name] for cells in columns), NONE) for name in columns[0]]


def sequence_table(figures: GeneratorFigures) -> Table:
    """Sequences with a given total, by length."""
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
        "Right: the judge reads the given total, after digits that the reader disagrees with were "
        "drawn again. The entropy is that of the decompositions of the middle total, divided by "
        "that of as many exactly uniform ones; it is unknown where hardly any occurs twice."
    )
    title = f"{_mark(figures.effort)}{figures.model}: sequences that sum to a total"
    return Table(title, columns, rows, note)


def reader_tables(figures: Sequence[ReaderFigures | SumReaderFigures]) -> list[Table]:
    """Readers side by side, then the confusions of each one and its sums by length."""
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
        if any(one.pages for one in digits):
            rows += _page_rows(digits)
        title = f"{', '.join(names)} on {first.count:,} digits of {first.data}"
        tables.append(Table(title, ("", *names), tuple(rows)))
    for one in digits:
        tables += [_confusion_table(one), _confidence_table(one)]
    tables += [sum_table(one.model, one.sums) for one in figures]
    return [replace(table, title=mark + table.title) for table in tables]


def _page_rows(figures: Sequence[ReaderFigures]) -> list[tuple[str, ...]]:
    """What detectors find and read on composed pages."""
    columns = []
    for one in figures:
        found = one.pages
        columns.append(
            {
                "composed pages": f"{found.pages:,}" if found else NONE,
                "signs on them": f"{found.signs:,}" if found else NONE,
                "signs found": f"{found.found:.1%}" if found else NONE,
                "signs found and read": f"{found.right:.1%}" if found else NONE,
                "digits found and read": f"{found.digits_right:.1%}" if found else NONE,
                "false signs a page": f"{found.false:.2f}" if found else NONE,
                "error of boxes, in heights": f"{found.box_error:.3f}" if found else NONE,
            }
        )
    return [(name, *(cells[name] for cells in columns)) for name in columns[0]]


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
    columns = ("digits", "exact", "mean error", "in the interval", "claimed", "coverage")
    note = (
        f"{sums[0].count:,} sequences of each length, drawn from the same digits. The interval is "
        "the central 90% in whole sums, so it holds more than 90%. The coverage counts a sum by "
        "its share within exactly 90%: a calibrated model has a coverage of 90%."
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


def model_notes(figures: Sequence[GeneratorFigures], count: int) -> tuple[str, ...]:
    """What must be known about the figures of each model beside `count` real digits."""
    return tuple(f"{one.model}: {note}" for one in figures for note in _notes(one, count))


def _notes(figures: GeneratorFigures, count: int) -> list[str]:
    quality, notes = figures.quality, list(figures.notes)
    if quality.left_out:
        needs = ", ".join(f"{name} (needs {least:,})" for name, least in quality.left_out.items())
        notes.append(f"left out, with {quality.count:,} digits: {needs}")
    if quality.manifold and quality.compared and quality.compared < count:
        notes.append(
            f"its precision, recall, density and coverage are of {quality.compared:,} digits and "
            f"do not compare with those of {count:,}"
        )
    return notes


def _quality_cells(quality: Quality, floor: float | None, extractor: str) -> dict[str, str]:
    cells = {"digits": f"{quality.count:,}"}
    cells["read as labelled"] = _optional(quality.asked, ".2%")
    for digit in range(10):
        share = quality.asked_by_class[digit] if quality.asked_by_class else None
        cells[f"  {digit}"] = _optional(share, ".2%")
    distance = quality.frechet
    cells[f"Fréchet distance ({extractor})"] = _optional(distance, ".4f")
    ratio = distance / floor if distance is not None and floor else None
    cells["  over real digits'"] = _optional(ratio, ".2f")
    for name in ("precision", "recall", "density", "coverage"):
        value = getattr(quality.manifold, name) if quality.manifold else None
        cells[name] = _optional(value, ".3f")
    cells["GAN-train: classifier trained on these"] = _optional(quality.gan_train, ".2%")
    cells["  training digits"] = _optional(quality.trained_on, ",")
    cells["GAN-test: classifier trained on real digits"] = _optional(quality.gan_test, ".2%")
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
    """The beginning of a title whose figures are rough."""
    return "" if effort == "full" else f"{effort.upper()}, rough figures: "
