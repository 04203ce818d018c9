"""A compiled function of a fixed number of rows, called with any number, from any threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np


class Batched:
    """Calls `function` with `size` rows, whoever asks for however many.

    A row's result must depend on that row alone. Rows that several threads ask for at once share
    calls: whoever gets to call next takes along what has come in by then, a part of each request in
    turn, so that a small one does not wait for the whole of a large one. The rows of a last,
    incomplete call are filled up with zeros.
    """

    def __init__(self, function: Callable[..., Any], size: int) -> None:
        self._function = function
        self._size = size
        self._waiting: deque[_Request] = deque()
        self._calling = threading.Lock()

    def __call__(self, *columns: np.ndarray) -> Any:
        """Results for rows of `columns` (N, ...): an array (N, ...), or a tuple of such."""
        request = _Request(columns)
        self._waiting.append(request)
        with self._calling:
            while not request.done:
                self._call()
        if request.error is not None:
            raise request.error
        parts = [
            np.concatenate(pieces)[: request.count] for pieces in zip(*request.pieces, strict=True)
        ]
        return tuple(parts) if request.several else parts[0]

    def _call(self) -> None:
        """Call the function once, for those who have waited longest."""
        taken: list[tuple[_Request, slice]] = []
        free = self._size
        while free and self._waiting:
            request = self._waiting.popleft()
            rows = request.take(free)
            taken.append((request, rows))
            free -= rows.stop - rows.start
        try:
            own = ([c[rows] for c in request.columns] for request, rows in taken)
            columns = zip(*own, strict=True)
            joined = (_padded(np.concatenate(parts), self._size) for parts in columns)
            results = self._function(*joined)
            several = isinstance(results, tuple | list)
            arrays = [np.asarray(result) for result in (results if several else (results,))]
        except BaseException as error:
            for request, _ in taken:
                request.error = error
            return
        start = 0
        for request, rows in taken:
            # A request for nothing still gets one row, for its shape; it is cut off at the end.
            stop = start + max(rows.stop - rows.start, 1 if request.count == 0 else 0)
            request.several = several
            request.pieces.append([array[start:stop] for array in arrays])
            start += rows.stop - rows.start
            if not request.done:
                self._waiting.append(request)


class _Request:
    """What one caller asks for, how much of it has been taken, and what came of it."""

    def __init__(self, columns: tuple[np.ndarray, ...]) -> None:
        self.columns = columns
        self.count = len(columns[0])
        self.several = False
        self.pieces: list[list[np.ndarray]] = []
        self.error: BaseException | None = None
        self._taken = 0

    @property
    def done(self) -> bool:
        """Whether all is there, or will never be."""
        return self.error is not None or (bool(self.pieces) and self._taken >= self.count)

    def take(self, most: int) -> slice:
        """The next rows, `most` at most."""
        rows = slice(self._taken, min(self._taken + most, self.count))
        self._taken = rows.stop
        return rows


def _padded(rows: np.ndarray, size: int) -> np.ndarray:
    return np.pad(rows, [(0, size - len(rows)), *[(0, 0)] * (rows.ndim - 1)])
