"""Snapshots for other programs: weights as safetensors, networks as StableHLO."""

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
from handsum.files import atomic_write
from handsum.models import inference
from handsum.pretrained.load import GENERATORS, SEQUENCE_GENERATORS, SUM_READERS, load_model
from handsum.pretrained.model import Model

# What an exported network runs on; whichever is there takes its own part of the file.
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


@dataclass(frozen=True)
class Signature:
    """What an exported network takes and gives, by name: each one's type and shape, as a text."""

    takes: Mapping[str, str]
    gives: Mapping[str, str]


def export_model(
    model: str | PathLike[str], kind: str, path: str | PathLike[str]
) -> Signature | None:
    """Write a model's weights or network to a file that needs no handsum; return its signature.

    `kind` is "safetensors": every array, float32, by its path in the network, and `config.json`
    under "handsum" in the metadata. Or "stablehlo": the network and its weights as what
    `jax.export.deserialize` takes, for any number of rows, on the CPU, CUDA, ROCm and TPU.

    Raises:
        UsageError: there is no such model or kind.
        HandsumError: the extra is not installed, or the file cannot be written.
    """
    if kind not in KINDS:
        raise UsageError(f"no format {kind!r}: choose from {', '.join(KINDS)}")
    data, signature = KINDS[kind](load_model(require_model(model)))
    with atomic_write(Path(path)) as file:
        file.write(data)
    return signature


def _safetensors(model: Model) -> tuple[bytes, None]:
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise HandsumError(
            'the format safetensors needs safetensors: pip install "handsum[export]"'
        ) from error
    arrays = {path: np.ascontiguousarray(array) for path, array in model.weights.items()}
    # One entry: the library writes several in no order of their own.
    facts = json.dumps(dict(model.facts), sort_keys=True)
    return save(arrays, metadata={"handsum": facts}), None


def _stablehlo(model: Model) -> tuple[bytes, Signature]:
    call, takes, names = _function(model)
    exported = jax.export.export(jax.jit(call), platforms=PLATFORMS)(*takes.values())
    gives = {name: str(shape) for name, shape in zip(names, exported.out_avals, strict=True)}
    wanted = {name: f"{shape.dtype.name}{_sides(shape)}" for name, shape in takes.items()}
    return bytes(exported.serialize()), Signature(wanted, gives)


def _function(model: Model) -> tuple[Callable[..., Any], dict[str, Any], tuple[str, ...]]:
    """What a model is asked, what that takes by name and shape, and the names of what it gives."""
    network = model.network()
    (rows,) = jax.export.symbolic_shape("n")
    column = jax.ShapeDtypeStruct((rows,), np.int32)
    chance = {"seed": jax.ShapeDtypeStruct((), np.uint32), "indices": column}
    if model.task in GENERATORS:

        def draw(seed: Any, indices: Any, labels: Any, writers: Any) -> Any:
            first = jnp.zeros_like(indices)
            return inference.draw_digits(network, seed, indices, first, labels, writers)

        takes = {**chance, "labels": column, "writers": column}
        return _by_row(draw, (None, 0, 0, 0)), takes, ("images",)
    if model.task in SEQUENCE_GENERATORS:

        def plan(seed: Any, indices: Any, totals: Any, lengths: Any) -> Any:
            first = jnp.zeros_like(indices)
            return inference.draw_sequences(network, seed, indices, first, totals, lengths)

        takes = {**chance, "totals": column, "lengths": column}
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
    """A function of rows for an unknown number of them: the networks count theirs with len()."""

    def single(*arguments: Any) -> Any:
        pairs = zip(arguments, axes, strict=True)
        rows = [one if axis is None else one[None] for one, axis in pairs]
        return jax.tree.map(lambda result: result[0], function(*rows))

    return jax.vmap(single, in_axes=axes)


def _sides(shape: Any) -> str:
    return f"[{','.join(map(str, shape.shape))}]"


KINDS: Mapping[str, Callable[[Model], tuple[bytes, Signature | None]]] = MappingProxyType(
    {"safetensors": _safetensors, "stablehlo": _stablehlo}
)
