"""One evaluation from start to end: models and digits side by side, on one bench."""

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
from handsum.evaluation.bench import Bench, least_digits
from handsum.evaluation.figures import (
    FULL,
    Effort,
    Progress,
    ReaderFigures,
    SumReaderFigures,
    part_of,
    silent,
)
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
from handsum.evaluation.strokes import measure_pen
from handsum.evaluation.tables import Table, generator_tables, model_notes, reader_tables
from handsum.models.registry import JUDGE, find
from handsum.pretrained.load import (
    DETECTORS,
    READERS,
    SUM_READERS,
    TASKS,
    DigitGenerator,
    Pen,
    SequenceGenerator,
    SumReader,
    load_model,
    load_picture_reader,
    load_reader,
    locate,
)
from handsum.pretrained.snapshots import read_facts
from handsum.seeds import choose_seed


@dataclass(frozen=True)
class Options:
    """How models are measured: how much, by which seed and judge, with or without pictures.

    Readers read `data`, MNIST's test set by default; `data_name` is its name in the tables. With
    `strokes`, generators of single digits write with pen strokes.
    """

    effort: Effort = FULL
    seed: int = 0
    judge: str = JUDGE
    pictures: bool = False
    data: Dataset | None = None
    data_name: str = "mnist test"
    strokes: bool = False


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The figures as plain values (`facts`) and as tables, and pictures if they were wanted.

    `notes` say what must be known about the figures of a model.
    """

    facts: dict[str, Any]
    tables: list[Table]
    pictures: list[Picture]
    notes: tuple[str, ...] = ()


def evaluate(
    models: Sequence[str],
    samples: Sequence[Samples] = (),
    options: Options | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Measure generators and digits side by side, or readers side by side.

    The same seed gives the same figures, except for the speed.

    Raises:
        UsageError: an unknown model, generators beside readers, or nothing to measure.
    """
    if len({*models}) < len(models):
        raise UsageError("a model is named twice")
    readers = (*READERS, *SUM_READERS, *DETECTORS)
    tasks = [find(read_facts(locate(model, TASKS))["model"]).task for model in models]
    reading = [task in readers for task in tasks] + [False for _ in samples]
    if not reading:
        raise UsageError("there is nothing to measure: name a model, or give `images`")
    if any(reading) and not all(reading):
        raise UsageError("generators and readers cannot be compared: name only one or the other")
    options = options or Options()
    choose_seed(options.seed)
    if all(reading):
        return _evaluate_readers(models, options, progress)
    judge = load_reader(options.judge)
    candidates = [as_candidate(one, judge, options.effort.count) for one in samples]
    effort = common_effort(options.effort, candidates, load("test"), least_digits(judge))
    bench = Bench(effort, options.seed, judge)
    return _evaluate_generators(models, candidates, bench, options, progress)


def _evaluate_readers(models: Sequence[str], options: Options, progress: Progress) -> Evaluation:
    data = options.data or load("test")
    found: list[ReaderFigures | SumReaderFigures] = []
    for model in models:
        part = _part(progress, len(found), len(models))
        how: Any = {"effort": options.effort, "seed": options.seed, "progress": part}
        reader = load_picture_reader(model)
        if isinstance(reader, SumReader):
            found.append(evaluate_sum_reader(reader, data, options.data_name, **how))
        else:
            found.append(evaluate_reader(reader, data, options.data_name, **how))
    digits = [one for one in found if isinstance(one, ReaderFigures)]
    pictures: list[Picture] = []
    if options.pictures:
        lines = plots.sums_by_length(found)
        pictures = [Picture("Sums", "Exactly predicted sums by length", lines)]
    if options.pictures and digits:
        pictures += [
            Picture("Corruptions", "Error under each corruption", plots.corruption_bars(digits)),
            Picture("Calibration", "Accuracy by confidence", plots.reliability(digits)),
        ]
    facts = _facts(found, options.effort, options.seed)
    return Evaluation(facts, reader_tables(found), pictures)


def _evaluate_generators(
    models: Sequence[str],
    candidates: Sequence[Candidate],
    bench: Bench,
    options: Options,
    progress: Progress,
) -> Evaluation:
    parts = len(models) + len(candidates) + 1
    measured: list[Measured] = []
    for model in models:
        part = _part(progress, len(measured), parts)
        measured.append(_measure(bench, model, options, part))
    for one in candidates:
        measured.append(measure_candidate(bench, one, _part(progress, len(measured), parts)))
    real = bench.real
    progress(parts, parts)
    figures = [one.figures for one in measured]
    facts = _facts(figures, bench.effort, bench.seed)
    facts |= {"extractor": bench.extractor, "real": dataclasses.asdict(real)}
    pictures = _generator_pictures(measured, bench) if options.pictures else []
    return Evaluation(
        facts, generator_tables(figures, real), pictures, model_notes(figures, real.count)
    )


def _measure(bench: Bench, model: str, options: Options, progress: Progress) -> Measured:
    loaded = load_model(model)
    if isinstance(loaded, Pen):
        return Measured(*measure_pen(bench, loaded, progress))
    if isinstance(loaded, SequenceGenerator):
        return measure_sequence_generator(bench, loaded, progress)
    assert isinstance(loaded, DigitGenerator)
    return measure_generator(bench, loaded, progress, strokes=options.strokes)


def _generator_pictures(measured: Sequence[Measured], bench: Bench) -> list[Picture]:
    pictures = []
    bars = plots.asked_by_class([one.figures for one in measured], bench.real)
    if bars:
        pictures.append(Picture("Misread, by class", "Digits not read as labelled, by class", bars))
    for one in measured:
        name = one.figures.model
        caption = f"Digits of {name}, unselected, one class to a row"
        pictures.append(Picture(name, caption, plots.digit_grid(one.digits)))
        pairs = plots.closest_pairs(one.digits, bench)
        caption = f"Digits of {name} that are nearest to training digits; these below"
        pictures.append(Picture(f"{name}: closest to training digits", caption, pairs))
        asked = one.figures.quality.asked is not None
        wrong = plots.misread_grid(one.digits, bench) if asked else None
        if wrong:
            caption = f"Digits of {name} that {bench.judge.name} does not read as labelled"
            pictures.append(Picture(f"{name}: misread", caption, wrong))
    caption = "Test digits, one class to a row"
    return [*pictures, Picture("Real digits", caption, plots.digit_grid(bench.test))]


def _facts(figures: Sequence[Any], effort: Effort, seed: int) -> dict[str, Any]:
    python = ".".join(map(str, sys.version_info[:3]))
    return {
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


def _part(progress: Progress, index: int, parts: int) -> Progress:
    """The progress of one of several equal parts."""
    return part_of(progress, index / parts, (index + 1) / parts)
