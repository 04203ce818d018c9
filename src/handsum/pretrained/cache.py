"""The cache folder: traced functions and JAX's compiled code, for the next start.

What lies there is run. So it is used only if no other user can have put it there.
"""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from handsum.errors import HandsumError
from handsum.files import atomic_write

_COMPILED = "xla"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ELSEWHERE = "set XDG_CACHE_HOME to a folder of your own"


def open_cache() -> Path:
    """The user's cache folder for handsum, made if missing.

    Raises:
        HandsumError: there is none, it cannot be written, or another user could change it.
    """
    from platformdirs import user_cache_path

    try:
        folder = user_cache_path("handsum", appauthor=False)
    except RuntimeError as error:
        raise HandsumError(
            "there is no home folder: set XDG_CACHE_HOME to an absolute path"
        ) from error
    # Nothing is ever cached in the working directory.
    if not folder.is_absolute():
        raise HandsumError(f"{folder} is not absolute: set XDG_CACHE_HOME to an absolute path")
    return _open_private(folder)


def compilation_cache() -> tuple[str, bool]:
    """The folder where JAX keeps compiled code, and whether the user chose it.

    Raises:
        HandsumError: as `open_cache`.
    """
    import jax

    chosen: str | None = cast("Any", jax.config).jax_compilation_cache_dir
    try:
        own = str(_open_compiled())
    except HandsumError:
        if chosen:
            return chosen, True
        raise
    return (own, False) if chosen in (None, "", own) else (chosen, True)


def read_cached(name: str) -> bytes | None:
    """The bytes that `write_cached` wrote under a name; None if missing, damaged or another's."""
    try:
        data = _read_private(open_cache() / name)
    except (OSError, HandsumError):
        return None
    digest, content = data[:32], data[32:]
    return content if _checksum(name, content) == digest else None


def write_cached(name: str, content: bytes) -> None:
    """Write bytes to the cache with a checksum; a cache that cannot be written is ignored."""
    try:
        path = open_cache() / name
        with suppress(FileNotFoundError):
            # A file from a run as another user would stay unused for ever.
            if not _is_own_file(path.lstat()):
                path.unlink()
        with atomic_write(path) as file:
            file.write(_checksum(name, content) + content)
        os.chmod(path, 0o600)
    except (OSError, HandsumError):
        # A full or deleted cache costs time at the next start, and nothing else.
        return


def clear_cache() -> tuple[Path, int, int]:
    """Delete the traces and the compiled code; return the folder, and how many files and bytes.

    A cache that the user gave to JAX is left alone.

    Raises:
        HandsumError: as `open_cache`, or something cannot be deleted.
    """
    folder = open_cache()
    files = size = 0
    for path in [*folder.glob("*.export"), *_open_compiled().rglob("*")]:
        try:
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode):
                path.unlink()
                files, size = files + 1, size + status.st_size
        except FileNotFoundError:  # another process has deleted it
            continue
        except OSError as error:
            raise HandsumError(f"cannot delete {path}: {error.strerror or error}") from error
    return folder, files, size


def use_compilation_cache() -> None:
    """Keep what JAX compiles in the cache folder, unless the user chose another folder."""
    import jax

    if cast("Any", jax.config).jax_compilation_cache_dir:
        return
    try:
        folder = _open_compiled()
    except HandsumError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    # A full or damaged cache costs time, and nothing else.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")


def _open_compiled() -> Path:
    """The folder for JAX's compiled code, with nothing in it from another user."""
    folder = _open_private(open_cache() / _COMPILED)
    try:
        _check_contents(folder)
    except OSError as error:
        raise HandsumError(f"{folder}: {error.strerror or error}") from error
    return folder


def _checksum(name: str, content: bytes) -> bytes:
    # Includes the name: one file in another's place is as wrong as a damaged one.
    return hashlib.sha256(name.encode() + b"\n" + content).digest()


def _open_private(folder: Path) -> Path:
    """A folder, made if missing, that only the effective user can open; returned without links.

    Nor can others replace one of its parents. Missing parents are made private, too.

    Raises:
        HandsumError: the folder is not private, or cannot be written.
    """
    try:
        # Links among the parents are resolved; where they lead is checked.
        parent = Path(os.path.realpath(folder.parent))
        for place in reversed([parent, *parent.parents]):
            _make(place)
            _check_parent(place)
        folder = parent / folder.name
        _make(folder)
        _check_folder(folder)
    except OSError as error:
        raise HandsumError(f"{folder}: {error.strerror or error}: {_ELSEWHERE}") from error
    if not os.access(folder, os.W_OK):
        raise HandsumError(f"{folder} cannot be written: {_ELSEWHERE}")
    return folder


def _check_contents(folder: Path) -> None:
    """Check that all files in a private folder are the user's own, and remove empty ones.

    Their modes do not matter, since nobody else can enter the folder. A killed process may leave
    empty files, which JAX would neither read nor replace.

    Raises:
        HandsumError: there is a link or another user's file.
        OSError: the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # another process deletes it
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode) and _is_own(status):
                    _check_contents(Path(entry.path))
                elif not _is_own_file(status):
                    raise HandsumError(
                        f"{entry.path} is a link or belongs to another user: delete {folder}"
                    )
                elif not status.st_size:
                    os.unlink(entry.path)


def _read_private(path: Path) -> bytes:
    """The contents of a file that belongs to the user, and that nobody else can write.

    Raises:
        OSError: there is no such file.
    """
    # A link is not followed, and a pipe is not waited for.
    flags = (getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK"))
    with os.fdopen(os.open(path, os.O_RDONLY | sum(flags)), "rb") as file:
        status = os.fstat(file.fileno())
        if not _is_own_file(status) or (_has_owners() and status.st_mode & _OTHERS_WRITE):
            raise PermissionError(f"{path} is not private")
        return file.read()


def _make(folder: Path) -> None:
    # Asked first: some systems refuse to make what is there with another error.
    if not os.path.lexists(folder):
        with suppress(FileExistsError):  # another process makes it
            folder.mkdir(mode=0o700)


def _check_parent(place: Path) -> None:
    """Raise unless nobody but the user and root can replace what the folder holds."""
    status = os.lstat(place)
    if not stat.S_ISDIR(status.st_mode):
        raise HandsumError(f"{place} is no folder: {_ELSEWHERE}")
    if not _has_owners():
        return
    if status.st_uid not in (0, os.geteuid()):
        raise HandsumError(f"{place} belongs to another user: {_ELSEWHERE}")
    # In a sticky folder, such as /tmp, others cannot replace what is not theirs.
    if status.st_mode & stat.S_ISVTX or not status.st_mode & _OTHERS_WRITE:
        return
    if status.st_mode & stat.S_IWOTH or not _is_group_of_one(place, status):
        own = f"run chmod go-w {place}, or " if status.st_uid == os.geteuid() else ""
        raise HandsumError(f"other users can write to {place}: {own}{_ELSEWHERE}")


def _check_folder(folder: Path) -> None:
    """Raise unless it is a folder of the user's own that nobody else can open."""
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise HandsumError(f"{folder} is a link or a file: delete it, or {_ELSEWHERE}")
    if not _has_owners():
        # Windows keeps other users out of the home folder.
        if not folder.is_relative_to(os.path.realpath(os.path.expanduser("~"))):
            raise HandsumError(f"{folder} is not in your home folder: {_ELSEWHERE}")
    elif status.st_uid != os.geteuid():
        raise HandsumError(f"{folder} belongs to another user: {_ELSEWHERE}")
    elif status.st_mode & _OTHERS:
        # Not chmod: they may have changed what lies there.
        raise HandsumError(f"other users can open {folder}: delete it")


def _has_owners() -> bool:
    """Whether files show their owners here; not on Windows."""
    return hasattr(os, "geteuid")


def _is_own(status: os.stat_result) -> bool:
    return not _has_owners() or status.st_uid == os.geteuid()


def _is_own_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and _is_own(status)


def _is_group_of_one(place: Path, status: os.stat_result) -> bool:
    """Whether a folder's group is the user's alone; many systems give each user such a group."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    # With an access list, the group's bits say what others may do at most.
    listed = hasattr(os, "listxattr") and "system.posix_acl_access" in os.listxattr(place)
    members = {other.pw_name for other in pwd.getpwall() if other.pw_gid == group.gr_gid}
    members |= {user.pw_name, *group.gr_mem}
    return group.gr_name == user.pw_name and members == {user.pw_name} and not listed
