"""The cache folder: traced functions and JAX's compiled code, for the next start."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path
from typing import Any, cast

from handsum.errors import HandsumError
from handsum.files import atomic_write

_COMPILED = "xla"


def cache_folder() -> Path | None:
    """The user's cache folder for handsum, made if missing; None if it cannot be written.

    There is none either for a user without a home folder, or with a relative one: nothing is ever
    cached in the working directory.
    """
    from platformdirs import user_cache_path

    try:
        folder = user_cache_path("handsum", appauthor=False)
        if not folder.is_absolute():
            return None
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # the latter without a home folder
        return None
    return folder if os.access(folder, os.W_OK) else None


def compilation_cache() -> tuple[str | None, bool]:
    """The folder where JAX keeps compiled code, and whether the user chose it."""
    import jax

    chosen: str | None = cast("Any", jax.config).jax_compilation_cache_dir
    folder = cache_folder()
    own = None if folder is None else str(folder / _COMPILED)
    return (own, False) if chosen in (None, "", own) else (chosen, True)


def read_cached(name: str) -> bytes | None:
    """The bytes that `write_cached` wrote under a name; None if missing or damaged."""
    path = _path(name)
    try:
        # Reading a pipe would never end.
        data = path.read_bytes() if path and path.is_file() else b""
    except OSError:
        return None
    digest, content = data[:32], data[32:]
    return content if _checksum(name, content) == digest else None


def write_cached(name: str, content: bytes) -> None:
    """Write bytes to the cache with a checksum; a cache that cannot be written is ignored."""
    path = _path(name)
    if path is None:
        return
    try:
        with atomic_write(path) as file:
            file.write(_checksum(name, content) + content)
    except HandsumError:
        # A full or deleted cache costs time at the next start, and nothing else.
        return


def use_compilation_cache() -> None:
    """Keep what JAX compiles in the cache folder, unless the user chose another folder."""
    import jax

    folder, config = cache_folder(), cast("Any", jax.config)
    if folder is None or config.jax_compilation_cache_dir:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder / _COMPILED))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    # A full or damaged cache costs time, and nothing else.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")


def _path(name: str) -> Path | None:
    folder = cache_folder()
    return folder and folder / name


def _checksum(name: str, content: bytes) -> bytes:
    # Includes the name: one file in another's place is as wrong as a damaged one.
    return hashlib.sha256(name.encode() + b"\n" + content).digest()
