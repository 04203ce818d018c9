"""Shards written by processes of this machine, or by those of a Dask cluster.

An engine is an executor of `concurrent.futures`, which schedules and reports; a shard is a pure
function of plan and index, so it may be written anywhere and again.
"""

from __future__ import annotations

import logging
import multiprocessing
import queue
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

from handsum.datasets.plan import Plan
from handsum.datasets.shards import KEPT, Progress, make_shard
from handsum.errors import HandsumError, UsageError, shorten
from handsum.installation import install_command
from handsum.stopping.workers import signals_held, start_workers

Engine = Literal["local", "dask"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
# Seconds between two looks at how far the workers are, and that a scheduler has to answer.
_INTERVAL, _PATIENCE = 0.2, 30
# Shards that wait at a Dask scheduler: as many as workers may ever want at once.
_MOST_AT_ONCE = 1000
_NO_RETRY = "no retry is left: if memory ran out"


@dataclass(frozen=True)
class Division:
    """Who writes the shards.

    `workers` processes on this host, which is number `host` of `hosts`; or the workers of a Dask
    cluster, that of the `scheduler` (tcp://HOST:PORT) or one of `workers` processes. A shard whose
    process was killed is written again, up to `retries` times.

    Raises:
        UsageError: no workers, no such host or engine, or fewer than no retries.
    """

    workers: int = 1
    hosts: int = 1
    host: int = 0
    engine: Engine = "local"
    scheduler: str | None = None
    retries: int = 2

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UsageError(f"{self.workers} workers write nothing: use 1 worker or more")
        if not 0 <= self.host < self.hosts:
            raise UsageError(f"there is no host {self.host} of {self.hosts}: count hosts from 0")
        if self.engine not in ENGINES:
            raise UsageError(f"no engine {self.engine!r}: use {' or '.join(ENGINES)}")
        if self.scheduler is not None and self.engine != "dask":
            raise UsageError("a `scheduler` is Dask's: use the engine dask")
        if self.retries < 0:
            raise UsageError(f"{self.retries} retries are impossible: use 0 or more")

    def needs_others(self, shards: int) -> bool:
        """Whether other processes write this number of shards."""
        return self.engine != "local" or min(self.workers, shards) > 1


def make_shards(
    folder: Path, plan: Plan, shards: list[int], division: Division, progress: Progress
) -> None:
    """Write shards with the engine of a division; the first error ends all of them.

    `progress` is called with the number of samples that are drawn, and of all in these shards.

    Raises:
        HandsumError: a worker's own, a worker was killed too often, Dask is not installed, or there
            is no such scheduler.
    """
    make = _make_with_dask if division.engine == "dask" else _make_locally
    make(folder, plan, shards, division, progress)


def check_engine(division: Division) -> None:
    """Raise HandsumError if Dask is not installed, or nobody answers at the scheduler's address."""
    if division.scheduler is not None:
        with _client(division.scheduler):
            return
    if division.engine == "dask":
        _import_dask()


def _make_locally(
    folder: Path, plan: Plan, shards: list[int], division: Division, progress: Progress
) -> None:
    # A number for each shard and no lock, which a killed worker could hold for ever. The last one
    # is 1 once a worker has started.
    counts = multiprocessing.get_context("spawn").RawArray("q", plan.shards + 1)
    total = sum(len(plan.shard(index)) for index in shards)
    left, tries = dict.fromkeys(shards), Counter[int]()
    while left:
        processes = min(division.workers, len(left))
        begun: set[int] = set()
        try:
            with start_workers(processes, _begin, counts) as executor:
                for index in _run(executor, folder, plan, [*left], 2 * processes, begun):
                    if index is not None:
                        del left[index]
                    progress(sum(counts[:-1]), total)
        except BrokenProcessPool as error:
            # Nobody knows which worker it was, or which shard it had.
            tries.update(index for index in left if index in begun)
            if not counts[-1]:
                raise HandsumError(
                    "no worker process could start: a script must do this under "
                    '`if __name__ == "__main__":`'
                ) from error
            if max(tries.values()) > division.retries:
                raise HandsumError(
                    f"a worker process was killed, and {_NO_RETRY}, use fewer `workers` {KEPT}"
                ) from error


def _run(
    executor: Executor, folder: Path, plan: Plan, shards: list[int], most: int, begun: set[int]
) -> Iterator[int | None]:
    """Have shards made; yield each that is finished, and None now and then.

    The first error is raised. No more than `most` shards are handed out at once; `begun` gets all
    that were.
    """
    waiting = iter(shards)
    ended: queue.SimpleQueue[Future[None]] = queue.SimpleQueue()
    places: dict[Future[None], int] = {}

    def submit(count: int) -> None:
        for index in islice(waiting, count):
            begun.add(index)
            future = executor.submit(_work, folder, plan, index)
            places[future] = index
            future.add_done_callback(ended.put)

    with signals_held():
        submit(most)
    left = len(shards)
    while left:
        finished = None
        with suppress(queue.Empty):
            future = ended.get(timeout=_INTERVAL)
            finished = places.pop(future)
            future.result()
            # Dask would have a shard that somebody still asks for written again.
            del future
            left -= 1
            submit(1)
        yield finished


# In a worker: the number of samples of each shard that are drawn.
_counts: Any = None


def _begin(counts: Any) -> None:
    global _counts
    _counts = counts
    _counts[-1] = 1


def _work(folder: Path, plan: Plan, index: int) -> None:
    def progress(done: int, total: int) -> None:
        if _counts is not None:
            _counts[index] = done

    make_shard(folder, plan, index, progress)


def _make_with_dask(
    folder: Path, plan: Plan, shards: list[int], division: Division, progress: Progress
) -> None:
    # Workers may have another working directory.
    folder = folder.absolute()
    total = sum(len(plan.shard(index)) for index in shards)
    done = 0
    with _connect(division, min(division.workers, len(shards))) as client:
        executor = client.get_executor(pure=False)
        try:
            for index in _run(executor, folder, plan, shards, _MOST_AT_ONCE, set()):
                if index is not None:
                    done += len(plan.shard(index))
                    progress(done, total)
        except HandsumError:
            raise
        except CancelledError as error:
            raise HandsumError(f"the scheduler of Dask is gone {KEPT}") from error
        except Exception as error:
            if type(error).__name__ == "KilledWorker":
                raise HandsumError(
                    f"a worker of Dask was killed, and {_NO_RETRY}, use fewer workers {KEPT}"
                ) from error
            reason = _first_line(error)
            raise HandsumError(f"the workers of Dask cannot write shards: {reason}") from error


@contextmanager
def _connect(division: Division, processes: int) -> Iterator[Any]:
    """A client of the scheduler, or of a cluster of this machine that ends with it.

    Raises:
        HandsumError: Dask is not installed, or nobody answers at the scheduler's address.
    """
    if division.scheduler is not None:
        with _client(division.scheduler) as client:
            yield client
        return
    dask, distributed = _import_dask()
    with ExitStack() as stack:
        stack.enter_context(
            dask.config.set({"distributed.scheduler.allowed-failures": division.retries})
        )
        # A lock starts a process that keeps account of them, and that would let Ctrl-C in again.
        multiprocessing.get_context("spawn").Lock()
        # Processes that start now never get Ctrl-C, which is for us.
        with signals_held():
            cluster = distributed.LocalCluster(
                n_workers=processes,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL + 1,
            )
            stack.enter_context(cluster)
        yield stack.enter_context(distributed.Client(cluster, set_as_default=False))


@contextmanager
def _client(scheduler: str) -> Iterator[Any]:
    dask, distributed = _import_dask()
    with dask.config.set({"distributed.comm.timeouts.connect": f"{_PATIENCE}s"}):
        try:
            client = distributed.Client(scheduler, timeout=_PATIENCE, set_as_default=False)
        except Exception as error:
            # Whatever answers there may say anything.
            reason = _first_line(error)
            raise HandsumError(f"no Dask scheduler answers at {scheduler}: {reason}") from error
        with client:
            yield client


def _import_dask() -> tuple[Any, Any]:
    """The modules dask and distributed, which say nothing of their own on standard error."""
    try:
        import dask
        import distributed
    except ImportError as error:
        needed = install_command("handsum[dask]")
        raise HandsumError(f"the engine dask needs Dask ({error}): run {needed}") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
    return dask, distributed


def _first_line(error: Exception) -> str:
    return shorten(str(error).partition("\n")[0] or type(error).__name__, 200)
