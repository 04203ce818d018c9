"""Shards written by processes of this machine, or by those of a Dask cluster.

An engine is an executor of `concurrent.futures`, which schedules and reports; a shard is a pure
function of plan and index, so it may be written anywhere and again.
"""

from __future__ import annotations

import multiprocessing
import queue
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

from handsum.datasets.plan import Plan
from handsum.datasets.shards import Progress, make_shard
from handsum.errors import HandsumError, UsageError
from handsum.installation import install_command
from handsum.stopping.workers import signals_held, start_workers

Engine = Literal["local", "dask"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
# Seconds between two looks at how far the workers are, and that a scheduler has to answer.
_INTERVAL, _PATIENCE = 0.2, 30


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


def _make_locally(
    folder: Path, plan: Plan, shards: list[int], division: Division, progress: Progress
) -> None:
    # A number for each shard and no lock, which a killed worker could hold for ever.
    counts = multiprocessing.get_context("spawn").RawArray("q", plan.shards)
    total = sum(len(plan.shard(index)) for index in shards)
    left, tries = dict.fromkeys(shards), Counter[int]()
    while left:
        processes = min(division.workers, len(left))
        begun: set[int] = set()
        try:
            with start_workers(processes, _begin, counts) as executor:
                for index in _run(executor, folder, plan, [*left], processes, begun):
                    if index is not None:
                        del left[index]
                    progress(sum(counts), total)
        except BrokenProcessPool as error:
            # Nobody knows which worker it was, or which shard it had.
            tries.update(index for index in left if index in begun)
            if max(tries.values()) > division.retries:
                raise HandsumError(
                    "a worker process was killed, and no retry is left: if memory ran out, use "
                    "fewer `workers` (finished shards are kept; run the same command again to "
                    "continue)"
                ) from error


def _run(
    executor: Executor, folder: Path, plan: Plan, shards: list[int], processes: int, begun: set[int]
) -> Iterator[int | None]:
    """Have shards made; yield each that is finished, and None now and then.

    The first error is raised. `begun` gets those that workers may have.
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
        # One more for each process, so that none waits for us.
        submit(2 * processes)
    left = len(shards)
    while left:
        finished = None
        with suppress(queue.Empty):
            future = ended.get(timeout=_INTERVAL)
            finished = places.pop(future)
            future.result()
            left -= 1
            submit(1)
        yield finished


# In a worker: the number of samples of each shard that are drawn.
_counts: Any = None


def _begin(counts: Any) -> None:
    global _counts
    _counts = counts


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
    with _connect(division) as executor:
        try:
            for index in _run(executor, folder, plan, shards, len(shards), set()):
                if index is not None:
                    done += len(plan.shard(index))
                    progress(done, total)
        except CancelledError as error:
            raise HandsumError(
                "the Dask scheduler has gone (finished shards are kept; run the same command again "
                "to continue)"
            ) from error
        except Exception as error:
            if type(error).__name__ != "KilledWorker":
                raise
            raise HandsumError(
                "a worker of Dask was killed, and no retry is left: if memory ran out, use fewer "
                "workers (finished shards are kept; run the same command again to "
                "continue)"
            ) from error


@contextmanager
def _connect(division: Division) -> Iterator[Executor]:
    """An executor of the scheduler's cluster, or of one of this machine that ends with it.

    Raises:
        HandsumError: Dask is not installed, or nobody answers at the scheduler's address.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        needed = install_command("handsum[dask]")
        raise HandsumError(f"the engine dask needs Dask ({error}): run {needed}") from error
    quiet = {
        "distributed.scheduler.allowed-failures": division.retries,
        "distributed.comm.timeouts.connect": f"{_PATIENCE}s",
    }
    with dask.config.set(quiet):
        try:
            if division.scheduler is not None:
                opened = Client(division.scheduler, timeout=_PATIENCE, set_as_default=False)
            else:
                cluster = LocalCluster(
                    n_workers=division.workers, threads_per_worker=1, dashboard_address=None
                )
                opened = Client(cluster, set_as_default=False)
        except (OSError, ValueError) as error:
            raise HandsumError(
                f"no Dask scheduler answers at {division.scheduler}: {error}"
            ) from error
        with opened as client:
            try:
                yield client.get_executor(retries=division.retries, pure=False)
            finally:
                if division.scheduler is None:
                    client.cluster.close()
