"""Calling a compiled function of a fixed number of rows with any number, from any thread."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from handsum import stopping

# Calls at the same time. One call keeps about one core busy, as its layers are too small to divide.
# More than some tens of calls would cost more memory than they save time.
_AT_ONCE = min(os.cpu_count() or 1, 16)


class Batched:
    """Calls `function` with `size` rows at a time, for any number of rows, on several cores.

    A row's result must depend on that row alone. Requests of several threads share calls: the next
    call takes rows of all waiting requests in turn, so that a small request does not wait for a
    large one. The last, incomplete call is filled up with zeros.
    """

    def __init__(self, function: Callable[..., Any], size: int, *, at_once: int = _AT_ONCE) -> None:
        self._function = function
        self._size = size
        self._at_once = at_once
        self._waiting: deque[_Request] = deque()
        self._taking = threading.Lock()
        self._calling = threading.Semaphore(at_once)

    def __call__(self, *columns: np.ndarray) -> Any:
        """Results for rows of `columns` (N, ...): an array (N, ...), or a tuple or dict of them."""
        request = _Request(columns)
        self._waiting.append(request)
        helpers = [
            threading.Thread(target=self._serve, args=(request,))
            for _ in range(min(self._at_once, -(-request.count // self._size)) - 1)
        ]
        try:
            for helper in helpers:
                helper.start()
            self._serve(request)
            # Another thread may still compute the last of its rows.
            request.ended.wait()
        except BaseException as error:
            request.fail(error)
        finally:
            for helper in helpers:
                if helper.ident is not None:
                    helper.join()
        return request.result()

    def _serve(self, request: _Request) -> None:
        """Call the function until all rows of a request are taken."""
        while request.waits:
            stopping.check()
            with self._calling:
                if request.waits:
                    self._call()

    def _call(self) -> None:
        """Call the function once, for the requests that have waited longest."""
        taken = self._take()
        if not taken:
            return
        try:
            own = ([c[rows] for c in request.columns] for request, rows in taken)
            columns = zip(*own, strict=True)
            joined = (_padded(np.concatenate(parts), self._size) for parts in columns)
            results = self._function(*joined)
            arrays, pack = _unpacked(results)
        except BaseException as error:
            for request, _ in taken:
                request.fail(error)
            return
        start = 0
        for request, rows in taken:
            # An empty request gets one row, for the shape of its result; it is cut off at the end.
            stop = start + max(rows.stop - rows.start, 1 if request.count == 0 else 0)
            with self._taking:
                request.put(rows, [array[start:stop] for array in arrays], pack)
            start += rows.stop - rows.start

    def _take(self) -> list[tuple[_Request, slice]]:
        """The rows of one call and their requests; the rest of a request waits again."""
        taken: list[tuple[_Request, slice]] = []
        free = self._size
        with self._taking:
            while free and self._waiting:
                request = self._waiting.popleft()
                if not request.waits:
                    continue
                rows = request.take(free)
                taken.append((request, rows))
                free -= rows.stop - rows.start
                if request.waits:
                    self._waiting.append(request)
        return taken


class _Request:
    """The rows of one caller, how many of them have been taken, and the results so far."""

    def __init__(self, columns: tuple[np.ndarray, ...]) -> None:
        self.columns = columns
        self.count = len(columns[0])
        self.waits = True
        self.ended = threading.Event()
        self._pack: Callable[[list[np.ndarray]], Any] = list
        self._pieces: dict[int, list[np.ndarray]] = {}
        self._error: BaseException | None = None
        self._taken = self._finished = 0

    def take(self, most: int) -> slice:
        """The next rows, at most `most`."""
        rows = slice(self._taken, min(self._taken + most, self.count))
        self._taken = rows.stop
        self.waits = self._taken < self.count
        return rows

    def put(
        self, rows: slice, pieces: list[np.ndarray], pack: Callable[[list[np.ndarray]], Any]
    ) -> None:
        """Store the results of some rows, and the function that packs whole results."""
        self._pieces[rows.start] = pieces
        self._pack = pack
        self._finished += rows.stop - rows.start
        if self._finished == self.count:
            self.ended.set()

    def fail(self, error: BaseException) -> None:
        """Store the reason why there will be no results, and wake up the caller."""
        self._error = self._error or error
        self.waits = False
        self.ended.set()

    def result(self) -> Any:
        """The results of all rows, in their order.

        Raises:
            BaseException: the error of the function.
        """
        if self._error is not None:
            raise self._error
        pieces = [self._pieces[start] for start in sorted(self._pieces)]
        return self._pack(
            [np.concatenate(part)[: self.count] for part in zip(*pieces, strict=True)]
        )


def _unpacked(results: Any) -> tuple[list[np.ndarray], Callable[[list[np.ndarray]], Any]]:
    """The arrays of a function's results, and what packs such arrays in the same way."""
    if isinstance(results, dict):
        names = list(results)
        return [np.asarray(results[name]) for name in names], lambda arrays: dict(
            zip(names, arrays, strict=True)
        )
    if isinstance(results, tuple | list):
        return [np.asarray(result) for result in results], tuple
    return [np.asarray(results)], lambda arrays: arrays[0]


def _padded(rows: np.ndarray, size: int) -> np.ndarray:
    return np.pad(rows, [(0, size - len(rows)), *[(0, 0)] * (rows.ndim - 1)])
