"""Files and folders that appear whole or not at all, checks before the work, and locks."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from handsum.errors import HandsumError, UsageError

# How the names of what is not yet whole end.
_UNFINISHED = ".part"


def check_replaceable(path: str | Path) -> None:
    """Raise where a name is taken by what no file may take the place of.

    Raises:
        HandsumError: it is a directory's, a device's or a pipe's, such as /dev/null, or "-", by
            which elsewhere the standard output is meant.
    """
    if os.fspath(path) == "-":
        raise HandsumError("nothing is written to the standard output: give a file name")
    if os.path.isdir(path):
        raise HandsumError(f"{path} is a directory: give a file name to write to")
    # /dev/stdout is a link to a file where the output goes to one; the link must stay even so.
    process = os.path.islink(path) and os.readlink(path).startswith("/proc/")
    if process or (os.path.exists(path) and not os.path.isfile(path)):
        raise HandsumError(f"{path} is a device or a pipe: give a file name to write to")


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Open a binary file that takes its name only once it is whole.

    A failure inside the block leaves neither the file nor a fragment of it behind.

    Raises:
        HandsumError: the folder is missing or not writable, or `path` is no file's.
    """
    path = Path(path)
    check_replaceable(path)
    try:
        handle, temporary = tempfile.mkstemp(_UNFINISHED, _hidden(path), path.parent)
    except (OSError, ValueError) as error:  # a name that holds a zero is no OSError
        reason = getattr(error, "strerror", None) or error
        raise HandsumError(f"cannot write {path}: {reason}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        # mkstemp makes private files; an output is an ordinary file under the user's umask.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except OSError as error:
        raise HandsumError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Fill a temporary folder that takes its name only once the block has succeeded.

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
    """Remove the files that processes which were killed have left half-written in a folder."""
    for path in Path(folder).glob(f".*{_UNFINISHED}"):
        path.unlink(missing_ok=True)


def _hidden(path: Path) -> str:
    # Short enough to leave room where the name itself is as long as a name can be.
    return f".{path.name[:32]}."


def check_place(path: Path, folder: bool = False) -> None:
    """Raise HandsumError unless a file, or a `folder`, can be made under this name."""
    try:
        if not folder:
            check_replaceable(path)
        if not path.absolute().parent.is_dir():
            raise HandsumError(f"cannot write {path}: there is no folder {path.parent}")
    except OSError as error:  # such as a name that is too long
        raise HandsumError(f"cannot write {path}: {error.strerror}") from error


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
