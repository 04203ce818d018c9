from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from handsum import stopping
from handsum.pretrained.batching import Batched


def doubled(sizes: list[int]):
    def function(rows: np.ndarray) -> np.ndarray:
        sizes.append(len(rows))
        return rows * 2

    return function


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 30])
def test_every_call_has_the_same_number_of_rows(count: int) -> None:
    sizes: list[int] = []
    rows = np.arange(2 * count).reshape(count, 2)
    np.testing.assert_array_equal(Batched(doubled(sizes), 8)(rows), rows * 2)
    assert sizes == [8] * max(1, -(-count // 8))


def test_a_function_of_several_columns_and_results() -> None:
    batched = Batched(lambda one, other: (one + other, one - other), 4)
    total, difference = batched(np.arange(5), np.ones(5, int))
    np.testing.assert_array_equal(total, np.arange(5) + 1)
    np.testing.assert_array_equal(difference, np.arange(5) - 1)


def test_results_with_names() -> None:
    batched = Batched(lambda rows: {"b": rows + 1, "a": rows[:, None] * [1, 2]}, 4)
    results = batched(np.arange(5))
    assert list(results) == ["b", "a"]
    np.testing.assert_array_equal(results["b"], np.arange(5) + 1)
    np.testing.assert_array_equal(results["a"], np.arange(5)[:, None] * [1, 2])


def test_rows_that_wait_share_a_call() -> None:
    sizes: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def function(rows: np.ndarray) -> np.ndarray:
        sizes.append(int((rows > 0).sum()))
        begun.set()
        assert go_on.wait(10)
        return rows * 2

    batched = Batched(function, 8, at_once=1)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batched, np.full(1, 1))
        assert begun.wait(10)
        others = [pool.submit(batched, np.full(2, value)) for value in range(2, 6)]
        while len(batched._waiting) < 4:
            threading.Event().wait(0.001)
        go_on.set()
        assert first.result(10).tolist() == [2]
        results = [other.result(10).tolist() for other in others]
    assert results == [[2 * value] * 2 for value in range(2, 6)]
    assert sizes == [1, 8]


def test_many_threads_get_their_own_rows() -> None:
    batched = Batched(lambda rows: rows * 2, 8)
    with ThreadPoolExecutor(16) as pool:
        requests = [np.arange(n, n + n % 21) for n in range(300)]
        for rows, result in zip(requests, pool.map(batched, requests), strict=True):
            np.testing.assert_array_equal(result, rows * 2)


def test_a_failure_reaches_its_caller_and_nobody_after() -> None:
    def function(rows: np.ndarray) -> np.ndarray:
        if (rows < 0).any():
            raise ValueError("negative")
        return rows

    batched = Batched(function, 4)
    with pytest.raises(ValueError, match="negative"):
        batched(np.full(9, -1))
    np.testing.assert_array_equal(batched(np.arange(3)), np.arange(3))


def test_a_large_request_uses_several_cores() -> None:
    together = threading.Barrier(3)

    def function(rows: np.ndarray) -> np.ndarray:
        # Nobody gets past this before three calls have started.
        together.wait(10)
        return rows * 2

    rows = np.arange(22)
    np.testing.assert_array_equal(Batched(function, 8, at_once=3)(rows), rows * 2)


def test_no_more_calls_at_once_than_allowed() -> None:
    now, most, count = 0, 0, threading.Lock()

    def function(rows: np.ndarray) -> np.ndarray:
        nonlocal now, most
        with count:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.002)
        with count:
            now -= 1
        return rows * 2

    batched = Batched(function, 4, at_once=2)
    with ThreadPoolExecutor(8) as pool:
        for result in pool.map(batched, [np.arange(30)] * 8):
            np.testing.assert_array_equal(result, np.arange(30) * 2)
    assert most == 2


def test_a_failure_of_one_call_ends_all_of_the_request() -> None:
    def function(rows: np.ndarray) -> np.ndarray:
        if 50 in rows:
            raise KeyboardInterrupt
        return rows

    batched = Batched(function, 4, at_once=3)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        batched(np.arange(1000))
    assert threading.active_count() == before
    # No rows of the failed request are left for the next call.
    np.testing.assert_array_equal(batched(np.arange(9)), np.arange(9))


def test_a_request_can_stop_between_its_calls_while_others_get_their_rows() -> None:
    sizes: list[int] = []
    batched = Batched(doubled(sizes), 8, at_once=1)

    class Stop(Exception):
        pass

    def check() -> None:
        if len(sizes) == 2:
            raise Stop

    with pytest.raises(Stop), stopping.checked_by(check):
        batched(np.arange(80))
    assert sizes == [8, 8]
    assert batched(np.arange(3)).tolist() == [0, 2, 4]
    assert sizes == [8, 8, 8]
