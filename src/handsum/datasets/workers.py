"""Shards written by several processes."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from handsum.datasets.plan import Plan
from handsum.datasets.shards import Progress, make_shard
from handsum.errors import HandsumError
from handsum.files import discard_unfinished

# Seconds between two looks at how far the workers are.
_INTERVAL = 0.2
# Seconds that a worker has to stop and clean up before it is ended.
_PATIENCE = 5.0
# Windows waits for at most 63 things at once, and the pool for two besides its processes.
_PROCESS_LIMIT = 61 if sys.platform == "win32" else sys.maxsize


def make_shards(
    folder: Path, plan: Plan, shards: list[int], workers: int, progress: Progress
) -> None:
    """Write shards in `workers` processes; the first error ends all of them.

    `progress` is called with the number of samples that are drawn, and of all in these shards.

    Raises:
        HandsumError: a worker's own, or a worker was killed.
    """
    # A forked process would inherit the locks of JAX's threads, but not the threads.
    context = multiprocessing.get_context("spawn")
    processes = min(workers, len(shards), _PROCESS_LIMIT)
    # A number for each shard and no lock, which a killed worker could hold for ever.
    counts = context.RawArray("q", len(shards))
    # Workers end when nobody holds `lifeline` any more: on an error here, or if we are killed.
    watched, lifeline = context.Pipe(duplex=False)
    with (
        watched,
        lifeline,
        ProcessPoolExecutor(processes, context, _begin_worker, (counts, watched)) as executor,
    ):
        try:
            _run(executor, processes, [(folder, plan, index) for index in shards], counts, progress)
        except BaseException as error:
            lifeline.close()
            executor.shutdown(cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise HandsumError(
                    "a worker process was killed: if memory ran out, use fewer `workers` "
                    "(finished shards are kept; run the same command again to continue)"
                ) from error
            raise


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

    with _signals_held():
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


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM while processes start; those never get Ctrl-C.

    A process that is interrupted while it starts, or whose parent gives up then, prints a
    traceback; and Ctrl-C goes to all processes of a terminal.
    """
    held: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda number, frame: held.append(number))
    if hasattr(signal, "pthread_sigmask"):
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
        for caught in held:
            signal.raise_signal(caught)


# In a worker: the number of samples of each shard that are drawn.
_counts: Any = None


def _begin_worker(counts: Any, watched: Connection) -> None:
    global _counts
    _counts = counts
    # The parent gets Ctrl-C too, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()


def _stop(number: int, frame: Any) -> None:
    # Not by an exception, which Python would drop in a destructor or in a library's callback.
    discard_unfinished()
    os._exit(128 + number)


def _end_with_parent(watched: Connection) -> None:
    """Stop this worker when the parent closes its end of the pipe, or is gone."""
    with suppress(EOFError, OSError):
        watched.recv()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    os._exit(128 + signal.SIGTERM)


def _work(place: int, folder: Path, plan: Plan, index: int) -> None:
    def progress(done: int, total: int) -> None:
        _counts[place] = done

    make_shard(folder, plan, index, progress)
