"""Measuring generators of the zoo, and digits from files."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handsum.data.mnist import Dataset
from handsum.data.samples import Samples
from handsum.evaluation.bench import HAND_LENGTH, Bench, Drawn, least_digits
from handsum.evaluation.figures import (
    Effort,
    GeneratorFigures,
    LengthFigures,
    Progress,
    Quality,
    part_of,
    silent,
)
from handsum.evaluation.selection import (
    by_content,
    class_counts,
    digits_by_writer,
    like_classes,
    most_like,
)
from handsum.evaluation.strokes import measure_strokes
from handsum.evaluation.totals import LENGTHS, measure_sequences
from handsum.pretrained.load import DigitGenerator, DigitReader, SequenceGenerator
from handsum.seeds import Stream, stream
from handsum.sums import draw_digits
from handsum.writing.verify import draw_images
from handsum.writing.write import Options, write_rows, write_totals

# The length of the sequences whose digits are measured.
_SEQUENCE_LENGTH = 5
_BATCH = 1000


@dataclass(frozen=True)
class Measured:
    """Figures, and the digits that they were measured on."""

    figures: GeneratorFigures
    digits: Dataset


@dataclass(frozen=True)
class Candidate:
    """Digits from a file, in an order that depends on their content only.

    At most `limit` of them are measured. `asked` says whether the file holds their labels.
    """

    name: str
    data: Dataset
    asked: bool
    notes: tuple[str, ...]
    limit: int


def as_candidate(samples: Samples, judge: DigitReader, limit: int) -> Candidate:
    """Digits from a file; the judge labels them if nobody else did."""
    labels, asked = samples.labels, samples.labels is not None
    if labels is None:
        labels = judge.probabilities(samples.images).argmax(-1)
    data = by_content(Dataset(samples.images, labels, samples.writers))
    return Candidate(samples.name, data, asked, samples.notes, limit)


def common_effort(
    effort: Effort, candidates: Sequence[Candidate], test: Dataset, least: int
) -> Effort:
    """The effort with a number of digits that every candidate has in the test set's proportions.

    A distance depends on the number of digits, so all that stand side by side take the same number.
    Candidates with fewer digits than `least`, which is too few for a distance, do not count.
    """
    counts = [effort.count]
    for one in candidates:
        if len(one.data) >= least:
            balanced = most_like(one.data.labels, test.labels) or 0
            counts.append(balanced if balanced >= least else len(one.data))
    return replace(effort, count=min(counts))


def measure_generator(
    bench: Bench,
    generator: DigitGenerator,
    progress: Progress = silent,
    *,
    strokes: bool = False,
) -> Measured:
    """Measure a generator: digits of the test set's classes in random hands, unselected.

    Then more digits of random classes for the classifier and for Stacked MNIST, HAND_LENGTH digits
    in every hand, and sequences as `sum-sequence` writes them. A generator of random digits has no
    hands and writes no sequences. With `strokes`, or if it has no other way, it writes with them
    (see `DigitGenerator.write`).
    """
    strokes = strokes or generator.writes_strokes
    labels, hands = _requests(bench, generator.writers)
    classes, writers = np.concatenate(labels), np.concatenate(hands)

    def draw(rows: np.ndarray) -> np.ndarray:
        own = classes[rows], writers[rows]
        return draw_images(generator, strokes, *own, seed=bench.seed, indices=rows)[0]

    images, speed = _draw(draw, len(classes), part_of(progress, 0, 0.4))
    if not generator.conditional:
        classes = bench.judge.probabilities(images).argmax(-1)
    data = Dataset(images, classes, writers)
    ends = np.cumsum([len(part) for part in labels])
    digits, more, written = (
        data.where(np.arange(start, end)) for start, end in zip([0, *ends], ends, strict=False)
    )
    drawn = Drawn(digits, more, written if generator.writers > 1 else None, generator.conditional)
    quality = bench.measure(drawn, part_of(progress, 0.4, 0.8))

    def write(totals: np.ndarray, length: int, seed: int, check: bool) -> np.ndarray:
        rng = stream(seed, Stream.DIGITS)
        rows = np.concatenate([draw_digits(int(total), length, 1, rng) for total in totals])
        return write_rows(rows, seed, Options(model=generator.name, verify=check)).images

    sequences: list[LengthFigures] = []
    if generator.conditional:
        last = part_of(progress, 0.8, 1)
        sequences = measure_sequences(write, bench.judge, bench.effort, bench.seed, last)
    figures = _figures(bench, generator, quality, speed, sequences)
    if strokes:
        own = classes[: len(digits)], writers[: len(digits)]
        found = measure_strokes(generator.write(*own, seed=bench.seed), digits.labels)
        figures = replace(figures, strokes=found)
    return Measured(figures, digits)


def _requests(bench: Bench, writers: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The labels and the writers of the digits to draw: for the test set's classes, the classifier
    and the hands."""
    effort, random = bench.effort, np.random.default_rng(bench.seed)
    more = max(effort.classifier_digits, 3 * effort.stacked)
    classes = np.repeat(np.arange(10), class_counts(bench.test.labels, effort.count))
    labels = [random.permutation(classes), random.integers(0, 10, more)]
    hands = [random.integers(0, writers, len(part)) for part in labels]
    hands.append(np.repeat(np.arange(writers), HAND_LENGTH))
    labels.append(random.integers(0, 10, len(hands[-1])))
    return labels, hands


def measure_sequence_generator(
    bench: Bench, generator: SequenceGenerator, progress: Progress = silent
) -> Measured:
    """Measure a generator of sequences: the digits that it plans, its totals and decompositions.

    The digits come from sequences for the totals of random digits.
    """
    effort, seed = bench.effort, bench.seed
    length = min(_SEQUENCE_LENGTH, generator.longest)
    random = np.random.default_rng(seed)
    # Spare digits, to choose the test set's classes from what was planned.
    more = max(effort.classifier_digits, 3 * effort.stacked, 2 * effort.count)
    totals = random.integers(0, 10, (-(-more // length), length)).sum(1)
    planned = np.empty((len(totals), length), np.int64)

    def draw(rows: np.ndarray) -> np.ndarray:
        images, planned[rows] = generator.draw(totals[rows], length, seed=seed, indices=rows)
        return images

    images, speed = _draw(draw, len(totals), part_of(progress, 0, 0.4))
    data = Dataset(images.reshape(-1, 28, 28), planned.reshape(-1))
    digits, _ = _choose(data, bench.test.labels, effort.count, random)
    quality = bench.measure(Drawn(digits, data), part_of(progress, 0.4, 0.8))

    def write(totals: np.ndarray, length: int, seed: int, check: bool) -> np.ndarray:
        options = Options(model=generator.name, verify=check)
        return write_totals(totals, length, seed, options).images

    lengths = tuple(part for part in LENGTHS if part <= generator.longest)
    sequences = measure_sequences(
        write, bench.judge, effort, seed, part_of(progress, 0.8, 1), lengths
    )
    return Measured(_figures(bench, generator, quality, speed * length, sequences), digits)


def _figures(
    bench: Bench,
    generator: DigitGenerator | SequenceGenerator,
    quality: Quality,
    speed: float,
    sequences: list[LengthFigures],
) -> GeneratorFigures:
    return GeneratorFigures(
        model=generator.name,
        extractor=bench.extractor,
        effort=bench.effort.name,
        seed=bench.seed,
        quality=quality,
        parameters=int(generator.facts["parameters"]),
        calls=1,
        digits_per_second=round(speed, 1),
        sequences=sequences,
    )


def measure_candidate(bench: Bench, candidate: Candidate, progress: Progress = silent) -> Measured:
    """Measure digits from a file: all of them, or `limit` in the test set's class proportions.

    The distances are those of as many digits as the effort says, in these proportions if possible.
    """
    data, notes, test = candidate.data, candidate.notes, bench.test.labels
    random = np.random.default_rng(bench.seed)
    compared, balanced = _choose(data, test, bench.effort.count, random)
    if len(compared) >= least_digits(bench.judge) and not balanced:
        notes = (*notes, "its classes are not the test set's, which its distances show too")
    if not candidate.asked:
        notes = (*notes, "without labels it has no figures on how its digits read")
    hands = digits_by_writer(data, HAND_LENGTH, random)
    shuffled = data.where(random.permutation(len(data)))
    digits = compared
    if candidate.limit != bench.effort.count or len(data) < candidate.limit:
        digits, _ = _choose(data, test, candidate.limit, np.random.default_rng(bench.seed))
    figures = GeneratorFigures(
        model=candidate.name,
        extractor=bench.extractor,
        effort=bench.effort.name,
        seed=bench.seed,
        quality=bench.measure(Drawn(digits, shuffled, hands, candidate.asked, compared), progress),
        parameters=None,
        calls=None,
        digits_per_second=None,
        sequences=[],
        notes=notes,
    )
    return Measured(figures, digits)


def _choose(
    data: Dataset, reference: np.ndarray, count: int, random: np.random.Generator
) -> tuple[Dataset, bool]:
    """`count` of the digits, and whether their classes have a reference's proportions.

    All of them if there are no more than `count`; a random part if a class has too few.
    """
    rows = like_classes(data.labels, reference, count, random)
    if rows is not None:
        return data.where(rows), True
    return data.where(random.permutation(len(data))[:count]), False


def _draw(
    draw: Callable[[np.ndarray], np.ndarray], count: int, progress: Progress
) -> tuple[np.ndarray, float]:
    """The results of `draw` for the rows 0 to `count`, and the rows per second."""
    # The first call compiles, which does not count in a speed for many digits.
    draw(np.zeros(1, np.int64))
    began = time.perf_counter()
    parts = []
    for start in range(0, count, _BATCH):
        rows = np.arange(start, min(count, start + _BATCH))
        parts.append(draw(rows))
        progress(int(rows[-1]) + 1, count)
    return np.concatenate(parts), count / (time.perf_counter() - began)
