"""A snapshot's network as a compiled function, ready without tracing it again.

Tracing a network costs more than running it, and importing what describes it costs more still. So
the traced function is kept in the user's cache folder, with XLA's compiled code beside it: from
the second time on, neither the network's class nor Flax is imported.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from handsum._version import __version__
from handsum.batching import Batched
from handsum.errors import HandsumError
from handsum.images import atomic_write
from handsum.models import inference, registry
from handsum.models.inference import CHUNK
from handsum.training.snapshots import Snapshot, network


def compile_function(
    snapshot: Snapshot, function: Callable[..., Any], shapes: tuple[Any, ...]
) -> Callable[..., Any]:
    """`function` of the snapshot's network, compiled for `shapes`, its trace kept for next time."""
    folder = cache_folder()
    if folder is not None and not jax.config.values["jax_compilation_cache_dir"]:
        jax.config.update("jax_compilation_cache_dir", str(folder / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        # A full or damaged cache costs time, and nothing else.
        warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    weights = dict(snapshot.arrays)
    path = folder and folder / f"{_fingerprint(snapshot, function, shapes)}.export"
    kept = path and _kept(path)
    if kept:
        exported = jax.export.deserialize(bytearray(kept))
    else:
        traced = jax.jit(lambda arrays, *rest: function(network(snapshot.facts, arrays), *rest))
        exported = jax.export.export(traced)(jax.tree.map(_shape, weights), *shapes)
        if path is not None:
            _keep(path, bytes(exported.serialize()))
    # A call made for the CPU by name would import SciPy's linear algebra, for LAPACK's sake, which
    # no network here uses: a fifth of the time that a small request takes. The platform is checked
    # all the same, since it is part of the trace's name.
    exported = dataclasses.replace(
        exported,
        platforms=("any",),
        disabled_safety_checks=(jax.export.DisabledSafetyCheck.platform(),),
    )
    compiled = jax.jit(exported.call)
    device_weights = jax.device_put(weights)
    return lambda *arguments: compiled(device_weights, *arguments)


def batched(snapshot: Snapshot, function: Callable[..., Any], shapes: tuple[Any, ...]) -> Batched:
    """A function of the snapshot's network, for any number of rows, a CHUNK in each call."""
    return Batched(compile_function(snapshot, function, shapes), CHUNK)


def per_row(seed: int, rows: np.ndarray) -> np.ndarray:
    """The seed for each of the rows: uint32 (N,)."""
    return np.full(len(rows), seed, np.uint32)


def _shape(array: np.ndarray) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _fingerprint(snapshot: Snapshot, function: Callable[..., Any], shapes: tuple[Any, ...]) -> str:
    """What a trace depends on: the network's code, configuration and weights, JAX, the platform."""
    models = Path(inference.__file__).parent
    code = [models / "inference.py", models / f"{registry.module_name(snapshot.model)}.py"]
    for folder in ("layers", "losses"):
        code += sorted((models.parent / folder).glob("*.py"))
    parts = [
        __version__,
        jax.__version__,
        jax.default_backend(),
        function.__name__,
        str(shapes),
        json.dumps(snapshot.facts["config"], sort_keys=True),
        # Weights that do not fit are not the ones that were traced, and are found out.
        str({name: _shape(array) for name, array in sorted(snapshot.arrays.items())}),
        *(hashlib.sha256(path.read_bytes()).hexdigest() for path in code),
    ]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{snapshot.model}-{digest[:24]}"


def cache_folder() -> Path | None:
    """The user's cache folder for handsum, made if need be; None where there can be none."""
    from platformdirs import user_cache_path

    folder = user_cache_path("handsum", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _kept(path: Path) -> bytes | None:
    """What `_keep` wrote, or None where that is missing or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, content = data[:32], data[32:]
    return content if hashlib.sha256(content).digest() == digest else None


def _keep(path: Path, data: bytes) -> None:
    try:
        with atomic_write(path) as file:
            file.write(hashlib.sha256(data).digest() + data)
    except HandsumError:
        # A full or vanished cache costs time at the next start, and nothing else.
        return
