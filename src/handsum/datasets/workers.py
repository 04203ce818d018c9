"""Several processes that divide a data set's shards."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from handsum.datasets.plan import Plan
from handsum.datasets.shards import make_shard
from handsum.errors import HandsumError


def share(
    folder: Path, plan: Plan, shards: list[int], workers: int, tell: Callable[[int], None]
) -> None:
    """Write shards in `workers` processes; the first error of any of them ends all.

    Raises:
        HandsumError: a worker's own, or one was killed.
    """
    # A forked process would inherit JAX's threads in whatever state they are.
    context = multiprocessing.get_context("spawn")
    running: dict[Connection, BaseProcess] = {}
    try:
        for place in range(min(workers, len(shards))):
            receiver, sender = context.Pipe(duplex=False)
            task = (sender, folder, plan, shards[place::workers])
            process: BaseProcess = context.Process(target=_work, args=task, daemon=True)
            process.start()
            sender.close()
            running[receiver] = process
        while running:
            for ready in wait(list(running)):
                receiver = cast(Connection, ready)
                if not _hear(receiver, running[receiver], tell):
                    del running[receiver]
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.join()


def _hear(receiver: Connection, process: BaseProcess, tell: Callable[[int], None]) -> bool:
    """Pass on what a worker says; return whether it has more to say."""
    try:
        message = receiver.recv()
    except EOFError:
        process.join()
        if process.exitcode:
            raise HandsumError(
                f"a worker ended with code {process.exitcode}: if memory ran out, use fewer "
                "--workers (whole shards stay; the same command goes on)"
            ) from None
        return False
    if isinstance(message, BaseException):
        raise message
    tell(message)
    return True


def _work(sender: Connection, folder: Path, plan: Plan, shards: list[int]) -> None:
    # The parent hears the interruption too, and ends its workers, which then clean up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with contextlib.suppress(BrokenPipeError):  # nobody is left to work for
        try:
            for index in shards:
                make_shard(folder, plan, index, sender.send)
        except (HandsumError, MemoryError) as error:
            sender.send(error)
