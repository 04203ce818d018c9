"""Figures of strokes, and a pen beside generators."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from handsum.data.mnist import Dataset
from handsum.evaluation.bench import Bench
from handsum.evaluation.figures import QUICK
from handsum.evaluation.generators import measure_generator
from handsum.evaluation.strokes import measure_pen, measure_strokes, width_variation
from handsum.evaluation.tables import generator_tables
from handsum.metrics.strokes import shared_ink
from handsum.pretrained.load import load_generator, load_pen
from handsum.strokes import Strokes

TINY = dataclasses.replace(
    QUICK, count=300, classifier_steps=0, stacked=0, sequences=2, entropy_sequences=0
)


@pytest.fixture(scope="module")
def bench() -> Bench:
    bench = Bench(TINY)
    bench.training = bench.training.where(np.arange(6_000))
    bench.test = bench.test.where(np.arange(1_000))
    return bench


def ring(opening: float, widths: tuple[float, float] = (0.05, 0.05)) -> Strokes:
    """A ring that is not closed over a part of its way."""
    turns = 2 * np.pi * np.linspace(0, 1 - opening, 14)
    half = np.linspace(*widths, 14)
    return Strokes((np.column_stack([0.4 * np.cos(turns), 0.4 * np.sin(turns), half]),))


def test_a_loop_is_open_if_it_is_closed_around_paper() -> None:
    digits = [ring(0), ring(0.2), ring(0, (0.4, 0.4)), ring(0)]
    figures = measure_strokes(digits, np.array([0, 0, 6, 1]))
    assert figures.open_loops == {0: 0.5, 6: 1.0}
    assert figures.strokes == 1


def test_the_variation_of_width_is_that_along_the_way() -> None:
    assert width_variation([ring(0)]) == pytest.approx(0, abs=1e-9)
    # Even from 0.5 to 1.5 times the mean: a third of the range's half, by the root of 3.
    assert width_variation([ring(0, (0.025, 0.075))]) == pytest.approx(0.5 / 3**0.5, rel=0.02)
    assert width_variation([Strokes(())]) == 0


def test_shared_ink_is_a_share_of_all_ink() -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    images[:, 4:24, 4:8] = 255
    moved = np.roll(images, 2, axis=2)
    assert shared_ink(images, images) == 1
    assert shared_ink(moved, images) == pytest.approx(1 / 3)


def test_a_pen_is_measured_on_the_test_digits_that_it_traces(bench: Bench) -> None:
    figures, drawn = measure_pen(bench, load_pen())
    assert figures.shared_ink is not None
    assert figures.shared_ink > 0.75
    assert figures.quality.asked is not None
    assert figures.quality.asked > 0.97
    assert len(drawn) == 300
    assert isinstance(drawn, Dataset)
    (table, *_) = generator_tables([figures], bench.real)
    names = [row[0] for row in table.rows]
    assert "ink shared with the traced digit" in names
    assert "loops open in pictures: 8" in names


def test_a_generator_is_measured_in_strokes_if_they_are_asked_for(bench: Bench) -> None:
    generator = load_generator("r3gan")
    plain = measure_generator(bench, generator)
    written = measure_generator(bench, generator, strokes=True)
    assert plain.figures.strokes is None
    assert written.figures.strokes is not None
    assert written.figures.strokes.width_variation < 0.2
    assert not np.array_equal(plain.digits.images, written.digits.images)
    assert np.array_equal(plain.digits.labels, written.digits.labels)


def test_a_generator_that_writes_strokes_is_measured_in_them(
    bench: Bench, tiny_pen_gan: Path
) -> None:
    measured = measure_generator(bench, load_generator(str(tiny_pen_gan)))
    assert measured.figures.strokes is not None
    assert 1 <= measured.figures.strokes.strokes < 2
