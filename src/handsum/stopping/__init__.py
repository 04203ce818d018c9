"""Stopping work that nobody waits for any more: long work checks between its steps.

A thread cannot be stopped from outside. So a caller that may want its work to stop passes a check
along with it (`checked_by`), which raises an exception when the work should end; the work calls it
between digits, pictures and calls of a network (`check`). Without a caller's check nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CHECK: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


def check() -> None:
    """Raise the exception of the caller if this work should stop."""
    own = _CHECK.get()
    if own is not None:
        own()


@contextmanager
def checked_by(own: Callable[[], None]) -> Iterator[None]:
    """Within this context, in this thread, `check` calls `own`."""
    token = _CHECK.set(own)
    try:
        yield
    finally:
        _CHECK.reset(token)
