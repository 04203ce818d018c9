import numpy as np
import pytest

from handsum.data.mnist import load
from handsum.errors import UsageError
from handsum.likeness import most_alike


def test_a_writer_is_known_by_ten_digits() -> None:
    data = load("train")
    assert data.writers is not None
    writers = np.unique(data.writers, return_inverse=True)[1]
    random = np.random.default_rng(1)
    first = []
    for writer in range(0, 494, 50):
        rows = random.choice(np.flatnonzero(writers == writer), 10, replace=False)
        found = most_alike(data.images[rows], data.labels[rows], 20)
        assert len(found) == 20
        assert [one.distance for one in found] == sorted(one.distance for one in found)
        first.append(found[0].writer == writer)
    assert sum(first) >= 7


def test_a_stranger_fits_worse_and_no_hand_at_all_not(draw_row) -> None:
    data = load("validation")
    found = most_alike(data.images[:12], data.labels[:12], 1)[0]
    assert 0 < found.fit < 0.95
    # A clock's digits are no hand's.
    labels = np.arange(10)
    assert most_alike(draw_row("0123456789"), labels, 1)[0].fit < 0.02


def test_two_digits_are_too_few() -> None:
    with pytest.raises(UsageError, match="2 digits are too few"):
        most_alike(np.zeros((2, 28, 28), np.uint8), np.array([1, 2]))
