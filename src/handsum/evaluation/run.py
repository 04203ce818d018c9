"""One evaluation from end to end: models and digits side by side, on one bench."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from handsum._version import __version__
from handsum.data.mnist import Dataset, load
from handsum.data.samples import Samples
from handsum.errors import UsageError
from handsum.evaluation import plots
from handsum.evaluation.bench import Bench
from handsum.evaluation.figures import FULL, Effort, ReaderFigures, Report, SumReaderFigures, silent
from handsum.evaluation.generators import (
    Candidate,
    Measured,
    as_candidate,
    common_effort,
    measure_candidate,
    measure_generator,
    measure_sequence_generator,
)
from handsum.evaluation.readers import evaluate_reader, evaluate_sum_reader
from handsum.evaluation.report import Picture
from handsum.evaluation.tables import Table, generator_tables, reader_tables
from handsum.models.registry import JUDGE, find
from handsum.pretrained.load import (
    GENERATORS,
    READERS,
    SEQUENCE_GENERATORS,
    SUM_READERS,
    draws_sequences,
    load_generator,
    load_reader,
    load_sequence_generator,
    load_sum_reader,
    locate,
    reads_sums,
)
from handsum.pretrained.snapshots import read_facts
from handsum.seeds import choose_seed


@dataclass(frozen=True)
class Evaluation:
    """What was found, as plain values, as tables, and as pictures (made when asked for)."""

    facts: dict[str, Any]
    tables: list[Table]
    pictures: list[Picture]


def evaluate(
    models: Sequence[str],
    samples: Sequence[Samples] = (),
    *,
    data: Dataset | None = None,
    data_name: str = "mnist test",
    effort: Effort = FULL,
    seed: int = 0,
    judge: str = JUDGE,
    command: str = "",
    pictures: bool = False,
    report: Report = silent,
) -> Evaluation:
    """Measure generators and digits side by side, or readers side by side.

    `data` are the digits that readers read, by default MNIST's test set. The figures are a function
    of the seed, the speed apart.

    Raises:
        UsageError: an unknown model, generators beside readers, or nothing to measure.
    """
    if len({*models}) < len(models):
        raise UsageError("a model is named twice")
    readers = (*READERS, *SUM_READERS)
    kinds = (*GENERATORS, *SEQUENCE_GENERATORS, *readers)
    tasks = [find(read_facts(locate(model, kinds))["model"]).task for model in models]
    reading = [task in readers for task in tasks] + [False for _ in samples]
    if not reading:
        raise UsageError("there is nothing to measure: name a model, or give --images")
    if any(reading) and not all(reading):
        raise UsageError("generators and readers cannot be compared: name models of one kind")
    choose_seed(seed)
    if all(reading):
        return _evaluate_readers(models, data, data_name, effort, seed, command, pictures, report)
    eye = load_reader(judge)
    candidates = [as_candidate(one, eye) for one in samples]
    effort = common_effort(effort, candidates, load("test"))
    bench = Bench(effort, seed, eye)
    return _evaluate_generators(models, candidates, bench, command, pictures, report)


def _evaluate_readers(
    models: Sequence[str],
    data: Dataset | None,
    data_name: str,
    effort: Effort,
    seed: int,
    command: str,
    with_pictures: bool,
    report: Report,
) -> Evaluation:
    data = data or load("test")
    found: list[ReaderFigures | SumReaderFigures] = []
    for model in models:
        part = _part(report, len(found), len(models))
        options: Any = {"effort": effort, "seed": seed, "report": part}
        if reads_sums(model):
            reader = load_sum_reader(model)
            found.append(evaluate_sum_reader(reader, data, data_name, **options))
        else:
            found.append(evaluate_reader(load_reader(model), data, data_name, **options))
    digits = [one for one in found if isinstance(one, ReaderFigures)]
    pictures: list[Picture] = []
    if with_pictures:
        lines = plots.sums_by_length(found)
        pictures = [Picture("Sums", "Exactly predicted sums by length", lines)]
    if with_pictures and digits:
        pictures += [
            Picture("Corruptions", "Error under each corruption", plots.corruption_bars(digits)),
            Picture("Calibration", "Accuracy by confidence", plots.reliability(digits)),
        ]
    return Evaluation(_facts(found, effort, seed, command), reader_tables(found), pictures)


def _evaluate_generators(
    models: Sequence[str],
    candidates: Sequence[Candidate],
    bench: Bench,
    command: str,
    with_pictures: bool,
    report: Report,
) -> Evaluation:
    parts = len(models) + len(candidates) + 1
    measured: list[Measured] = []
    for model in models:
        part = _part(report, len(measured), parts)
        if draws_sequences(model):
            found = measure_sequence_generator(bench, load_sequence_generator(model), part)
        else:
            found = measure_generator(bench, load_generator(model), part)
        measured.append(found)
    for one in candidates:
        measured.append(measure_candidate(bench, one, _part(report, len(measured), parts)))
    real = bench.real
    report(1)
    figures = [one.figures for one in measured]
    facts = _facts(figures, bench.effort, bench.seed, command)
    facts |= {"extractor": bench.extractor, "real": dataclasses.asdict(real)}
    pictures = _generator_pictures(measured, bench) if with_pictures else []
    return Evaluation(facts, generator_tables(figures, real), pictures)


def _generator_pictures(measured: Sequence[Measured], bench: Bench) -> list[Picture]:
    pictures = []
    bars = plots.asked_by_class([one.figures for one in measured], bench.real)
    if bars:
        pictures.append(Picture("Misread, by class", "Digits not read as asked, by class", bars))
    for one in measured:
        name = one.figures.model
        caption = f"Digits of {name}, unselected, one class to a row"
        pictures.append(Picture(name, caption, plots.digit_grid(one.digits)))
        pairs = plots.closest_pairs(one.digits, bench)
        caption = f"Digits of {name} nearest to training digits, for their class; those below"
        pictures.append(Picture(f"{name}: closest to training digits", caption, pairs))
        asked = one.figures.quality.asked is not None
        wrong = plots.misread_grid(one.digits, bench) if asked else None
        if wrong:
            caption = f"Digits of {name} that {bench.judge.name} does not read as asked"
            pictures.append(Picture(f"{name}: misread", caption, wrong))
    caption = "Test digits, one class to a row"
    return [*pictures, Picture("Real digits", caption, plots.digit_grid(bench.test))]


def _facts(figures: Sequence[Any], effort: Effort, seed: int, command: str) -> dict[str, Any]:
    python = ".".join(map(str, sys.version_info[:3]))
    return {
        "command": command,
        "effort": effort.name,
        "seed": seed,
        "versions": {
            "handsum": __version__,
            "python": python,
            "jax": jax.__version__,
            "numpy": np.__version__,
        },
        "device": jax.devices()[0].device_kind,
        "figures": [dataclasses.asdict(one) for one in figures],
    }


def _part(report: Report, index: int, parts: int) -> Report:
    """The report of one part of several."""
    return lambda share: report((index + share) / parts)
