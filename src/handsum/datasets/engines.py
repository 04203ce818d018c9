"""Shards written by several processes."""

from __future__ import annotations

import multiprocessing
import queue
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from handsum.datasets.plan import Plan
from handsum.datasets.shards import Progress, make_shard
from handsum.errors import HandsumError
from handsum.stopping.workers import signals_held, start_workers

# Seconds between two looks at how far the workers are.
_INTERVAL = 0.2


def make_shards(
    folder: Path, plan: Plan, shards: list[int], workers: int, progress: Progress
) -> None:
    """Write shards in `workers` processes; the first error ends all of them.

    `progress` is called with the number of samples that are drawn, and of all in these shards.

    Raises:
        HandsumError: a worker's own, or a worker was killed.
    """
    # A number for each shard and no lock, which a killed worker could hold for ever.
    counts = multiprocessing.get_context("spawn").RawArray("q", len(shards))
    processes = min(workers, len(shards))
    tasks = [(folder, plan, index) for index in shards]
    try:
        with start_workers(processes, _begin, counts) as executor:
            _run(executor, processes, tasks, counts, progress)
    except BrokenProcessPool as error:
        raise HandsumError(
            "a worker process was killed: if memory ran out, use fewer `workers` "
            "(finished shards are kept; run the same command again to continue)"
        ) from error


def _run(
    executor: ProcessPoolExecutor,
    processes: int,
    tasks: list[tuple[Path, Plan, int]],
    counts: Any,
    progress: Progress,
) -> None:
    """Have every task done; raise the first error."""
    waiting = iter(enumerate(tasks))
    ended: queue.SimpleQueue[Future[None]] = queue.SimpleQueue()

    def submit(count: int) -> None:
        for place, task in islice(waiting, count):
            executor.submit(_work, place, *task).add_done_callback(ended.put)

    with signals_held():
        # One more for each process, so that none waits for us.
        submit(2 * processes)
    total = sum(len(plan.shard(index)) for _, plan, index in tasks)
    left = len(tasks)
    while left:
        with suppress(queue.Empty):
            ended.get(timeout=_INTERVAL).result()
            left -= 1
            submit(1)
        progress(sum(counts), total)


# In a worker: the number of samples of each shard that are drawn.
_counts: Any = None


def _begin(counts: Any) -> None:
    global _counts
    _counts = counts


def _work(place: int, folder: Path, plan: Plan, index: int) -> None:
    def progress(done: int, total: int) -> None:
        _counts[place] = done

    make_shard(folder, plan, index, progress)
