"""The cache folder: traced functions and JAX's compiled code, for the next start.

What lies there is run. So it is used only if no other user can have put it there.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path
from typing import Any, cast

from handsum.errors import HandsumError
from handsum.files import atomic_write
from handsum.pretrained.private import check_contents, open_private, read_private

_COMPILED = "xla"


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
    return open_private(folder)


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
        data = read_private(open_cache() / name)
    except (OSError, HandsumError):
        return None
    digest, content = data[:32], data[32:]
    return content if _checksum(name, content) == digest else None


def write_cached(name: str, content: bytes) -> None:
    """Write bytes to the cache with a checksum; a cache that cannot be written is ignored."""
    try:
        path = open_cache() / name
        with atomic_write(path) as file:
            file.write(_checksum(name, content) + content)
        os.chmod(path, 0o600)
    except (OSError, HandsumError):
        # A full or deleted cache costs time at the next start, and nothing else.
        return


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
    folder = open_private(open_cache() / _COMPILED)
    try:
        check_contents(folder)
    except OSError as error:
        raise HandsumError(f"{folder}: {error.strerror or error}") from error
    return folder


def _checksum(name: str, content: bytes) -> bytes:
    # Includes the name: one file in another's place is as wrong as a damaged one.
    return hashlib.sha256(name.encode() + b"\n" + content).digest()
