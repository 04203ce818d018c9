"""Snapshots: what a trained model needs to infer, in files that anyone can open.

A snapshot is a folder with `weights.npz` (one array per parameter, by its path) and `config.json`
(what made it). No pickle is written or read.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handsum.errors import SnapshotError
from handsum.images import atomic_write

FORMAT = 1


@dataclass(frozen=True)
class Snapshot:
    """A model's arrays by path and the facts about it (`config.json`, as plain values)."""

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The model's name in the registry."""
        return self.facts["model"]


def save_snapshot(folder: Path, snapshot: Snapshot) -> None:
    """Write a snapshot; floating arrays as float16, whose rounding costs nothing measurable."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        path: array.astype(np.float16) if array.dtype == np.float32 else array
        for path, array in sorted(snapshot.arrays.items())
    }
    np.savez_compressed(buffer, **arrays)
    data = buffer.getvalue()
    facts = {"format": FORMAT, **snapshot.facts, "sha256": hashlib.sha256(data).hexdigest()}
    with atomic_write(folder / "weights.npz") as file:
        file.write(data)
    with atomic_write(folder / "config.json") as file:
        file.write((json.dumps(facts, indent=2) + "\n").encode())


def read_facts(folder: Path) -> dict[str, Any]:
    """The facts of a snapshot, without its arrays.

    Raises:
        SnapshotError: no snapshot is there, or one of another format.
    """
    path = folder / "config.json"
    try:
        facts = json.loads(path.read_bytes())
    except OSError as error:
        raise SnapshotError(f"no snapshot in {folder}: cannot read config.json") from error
    except ValueError as error:
        raise SnapshotError(f"{path} is damaged: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        found = facts.get("format") if isinstance(facts, dict) else None
        raise SnapshotError(
            f"{path} is of snapshot format {found}; this handsum reads format {FORMAT}"
        )
    for name, kind in (("model", str), ("config", dict)):
        if not isinstance(facts.get(name), kind):
            raise SnapshotError(f"{path} is damaged: its {name} is {facts.get(name)!r}")
    return facts


def load_snapshot(folder: Path) -> Snapshot:
    """Read and check a snapshot; its floating arrays come back as float32.

    Raises:
        SnapshotError: missing, of another format, or damaged (names the file and both sums).
    """
    facts = read_facts(folder)
    path = folder / "weights.npz"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SnapshotError(f"cannot read {path}: {error.strerror}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != facts.get("sha256"):
        raise SnapshotError(
            f"{path} is damaged: its SHA-256 is {found}, expected {facts.get('sha256')}"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    wide = {
        name: array.astype(np.float32) if array.dtype == np.float16 else array
        for name, array in arrays.items()
    }
    return Snapshot(wide, facts)
