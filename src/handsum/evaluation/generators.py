"""Measuring generators of the zoo, and digits from anywhere."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from handsum.data.mnist import Dataset
from handsum.data.samples import Samples
from handsum.evaluation.bench import HAND_LENGTH, Bench, Drawn, digits_by_writer
from handsum.evaluation.figures import GeneratorFigures, Report, silent
from handsum.evaluation.sequences import measure_sequences
from handsum.metrics.frechet import check_count
from handsum.pretrained import DigitGenerator
from handsum.seeds import Stream, stream
from handsum.sums import draw_digits
from handsum.writing import write_rows


@dataclass(frozen=True)
class Measured:
    """Figures, and the digits that they were taken on."""

    figures: GeneratorFigures
    digits: Dataset


def measure_generator(bench: Bench, generator: DigitGenerator, report: Report = silent) -> Measured:
    """Measure a generator: digits of the test set's classes in random hands, unselected.

    Then more of random classes for the classifier and for Stacked MNIST, HAND_LENGTH in every hand,
    and sequences as `sum-sequence` writes them.

    Raises:
        UsageError: fewer digits are asked for than can be compared (says how many are needed).
    """
    effort, seed = bench.effort, bench.seed
    check_count(effort.count, bench.features.shape[1])
    random = np.random.default_rng(seed)
    more = max(effort.classifier_digits, 3 * effort.stacked)
    labels = [bench.classes, random.integers(0, 10, more)]
    hands = [random.integers(0, generator.writers, len(part)) for part in labels]
    # The hands' numbers come last, with indices of their own.
    hands.append(np.repeat(np.arange(generator.writers), HAND_LENGTH))
    labels.append(random.integers(0, 10, len(hands[-1])))
    every, who = np.concatenate(labels), np.concatenate(hands)
    images, speed = _draw(generator, every, who, seed, lambda share: report(0.4 * share))
    data = Dataset(images, every, who)
    ends = np.cumsum([len(part) for part in labels])
    digits, extra, written = (
        data.where(np.arange(start, end)) for start, end in zip([0, *ends], ends, strict=False)
    )
    drawn = Drawn(digits, extra, written if generator.writers > 1 else None)
    quality = bench.measure(drawn, lambda share: report(0.4 + 0.4 * share))

    def write(totals: np.ndarray, length: int, seed: int) -> np.ndarray:
        rng = stream(seed, Stream.DIGITS)
        rows = np.concatenate([draw_digits(int(total), length, 1, rng) for total in totals])
        return write_rows(rows, seed, model=generator.name).images

    sequences = measure_sequences(
        write, bench.judge, effort, seed, lambda share: report(0.8 + 0.2 * share)
    )
    figures = GeneratorFigures(
        model=generator.name,
        extractor=bench.extractor,
        effort=effort.name,
        seed=seed,
        quality=quality,
        parameters=int(generator.facts["parameters"]),
        calls=1,
        digits_per_second=round(speed, 1),
        sequences=sequences,
    )
    return Measured(figures, digits)


def measure_samples(bench: Bench, samples: Samples, report: Report = silent) -> Measured:
    """Measure digits from a file or folder; where they are too many, a random part of them."""
    check_count(len(samples), bench.features.shape[1])
    random = np.random.default_rng(bench.seed)
    labels = samples.labels
    asked = labels is not None
    if labels is None:
        labels = bench.judge.probabilities(samples.images).argmax(-1)
    every = Dataset(samples.images, labels, samples.writers)
    shuffled = every.where(random.permutation(len(every)))
    digits = shuffled.where(np.arange(min(len(every), bench.effort.count)))
    drawn = Drawn(digits, shuffled, digits_by_writer(every, random), asked)
    figures = GeneratorFigures(
        model=samples.name,
        extractor=bench.extractor,
        effort=bench.effort.name,
        seed=bench.seed,
        quality=bench.measure(drawn, report),
        parameters=None,
        calls=None,
        digits_per_second=None,
        sequences=[],
        notes=samples.notes,
    )
    return Measured(figures, digits)


def _draw(
    generator: DigitGenerator, labels: np.ndarray, writers: np.ndarray, seed: int, report: Report
) -> tuple[np.ndarray, float]:
    """Digits uint8 (N, 28, 28), and how many came in a second."""
    # The first call compiles, which is no part of the speed in bulk.
    generator.draw(labels[:1], writers[:1], seed=seed, indices=np.zeros(1, np.int64))
    began = time.perf_counter()
    images = np.empty((len(labels), 28, 28), np.uint8)
    for start in range(0, len(labels), 1000):
        rows = np.arange(start, min(len(labels), start + 1000))
        images[rows] = generator.draw(labels[rows], writers[rows], seed=seed, indices=rows)
        report((rows[-1] + 1) / len(labels))
    return images, len(labels) / (time.perf_counter() - began)
