"""Snapshots: the files of a trained model that inference needs.

A snapshot is a folder with `weights.npz` (one array per parameter, by its path in the network) and
`config.json` (how it was made). No pickle is written or read.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handsum.config import from_dict
from handsum.errors import SnapshotError
from handsum.files import atomic_write, make_folders, write_json
from handsum.models import registry
from handsum.pretrained.devices import default_platform

# The snapshots in the package, in a folder for each model.
WEIGHTS = Path(__file__).parents[1] / "weights"
# The format of config.json and weights.npz. Every format up to this one can be read:
# tests/pretrained/snapshots has one of each.
FORMAT = 1
# Bytes of weights: a damaged or hostile file may claim any number.
LARGEST = 2**32


# Held while a network is built, traced or captured: Flax replaces methods of its classes while it
# captures (`nnx.capture`), which no other thread may then call.
FLAX_LOCK = threading.RLock()


def weights_folder(model: str) -> Path:
    """The folder for the weights of a model of the zoo, whether or not they are in the package."""
    return WEIGHTS / (registry.ENTRIES[model].weights or model)


def is_bundled(model: str) -> bool:
    """Whether the weights of a model of the zoo are in the package."""
    return (weights_folder(model) / "config.json").exists()


@dataclass(frozen=True)
class Snapshot:
    """A model's arrays by path, and its facts (the plain values of `config.json`)."""

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The model's name in the registry."""
        return self.facts["model"]

    def setting(self, name: str, default: int | None = None) -> int:
        """A whole number of the model's configuration.

        Raises:
            SnapshotError: it is missing, or not a positive whole number.
        """
        value = self.facts["config"].get(name, default)
        if not isinstance(value, int) or value < 1:
            raise SnapshotError(f"the snapshot of {self.model} is damaged: its {name} is {value!r}")
        return value


def save_snapshot(folder: Path, snapshot: Snapshot) -> None:
    """Write a snapshot; float arrays as float16, whose rounding has no measurable effect."""
    make_folders(folder)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        path: array.astype(np.float16) if array.dtype == np.float32 else array
        for path, array in sorted(snapshot.arrays.items())
    }
    np.savez_compressed(buffer, **arrays)
    data = buffer.getvalue()
    own = {"format": FORMAT, "sha256": hashlib.sha256(data).hexdigest()}
    facts = {"format": FORMAT, **snapshot.facts} | own
    with atomic_write(folder / "weights.npz") as file:
        file.write(data)
    write_json(folder / "config.json", facts, indent=2)


def read_facts(folder: Path) -> dict[str, Any]:
    """The facts of a snapshot, without its arrays.

    Raises:
        SnapshotError: there is no snapshot, or it is damaged or of a newer format.
    """
    path = folder / "config.json"
    try:
        facts = json.loads(_read_file(path))
    except OSError as error:
        raise SnapshotError(f"no snapshot in {folder}: cannot read config.json") from error
    except ValueError as error:
        raise SnapshotError(f"{path} is damaged: {error}") from error
    if not isinstance(facts, dict):
        raise SnapshotError(f"{path} is damaged: it is not a JSON object")
    for name, expected in (("format", int), ("model", str), ("config", dict)):
        if not isinstance(facts.get(name), expected):
            raise SnapshotError(f"{path} is damaged: its {name} is {facts.get(name)!r}")
    if facts["format"] > FORMAT:
        raise SnapshotError(
            f"{path} has snapshot format {facts['format']}, and this handsum reads formats up to "
            f"{FORMAT}: update handsum"
        )
    for name in ("temperature", "least_odds"):
        value = facts.get(name, 1.0)
        if not isinstance(value, int | float) and not (name == "least_odds" and value is None):
            raise SnapshotError(f"{path} is damaged: its {name} is {value!r}")
    return facts


def load_snapshot(folder: Path) -> Snapshot:
    """Read and check a snapshot; float arrays become float32.

    Raises:
        SnapshotError: missing, damaged (names the file and both checksums) or of a newer format.
    """
    facts = read_facts(folder)
    path = folder / "weights.npz"
    try:
        data = _read_file(path)
    except OSError as error:
        raise SnapshotError(f"cannot read {path}: {error.strerror}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != facts.get("sha256"):
        raise SnapshotError(
            f"{path} is damaged: its SHA-256 is {found}, expected {facts.get('sha256')}"
        )
    return Snapshot(_read_arrays(path, data), facts)


def _read_file(path: Path) -> bytes:
    """The bytes of a file, if it is one and not too large."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        # A pipe or a device may never end.
        raise SnapshotError(f"cannot read {path}: it is not a file")
    if found.st_size > LARGEST:
        raise SnapshotError(f"{path} is damaged: no snapshot has {found.st_size} bytes")
    return path.read_bytes()


def _read_arrays(path: Path, data: bytes) -> dict[str, np.ndarray]:
    """The arrays in the bytes of an NPZ, float16 as float32; nothing is unpickled or unpacked.

    Raises:
        SnapshotError: it is not an archive of numbers, or too large when unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(member.file_size for member in packed.infolist()) > LARGEST:
                raise ValueError(f"unpacked, it has over {LARGEST} bytes")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
                raise ValueError(f"{name} is not an array of numbers")
    except Exception as error:
        # A damaged header may raise almost any error.
        raise SnapshotError(f"{path} is damaged: {error}") from error
    return {
        name: array.astype(np.float32) if array.dtype == np.float16 else array
        for name, array in arrays.items()
    }


def network(facts: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    """The network of a snapshot, with its weights.

    Raises:
        SnapshotError: the weights do not fit the network that the facts describe.
    """
    with FLAX_LOCK:
        return _build(facts, weights)


def _build(facts: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    from flax import nnx

    module = registry.module(facts["model"])
    config = from_dict(module.Config, facts["config"])
    abstract = nnx.eval_shape(lambda: module.build(config, rngs=nnx.Rngs(0))[module.SNAPSHOT_PART])
    definition, state = nnx.split(abstract)
    leaves = nnx.to_flat_state(state)
    names = ["/".join(str(part) for part in path) for path, _ in leaves]
    if set(names) != set(weights):
        odd = ", ".join(sorted(set(names) ^ set(weights))[:3])
        raise SnapshotError(f"the snapshot is not of this {facts['model']}: {odd} do not match")
    filled = []
    for name, (path, leaf) in zip(names, leaves, strict=True):
        found = weights[name]
        if (leaf.shape, leaf.dtype) != (found.shape, found.dtype):
            raise SnapshotError(
                f"{name} is {found.dtype}{list(found.shape)} in the snapshot, not "
                f"{leaf.dtype}{list(leaf.shape)}"
            )
        filled.append((path, leaf.replace(weights[name])))
    return nnx.merge(definition, nnx.from_flat_state(filled))


def restore(snapshot: Snapshot) -> Any:
    """The network of a snapshot, with its weights on the device.

    Raises:
        SnapshotError: the weights do not fit the network that the facts describe.
        HandsumError: JAX finds no device.
    """
    default_platform()
    import jax

    # The networks index their arrays with traced values, which NumPy arrays do not accept.
    return network(snapshot.facts, jax.device_put(dict(snapshot.arrays)))
