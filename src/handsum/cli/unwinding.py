"""Ctrl-C and SIGTERM as exceptions, for work that must wait for its other processes to end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Seconds from a signal to the end of the process, however busy it is.
PATIENCE = 15.0


@contextmanager
def unwinding() -> Iterator[None]:
    """Within the block, Ctrl-C raises KeyboardInterrupt, and SIGTERM SystemExit.

    Elsewhere in a command they end the process at once (see `handsum.__main__`).
    """
    received: list[int] = []
    timers: list[threading.Timer] = []

    def unwind(number: int, frame: FrameType | None) -> None:
        # The exception may get lost in a callback, or leave a lock behind that nobody releases.
        timer = threading.Timer(PATIENCE, os._exit, (128 + number,))
        timer.daemon = True
        timer.start()
        timers.append(timer)
        received.append(number)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    before = {
        number: signal.signal(number, unwind)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    except Exception:
        # A library may turn the exception into an error of its own.
        if received:
            sys.exit(128 + received[-1])
        raise
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
