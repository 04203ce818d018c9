"""Models as files for other programs: weights as safetensors, networks as StableHLO."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from handsum.arguments import require_model
from handsum.errors import HandsumError, UsageError
from handsum.files import atomic_write, check_replaceable
from handsum.installation import install_command
from handsum.models import inference
from handsum.pretrained.load import GENERATORS, SEQUENCE_GENERATORS, SUM_READERS, load_model
from handsum.pretrained.model import Model

# An exported network holds code for each of these, and runs on whichever is there.
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


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
    model: str | PathLike[str], output: str | PathLike[str], *, format: str | None = None
) -> Signature | None:
    """Write a model to a file that needs no handsum; return the signature of its network.

    Formats: "safetensors" holds every array, float32, by its path in the network, and
    `config.json` under "handsum" in the metadata. "stablehlo" holds the network with its weights,
    for `jax.export.deserialize`; it takes any number of rows and runs on CPU, CUDA, ROCm and TPU.

    Args:
        model: a name in the zoo, or a snapshot folder.
        output: the file to write.
        format: by default the ending of `output`, or "stablehlo" if it has none.

    Raises:
        UsageError: no such model or format, or an ending that belongs to another format.
        HandsumError: the extra is not installed, or the file cannot be written.
    """
    name = require_model(model)
    write = _FORMATS[choose_format(output, format)]
    check_replaceable(Path(output))
    data, signature = write(load_model(name))
    with atomic_write(Path(output)) as file:
        file.write(data)
    return signature


def choose_format(output: str | PathLike[str] | None, format: str | None) -> str:
    """The format to write: the given one, else that of the file name's ending, else StableHLO.

    Raises:
        UsageError: no such format, or an ending that belongs to another format.
    """
    ending = Path(output).suffix.removeprefix(".").lower() if output is not None else ""
    by_ending = ENDINGS.get(ending)
    if format is None:
        if ending and by_ending is None:
            raise UsageError(
                f"no format for {output}: end its name in .{' or .'.join(_FORMATS)}, or choose the "
                "`format`"
            )
        return by_ending or "stablehlo"
    if format not in _FORMATS:
        raise UsageError(f"no format {format!r}: choose from {', '.join(_FORMATS)}")
    if by_ending not in (None, format):
        raise UsageError(f"{output} would be {format}, but its name ends in .{ending}")
    return format


def _safetensors(model: Model) -> tuple[bytes, None]:
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


def _stablehlo(model: Model) -> tuple[bytes, Signature]:
    call, takes, names = _function(model)
    exported = jax.export.export(jax.jit(call), platforms=PLATFORMS)(*takes.values())
    gives = {name: str(shape) for name, shape in zip(names, exported.out_avals, strict=True)}
    taken = {name: f"{shape.dtype.name}{_sides(shape)}" for name, shape in takes.items()}
    return bytes(exported.serialize()), Signature(taken, gives)


def _function(model: Model) -> tuple[Callable[..., Any], dict[str, Any], tuple[str, ...]]:
    """The function of a model to export, its inputs by name, and the names of its outputs."""
    network = model.network()
    (rows,) = jax.export.symbolic_shape("n")
    column = jax.ShapeDtypeStruct((rows,), np.int32)
    random = {"seed": jax.ShapeDtypeStruct((), np.uint32), "indices": column}
    if model.task in GENERATORS:

        def draw(seed: Any, indices: Any, labels: Any, writers: Any) -> Any:
            first = jnp.zeros_like(indices)
            return inference.draw_digits(network, seed, indices, first, labels, writers)

        takes = {**random, "labels": column, "writers": column}
        return _by_row(draw, (None, 0, 0, 0)), takes, ("images",)
    if model.task in SEQUENCE_GENERATORS:

        def plan(seed: Any, indices: Any, totals: Any, lengths: Any) -> Any:
            first = jnp.zeros_like(indices)
            return inference.draw_sequences(network, seed, indices, first, totals, lengths)

        takes = {**random, "totals": column, "lengths": column}
        return _by_row(plan, (None, 0, 0, 0)), takes, ("images", "digits")
    if model.task in SUM_READERS:
        pixels = jax.ShapeDtypeStruct((rows, model.config["longest"], 28, 28), np.uint8)

        def add(images: Any, lengths: Any) -> Any:
            return inference.read_sums(network, images, lengths)

        return _by_row(add, (0, 0)), {"images": pixels, "lengths": column}, ("probabilities",)
    pixels = jax.ShapeDtypeStruct((rows, 28, 28), np.uint8)
    temperature = float(model.facts.get("temperature", 1.0))

    def read(images: Any) -> Any:
        return jax.nn.softmax(inference.read_digits(network, images) / temperature)

    return _by_row(read, (0,)), {"images": pixels}, ("probabilities",)


def _by_row(function: Callable[..., Any], axes: tuple[int | None, ...]) -> Callable[..., Any]:
    """The function for a symbolic number of rows: the networks count rows with len()."""

    def single(*arguments: Any) -> Any:
        pairs = zip(arguments, axes, strict=True)
        rows = [one if axis is None else one[None] for one, axis in pairs]
        return jax.tree.map(lambda result: result[0], function(*rows))

    return jax.vmap(single, in_axes=axes)


def _sides(shape: Any) -> str:
    return f"[{','.join(map(str, shape.shape))}]"


_FORMATS: Mapping[str, Callable[[Model], tuple[bytes, Signature | None]]] = MappingProxyType(
    {"safetensors": _safetensors, "stablehlo": _stablehlo}
)
# The format of each file name ending.
ENDINGS = MappingProxyType({**{name: name for name in _FORMATS}, "hlo": "stablehlo"})
