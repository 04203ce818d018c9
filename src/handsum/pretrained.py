"""Trained models, ready to draw and to read: from the package, or from a run's snapshot folder.

Tracing a network costs more than running it, and importing what describes it costs more still. So
the traced function is kept in the user's cache folder, with XLA's compiled code beside it: from
the second time on, neither the network's class nor Flax is imported.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from handsum._version import __version__
from handsum.config import from_json
from handsum.errors import HandsumError, SnapshotError, UsageError
from handsum.images import atomic_write
from handsum.models import inference, registry
from handsum.models.inference import CHUNK
from handsum.models.registry import DEFAULT_GENERATOR, DEFAULT_READER, Task
from handsum.training.snapshots import Snapshot, load_snapshot, read_facts

WEIGHTS = Path(__file__).parent / "weights"
GENERATORS: tuple[Task, ...] = ("digit generator",)
READERS: tuple[Task, ...] = ("digit reader", "judge")

_DIGITS = jax.ShapeDtypeStruct((CHUNK, 28, 28), np.uint8)


def locate(model: str, tasks: Iterable[Task]) -> Path:
    """The snapshot folder of a model: one of the zoo by name, or any other by its path.

    Raises:
        UsageError: no such model, or one that cannot do any of `tasks`.
        SnapshotError: no snapshot there.
    """
    tasks = tuple(tasks)
    if os.sep in model or Path(model).is_dir():
        folder = Path(model)
        registry.find(read_facts(folder)["model"], tasks)
        return folder
    return WEIGHTS / registry.find(model, tasks).name


class DigitGenerator:
    """Draws digits of given classes in given hands (0 to `writers` - 1)."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.facts = snapshot.facts
        self.writers = int(snapshot.facts["config"].get("writers", 1))
        scalar = jax.ShapeDtypeStruct((), np.uint32)
        column = jax.ShapeDtypeStruct((CHUNK,), np.int32)
        shapes = (scalar, column, column, column, column)
        self._draw = _function(snapshot, inference.draw_digits, shapes)

    def draw(
        self,
        labels: np.ndarray,
        writers: np.ndarray,
        *,
        seed: int,
        indices: np.ndarray,
        attempts: np.ndarray | None = None,
    ) -> np.ndarray:
        """Digits uint8 (N, 28, 28) of labels and writers (N,).

        Digit i depends on `seed`, `indices[i]`, `attempts[i]`, its label and its writer alone.

        Raises:
            UsageError: a label that is no digit, or a writer out of range.
        """
        if attempts is None:
            attempts = np.zeros_like(indices)
        labels, writers = np.asarray(labels), np.asarray(writers)
        if labels.size and not (labels.min() >= 0 and labels.max() <= 9):
            raise UsageError("labels are digits from 0 to 9")
        if writers.size and not (writers.min() >= 0 and writers.max() < self.writers):
            raise UsageError(f"{self.name} knows the writers 0 to {self.writers - 1}")
        columns = [np.asarray(c).astype(np.int32) for c in (indices, attempts, labels, writers)]
        return _in_chunks(lambda *chunk: self._draw(np.uint32(seed), *chunk), *columns)


class DigitReader:
    """Reads digits: calibrated class probabilities."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.facts = snapshot.facts
        self.temperature = float(snapshot.facts.get("temperature", 1.0))
        self.least_odds: float | None = snapshot.facts.get("least_odds")
        self._snapshot = snapshot
        self._read = _function(snapshot, inference.read_digits, (_DIGITS,))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Logits float32 (N, 10), divided by the temperature, of digits uint8 (N, 28, 28)."""
        return _in_chunks(self._read, images) / np.float32(self.temperature)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities float32 (N, 10) of digits uint8 (N, 28, 28)."""
        return self.read(images)[0]

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class probabilities float32 (N, 10) of pictures uint8 (N, 28, 28), and odds (N,).

        The odds are natural logarithms: of a digit against anything else, over the least that the
        reader takes for a digit. Infinite where it was not trained to tell.
        """
        logits = self.logits(images)
        likelihoods = np.exp(logits - logits.max(-1, keepdims=True))
        probabilities = likelihoods / likelihoods.sum(-1, keepdims=True)
        if self.least_odds is None:
            return probabilities, np.full(len(logits), np.inf, np.float32)
        odds = np.logaddexp.reduce(logits * np.float32(self.temperature), axis=-1)
        return probabilities, odds - np.float32(self.least_odds)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Features float32 (N, D) of digits uint8 (N, 28, 28), in which the logits are linear."""
        return _in_chunks(self._features, images)

    @cached_property
    def _features(self) -> Callable[..., Any]:
        return _function(self._snapshot, inference.digit_features, (_DIGITS,))


@cache
def load_generator(name: str = DEFAULT_GENERATOR) -> DigitGenerator:
    """The generator of that name, or in that snapshot folder (see `locate`)."""
    return DigitGenerator(name, load_snapshot(locate(name, GENERATORS)))


@cache
def load_reader(name: str = DEFAULT_READER) -> DigitReader:
    """The reader of that name, or in that snapshot folder (see `locate`)."""
    return DigitReader(name, load_snapshot(locate(name, READERS)))


def _in_chunks(function: Callable[..., Any], *columns: np.ndarray) -> np.ndarray:
    """Call `function` on rows of `columns`, always CHUNK of them; the last chunk is padded."""
    count = len(columns[0])
    # An empty request still makes one call, whose rows are cut off: it gives the right shape.
    starts = range(0, max(count, 1), CHUNK)
    results = []
    for start in starts:
        chunk = [column[start : start + CHUNK] for column in columns]
        missing = CHUNK - len(chunk[0])
        if missing:
            chunk = [np.concatenate([c, np.zeros((missing, *c.shape[1:]), c.dtype)]) for c in chunk]
        results.append(function(*chunk))
    return np.concatenate([np.asarray(result) for result in results])[:count]


def network(facts: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    """A snapshot's network with its weights in place.

    Raises:
        SnapshotError: the weights are not of the network that the facts describe.
    """
    from flax import nnx

    module = registry.module(facts["model"])
    config = from_json(module.Config, facts["config"])
    abstract = nnx.eval_shape(lambda: module.build(config, rngs=nnx.Rngs(0))[module.SNAPSHOT_PART])
    definition, state = nnx.split(abstract)
    leaves = nnx.to_flat_state(state)
    names = ["/".join(str(part) for part in path) for path, _ in leaves]
    if set(names) != set(weights):
        odd = ", ".join(sorted(set(names) ^ set(weights))[:3])
        raise SnapshotError(f"the snapshot is not of this {facts['model']}: {odd} do not match")
    filled = []
    for name, (path, leaf) in zip(names, leaves, strict=True):
        if leaf.shape != weights[name].shape:
            raise SnapshotError(
                f"{name} is {weights[name].shape} in the snapshot, not {leaf.shape}"
            )
        filled.append((path, leaf.replace(weights[name])))
    return nnx.merge(definition, nnx.from_flat_state(filled))


def _function(
    snapshot: Snapshot, function: Callable[..., Any], shapes: tuple[Any, ...]
) -> Callable[..., Any]:
    """`function` of the snapshot's network, compiled for `shapes`, its trace kept for next time."""
    folder = _cache_folder()
    if folder is not None and not jax.config.values["jax_compilation_cache_dir"]:
        jax.config.update("jax_compilation_cache_dir", str(folder / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    weights = dict(snapshot.arrays)
    path = folder and folder / f"{_fingerprint(snapshot, function)}.export"
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


def _shape(array: np.ndarray) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _fingerprint(snapshot: Snapshot, function: Callable[..., Any]) -> str:
    """What a trace depends on: the network's code and configuration, JAX, and the platform."""
    code = [Path(inference.__file__), Path(inference.__file__).with_name(f"{snapshot.model}.py")]
    parts = [
        __version__,
        jax.__version__,
        jax.default_backend(),
        function.__name__,
        json.dumps(snapshot.facts["config"], sort_keys=True),
        *(hashlib.sha256(path.read_bytes()).hexdigest() for path in code),
    ]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{snapshot.model}-{digest[:24]}"


def _cache_folder() -> Path | None:
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


def list_models() -> list[dict[str, Any]]:
    """The zoo, a row a model: name, task, summary, bundled, parameters, bytes, measured.

    The last three are None where the model is not bundled; `measured` holds figures by their name.
    """
    rows = []
    for entry in registry.ENTRIES.values():
        folder = WEIGHTS / entry.name
        bundled = (folder / "config.json").exists()
        facts = read_facts(folder) if bundled else {}
        rows.append(
            {
                "name": entry.name,
                "task": entry.task,
                "summary": entry.summary,
                "bundled": bundled,
                "parameters": facts.get("parameters"),
                "bytes": (folder / "weights.npz").stat().st_size if bundled else None,
                "measured": facts.get("measured"),
            }
        )
    return rows
