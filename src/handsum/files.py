"""Files and folders that appear whole or not at all, checks before the work, and locks."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from handsum.errors import HandsumError, UsageError

# The ending of the names of unfinished files.
_UNFINISHED = ".part"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
# The unfinished files and folders of this process.
_unfinished: set[Path] = set()
# Links in a row, as the system counts them.
_MOST_LINKS = 40
# The most bytes that are read from standard input.
LARGEST_INPUT = 256 * 2**20
# The types of files that a terminal can show.
_TEXTS = (".svg", ".csv", ".json", ".xml", ".hocr")


# Standard output and input, where a file may be named.
STREAM = "-"


def is_stream(path: str | Path) -> bool:
    """Whether this is the name of standard output or input: "-", or such as "-.svg"."""
    path = Path(path)
    return path.name.partition(".")[0] == STREAM and len(path.parts) == 1


def shown(path: str | Path) -> str:
    """A file as messages name it."""
    return "standard output" if is_stream(path) else str(path)


def check_replaceable(path: str | Path) -> None:
    """Raise unless a file may be written under this name, in place of another file if there is one.

    Raises:
        HandsumError: it is a directory, a device, a pipe or a read-only file; or standard output
            is a terminal, which would show bytes.
    """
    if is_stream(path):
        _check_output(Path(path))
        return
    if os.path.isdir(path):
        raise HandsumError(f"{path} is a directory: give a file name to write to")
    if _is_open_file(Path(path)) or (os.path.exists(path) and not os.path.isfile(path)):
        raise HandsumError(
            f"{path} is a device or a pipe: give a file name, or - for standard output"
        )
    _check_writable(Path(path))


def _is_open_file(path: Path) -> bool:
    """Whether links lead to a file that a process has open, as /dev/stdout does."""
    for _ in range(_MOST_LINKS):
        if not os.path.islink(path):
            return False
        path = path.parent / os.readlink(path)
        if path.parts[:2] == ("/", "proc"):
            return True
    return False


def _check_output(path: Path) -> None:
    """Raise unless standard output takes this type of file."""
    if sys.stdout is None:
        raise HandsumError("standard output is closed: give a file name to write to")
    if sys.stdout.isatty() and path.suffix.lower() not in _TEXTS:
        raise HandsumError(
            "standard output is a terminal: give a file name to write to, or pipe it into a program"
        )


def _check_writable(path: Path) -> None:
    """Raise for a read-only file or folder: a rename would replace it."""
    try:
        # The administrator may write everywhere, but not by mistake.
        writable = os.stat(path).st_mode & 0o222 and os.access(path, os.W_OK)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return
    except OSError as error:  # such as links that go round in a circle
        raise HandsumError(f"cannot write {path}: {error.strerror or error}") from error
    if not writable:
        raise HandsumError(f"cannot write {path}: it is read-only")


@cache
def standard_input() -> bytes:
    """All bytes of standard input, read once.

    Raises:
        HandsumError: it is closed, a terminal, empty or longer than LARGEST_INPUT bytes.
    """
    if sys.stdin is None:
        raise HandsumError("standard input is closed: pipe a file into it")
    if sys.stdin.isatty():
        raise HandsumError("standard input is a terminal: pipe a file into it")
    data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
    if len(data) > LARGEST_INPUT:
        size = f"{LARGEST_INPUT >> 20} MiB"
        raise HandsumError(f"cannot read standard input: it has more than {size}")
    if not data:
        raise HandsumError("cannot read standard input: it is empty")
    return data


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Open a binary file that gets its name only when it is complete.

    A link stays, and the file that it names is written; a file that is replaced keeps its
    permissions. A name such as "-.png" is standard output. A failure inside the block leaves
    nothing behind.

    Raises:
        HandsumError: the folder is missing or not writable, or no file may be written at `path`.
    """
    path = Path(path)
    check_replaceable(path)
    if is_stream(path):
        with _output() as file:
            yield file
        return
    target = _target(path)
    with _temporary_name(target) as temporary:
        try:
            handle = os.open(temporary, _NEW, 0o600)
        except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
            reason = getattr(error, "strerror", None) or error
            raise HandsumError(f"cannot write {path}: {reason}") from error
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
            os.chmod(temporary, _mode(target, 0o666))
            os.replace(temporary, target)
        except OSError as error:
            raise HandsumError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def _output() -> Iterator[BinaryIO]:
    """Collect bytes, and write them to standard output when the block has succeeded."""
    collected = io.BytesIO()
    yield collected
    # Bytes that a text stream could not write would be written again, in vain, at the end.
    sys.stdout.flush()
    try:
        with open(sys.stdout.fileno(), "wb", closefd=False) as out:
            out.write(collected.getbuffer())
    except BrokenPipeError:
        raise  # the reader has enough, which is no error (see `handsum.cli.app`)
    except OSError as error:
        raise HandsumError(f"cannot write standard output: {error.strerror or error}") from error


def _target(path: Path) -> Path:
    """What a link names, even if it is not there yet; else the path."""
    return Path(os.path.realpath(path)) if os.path.islink(path) else path


def _mode(target: Path, usual: int) -> int:
    """The permissions of the file that is replaced, else the usual ones under the user's umask."""
    try:
        return os.stat(target).st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return usual & ~mask


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

    A failure inside the block leaves nothing behind. `path` may be an empty folder, or a link to
    one, which stays.

    Raises:
        HandsumError: the parent folder is missing or not writable, or `path` holds files or is
            read-only.
    """
    path = Path(path)
    _check_writable(path)
    target = _target(path)
    with _temporary_name(target) as temporary:
        try:
            temporary.mkdir(0o700)
            yield temporary
            os.chmod(temporary, _mode(target, 0o777))
            if os.path.isdir(target):
                target.rmdir()
            os.replace(temporary, target)
        except OSError as error:
            raise HandsumError(f"cannot write {path}: {error.strerror or error}") from error


def make_folders(path: str | Path) -> None:
    """Make a folder and its parents, if they are missing; a link to a missing folder makes that.

    Raises:
        HandsumError: it cannot be made, or is standard output.
    """
    check_folder(path)
    try:
        os.makedirs(os.path.realpath(path), exist_ok=True)
    except OSError as error:
        raise HandsumError(f"cannot write to {path}: {error.strerror or error}") from error


def check_folder(path: str | Path) -> None:
    """Raise UsageError for standard output, which takes no folder."""
    if is_stream(path):
        raise UsageError("a folder cannot go to standard output: give the name of one")


def remove_unfinished(folder: str | Path) -> None:
    """Remove the files in a folder that killed processes left half-written."""
    for path in Path(folder).glob(f".*{_UNFINISHED}"):
        path.unlink(missing_ok=True)


def discard_unfinished() -> None:
    """Remove all unfinished files and folders of this process, which is about to end."""
    for path in tuple(_unfinished):
        _remove(path)


@contextmanager
def removed_at_end(path: Path) -> Iterator[Path]:
    """Remove a file or folder at the end of the block, also if a signal ends the process there."""
    # Listed before it exists: a signal may come at any moment.
    _unfinished.add(path)
    try:
        yield path
    finally:
        _remove(path)
        _unfinished.discard(path)


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder that is removed at the end of the block (see `removed_at_end`)."""
    with removed_at_end(parent / f"{prefix}{os.urandom(6).hex()}") as folder:
        folder.mkdir(0o700)
        yield folder


def _temporary_name(path: Path) -> AbstractContextManager[Path]:
    """A hidden name beside `path`; whatever has this name at the end is removed."""
    # The prefix is short, because the name itself may be as long as a name can be.
    return removed_at_end(path.parent / f".{path.name[:32]}.{os.urandom(6).hex()}{_UNFINISHED}")


def _remove(path: Path) -> None:
    with suppress(OSError, ValueError):  # a name with a zero byte is a ValueError
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def check_place(path: Path, folder: bool = False) -> None:
    """Raise HandsumError unless a file, or a `folder`, can be made at this path."""
    try:
        if folder:
            check_folder(path)
            _check_writable(path)
        else:
            check_replaceable(path)
        parent = _target(path).parent
        if not parent.absolute().is_dir():
            raise HandsumError(f"cannot write {path}: there is no folder {parent}")
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
