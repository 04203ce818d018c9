"""SHA-256 sums of files, listed in `SHA256SUMS` so that `sha256sum -c` checks them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from handsum.datasets.formats import find_format
from handsum.errors import DatasetError

SUMS = "SHA256SUMS"

# A file's name, SHA-256 sum and size in bytes.
FileSum = tuple[str, str, int]


def check_sums(folder: Path, manifest: dict[str, Any]) -> None:
    """Raise DatasetError unless every file of a complete data set is as it was written."""
    path = folder / SUMS
    try:
        lines = path.read_text().splitlines()
        intact = _match_manifest(lines, manifest)
        for line in lines if intact else []:
            digest, _, name = line.partition("  ")
            path = folder / name
            intact = is_within(name) and hash_file(path)[0] == digest
            if not intact:
                break
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        intact = False
    if not intact:
        raise DatasetError(f"{path} is damaged or missing: delete {folder} and write it again")


def _match_manifest(lines: list[str], manifest: dict[str, Any]) -> bool:
    """Whether the lines of `SHA256SUMS` list exactly the files of the manifest, in its order."""
    # Shards that only add to joined files leave no files of their own to list.
    shards = [] if find_format(manifest["format"]).only_joined else manifest["shards"]
    for entry in [*shards, *manifest["joined"]]:
        count = entry.get("files", 1)
        own, lines = lines[:count], lines[count:]
        if "file" in entry:
            matches = own == [f"{entry['sha256']}  {entry['file']}"]
        else:
            matches = _hash_text("".join(f"{line}\n" for line in own)) == entry["sha256"]
        if not matches:
            return False
    return not lines


def format_sums(files: list[FileSum]) -> str:
    """The lines that `sha256sum` prints for these files, and checks."""
    return "".join(f"{digest}  {name}\n" for name, digest, _ in files)


def summarize_files(files: list[FileSum]) -> dict[str, Any]:
    """One file's name, size and sum; of several, their number, size and the sum of their list."""
    if len(files) == 1:
        name, digest, size = files[0]
        return {"file": name, "bytes": size, "sha256": digest}
    size = sum(size for _, _, size in files)
    return {"files": len(files), "bytes": size, "sha256": _hash_text(format_sums(files))}


def is_within(name: str) -> bool:
    """Whether a file's name leads to a place within its folder."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def hash_file(path: Path) -> tuple[str, int]:
    """A file's SHA-256 sum and its size in bytes."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
