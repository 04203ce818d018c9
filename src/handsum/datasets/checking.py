"""Whether files are as they were written: SHA-256 sums, listed as `sha256sum` checks them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from handsum.errors import DatasetError

SUMS = "SHA256SUMS"


def check_sums(folder: Path, manifest: dict[str, Any]) -> None:
    """Raise DatasetError unless a complete data set's files are all as they were written."""
    path = folder / SUMS
    try:
        lines = path.read_text().splitlines()
        told = sum(shard.get("files", 1) for shard in manifest["shards"]) + len(manifest["joined"])
        intact = len(lines) == told
        for line in lines if intact else []:
            digest, _, name = line.partition("  ")
            path = folder / name
            intact = intact and is_within(name) and hash_file(path)[0] == digest
            if not intact:
                break
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        intact = False
    if not intact:
        raise DatasetError(f"{path} is damaged or gone: delete {folder} and write it anew")


def list_sums(files: list[tuple[str, str, int]]) -> bytes:
    """A list of files as `sha256sum` prints and checks it."""
    return "".join(f"{digest}  {name}\n" for name, digest, _ in files).encode()


def is_within(name: str) -> bool:
    """Whether a file's name leads to a place within its folder."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def hash_file(path: Path) -> tuple[str, int]:
    """A file's SHA-256 sum and its size."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()
