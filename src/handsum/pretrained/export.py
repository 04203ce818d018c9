"""Models as files for other programs: weights as safetensors, networks as StableHLO or MLIR."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from handsum.arguments import optional_number, require_model
from handsum.errors import HandsumError, UsageError
from handsum.files import atomic_write, check_replaceable
from handsum.installation import install_command
from handsum.models import inference
from handsum.pretrained.load import (
    DETECTORS,
    GENERATORS,
    PENS,
    SEQUENCE_GENERATORS,
    SUM_READERS,
    load_model,
)
from handsum.pretrained.model import Model

# An exported network holds code for each of these, and runs on whichever is there.
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
# JAX writes random numbers for TPUs without loops; IREE 3.13 compiles the loops for CPUs wrongly.
_PLAIN = ("tpu",)
_LARGEST_BATCH = 65_536
# A detector is exported for pictures of this side.
_PAGE_SIDE = 256
# The endings of other programs' files, which would only look like theirs.
_FOREIGN = {"onnx", "tflite", "pt", "pth", "pb", "h5", "keras"}
# The setting of JAX for how much of the call stack a module records.
_LOCATIONS = "jax_traceback_in_locations_limit"


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of an exported network: type and shape as a text, by name."""

    takes: Mapping[str, str]
    gives: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The inputs, outputs and notes as `handsum export --json` prints them."""
        arrays = {"inputs": dict(self.takes), "outputs": dict(self.gives)}
        return {**arrays, "notes": list(self.notes)}


def export(
    model: str | PathLike[str],
    output: str | PathLike[str],
    *,
    format: str | None = None,
    batch_size: int | None = None,
) -> Signature | None:
    """Write a model to a file that needs no handsum; return the signature of its network.

    Formats: "safetensors" holds every array, float32, by its path in the network, and
    `config.json` under "handsum" in the metadata. "stablehlo" holds the network with its weights,
    for `jax.export.deserialize`; it runs on CPU, CUDA, ROCm and TPU. "mlir" holds the same as a
    StableHLO module, MLIR bytecode, for compilers other than JAX's.

    Args:
        model: a name in the zoo, or a snapshot folder.
        output: the file to write.
        format: by default the ending of `output`, or "stablehlo" if it has none.
        batch_size: a fixed number of rows for the network's inputs and outputs, up to 65,536; by
            default any for "stablehlo" and 1 for "mlir", whose compilers need a fixed one.

    Raises:
        UsageError: no such model or format, an ending that belongs to another format, or a
            `batch_size` out of range or for weights alone.
        HandsumError: the extra is not installed, or the file cannot be written.
    """
    name = require_model(model)
    format = choose_format(output, format)
    _check_batch_size(batch_size, format)
    check_replaceable(Path(output))
    data, signature = _FORMATS[format](load_model(name), batch_size)
    with atomic_write(Path(output)) as file:
        file.write(data)
    return signature


def _check_batch_size(batch_size: int | None, format: str) -> None:
    number = optional_number(batch_size, "a batch size", 1)
    if number is None:
        return
    if format == "safetensors":
        raise UsageError("safetensors holds only weights: leave out the `batch_size`")
    if number > _LARGEST_BATCH:
        raise UsageError(f"choose a smaller `batch_size`: {_LARGEST_BATCH} at most")


def choose_format(output: str | PathLike[str] | None, format: str | None) -> str:
    """The format to write: the given one, else that of the file name's ending, else StableHLO.

    Raises:
        UsageError: no such format, or an ending that belongs to another format.
    """
    name = Path(output).name.rstrip(".").lower() if output is not None else ""
    # Also of a name such as `.onnx`, which has no `suffix`.
    ending = name.rpartition(".")[2] if "." in name else ""
    by_ending = ENDINGS.get(ending)
    if format is None:
        if ending and by_ending is None:
            *most, last = (f".{name}" for name in _FORMATS)
            known = f"{', '.join(most)} or {last}"
            raise UsageError(
                f"no format for {output}: end its name in {known}, or choose the `format`"
            )
        return by_ending or "stablehlo"
    if format not in _FORMATS:
        raise UsageError(f"no format {format!r}: choose from {', '.join(_FORMATS)}")
    if by_ending not in (None, format) or ending in _FOREIGN:
        raise UsageError(f"{output} would be {format}, but its name ends in .{ending}")
    return format


def _safetensors(model: Model, batch_size: int | None) -> tuple[bytes, None]:
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise HandsumError(
            f"the format safetensors needs safetensors: run {install_command('handsum[export]')}"
        ) from error
    arrays = {path: np.ascontiguousarray(array) for path, array in model.weights.items()}
    # One entry, as the library writes several in random order.
    facts = json.dumps(dict(model.facts), sort_keys=True)
    return save(arrays, metadata={"handsum": facts}), None


def _stablehlo(model: Model, batch_size: int | None) -> tuple[bytes, Signature]:
    exported, signature = _export_network(model, batch_size, PLATFORMS)
    return bytes(exported.serialize()), signature


def _mlir(model: Model, batch_size: int | None) -> tuple[bytes, Signature]:
    exported, signature = _export_network(model, batch_size or 1, _PLAIN)
    return exported.mlir_module_serialized, signature


def _export_network(
    model: Model, batch_size: int | None, platforms: tuple[str, ...]
) -> tuple[jax.export.Exported, Signature]:
    rows = batch_size or jax.export.symbolic_shape("n")[0]
    call, takes, names = _function(model, rows)
    # A module of MLIR shows its arguments to the caller: each has its place, used or not.
    function = jax.jit(call, keep_unused=platforms == _PLAIN)
    with _without_locations():
        exported = jax.export.export(function, platforms=platforms)(*takes.values())
    gives = {name: str(shape) for name, shape in zip(names, exported.out_avals, strict=True)}
    taken = {name: f"{shape.dtype.name}{_sides(shape)}" for name, shape in takes.items()}
    return exported, Signature(taken, gives)


@contextmanager
def _without_locations() -> Iterator[None]:
    """Keep the files and lines of the running code, and so this user's folders, out of a module."""
    before = getattr(jax.config, _LOCATIONS)
    jax.config.update(_LOCATIONS, 0)
    try:
        yield
    finally:
        jax.config.update(_LOCATIONS, before)


def _function(
    model: Model, rows: Any
) -> tuple[Callable[..., Any], dict[str, Any], tuple[str, ...]]:
    """The function of a model to export, its inputs by name, and the names of its outputs."""
    network = model.network()
    column = jax.ShapeDtypeStruct((rows,), np.int32)
    random = {"seed": jax.ShapeDtypeStruct((), np.uint32), "indices": column}
    if model.task in GENERATORS:

        def draw(seed: Any, indices: Any, labels: Any, writers: Any) -> Any:
            first = jnp.zeros_like(indices)
            return inference.draw_digits(network, seed, indices, first, labels, writers)

        takes = {**random, "labels": column, "writers": column}
        return _by_row(draw, (None, 0, 0, 0), rows), takes, ("images",)
    if model.task in SEQUENCE_GENERATORS:

        def plan(seed: Any, indices: Any, totals: Any, lengths: Any) -> Any:
            first = jnp.zeros_like(indices)
            return inference.draw_sequences(network, seed, indices, first, totals, lengths)

        takes = {**random, "totals": column, "lengths": column}
        return _by_row(plan, (None, 0, 0, 0), rows), takes, ("images", "digits")
    if model.task in SUM_READERS:
        pixels = jax.ShapeDtypeStruct((rows, model.config["longest"], 28, 28), np.uint8)

        def add(images: Any, lengths: Any) -> Any:
            return inference.read_sums(network, images, lengths)

        return _by_row(add, (0, 0), rows), {"images": pixels, "lengths": column}, ("probabilities",)
    pixels = jax.ShapeDtypeStruct((rows, 28, 28), np.uint8)
    if model.task in PENS:

        def trace(images: Any) -> Any:
            return inference.trace_digits(network, images)

        return _by_row(trace, (0,), rows), {"images": pixels}, ("controls", "exists")
    if model.task in DETECTORS:
        pages = jax.ShapeDtypeStruct((rows, _PAGE_SIDE, _PAGE_SIDE), np.uint8)

        def find(images: Any) -> Any:
            return inference.find_signs(network, images)

        names = ("middles", "probabilities", "sides")
        return _by_row(find, (0,), rows), {"images": pages}, names
    temperature = float(model.facts.get("temperature", 1.0))

    def read(images: Any) -> Any:
        return jax.nn.softmax(inference.read_digits(network, images) / temperature)

    return _by_row(read, (0,), rows), {"images": pixels}, ("probabilities",)


def _by_row(
    function: Callable[..., Any], axes: tuple[int | None, ...], rows: Any
) -> Callable[..., Any]:
    """The function row by row, for a symbolic number of rows: the networks use len()."""
    if isinstance(rows, int):
        return function

    def single(*arguments: Any) -> Any:
        pairs = zip(arguments, axes, strict=True)
        rows = [one if axis is None else one[None] for one, axis in pairs]
        return jax.tree.map(lambda result: result[0], function(*rows))

    return jax.vmap(single, in_axes=axes)


def _sides(shape: Any) -> str:
    return f"[{','.join(map(str, shape.shape))}]"


_Writer = Callable[[Model, int | None], tuple[bytes, Signature | None]]
_FORMATS: Mapping[str, _Writer] = MappingProxyType(
    {"safetensors": _safetensors, "stablehlo": _stablehlo, "mlir": _mlir}
)
# The format of each file name ending.
ENDINGS = MappingProxyType(
    {**{name: name for name in _FORMATS}, "hlo": "stablehlo", "mlirbc": "mlir"}
)
