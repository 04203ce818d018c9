"""One process to a folder: a lock that goes with its process, however that ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handsum.errors import HandsumError, UsageError


@contextmanager
def locked(path: Path, work: str) -> Iterator[None]:
    """Keep a file, and what it stands for, to this process within the block.

    `work` is what another process that has it is doing there, for the message.

    Raises:
        UsageError: another process has it.
        HandsumError: the file cannot be written.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise HandsumError(f"cannot write to {path.parent}: {error.strerror}") from error
    try:
        try:
            _lock(handle)
        except OSError as error:
            raise UsageError(
                f"another process is {work} {path.parent}: wait for it, or stop it"
            ) from error
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    """Lock an open file, or raise OSError at once; closing it unlocks."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
