import numpy as np
import pytest

from handsum.data.mnist import Dataset
from handsum.evaluation.selection import (
    by_content,
    class_counts,
    digits_by_writer,
    like_classes,
    most_like,
)

REFERENCE = np.repeat(np.arange(10), [98, 113, 103, 101, 98, 89, 96, 103, 98, 101])


@pytest.mark.parametrize("count", [1, 7, 100, 999, 1000, 20_000])
def test_counts_keep_the_proportions(count: int) -> None:
    counts = class_counts(REFERENCE, count)
    assert counts.sum() == count
    np.testing.assert_allclose(counts, np.bincount(REFERENCE) * count / 1000, atol=1)


def test_as_many_are_taken_as_the_scarcest_class_allows() -> None:
    labels = np.repeat(np.arange(10), [50] * 9 + [20])
    count = most_like(labels, REFERENCE)
    assert count is not None
    assert (class_counts(REFERENCE, count) <= np.bincount(labels)).all()
    assert count == pytest.approx(20 / 0.101, abs=6)
    rows = like_classes(labels, REFERENCE, count, np.random.default_rng(0))
    assert rows is not None
    assert len(set(rows)) == count
    assert np.bincount(labels[rows]).tolist() == class_counts(REFERENCE, count).tolist()
    assert like_classes(labels, REFERENCE, count + 20, np.random.default_rng(0)) is None
    assert most_like(np.zeros(9, int), REFERENCE) is None


def test_the_order_is_that_of_the_content() -> None:
    rng = np.random.default_rng(0)
    data = Dataset(rng.integers(0, 255, (40, 28, 28), np.uint8), rng.integers(0, 9, 40))
    order = rng.permutation(40)
    one, other = by_content(data), by_content(data.where(order))
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.labels, other.labels)


def test_writers_need_enough_digits() -> None:
    images = np.zeros((20, 28, 28), np.uint8)
    writers = np.repeat([5, 3, 9], [8, 7, 5])
    data = Dataset(images, np.arange(20) % 10, writers)
    found = digits_by_writer(data, 7, np.random.default_rng(0))
    assert found is not None
    assert found.writers is not None
    assert found.writers.tolist() == [3] * 7 + [5] * 7
    assert digits_by_writer(data, 8, np.random.default_rng(0)) is None
    assert digits_by_writer(Dataset(images, data.labels), 2, np.random.default_rng(0)) is None
