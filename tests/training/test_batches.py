import numpy as np

from handsum.training.batches import Batches


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
