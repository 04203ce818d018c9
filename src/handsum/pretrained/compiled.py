"""A snapshot's network as a compiled function, without tracing it again.

Tracing a network takes longer than running it, and importing its class takes longer still. So the
package contains traces (`jax.export`) of the functions that are used most, and the others are
cached; JAX's compilation cache keeps the compiled code. Neither Flax nor the network's class is
imported then.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from handsum.models import registry
from handsum.pretrained.batching import Batched
from handsum.pretrained.cache import read_cached, use_compilation_cache, write_cached
from handsum.pretrained.devices import default_platform
from handsum.pretrained.snapshots import FLAX_LOCK, WEIGHTS, Snapshot, network

if TYPE_CHECKING:
    import jax

# Every call computes this many digits: one shape compiles once, and a digit cannot depend on the
# number of others in its request.
CHUNK = 32

Function = Literal[
    "draw_between",
    "draw_digits",
    "draw_sequences",
    "find_signs",
    "digit_features",
    "digit_stages",
    "mix_digits",
    "read_digits",
    "read_sums",
    "sequence_stages",
    "trace_digits",
    "write_digits",
]
# The modules of the functions; they import JAX.
_INFERENCE, _STAGES = "handsum.models.inference", "handsum.pretrained.stages"
_MODULES: dict[Function, str] = {"digit_stages": _STAGES, "sequence_stages": _STAGES}


@dataclass(frozen=True)
class ArraySpec:
    """The shape and the dtype of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def rows(*shape: int, dtype: Any, chunk: int = CHUNK) -> ArraySpec:
    """The spec of an argument that has an array of this shape for each row of a call."""
    return ArraySpec((chunk, *shape), np.dtype(dtype))


class Functions:
    """The compiled functions of a snapshot's network, each made at its first use."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._compiled: dict[tuple[Function, tuple[ArraySpec, ...]], Batched] = {}
        self._compiling = threading.Lock()

    def check(self, function: Function, specs: tuple[ArraySpec, ...]) -> None:
        """Raise the errors of `__call__` early, without compiling the function.

        Raises:
            SnapshotError, HandsumError: as `__call__`.
        """
        _load_trace(self._snapshot, function, specs, default_platform())

    def __call__(self, function: Function, specs: tuple[ArraySpec, ...]) -> Batched:
        """A function of the network for any number of rows, as many a call as the specs have.

        Raises:
            SnapshotError: the weights do not belong to the network that the snapshot describes.
            HandsumError: JAX finds no device.
        """
        key = function, specs
        if key not in self._compiled:
            # A thread waits only for a function that is not there yet.
            with self._compiling:
                if key not in self._compiled:
                    self._compiled[key] = Batched(
                        _compile(self._snapshot, function, specs), specs[0].shape[0]
                    )
        return self._compiled[key]

    def prepare(self, function: Function, specs: tuple[ArraySpec, ...]) -> None:
        """Compile a function and call it once in a thread, while the caller does other work.

        The first call takes four times as long as the others. Errors are raised by the call that
        needs the function, not here.
        """
        if (function, specs) in self._compiled:
            return
        # Imported here (SciPy because JAX lowers with it), so that the thread only computes: an
        # import that is interrupted in a thread may block every later one.
        for name in ("jax.export", "scipy.linalg"):
            importlib.import_module(name)

        def call() -> None:
            with contextlib.suppress(Exception):
                self(function, specs)(*(np.zeros((1, *one.shape[1:]), one.dtype) for one in specs))

        threading.Thread(target=call).start()


def trace(
    snapshot: Snapshot, function: Function, specs: tuple[ArraySpec, ...]
) -> jax.export.Exported:
    """Trace a function of the snapshot's network: its arguments are the weights and `specs`.

    Raises:
        SnapshotError: the weights do not belong to the network that the snapshot describes.
    """
    import jax

    module = importlib.import_module(_MODULES.get(function, _INFERENCE))

    def call(arrays: Mapping[str, jax.Array], *rest: jax.Array) -> Any:
        return getattr(module, function)(network(snapshot.facts, arrays), *rest)

    weights = {name: _struct(array) for name, array in snapshot.arrays.items()}
    with FLAX_LOCK, _default_settings():
        return jax.export.export(jax.jit(call))(weights, *map(_struct, specs))


def trace_name(snapshot: Snapshot, function: Function, specs: tuple[ArraySpec, ...]) -> str:
    """The file name of a trace, from everything that decides it: not the values of the weights."""
    weights = {name: (array.shape, array.dtype) for name, array in sorted(snapshot.arrays.items())}
    parts = (
        str(specs),
        json.dumps(snapshot.facts["config"], sort_keys=True),
        str(weights),
        *_code_digests(snapshot.model),
    )
    if _MODULES.get(function) == _STAGES:
        parts += (_digest(Path(__file__).with_name("stages.py")),)
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    return f"{function}-{digest}.export"


def per_row(seed: int, rows: np.ndarray) -> np.ndarray:
    """The seed for each of the rows: uint32 (N,)."""
    return np.full(len(rows), seed, np.uint32)


def _compile(
    snapshot: Snapshot, function: Function, specs: tuple[ArraySpec, ...]
) -> Callable[..., Any]:
    platform = default_platform()
    import jax

    use_compilation_cache()
    exported = _load_trace(snapshot, function, specs, platform)
    # Copied: on a CPU, JAX may otherwise share the memory of the snapshot's own arrays.
    weights = jax.device_put({name: array.copy() for name, array in snapshot.arrays.items()})
    compiled = jax.jit(exported.call).lower(weights, *map(_struct, specs)).compile()
    return lambda *arguments: compiled(weights, *arguments)


def _load_trace(
    snapshot: Snapshot, function: Function, specs: tuple[ArraySpec, ...], platform: str
) -> jax.export.Exported:
    """The trace from the package or the cache; if neither has it, a new one, which is cached."""
    import jax

    name = trace_name(snapshot, function, specs)
    cached = f"{snapshot.model}-{version('jax')}-{platform}-{name}"
    bundled = WEIGHTS / snapshot.model / name
    # A bundled trace may be too old for JAX while a cached one is not.
    for read in (lambda: _read_bundled(bundled, platform), lambda: read_cached(cached)):
        data = read()
        try:
            if data:
                return jax.export.deserialize(bytearray(data))
        except Exception as error:
            # JAX reads traces up to half a year old. Users get a new one; tests see the warning.
            warnings.warn(f"{name} cannot be read: {error}", DeprecationWarning, stacklevel=2)
    exported = trace(snapshot, function, specs)
    write_cached(cached, bytes(exported.serialize()))
    return exported


def _read_bundled(path: Path, platform: str) -> bytes | None:
    return path.read_bytes() if platform == "cpu" and path.is_file() else None


@contextlib.contextmanager
def _default_settings() -> Iterator[None]:
    """JAX's default settings: a cached trace is used whatever the user's settings are."""
    import jax

    # Source locations would make the trace depend on this machine's paths.
    limit = cast("Any", jax.config).jax_traceback_in_locations_limit
    jax.config.update("jax_traceback_in_locations_limit", 0)
    try:
        with (
            jax.enable_x64(False),
            jax.default_prng_impl("threefry2x32"),
            jax.threefry_partitionable(True),
            jax.numpy_rank_promotion("allow"),
            jax.numpy_dtype_promotion("standard"),
            jax.default_matmul_precision(None),
        ):
            yield
    finally:
        jax.config.update("jax_traceback_in_locations_limit", limit)


def _struct(array: np.ndarray | ArraySpec) -> jax.ShapeDtypeStruct:
    import jax

    return jax.ShapeDtypeStruct(array.shape, array.dtype)


@cache
def _code_digests(model: str) -> tuple[str, ...]:
    """The SHA-256 sums of the files that describe a model's network."""
    folder = Path(registry.__file__).parent
    code = [folder / "inference.py", folder / f"{registry.module_name(model)}.py"]
    for beside in ("layers", "losses"):
        code += sorted((folder.parent / beside).glob("*.py"))
    return tuple(map(_digest, code))


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
