"""A pool of processes that end with their parent, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from handsum.files import discard_unfinished

# Seconds that a worker has to stop and clean up before it is ended.
_PATIENCE = 5.0
# Windows waits for at most 63 things at once, and the pool for two besides its processes.
_PROCESS_LIMIT = 61 if sys.platform == "win32" else sys.maxsize


def usable_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def start_workers(
    processes: int, begin: Callable[..., None], *arguments: Any
) -> Iterator[ProcessPoolExecutor]:
    """Up to `processes` worker processes, in each of which `begin(*arguments)` is called first.

    If the block raises, tasks that have not begun are dropped and the workers end.
    """
    # A forked process would inherit the locks of JAX's threads, but not the threads.
    context = multiprocessing.get_context("spawn")
    # Workers end when nobody holds `lifeline` any more: on an error here, or if we are killed.
    watched, lifeline = context.Pipe(duplex=False)
    with (
        watched,
        lifeline,
        ProcessPoolExecutor(
            min(processes, _PROCESS_LIMIT), context, _begin, (watched, begin, arguments)
        ) as executor,
    ):
        try:
            yield executor
        except BaseException:
            lifeline.close()
            executor.shutdown(cancel_futures=True)
            raise


@contextmanager
def signals_held() -> Iterator[None]:
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


def _begin(watched: Connection, begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    # The parent gets Ctrl-C too, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()
    begin(*arguments)


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
