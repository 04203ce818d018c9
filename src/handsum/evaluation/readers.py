"""Measuring readers: on digits, corrupted digits and the sums of sequences of digits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from handsum.data.mnist import Dataset
from handsum.data.pages.compose import compose
from handsum.data.pages.writing import Sources
from handsum.data.signs.answers import overlap
from handsum.data.signs.targets import is_asked, true_signs
from handsum.evaluation.corruptions import CORRUPTIONS
from handsum.evaluation.figures import (
    FULL,
    Effort,
    PageFigures,
    Progress,
    ReaderFigures,
    SumReaderFigures,
    silent,
)
from handsum.metrics.calibration import confidence_bins, expected_calibration_error
from handsum.metrics.detection import Found, match_signs
from handsum.metrics.sums import SumFigures, sum_figures
from handsum.pretrained.load import Detector, DigitReader, SumReader
from handsum.sums import sum_distribution

SUM_LENGTHS = (1, 2, 5, 10, 20, 50, 100)
_AT_ONCE = 128
# Composed pages: their side in pixels, how many are read at once, and about how many digits of the
# data make one.
_PAGE_SIDE, _PAGES_AT_ONCE, _DIGITS_A_PAGE = 240, 32, 10

# Gives the distributions (N, 9L + 1) of the sums of sequences: rows (N, L) of a data set.
SumModel = Callable[[np.ndarray], np.ndarray]


def evaluate_reader(
    reader: DigitReader | Detector,
    data: Dataset,
    name: str,
    *,
    effort: Effort = FULL,
    seed: int = 0,
    progress: Progress = silent,
) -> ReaderFigures:
    """Measure a reader on labelled digits, on the same digits corrupted, and on their sums.

    `name` is that of the data. An effort other than the full one takes a random part of it.
    """
    data = _part(data, effort, seed)
    probabilities = reader.probabilities(data.images)
    readings = probabilities.argmax(-1)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (data.labels, readings), 1)
    bins = confidence_bins(probabilities, data.labels)
    corrupted = {}
    for index, (corruption, corrupt) in enumerate(CORRUPTIONS.items()):
        progress(index + 1, len(CORRUPTIONS) + 2)
        images = corrupt(data.images, np.random.default_rng([seed, index]))
        wrong = reader.probabilities(images).argmax(-1) != data.labels
        corrupted[corruption] = float(wrong.mean())

    def convolved(rows: np.ndarray) -> np.ndarray:
        return np.stack([sum_distribution(probabilities[row]) for row in rows])

    sums = measure_sums(convolved, data.labels, effort.sums, seed)
    pages = measure_pages(reader, data, effort, seed) if isinstance(reader, Detector) else None
    progress(1, 1)
    return ReaderFigures(
        model=reader.name,
        data=name,
        effort=effort.name,
        seed=seed,
        count=len(data),
        error=float((readings != data.labels).mean()),
        parameters=int(reader.facts["parameters"]),
        confusion=confusion.tolist(),
        calibration_error=expected_calibration_error(bins),
        confidence_bins=bins,
        error_by_corruption=corrupted,
        sums=sums,
        pages=pages,
    )


def measure_pages(detector: Detector, data: Dataset, effort: Effort, seed: int) -> PageFigures:
    """Measure a detector on pages composed of labelled digits."""
    sources = Sources.of(data.images, data.labels)
    count = max(1, effort.count // _DIGITS_A_PAGE)
    counts, digits, errors = Found(), Found(), []
    for start in range(0, count, _PAGES_AT_ONCE):
        numbers = range(start, min(count, start + _PAGES_AT_ONCE))
        pages = [compose(sources, _PAGE_SIDE, seed, number) for number in numbers]
        found = detector.find([page["images"] for page in pages])
        for page, signs in zip(pages, found, strict=True):
            boxes, labels = true_signs(page)
            signs = signs.of(is_asked(page, signs.boxes))
            overlaps = overlap(signs.boxes[:, None], boxes)
            kinds = signs.probabilities.argmax(-1)
            counts += match_signs(overlaps, kinds, labels)
            there, read = labels < 10, kinds < 10
            digits += match_signs(overlaps[read][:, there], kinds[read], labels[there])
            if overlaps.size:
                near = overlaps.argmax(0)
                away = np.abs(signs.boxes[near] - boxes).mean(1) / (boxes[:, 3] - boxes[:, 1])
                errors.append(away[overlaps.max(0) >= 0.5])
    return PageFigures(
        pages=count,
        signs=counts.present,
        found=counts.found_share,
        right=counts.right_share,
        digits_right=digits.right_share,
        false=counts.false / count,
        box_error=float(np.median(np.concatenate([*errors, [0.0]]))),
    )


def evaluate_sum_reader(
    reader: SumReader,
    data: Dataset,
    name: str,
    *,
    effort: Effort = FULL,
    seed: int = 0,
    progress: Progress = silent,
) -> SumReaderFigures:
    """Measure a reader of sums on sequences of labelled digits; see `evaluate_reader`."""
    data = _part(data, effort, seed)

    def read(rows: np.ndarray) -> np.ndarray:
        # A few sequences at a time, as long ones take much memory.
        parts = range(0, len(rows), _AT_ONCE)
        return np.concatenate(
            [reader.distributions(data.images[rows[start : start + _AT_ONCE]]) for start in parts]
        )

    return SumReaderFigures(
        model=reader.name,
        data=name,
        effort=effort.name,
        seed=seed,
        count=len(data),
        parameters=int(reader.facts["parameters"]),
        sums=measure_sums(read, data.labels, effort.sums, seed, progress),
    )


def _part(data: Dataset, effort: Effort, seed: int) -> Dataset:
    """All digits for the full effort, a random part of them for another."""
    if effort.name == "full" or len(data) <= effort.count:
        return data
    return data.where(np.random.default_rng(seed).permutation(len(data))[: effort.count])


def measure_sums(
    model: SumModel, labels: np.ndarray, count: int, seed: int, progress: Progress = silent
) -> list[SumFigures]:
    """Figures of `count` sequences of each length, drawn at random from digits with `labels`."""
    found: list[SumFigures] = []
    for length in SUM_LENGTHS:
        progress(len(found), len(SUM_LENGTHS))
        rows = np.random.default_rng([seed, length]).integers(len(labels), size=(count, length))
        found.append(sum_figures(model(rows), labels[rows].sum(1), length))
    return found
