import numpy as np
import pytest

from handsum.config import replace
from handsum.data.mnist import Dataset
from handsum.data.rows import Hands
from handsum.errors import UsageError
from handsum.models import cnn_sum
from handsum.training.batches import Batches, SequenceBatches, make_batches, prepare


def test_an_epoch_sees_every_digit_once_and_each_in_a_new_order() -> None:
    rows = Batches(100, 10, seed=3).rows(0, 20)
    first, second = rows[:10].ravel(), rows[10:].ravel()
    assert sorted(first) == sorted(second) == list(range(100))
    assert first.tolist() != second.tolist()


def test_steps_can_be_had_without_those_before_them() -> None:
    whole = Batches(103, 10, seed=3).rows(0, 40)
    np.testing.assert_array_equal(Batches(103, 10, seed=3).rows(25, 40), whole[25:])
    assert not np.array_equal(Batches(103, 10, seed=4).rows(25, 40), whole[25:])


def test_a_data_set_smaller_than_a_batch_fills_it() -> None:
    rows = Batches(3, 7, seed=0).rows(0, 4)
    assert rows.shape == (4, 7)
    assert set(rows.ravel().tolist()) == {0, 1, 2}


def test_sequences_come_in_pairs_of_lengths_that_fill_the_same_places() -> None:
    random = np.random.default_rng(0)
    hands = Hands(random.integers(0, 10, 5000), random.integers(0, 3, 5000))
    batches = SequenceBatches(hands, 8, 10, seed=3)
    rows = batches.rows(4, 7)
    assert rows.shape == (3, 8, 10)
    lengths = (rows >= 0).sum(2)
    assert (lengths[:, ::2] + lengths[:, 1::2] == 11).all()
    np.testing.assert_array_equal(batches.rows(5, 6)[0], rows[1])
    assert not np.array_equal(rows[0], rows[1])


def test_sums_are_all_that_training_from_sums_is_told() -> None:
    data = Dataset(np.zeros((50, 28, 28), np.uint8), np.arange(50) % 10)
    config = replace(cnn_sum.PRESETS["small"], {"labels": "sums", "addends": 5, "batch_size": 4})
    config, arrays = prepare(config, data)
    assert arrays.keys() == {"images", "sums"}
    rows = make_batches(config, arrays).rows(0, 3)
    assert rows.shape == (3, 4, 5)
    for group in rows.reshape(-1, 5):
        assert (arrays["sums"][group] == data.labels[group].sum()).all()
    # The same groups in every epoch: no digit ever has two sums.
    epochs = make_batches(config, arrays).rows(0, 20).reshape(-1, 5)
    assert len({tuple(group) for group in epochs.tolist()}) == 10


def test_too_few_digits_for_a_group_are_refused() -> None:
    data = Dataset(np.zeros((50, 28, 28), np.uint8), np.arange(50) % 10)
    config = replace(cnn_sum.PRESETS["small"], {"labels": "numbers", "addends": 30})
    with pytest.raises(UsageError, match="50 digits are too few for addends=30"):
        prepare(config, data)
