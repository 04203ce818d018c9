"""Files and folders that appear whole or not at all, checks before the work, and locks."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from handsum.errors import HandsumError, UsageError

# The ending of the names of unfinished files.
_UNFINISHED = ".part"


def check_replaceable(path: str | Path) -> None:
    """Raise unless a file may be written under this name, in place of another file if there is one.

    Raises:
        HandsumError: it is a directory, a device or a pipe, such as /dev/null, or "-", which
            elsewhere stands for the standard output.
    """
    if os.fspath(path) == "-":
        raise HandsumError("nothing is written to the standard output: give a file name")
    if os.path.isdir(path):
        raise HandsumError(f"{path} is a directory: give a file name to write to")
    # /dev/stdout is a link, to a file if the output goes to one; the link must not be replaced.
    process = os.path.islink(path) and os.readlink(path).startswith("/proc/")
    if process or (os.path.exists(path) and not os.path.isfile(path)):
        raise HandsumError(f"{path} is a device or a pipe: give a file name to write to")


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Open a binary file that gets its name only when it is complete.

    A failure inside the block leaves nothing behind.

    Raises:
        HandsumError: the folder is missing or not writable, or no file may be written at `path`.
    """
    path = Path(path)
    check_replaceable(path)
    try:
        handle, temporary = tempfile.mkstemp(_UNFINISHED, _hidden(path), path.parent)
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise HandsumError(f"cannot write {path}: {reason}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        # mkstemp makes private files; an output is an ordinary file with the user's umask.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except OSError as error:
        raise HandsumError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_json(path: str | Path, values: Any, indent: int = 1) -> None:
    """Write plain values to a JSON file, whole or not at all.

    Raises:
        HandsumError: as `atomic_write`.
    """
    text = json.dumps(values, indent=indent, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Fill a temporary folder that gets its name only when the block has succeeded.

    A failure inside the block leaves nothing behind. `path` may be an empty folder.

    Raises:
        HandsumError: the parent folder is missing or not writable, or `path` holds files.
    """
    path = Path(path)
    try:
        temporary = Path(tempfile.mkdtemp(_UNFINISHED, _hidden(path), path.parent))
    except OSError as error:
        raise HandsumError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o777 & ~mask)
        if os.path.isdir(path):
            path.rmdir()
        os.replace(temporary, path)
    except OSError as error:
        raise HandsumError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_unfinished(folder: str | Path) -> None:
    """Remove the files in a folder that killed processes left half-written."""
    for path in Path(folder).glob(f".*{_UNFINISHED}"):
        path.unlink(missing_ok=True)


def _hidden(path: Path) -> str:
    # Short, because the name itself may be as long as a name can be.
    return f".{path.name[:32]}."


def check_place(path: Path, folder: bool = False) -> None:
    """Raise HandsumError unless a file, or a `folder`, can be made at this path."""
    try:
        if not folder:
            check_replaceable(path)
        if not path.absolute().parent.is_dir():
            raise HandsumError(f"cannot write {path}: there is no folder {path.parent}")
    except OSError as error:  # such as a name that is too long
        raise HandsumError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def locked(path: Path, work: str) -> Iterator[None]:
    """Lock a file, and all that it stands for, for this process within the block.

    `work` says what a process that holds the lock does, for the message.

    Raises:
        UsageError: another process holds the lock.
        HandsumError: the file cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = path.parent
    if not folder.is_dir():  # FileLock would make it
        raise HandsumError(f"cannot write to {folder}: there is no such folder")
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UsageError(f"another process is {work} {folder}: wait for it, or stop it") from error
    except OSError as error:
        raise HandsumError(f"cannot write to {folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()
