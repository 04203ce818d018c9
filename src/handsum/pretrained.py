"""Trained models, ready to draw and to read: from the package, or from a run's snapshot folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from handsum.batching import Batched
from handsum.compiled import compile_function, network
from handsum.errors import UsageError
from handsum.models import inference, registry
from handsum.models.inference import CHUNK
from handsum.models.registry import DEFAULT_GENERATOR, DEFAULT_READER, Task
from handsum.sums import sum_distribution
from handsum.training.snapshots import Snapshot, load_snapshot, read_facts

WEIGHTS = Path(__file__).parent / "weights"
# Those that draw the digit that they are asked for, and all that draw digits.
CONDITIONAL: tuple[Task, ...] = ("digit generator",)
GENERATORS: tuple[Task, ...] = (*CONDITIONAL, "random digit generator")
SUM_READERS: tuple[Task, ...] = ("sum reader",)
SEQUENCE_GENERATORS: tuple[Task, ...] = ("sequence generator",)
READERS: tuple[Task, ...] = ("digit reader", "judge")

_DIGITS = jax.ShapeDtypeStruct((CHUNK, 28, 28), np.uint8)
_SEEDS = jax.ShapeDtypeStruct((CHUNK,), np.uint32)
_COLUMN = jax.ShapeDtypeStruct((CHUNK,), np.int32)


def locate(model: str, tasks: Iterable[Task]) -> Path:
    """The snapshot folder of a model: one of the zoo by name, or any other by its path.

    Raises:
        UsageError: no such model, or one that cannot do any of `tasks`.
        SnapshotError: no snapshot there.
    """
    tasks = tuple(tasks)
    if _is_folder(model):
        folder = Path(model)
        registry.find(read_facts(folder)["model"], tasks)
        return folder
    entry = registry.find(model, tasks)
    return WEIGHTS / (entry.weights or entry.name)


def _is_folder(model: str) -> bool:
    """Whether a model is named by its folder; the zoo's names come first."""
    return os.sep in model or (model not in registry.ENTRIES and Path(model).is_dir())


def draws_sequences(model: str) -> bool:
    """Whether a generator draws whole sequences by a plan of its own (see `locate` for errors)."""
    return _task(model, (*GENERATORS, *SEQUENCE_GENERATORS)) in SEQUENCE_GENERATORS


def reads_sums(model: str) -> bool:
    """Whether a reader reads sums, and not digits (see `locate` for errors)."""
    return _task(model, (*SUM_READERS, *READERS)) in SUM_READERS


def _task(model: str, tasks: tuple[Task, ...]) -> Task:
    # A model without a bundle is still known by its name.
    folder = locate(model, tasks)
    return registry.find(read_facts(folder)["model"] if _is_folder(model) else model).task


class DigitGenerator:
    """Draws digits of given classes in given hands (0 to `writers` - 1).

    One that is not `conditional` draws random digits, whatever it is asked for.
    """

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.facts = snapshot.facts
        self.writers = int(snapshot.facts["config"].get("writers", 1))
        entry = registry.find(snapshot.model)
        self.conditional = entry.task in CONDITIONAL
        self.mixes = entry.mixes
        self._snapshot = snapshot

    @cached_property
    def _compiled(self) -> dict[Any, Callable[..., Any]]:
        return {}

    def _run(self, function: Callable[..., Any], seed: int, *columns: np.ndarray) -> np.ndarray:
        """Call a function of the network on a seed and columns, compiled once for their kinds."""
        kinds = (jax.ShapeDtypeStruct((CHUNK, *c.shape[1:]), c.dtype) for c in columns)
        shapes = (_SEEDS, *kinds)
        key = function, shapes
        if key not in self._compiled:
            self._compiled[key] = _batched(self._snapshot, function, shapes)
        return self._compiled[key](_seeds(seed, columns[0]), *columns)

    @cached_property
    def hands(self) -> np.ndarray:
        """The embeddings float32 (W, E) of its writers; (0, 0) where it knows none."""
        return self._snapshot.arrays.get("hands/embedding", np.zeros((0, 0), np.float32))

    def draw(
        self,
        labels: np.ndarray,
        writers: np.ndarray,
        *,
        seed: int,
        indices: np.ndarray,
        attempts: np.ndarray | None = None,
    ) -> np.ndarray:
        """Digits uint8 (N, 28, 28) of labels and writers (N,), or of hands float (N, E) in between.

        Digit i depends on `seed`, `indices[i]`, `attempts[i]`, its label and its writer alone.

        Raises:
            UsageError: a label that is no digit, or a writer out of range.
        """
        if attempts is None:
            attempts = np.zeros_like(indices)
        labels, writers = np.asarray(labels), np.asarray(writers)
        if labels.size and not (labels.min() >= 0 and labels.max() <= 9):
            raise UsageError("labels are digits from 0 to 9")
        hands = writers.ndim == 2
        if writers.size and not hands and not 0 <= writers.min() <= writers.max() < self.writers:
            raise UsageError(f"{self.name} knows the writers 0 to {self.writers - 1}")
        columns = [np.asarray(c).astype(np.int32) for c in (indices, attempts, labels)]
        columns.append(writers.astype(np.float32 if hands else np.int32))
        return self._run(inference.draw_digits, seed, *columns)

    def draw_between(
        self,
        labels: np.ndarray,
        writers: np.ndarray,
        shares: np.ndarray,
        *,
        seed: int,
        indices: np.ndarray,
    ) -> np.ndarray:
        """Digits uint8 (N, 28, 28) as `draw`, by `shares` (N,) towards their second attempt."""
        columns = [np.asarray(c).astype(np.int32) for c in (indices, labels)]
        columns.insert(1, np.asarray(shares).astype(np.float32))
        columns.append(writers.astype(np.float32 if writers.ndim == 2 else np.int32))
        return self._run(inference.draw_between, seed, *columns)

    def mix(self, shares: np.ndarray, *, seed: int, indices: np.ndarray) -> np.ndarray:
        """Digits uint8 (N, 28, 28) that are several at once, by `shares` (N, 10) of each.

        Raises:
            UsageError: the model cannot mix digits (names those that can).
        """
        if not self.mixes:
            able = ", ".join(entry.name for entry in registry.ENTRIES.values() if entry.mixes)
            raise UsageError(f"{self.name} cannot mix digits: {able} can")
        shares = np.asarray(shares, np.float32)
        shares = shares / shares.sum(1, keepdims=True)
        columns = [np.asarray(c).astype(np.int32) for c in (indices, np.zeros_like(indices))]
        return self._run(inference.mix_digits, seed, *columns, shares)


class SequenceGenerator:
    """Draws sequences of up to `longest` digits for totals, by a plan of its own."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.facts = snapshot.facts
        self.longest = int(snapshot.facts["config"]["longest"])
        shapes = (_SEEDS, _COLUMN, _COLUMN, _COLUMN, _COLUMN)
        self._draw = _batched(snapshot, inference.draw_sequences, shapes)

    def draw(
        self,
        totals: np.ndarray,
        length: int,
        *,
        seed: int,
        indices: np.ndarray,
        attempts: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 (N, length, 28, 28) for totals (N,), and the digits int (N, length) planned.

        Nothing ensures that these sum to their totals. Sequence i depends on `seed`, `indices[i]`,
        `attempts[i]`, its total and the length alone.

        Raises:
            UsageError: the length is not from 1 to `longest`, or digits cannot sum to a total.
        """
        totals = np.asarray(totals)
        if not 1 <= length <= self.longest:
            raise UsageError(
                f"{self.name} was trained for lengths from 1 to {self.longest}, not {length}: "
                "the default model writes any"
            )
        if totals.size and not (totals.min() >= 0 and totals.max() <= 9 * length):
            raise UsageError(f"totals of {length} digits are from 0 to {9 * length}")
        if attempts is None:
            attempts = np.zeros_like(indices)
        lengths = np.full_like(totals, length)
        columns = [np.asarray(c).astype(np.int32) for c in (indices, attempts, totals, lengths)]
        images, digits = self._draw(_seeds(seed, totals), *columns)
        return images[:, :length], digits[:, :length].astype(np.int64)


class DigitReader:
    """Reads digits: calibrated class probabilities."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.facts = snapshot.facts
        self.temperature = float(snapshot.facts.get("temperature", 1.0))
        self.least_odds: float | None = snapshot.facts.get("least_odds")
        self._snapshot = snapshot
        self._read = _batched(snapshot, inference.read_digits, (_DIGITS,))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Logits float32 (N, 10), divided by the temperature, of digits uint8 (N, 28, 28)."""
        return self._read(images) / np.float32(self.temperature)

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
        return self._features(images)

    @cached_property
    def _features(self) -> Callable[..., Any]:
        return _batched(self._snapshot, inference.digit_features, (_DIGITS,))


class SumReader:
    """Reads the sum of a sequence of digits, as a distribution."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.facts = snapshot.facts
        self._snapshot = snapshot
        self._digits: DigitReader | None = None
        if registry.find(snapshot.model).task not in SUM_READERS:
            self._digits = DigitReader(name, snapshot)

    def distributions(self, images: np.ndarray) -> np.ndarray:
        """Distributions float64 (N, 9L + 1) of the sums of sequences uint8 (N, L, 28, 28).

        A reader of digits gives the exact distribution of its digits' sum.
        """
        count, length = images.shape[:2]
        if self._digits is not None:
            digits = self._digits.probabilities(images.reshape(-1, 28, 28))
            rows = digits.reshape(count, length, 10)
            return np.stack([sum_distribution(row) for row in rows])
        # Few lengths are compiled; what is beyond a sequence's own is masked out.
        padded = 1 << max(length - 1, 0).bit_length()
        images = np.pad(images, ((0, 0), (0, padded - length), (0, 0), (0, 0)))
        sums = self._sums(padded)(images, np.full(count, length, np.int32))
        return sums[:, : 9 * length + 1].astype(np.float64)

    def _sums(self, length: int) -> Callable[..., Any]:
        if length not in self._compiled:
            shapes = (jax.ShapeDtypeStruct((CHUNK, length, 28, 28), np.uint8), _COLUMN)
            self._compiled[length] = _batched(self._snapshot, inference.read_sums, shapes)
        return self._compiled[length]

    @cached_property
    def _compiled(self) -> dict[int, Callable[..., Any]]:
        return {}


@cache
def load_generator(name: str = DEFAULT_GENERATOR) -> DigitGenerator:
    """The generator of that name, or in that snapshot folder (see `locate`)."""
    return DigitGenerator(name, load_snapshot(locate(name, GENERATORS)))


def load_network(name: str) -> Any:
    """The network itself of a generator of digits or sequences (see `locate` for errors)."""
    snapshot = load_snapshot(locate(name, (*GENERATORS, *SEQUENCE_GENERATORS)))
    return network(snapshot.facts, snapshot.arrays)


@cache
def load_sequence_generator(name: str) -> SequenceGenerator:
    """The generator of sequences of that name, or in that snapshot folder (see `locate`)."""
    return SequenceGenerator(name, load_snapshot(locate(name, SEQUENCE_GENERATORS)))


@cache
def load_reader(name: str = DEFAULT_READER) -> DigitReader:
    """The reader of that name, or in that snapshot folder (see `locate`)."""
    return DigitReader(name, load_snapshot(locate(name, READERS)))


@cache
def load_sum_reader(name: str) -> SumReader:
    """The reader of sums or of digits of that name, or in that snapshot folder (see `locate`)."""
    return SumReader(name, load_snapshot(locate(name, (*SUM_READERS, *READERS))))


def _batched(snapshot: Snapshot, function: Callable[..., Any], shapes: tuple[Any, ...]) -> Batched:
    """A function of the snapshot's network, for any number of rows, a CHUNK in each call."""
    return Batched(compile_function(snapshot, function, shapes), CHUNK)


def _seeds(seed: int, rows: np.ndarray) -> np.ndarray:
    """The seed for each of the rows."""
    return np.full(len(rows), seed, np.uint32)


def list_models() -> list[dict[str, Any]]:
    """The zoo, a row a model: name, task, summary, bundled, parameters, bytes, measured.

    The last three are None where the model is not bundled; `measured` holds figures by their name.
    """
    rows = []
    for entry in registry.ENTRIES.values():
        folder = WEIGHTS / (entry.weights or entry.name)
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
