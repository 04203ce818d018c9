"""How good a model is, measured by data and a judge that it never saw.

This is the only place that reads the test set.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handsum.data.corruptions import CORRUPTIONS
from handsum.data.mnist import Dataset, load
from handsum.metrics.calibration import Bin, confidence_bins, expected_calibration_error
from handsum.metrics.frechet import feature_statistics, frechet_distance
from handsum.metrics.hands import (
    intraclass_correlation,
    slant,
    standardise_by_class,
    stroke_width,
)
from handsum.metrics.manifold import Manifold, compare_manifolds
from handsum.models.registry import JUDGE
from handsum.pretrained import DigitGenerator, DigitReader, load_reader
from handsum.writing import sum_sequence

Report = Callable[[float], None]
# Digits in a number whose hand is measured: as long a number as every real writer can fill.
HAND_LENGTH = 7


def _silent(share: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class ReaderFigures:
    """A reader on `count` labelled digits.

    `error`: the share misread, in all and by corruption; `confusion`: counts (10, 10), by label;
    `calibration_error` over `confidence_bins`.
    """

    model: str
    data: str
    count: int
    error: float
    parameters: int
    confusion: list[list[int]]
    calibration_error: float
    confidence_bins: list[Bin]
    error_by_corruption: dict[str, float]


@dataclass(frozen=True)
class Quality:
    """Digits against the test set, in the features of the judge; hands within seven digits.

    `asked`: the share that the judge reads as labelled, and by class (None where there is none).
    `frechet`: Fréchet distance to the test set.
    """

    asked: float
    asked_by_class: list[float | None]
    frechet: float
    manifold: Manifold
    slant_correlation: float
    width_correlation: float


@dataclass(frozen=True)
class GeneratorFigures:
    """A generator's quality, and that of as many training digits beside it.

    `sums_right` of `sums` sequences (lengths 2 to 10, checked by the reader) are read by the judge
    to the total that was asked for.
    """

    model: str
    judge: str
    count: int
    seed: int
    generated: Quality
    real: Quality
    digits_per_second: float
    parameters: int
    sums: int
    sums_right: int


def evaluate_reader(
    reader: DigitReader, data: Dataset, name: str, *, seed: int = 0, report: Report = _silent
) -> ReaderFigures:
    """Measure a reader on labelled digits, as they are and corrupted; `name` says which."""
    probabilities = reader.probabilities(data.images)
    readings = probabilities.argmax(-1)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (data.labels, readings), 1)
    bins = confidence_bins(probabilities, data.labels)
    corrupted = {}
    for index, (corruption, corrupt) in enumerate(CORRUPTIONS.items()):
        images = corrupt(data.images, np.random.default_rng([seed, index]))
        wrong = reader.probabilities(images).argmax(-1) != data.labels
        corrupted[corruption] = float(wrong.mean())
        report((index + 1) / len(CORRUPTIONS))
    return ReaderFigures(
        model=reader.name,
        data=name,
        count=len(data),
        error=float((readings != data.labels).mean()),
        parameters=int(reader.facts["parameters"]),
        confusion=confusion.tolist(),
        calibration_error=expected_calibration_error(bins),
        confidence_bins=bins,
        error_by_corruption=corrupted,
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

    Raises:
        UsageError: `count` is too small for the features' covariance (says how many are needed).
    """
    reader = load_reader(judge)
    random = np.random.default_rng(seed)
    training, test = load("train"), load("test")
    labels = np.resize(test.labels, count)
    hands = random.integers(0, generator.writers, count)
    # The hands' numbers come after the digits, with indices of their own.
    writers = np.repeat(np.arange(generator.writers), HAND_LENGTH)
    every = np.concatenate([labels, random.integers(0, 10, len(writers))])
    who = np.concatenate([hands, writers])
    began = time.perf_counter()
    images = np.empty((len(every), 28, 28), np.uint8)
    for start in range(0, len(every), 500):
        rows = np.arange(start, min(len(every), start + 500))
        images[rows] = generator.draw(every[rows], who[rows], seed=seed, indices=rows)
        report(0.4 * (rows[-1] + 1) / len(every))
    speed = len(every) / (time.perf_counter() - began)
    drawn, written = Dataset(images[:count], labels), Dataset(images[count:], every[count:])
    reference = reader.features(test.images)
    report(0.5)
    generated = _quality(reader, drawn, written, reference)
    report(0.65)
    rows = random.permutation(len(training))[:count]
    hands_of_training = _by_writer(training, random)
    real = _quality(reader, training.where(rows), hands_of_training, reference)
    report(0.8)
    return GeneratorFigures(
        model=generator.name,
        judge=judge,
        count=count,
        seed=seed,
        generated=generated,
        real=real,
        digits_per_second=round(speed, 1),
        parameters=int(generator.facts["parameters"]),
        sums=sums,
        sums_right=count_right_sums(generator.name, reader, sums, seed),
    )


def _by_writer(data: Dataset, random: np.random.Generator) -> Dataset:
    """HAND_LENGTH digits of each writer, writer by writer."""
    assert data.writers is not None
    return data.where(
        np.concatenate(
            [
                random.choice(np.flatnonzero(data.writers == writer), HAND_LENGTH, replace=False)
                for writer in np.unique(data.writers)
            ]
        )
    )


def _quality(judge: DigitReader, digits: Dataset, hands: Dataset, reference: np.ndarray) -> Quality:
    """Measure digits, and hands (HAND_LENGTH digits of each), against reference features."""
    right = judge.probabilities(digits.images).argmax(-1) == digits.labels
    by_class = [right[digits.labels == digit] for digit in range(10)]
    features = judge.features(digits.images)
    distance = frechet_distance(feature_statistics(features), feature_statistics(reference))
    return Quality(
        asked=float(right.mean()),
        asked_by_class=[float(part.mean()) if len(part) else None for part in by_class],
        frechet=distance,
        manifold=compare_manifolds(reference, features),
        slant_correlation=_correlation(slant, hands),
        width_correlation=_correlation(stroke_width, hands),
    )


def _correlation(measure: Callable[[np.ndarray], np.ndarray], hands: Dataset) -> float:
    """How far the digits of a hand agree, each compared with the others of its class."""
    standard = standardise_by_class(measure(hands.images), hands.labels)
    return intraclass_correlation(standard.reshape(-1, HAND_LENGTH))


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
