"""Measuring generators of the zoo, and digits from anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handsum.data.mnist import Dataset
from handsum.data.samples import Samples
from handsum.evaluation.bench import HAND_LENGTH, Bench, Drawn
from handsum.evaluation.figures import Effort, GeneratorFigures, LengthFigures, Report, silent
from handsum.evaluation.selection import (
    by_content,
    class_counts,
    digits_by_writer,
    like_classes,
    most_like,
)
from handsum.evaluation.totals import LENGTHS, measure_sequences
from handsum.metrics.frechet import check_count
from handsum.pretrained.load import DigitGenerator, DigitReader, SequenceGenerator
from handsum.seeds import Stream, stream
from handsum.sums import draw_digits
from handsum.writing.write import Options, write_rows, write_totals

# The digits of a sequence generator are measured on sequences of this length.
_SEQUENCE_LENGTH = 5
_BATCH = 1000


@dataclass(frozen=True)
class Measured:
    """Figures, and the digits that they were taken on."""

    figures: GeneratorFigures
    digits: Dataset


@dataclass(frozen=True)
class Candidate:
    """Digits from a file, in an order of their own; `asked` is whether their labels were known."""

    name: str
    data: Dataset
    asked: bool
    notes: tuple[str, ...]


def as_candidate(samples: Samples, judge: DigitReader) -> Candidate:
    """Digits from a file, labelled by the judge where they are not."""
    labels, asked = samples.labels, samples.labels is not None
    if labels is None:
        labels = judge.probabilities(samples.images).argmax(-1)
    data = by_content(Dataset(samples.images, labels, samples.writers))
    return Candidate(samples.name, data, asked, samples.notes)


def common_effort(effort: Effort, candidates: Sequence[Candidate], test: Dataset) -> Effort:
    """The effort with as few digits as every candidate has in the test set's proportions."""
    counts = [effort.count]
    for one in candidates:
        counts.append(most_like(one.data.labels, test.labels) or len(one.data))
    return replace(effort, count=min(counts))


def measure_generator(bench: Bench, generator: DigitGenerator, report: Report = silent) -> Measured:
    """Measure a generator: digits of the test set's classes in random hands, unselected.

    Then more of random classes for the classifier and for Stacked MNIST, HAND_LENGTH in every hand,
    and sequences as `sum-sequence` writes them. A generator of random digits has the first two.

    Raises:
        UsageError: fewer digits are asked for than can be compared (says how many are needed).
    """
    effort, seed = bench.effort, bench.seed
    check_count(effort.count, bench.features.shape[1])
    random = np.random.default_rng(seed)
    more = max(effort.classifier_digits, 3 * effort.stacked)
    classes = np.repeat(np.arange(10), class_counts(bench.test.labels, effort.count))
    labels = [random.permutation(classes), random.integers(0, 10, more)]
    hands = [random.integers(0, generator.writers, len(part)) for part in labels]
    # The hands' numbers come last, with indices of their own.
    hands.append(np.repeat(np.arange(generator.writers), HAND_LENGTH))
    labels.append(random.integers(0, 10, len(hands[-1])))
    every, who = np.concatenate(labels), np.concatenate(hands)

    def draw(rows: np.ndarray) -> np.ndarray:
        return generator.draw(every[rows], who[rows], seed=seed, indices=rows)

    images, speed = _draw(draw, len(every), lambda share: report(0.4 * share))
    if not generator.conditional:
        every = bench.judge.probabilities(images).argmax(-1)
    data = Dataset(images, every, who)
    ends = np.cumsum([len(part) for part in labels])
    digits, extra, written = (
        data.where(np.arange(start, end)) for start, end in zip([0, *ends], ends, strict=False)
    )
    drawn = Drawn(digits, extra, written if generator.writers > 1 else None, generator.conditional)
    quality = bench.measure(drawn, lambda share: report(0.4 + 0.4 * share))

    def write(totals: np.ndarray, length: int, seed: int, check: bool) -> np.ndarray:
        rng = stream(seed, Stream.DIGITS)
        rows = np.concatenate([draw_digits(int(total), length, 1, rng) for total in totals])
        return write_rows(rows, seed, Options(model=generator.name, verify=check)).images

    sequences: list[LengthFigures] = []
    if generator.conditional:
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


def measure_sequence_generator(
    bench: Bench, generator: SequenceGenerator, report: Report = silent
) -> Measured:
    """Measure a generator of sequences: the digits that it plans, its totals and decompositions.

    The digits are those of sequences whose digits were drawn at random; as many as the effort says.

    Raises:
        UsageError: fewer digits are asked for than can be compared (says how many are needed).
    """
    effort, seed = bench.effort, bench.seed
    check_count(effort.count, bench.features.shape[1])
    length = min(_SEQUENCE_LENGTH, generator.longest)
    random = np.random.default_rng(seed)
    # Spare ones, so that the test set's classes can be taken from what was planned.
    more = max(effort.classifier_digits, 3 * effort.stacked, 2 * effort.count)
    totals = random.integers(0, 10, (-(-more // length), length)).sum(1)
    planned = np.empty((len(totals), length), np.int64)

    def draw(rows: np.ndarray) -> np.ndarray:
        images, planned[rows] = generator.draw(totals[rows], length, seed=seed, indices=rows)
        return images

    images, speed = _draw(draw, len(totals), lambda share: report(0.4 * share))
    data = Dataset(images.reshape(-1, 28, 28), planned.reshape(-1))
    rows = like_classes(data.labels, bench.test.labels, effort.count, random)
    if rows is None:
        rows = random.permutation(len(data))[: effort.count]
    digits = data.where(rows)
    quality = bench.measure(Drawn(digits, data), lambda share: report(0.4 + 0.4 * share))

    def write(totals: np.ndarray, length: int, seed: int, check: bool) -> np.ndarray:
        options = Options(model=generator.name, verify=check)
        return write_totals(totals, length, seed, options).images

    lengths = tuple(part for part in LENGTHS if part <= generator.longest)
    sequences = measure_sequences(
        write, bench.judge, effort, seed, lambda share: report(0.8 + 0.2 * share), lengths
    )
    figures = GeneratorFigures(
        model=generator.name,
        extractor=bench.extractor,
        effort=effort.name,
        seed=seed,
        quality=quality,
        parameters=int(generator.facts["parameters"]),
        calls=1,
        digits_per_second=round(speed * length, 1),
        sequences=sequences,
    )
    return Measured(figures, digits)


def measure_candidate(bench: Bench, candidate: Candidate, report: Report = silent) -> Measured:
    """Measure digits from a file: as many as the effort says, of the test set's classes."""
    check_count(bench.effort.count, bench.features.shape[1])
    random = np.random.default_rng(bench.seed)
    data, notes = candidate.data, candidate.notes
    rows = like_classes(data.labels, bench.test.labels, bench.effort.count, random)
    if rows is None:
        rows = random.permutation(len(data))[: bench.effort.count]
        notes = (*notes, "its classes are not the test set's, which its distances show too")
    digits = data.where(rows)
    hands = digits_by_writer(data, HAND_LENGTH, random)
    shuffled = data.where(random.permutation(len(data)))
    drawn = Drawn(digits, shuffled, hands, candidate.asked)
    figures = GeneratorFigures(
        model=candidate.name,
        extractor=bench.extractor,
        effort=bench.effort.name,
        seed=bench.seed,
        quality=bench.measure(drawn, report),
        parameters=None,
        calls=None,
        digits_per_second=None,
        sequences=[],
        notes=notes,
    )
    return Measured(figures, digits)


def _draw(
    draw: Callable[[np.ndarray], np.ndarray], count: int, report: Report
) -> tuple[np.ndarray, float]:
    """What `draw` makes of the rows 0 to `count`, and how many came in a second."""
    # The first call compiles, which is no part of the speed in bulk.
    draw(np.zeros(1, np.int64))
    began = time.perf_counter()
    parts = []
    for start in range(0, count, _BATCH):
        rows = np.arange(start, min(count, start + _BATCH))
        parts.append(draw(rows))
        report((rows[-1] + 1) / count)
    return np.concatenate(parts), count / (time.perf_counter() - began)
