"""A snapshot's network as a compiled function, ready without tracing it again.

Tracing a network costs more than running it, and importing what describes it costs more still. So
a traced function is kept, in the package for what is asked most and else in the user's cache
folder, and XLA's compiled code with it: neither the network's class nor Flax is imported then, nor
JAX, where it would compute on the CPU.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from handsum import programs
from handsum.batching import Batched
from handsum.errors import HandsumError
from handsum.images import atomic_write
from handsum.models import registry
from handsum.programs import Kind, Program, kind
from handsum.training.snapshots import WEIGHTS, Snapshot, network

# Every call computes this many rows, whatever number was asked for: one shape compiles once, and a
# digit cannot depend on how many others were asked for with it.
CHUNK = 32

# Of handsum.models.inference, which imports JAX.
Function = Literal[
    "draw_between",
    "draw_digits",
    "draw_sequences",
    "digit_features",
    "mix_digits",
    "read_digits",
    "read_sums",
]


def rows(*shape: int, dtype: Any) -> Kind:
    """The kind of an argument that holds an array of that shape for each row of a call."""
    return kind(CHUNK, *shape, dtype=dtype)


def batched(snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]) -> Batched:
    """A function of the snapshot's network, for any number of rows, a CHUNK in each call.

    Raises:
        SnapshotError: the weights are not of the network that the snapshot describes.
    """
    through_jax = partial(_through_jax, snapshot, function, kinds)
    if not programs.usable():
        return Batched(through_jax(), CHUNK)
    try:
        direct = _on_cpu(snapshot, function, kinds)
    except HandsumError:
        raise
    except Exception as error:
        _warn(error)
        return Batched(through_jax(), CHUNK)
    return Batched(_or_else(direct, through_jax), CHUNK)


def _or_else(
    direct: Callable[..., Any], through_jax: Callable[[], Callable[..., Any]]
) -> Callable[..., Any]:
    """Calls the first function; from where that fails on, the one that the second gives."""
    callee = direct

    def call(*arguments: np.ndarray) -> Any:
        nonlocal callee
        try:
            return callee(*arguments)
        except Exception as error:
            if callee is not direct or "RESOURCE_EXHAUSTED" in str(error):
                raise
            _warn(error)
        callee = through_jax()
        return callee(*arguments)

    return call


def _warn(error: Exception) -> None:
    # XLA's client is JAX's own affair, and another version may have another. That is for tests to
    # notice, not for users, who get what they asked for.
    warnings.warn(f"through JAX, since {error!r}", DeprecationWarning, stacklevel=3)


def _on_cpu(
    snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]
) -> Callable[..., np.ndarray | tuple[np.ndarray, ...]]:
    """A function of the snapshot's network that XLA runs on the CPU."""
    program = _bundled_or_kept(snapshot, function, kinds)
    digest = _digest(program.module.hex(), programs.environment())
    path = _cached(f"{snapshot.model}-{function}-{digest}.xla")
    executable = _load(path)
    if executable is None:
        executable = programs.compile_program(program)
        keep(path, executable.serialize())
    weights = [array for _, array in sorted(snapshot.arrays.items())]
    return programs.bind(program, executable, weights)


def _load(path: Path | None) -> Any:
    """The executable that is kept there, or None where there is none that this machine can run."""
    data = _kept(path)
    try:
        return programs.load_executable(data) if data else None
    except RuntimeError:
        return None  # XLA's own


def _bundled_or_kept(snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]) -> Program:
    """The program of a function of the snapshot's network, traced if need be."""
    bundled, cached = _program_paths(snapshot, function, kinds)
    found = _kept(bundled) or _kept(cached)
    if found:
        return Program.from_bytes(found)
    program = trace(snapshot, function, kinds)
    keep(cached, program.to_bytes())
    return program


def needs_no_jax(snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]) -> bool:
    """Whether `batched` will import nothing more; what it needs besides is imported now."""
    paths = _program_paths(snapshot, function, kinds)
    traced = programs.usable() and any(path and path.is_file() for path in paths)
    if traced:
        with contextlib.suppress(Exception):  # `batched` will meet it again
            programs.start()
    return traced


def _program_paths(
    snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]
) -> tuple[Path, Path | None]:
    """Where a program may be: in the package, and in the cache."""
    name = program_name(snapshot, function, kinds)
    return WEIGHTS / snapshot.model / name, _cached(f"{snapshot.model}-{version('jax')}-{name}")


def trace(snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]) -> Program:
    """The program of a function of the snapshot's network, on its weights by name and `kinds`.

    Raises:
        SnapshotError: the weights are not of the network that the snapshot describes.
    """
    import jax

    # Where something stands in the code, and who called it, are of no use to XLA.
    limit = jax.config.values["jax_traceback_in_locations_limit"]
    jax.config.update("jax_traceback_in_locations_limit", 0)
    try:
        exported = _export(snapshot, function, kinds)
    finally:
        jax.config.update("jax_traceback_in_locations_limit", limit)
    return Program(
        module=exported.mlir_module_serialized,
        inputs=exported.module_kept_var_idx,
        outputs=tuple(Kind(each.shape, np.dtype(each.dtype)) for each in exported.out_avals),
        several=len(exported.out_avals) > 1,
    )


def _export(snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]) -> Any:
    import jax

    inference = importlib.import_module("handsum.models.inference")

    def call(arrays: Mapping[str, jax.Array], *rest: jax.Array) -> Any:
        return getattr(inference, function)(network(snapshot.facts, arrays), *rest)

    weights = {name: _shape(array) for name, array in snapshot.arrays.items()}
    with _usual_settings():
        return jax.export.export(jax.jit(call))(weights, *map(_shape, kinds))


@contextlib.contextmanager
def _usual_settings() -> Iterator[None]:
    """JAX's own settings, whatever the user's are: what is traced is kept for all of them."""
    import jax

    with (
        jax.enable_x64(False),
        jax.default_prng_impl("threefry2x32"),
        jax.threefry_partitionable(True),
        jax.numpy_rank_promotion("allow"),
        jax.numpy_dtype_promotion("standard"),
        jax.default_matmul_precision(None),
    ):
        yield


def _shape(array: np.ndarray | Kind) -> Any:
    import jax

    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _through_jax(snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]) -> Any:
    """A function of the snapshot's network that JAX runs on whatever device it finds."""
    import jax

    folder = cache_folder()
    if folder is not None and not jax.config.values["jax_compilation_cache_dir"]:
        jax.config.update("jax_compilation_cache_dir", str(folder / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        # A full or damaged cache costs time, and nothing else.
        warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    device = f"{version('jax')}-{programs.default_platform()}"
    path = _cached(f"{snapshot.model}-{device}-{program_name(snapshot, function, kinds)}.export")
    kept = _kept(path)
    if kept:
        exported = jax.export.deserialize(bytearray(kept))
    else:
        exported = _export(snapshot, function, kinds)
        keep(path, bytes(exported.serialize()))
    compiled = jax.jit(exported.call)
    weights = jax.device_put(dict(snapshot.arrays))
    return lambda *arguments: compiled(weights, *arguments)


def per_row(seed: int, rows: np.ndarray) -> np.ndarray:
    """The seed for each of the rows: uint32 (N,)."""
    return np.full(len(rows), seed, np.uint32)


def program_name(snapshot: Snapshot, function: Function, kinds: tuple[Kind, ...]) -> str:
    """The name of a program's file, by what it depends on: the network's code and configuration.

    Weights of other kinds have another: they are not the ones that were traced, and are found out.
    """
    weights = {name: (array.shape, array.dtype) for name, array in sorted(snapshot.arrays.items())}
    digest = _digest(
        str(kinds),
        json.dumps(snapshot.facts["config"], sort_keys=True),
        str(weights),
        *_code_sums(snapshot.model),
    )
    return f"{function}-{digest}.program"


@cache
def _code_sums(model: str) -> tuple[str, ...]:
    """The sums of the files that a model's network is written in."""
    folder = Path(registry.__file__).parent
    code = [folder / "inference.py", folder / f"{registry.module_name(model)}.py"]
    for beside in ("layers", "losses"):
        code += sorted((folder.parent / beside).glob("*.py"))
    return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in code)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def cache_folder() -> Path | None:
    """The user's cache folder for handsum, made if need be; None where there can be none."""
    from platformdirs import user_cache_path

    folder = user_cache_path("handsum", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _cached(name: str) -> Path | None:
    """Where in the cache something of that name is kept, if anything is."""
    folder = cache_folder()
    return folder and folder / name


def _kept(path: Path | None) -> bytes | None:
    """What `keep` wrote under that name, or None where that is missing or damaged."""
    try:
        # A pipe would never end.
        data = path.read_bytes() if path and path.is_file() else b""
    except OSError:
        return None
    digest, content = data[:32], data[32:]
    return content if path and _sum(path, content) == digest else None


def keep(path: Path | None, data: bytes) -> None:
    """Write data to a file, with a sum that tells whether it is whole."""
    if path is None:
        return
    try:
        with atomic_write(path) as file:
            file.write(_sum(path, data) + data)
    except HandsumError:
        # A full or vanished cache costs time at the next start, and nothing else.
        return


def _sum(path: Path, data: bytes) -> bytes:
    # With the name: one file in another's place is as wrong as a damaged one.
    return hashlib.sha256(path.name.encode() + b"\n" + data).digest()
