"""How good a model is, measured by data and a judge that it never saw.

This is the only place that reads the test set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handsum.data.mnist import Dataset, load
from handsum.models.registry import JUDGE
from handsum.pretrained import DigitGenerator, DigitReader, load_reader
from handsum.writing import sum_sequence

Report = Callable[[float], None]


def _silent(share: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class ReaderFigures:
    """A reader on `count` labelled digits: the share misread, and the confusion counts (10, 10)."""

    model: str
    data: str
    count: int
    error: float
    parameters: int
    confusion: list[list[int]]


@dataclass(frozen=True)
class GeneratorFigures:
    """A generator as `judge` reads it.

    `asked`: share of unselected digits that read as asked, and by class. `sums_right` of `sums`
    sequences (lengths 2 to 10, checked by the reader) read to the total that was asked for.
    """

    model: str
    judge: str
    count: int
    seed: int
    asked: float
    asked_by_class: list[float]
    parameters: int
    sums: int
    sums_right: int


def evaluate_reader(reader: DigitReader, data: Dataset, name: str) -> ReaderFigures:
    """Measure a reader on labelled digits; `name` says which they are."""
    readings = reader.probabilities(data.images).argmax(-1)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (data.labels, readings), 1)
    return ReaderFigures(
        model=reader.name,
        data=name,
        count=len(data),
        error=float((readings != data.labels).mean()),
        parameters=int(reader.facts["parameters"]),
        confusion=confusion.tolist(),
    )


def evaluate_generator(
    generator: DigitGenerator,
    *,
    count: int = 10_000,
    sums: int = 200,
    seed: int = 0,
    judge: str = JUDGE,
    report: Report = _silent,
) -> GeneratorFigures:
    """Measure a generator: `count` digits of the test set's classes in random hands, unselected.

    Then `sums` sequences of random lengths from 2 to 10, written as `sum-sequence` writes them.
    """
    reader = load_reader(judge)
    random = np.random.default_rng(seed)
    labels = np.resize(load("test").labels, count)
    writers = random.integers(0, generator.writers, count)
    right = np.zeros(count, bool)
    for start in range(0, count, 500):
        part = slice(start, min(count, start + 500))
        indices = np.arange(part.start, part.stop)
        images = generator.draw(labels[part], writers[part], seed=seed, indices=indices)
        right[part] = reader.probabilities(images).argmax(-1) == labels[part]
        report(part.stop / count)
    by_class = [float(right[labels == digit].mean()) for digit in range(10)]
    return GeneratorFigures(
        model=generator.name,
        judge=judge,
        count=count,
        seed=seed,
        asked=float(right.mean()),
        asked_by_class=by_class,
        parameters=int(generator.facts["parameters"]),
        sums=sums,
        sums_right=count_right_sums(generator.name, reader, sums, seed),
    )


def count_right_sums(model: str, judge: DigitReader, count: int, seed: int) -> int:
    """How many of `count` written sequences the judge reads to the total that was asked for."""
    random = np.random.default_rng(seed)
    right = 0
    for index in range(count):
        length = int(random.integers(2, 11))
        total = int(random.integers(0, 9 * length + 1))
        written = sum_sequence(total, length, seed=seed + index, model=model)
        readings = judge.probabilities(written.images.reshape(-1, 28, 28)).argmax(-1)
        right += int(readings.sum()) == total
    return right
