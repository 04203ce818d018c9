"""Plots and pictures of an evaluation, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from handsum.data.mnist import Dataset
from handsum.evaluation.bench import Bench
from handsum.evaluation.figures import GeneratorFigures, Quality, ReaderFigures, SumReaderFigures
from handsum.images import describe, encode_png, tile

_GRID_COLUMNS = 20
_ZOOM = 2
_LONGEST_LABEL = 28


def digit_grid(data: Dataset, rows: int = 10) -> bytes:
    """The first digits of each class, one class to a row."""
    picked = []
    for digit in range(rows):
        own = data.images[data.labels == digit][:_GRID_COLUMNS]
        blank = np.zeros((_GRID_COLUMNS - len(own), 28, 28), np.uint8)
        picked.append(np.concatenate([own, blank]))
    return _enlarged(tile(np.concatenate(picked), _GRID_COLUMNS))


def misread_grid(data: Dataset, bench: Bench) -> bytes | None:
    """Digits that the judge does not read as labelled, the surest first; None if there are none."""
    probabilities = bench.judge.probabilities(data.images)
    wrong = np.flatnonzero(probabilities.argmax(-1) != data.labels)
    if not len(wrong):
        return None
    order = np.argsort(-probabilities[wrong].max(-1), kind="stable")
    return _enlarged(tile(data.images[wrong[order[: 3 * _GRID_COLUMNS]]], _GRID_COLUMNS))


def closest_pairs(data: Dataset, bench: Bench, pairs: int = _GRID_COLUMNS) -> bytes:
    """The digits that are nearest to training digits of their class, each above its neighbour.

    Distances are divided by the class's median over test digits, as any two 1s are near each other.
    """
    nearest = bench.nearest(data)
    medians = ndimage.median(bench.test_distances, bench.test.labels, range(10))
    order = np.argsort(nearest.distances / medians[data.labels], kind="stable")[:pairs]
    shown = [data.images[order], bench.training.images[nearest.rows[order]]]
    return _enlarged(tile(np.concatenate(shown), len(order), gap=2, background=96))


def asked_by_class(figures: Sequence[GeneratorFigures], real: Quality) -> bytes | None:
    """The share of each class that the judge misreads; None without labels."""
    series = [(one.model, one.quality.asked_by_class) for one in figures]
    series.append(("test digits", real.asked_by_class))
    known = [(name, values) for name, values in series if values is not None]
    if len(known) < 2:
        return None
    figure, axis = _figure()
    width = 0.8 / len(known)
    for place, (name, values) in enumerate(known):
        heights = [0 if value is None else 100 * (1 - value) for value in values]
        axis.bar(np.arange(10) + (place + 0.5) * width - 0.4, heights, width, label=_label(name))
    axis.set_xticks(range(10))
    axis.set_xlabel("label")
    axis.set_ylabel("not read as labelled, %")
    return _png(figure, axis)


def reliability(figures: Sequence[ReaderFigures]) -> bytes:
    """Accuracy by confidence; a calibrated reader lies on the diagonal."""
    figure, axis = _figure()
    axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    for one in figures:
        points = [(part.confidence, part.accuracy, part.count) for part in one.confidence_bins]
        confidence, accuracy, counts = np.array(points).T
        line = axis.plot(confidence, accuracy, label=_label(one.model), linewidth=1)[0]
        axis.scatter(confidence, accuracy, 12 * np.log10(10 * counts), color=line.get_color())
    axis.set_xlabel("confidence")
    axis.set_ylabel("accuracy")
    return _png(figure, axis)


def corruption_bars(figures: Sequence[ReaderFigures]) -> bytes:
    """The error under each corruption."""
    figure, axis = _figure()
    names = list(figures[0].error_by_corruption)
    width = 0.8 / len(figures)
    for place, one in enumerate(figures):
        heights = [100 * one.error_by_corruption[name] for name in names]
        places = np.arange(len(names)) + (place + 0.5) * width - 0.4
        axis.bar(places, heights, width, label=_label(one.model))
    axis.set_xticks(range(len(names)), names)
    axis.set_ylabel("misread, %")
    return _png(figure, axis)


def sums_by_length(figures: Sequence[ReaderFigures | SumReaderFigures]) -> bytes:
    """The share of sums predicted exactly, by length."""
    figure, axis = _figure()
    for one in figures:
        points = [(part.length, 100 * part.exact) for part in one.sums]
        axis.plot(*np.array(points).T, marker="o", label=_label(one.model))
    axis.set_xscale("log")
    lengths = [part.length for part in figures[0].sums]
    axis.set_xticks(lengths, [str(length) for length in lengths])
    axis.minorticks_off()
    axis.set_xlabel("digits in the sequence")
    axis.set_ylabel("sums exactly right, %")
    return _png(figure, axis)


def _enlarged(pixels: np.ndarray) -> bytes:
    return encode_png(pixels.repeat(_ZOOM, 0).repeat(_ZOOM, 1), describe())


def _figure() -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _label(name: str) -> str:
    """A name as the legend shows it: Matplotlib leaves out names that begin with _."""
    short = name if len(name) <= _LONGEST_LABEL else "…" + name[1 - _LONGEST_LABEL :]
    return f" {short}"


def _png(figure: Any, axis: Any) -> bytes:
    axis.grid(alpha=0.3)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    legend = axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata=describe())
    return buffer.getvalue()
