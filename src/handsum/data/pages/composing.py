"""The examples of training runs that compose them while they train, in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import numpy as np

from handsum.errors import HandsumError
from handsum.stopping.workers import signals_held, start_workers, usable_cores

# From the number of an example to its arrays; pure, so that it does not matter who calls it.
Compose = Callable[[int], dict[str, np.ndarray]]
Arrays = dict[str, np.ndarray]


class Composer:
    """Composes examples (K, B) by number, the next ones while the last are learned from."""

    def __init__(self, compose: Compose, executor: ProcessPoolExecutor | None) -> None:
        self._compose, self._executor = compose, executor
        self._waiting: dict[bytes, list[Future[Arrays]]] = {}

    def ask(self, numbers: np.ndarray) -> None:
        """Begin to compose the examples of some steps (K, B)."""
        if self._executor is not None and numbers.tobytes() not in self._waiting:
            with signals_held():
                futures = [self._executor.submit(_work, row) for row in numbers]
            self._waiting[numbers.tobytes()] = futures

    def take(self, numbers: np.ndarray) -> Arrays:
        """The examples of some steps (K, B), one after the other: arrays (K B, ...).

        Raises:
            HandsumError: a worker process was killed.
        """
        self.ask(numbers)
        if self._executor is None:
            return _stack([self._compose(int(number)) for number in numbers.ravel()])
        try:
            steps = [future.result() for future in self._waiting.pop(numbers.tobytes())]
        except BrokenProcessPool as error:
            raise HandsumError(
                "a process that composes examples was killed, perhaps because memory ran out: "
                "`resume` continues from the last checkpoint"
            ) from error
        return {name: np.concatenate([step[name] for step in steps]) for name in steps[0]}


@contextmanager
def start_composer(compose: Compose) -> Iterator[Composer]:
    """A composer with a process for each core but one; on a single core it composes itself."""
    processes = usable_cores() - 1
    if not processes:
        yield Composer(compose, None)
        return
    with start_workers(processes, _begin, compose) as executor:
        yield Composer(compose, executor)
        executor.shutdown(cancel_futures=True)


# In a worker: what it composes with.
_compose: Compose | None = None


def _begin(compose: Compose) -> None:
    global _compose
    _compose = compose


def _work(numbers: np.ndarray) -> Arrays:
    assert _compose is not None
    return _stack([_compose(int(number)) for number in numbers])


def _stack(examples: list[Arrays]) -> Arrays:
    return {name: np.stack([one[name] for one in examples]) for name in examples[0]}
