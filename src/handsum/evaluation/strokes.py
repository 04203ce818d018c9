"""Measuring strokes: those that generators write, and those that a pen finds in test digits."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from handsum.data.mnist import Dataset
from handsum.evaluation.bench import HAND_LENGTH, Bench, Drawn
from handsum.evaluation.figures import GeneratorFigures, Progress, StrokeFigures, silent
from handsum.evaluation.selection import digits_by_writer, like_classes
from handsum.images import DIGIT_SIZE
from handsum.layout.loops import LOOPS, OPEN_LOOP, count_loops
from handsum.layout.pens import make_legible
from handsum.metrics.strokes import shared_ink
from handsum.pretrained.load import Pen
from handsum.strokes import FRAME, Strokes, draw_strokes

# Pixels of the image of a digit that is 64 pixels high.
_PICTURE = round(64 * FRAME)


def measure_strokes(digits: Sequence[Strokes], labels: np.ndarray) -> StrokeFigures:
    """Figures of digits (N,) as strokes, made legible as in a picture."""
    nibs = make_legible(digits, "".join(map(str, labels)))
    began = time.perf_counter()
    images = draw_strokes(nibs, _PICTURE)
    speed = len(digits) / (time.perf_counter() - began)
    loops = count_loops(images, OPEN_LOOP)
    found = {int(name): loops[labels == int(name)] >= count for name, count in LOOPS.items()}
    return StrokeFigures(
        strokes=float(np.mean([len(digit.controls) for digit in digits])),
        width_variation=width_variation(digits),
        open_loops={label: float(there.mean()) for label, there in found.items() if len(there)},
        drawn_per_second=round(speed, 1),
    )


def width_variation(digits: Sequence[Strokes]) -> float:
    """The standard deviation of the width along a digit's strokes over its mean, on average."""
    found = []
    for digit in digits:
        pieces = [points for points in digit.sample(4) if len(points) > 1]
        if not pieces:
            continue
        lengths = np.concatenate([np.hypot(*np.diff(p[:, :2], axis=0).T) for p in pieces])
        widths = np.concatenate([(p[1:, 2] + p[:-1, 2]) / 2 for p in pieces])
        if lengths.sum():
            mean = np.average(widths, weights=lengths)
            found.append(np.sqrt(np.average((widths - mean) ** 2, weights=lengths)) / mean)
    return float(np.mean(found)) if found else 0.0


def measure_pen(
    bench: Bench, pen: Pen, progress: Progress = silent
) -> tuple[GeneratorFigures, Dataset]:
    """Trace test digits and draw them again: figures, and the digits drawn."""
    random = np.random.default_rng(bench.seed)
    test = bench.test
    rows = like_classes(test.labels, test.labels, bench.effort.count, random)
    digits = test if rows is None else test.where(rows)
    pen.trace(digits.images[:1])
    began = time.perf_counter()
    written = pen.trace(digits.images)
    speed = len(written) / (time.perf_counter() - began)
    drawn = Dataset(draw_strokes(written, DIGIT_SIZE), digits.labels, digits.writers)
    hands = digits_by_writer(drawn, HAND_LENGTH, random)
    quality = bench.measure(Drawn(drawn, hands=hands), progress)
    strokes = measure_strokes(written, digits.labels)
    figures = GeneratorFigures(
        model=pen.name,
        extractor=bench.extractor,
        effort=bench.effort.name,
        seed=bench.seed,
        quality=quality,
        parameters=pen.parameters,
        calls=1,
        digits_per_second=round(speed, 1),
        sequences=[],
        strokes=strokes,
        shared_ink=shared_ink(drawn.images, digits.images),
        notes=("traces test digits and draws them again",),
    )
    return figures, drawn
