import numpy as np
import pytest

from handsum.config import TrainingConfig
from handsum.data.batches import (
    DigitRows,
    SequenceRows,
    count_writers,
    digit_batches,
    number_writers,
    sum_batches,
)
from handsum.data.mnist import Dataset
from handsum.data.rows import Hands
from handsum.errors import UsageError


def test_an_epoch_sees_every_digit_once_and_each_in_a_new_order() -> None:
    rows = DigitRows(100, 10, seed=3).rows(0, 20)
    first, second = rows[:10].ravel(), rows[10:].ravel()
    assert sorted(first) == sorted(second) == list(range(100))
    assert first.tolist() != second.tolist()


def test_a_step_does_not_depend_on_the_steps_asked_for_before() -> None:
    whole = DigitRows(103, 10, seed=3).rows(0, 40)
    np.testing.assert_array_equal(DigitRows(103, 10, seed=3).rows(25, 40), whole[25:])
    assert not np.array_equal(DigitRows(103, 10, seed=4).rows(25, 40), whole[25:])


def test_a_data_set_smaller_than_a_batch_is_repeated() -> None:
    rows = DigitRows(3, 7, seed=0).rows(0, 4)
    assert rows.shape == (4, 7)
    assert set(rows.ravel().tolist()) == {0, 1, 2}


def test_sequences_come_in_pairs_whose_lengths_add_up_to_the_same() -> None:
    random = np.random.default_rng(0)
    hands = Hands(random.integers(0, 10, 5000), random.integers(0, 3, 5000))
    batches = SequenceRows(hands, 8, 10, seed=3)
    rows = batches.rows(4, 7)
    assert rows.shape == (3, 8, 10)
    lengths = (rows >= 0).sum(2)
    assert (lengths[:, ::2] + lengths[:, 1::2] == 11).all()
    np.testing.assert_array_equal(batches.rows(5, 6)[0], rows[1])
    assert not np.array_equal(rows[0], rows[1])


@pytest.fixture
def data() -> Dataset:
    return Dataset(np.zeros((50, 28, 28), np.uint8), np.arange(50) % 10)


def test_training_from_sums_sees_no_label(data: Dataset) -> None:
    prepared = sum_batches(TrainingConfig(batch_size=4), data, addends=5)
    assert prepared.arrays.keys() == {"images", "sums"}
    rows = prepared.batches.rows(0, 3)
    assert rows.shape == (3, 4, 5)
    for group in rows.reshape(-1, 5):
        assert (prepared.arrays["sums"][group] == data.labels[group].sum()).all()
    # The same groups in every epoch: no digit ever has two sums.
    epochs = prepared.batches.rows(0, 20).reshape(-1, 5)
    assert len({tuple(group) for group in epochs.tolist()}) == 10


def test_too_few_digits_for_a_group_are_refused(data: Dataset) -> None:
    with pytest.raises(UsageError, match="50 digits are too few for addends=30"):
        sum_batches(TrainingConfig(), data, addends=30, numbers=True)


def test_writers_are_numbered_in_the_order_of_their_ids(data: Dataset) -> None:
    assert (count_writers(data), set(number_writers(data))) == (1, {0})
    known = Dataset(data.images[:4], data.labels[:4], np.array([70, 3, 70, 12]))
    assert number_writers(known).tolist() == [2, 0, 2, 1]
    assert count_writers(known) == 3


def test_a_training_set_is_described_in_one_line(data: Dataset) -> None:
    prepared = digit_batches(TrainingConfig(), data)
    assert repr(prepared) == "<training set of 50 digits: images, labels, writers>"
