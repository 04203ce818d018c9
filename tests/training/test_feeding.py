"""What the steps of a run learn from: rows of a data set, or examples that are composed."""

from __future__ import annotations

import numpy as np

from handsum.config import TrainingConfig
from handsum.data.batches import DigitRows, TrainingSet
from handsum.data.pages.stream import PageRows
from handsum.training.feeding import start_feed
from handsum.training.sharding import make_mesh


def example(number: int) -> dict[str, np.ndarray]:
    return {"images": np.full((2, 2), number, np.uint8), "twice": np.array(2 * number)}


def test_composed_examples_come_step_by_step() -> None:
    images = np.zeros((5, 28, 28), np.uint8)
    training_set = TrainingSet(TrainingConfig(), {"images": images}, PageRows(3), example)
    mesh = make_mesh(1, 3)
    with start_feed(training_set, mesh, steps=7, chunk=3) as feed:
        seen = []
        for start, stop in ((2, 3), (3, 6), (6, 7)):
            arrays, rows = feed(start, stop)
            assert rows.shape == (stop - start, 3)
            seen += [np.asarray(arrays["twice"])[row].tolist() for row in rows]
            assert np.array_equal(np.asarray(arrays["images"])[:, 0, 0] * 2, arrays["twice"])
    assert seen == [[6 * step, 6 * step + 2, 6 * step + 4] for step in range(2, 7)]


def test_a_data_set_stays_on_the_device_and_its_rows_come() -> None:
    images = np.arange(5 * 784, dtype=np.int64).reshape(5, 28, 28).astype(np.uint8)
    rows = DigitRows(5, 2, 0)
    training_set = TrainingSet(TrainingConfig(), {"images": images}, rows)
    with start_feed(training_set, make_mesh(1, 2), steps=4, chunk=2) as feed:
        first, second = feed(0, 2), feed(2, 4)
    assert first[0] is second[0]
    assert np.array_equal(first[0]["images"], images)
    assert np.array_equal(second[1], rows.rows(2, 4))
