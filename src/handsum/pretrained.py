"""Trained models, ready to draw and to read: from the package, or from a run's snapshot folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from handsum.arguments import model_name
from handsum.compiled import compile_function
from handsum.errors import UsageError
from handsum.models import inference, registry
from handsum.models.inference import CHUNK
from handsum.models.registry import DEFAULT_GENERATOR, DEFAULT_READER, Task
from handsum.seeds import Stream, choose_seed, stream
from handsum.sums import sum_distribution
from handsum.training.snapshots import Snapshot, load_snapshot, read_facts
from handsum.zoo import Model

WEIGHTS = Path(__file__).parent / "weights"
# Those that draw the digit that they are asked for, and all that draw digits.
CONDITIONAL: tuple[Task, ...] = ("digit generator",)
GENERATORS: tuple[Task, ...] = (*CONDITIONAL, "random digit generator")
SUM_READERS: tuple[Task, ...] = ("sum reader",)
SEQUENCE_GENERATORS: tuple[Task, ...] = ("sequence generator",)
READERS: tuple[Task, ...] = ("digit reader", "judge")

_DIGITS = jax.ShapeDtypeStruct((CHUNK, 28, 28), np.uint8)
_SCALAR = jax.ShapeDtypeStruct((), np.uint32)
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


class DigitGenerator(Model):
    """Draws digits of given classes in given hands (0 to `writers` - 1).

    One that is not `conditional` draws random digits, whatever it is asked for.
    """

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self.writers = int(self.config.get("writers", 1))
        self.conditional = self.task in CONDITIONAL
        self.mixes = registry.find(snapshot.model).mixes

    @cached_property
    def _compiled(self) -> dict[Any, Callable[..., Any]]:
        return {}

    def _run(self, function: Callable[..., Any], seed: int, *columns: np.ndarray) -> np.ndarray:
        """Call a function of the network on a seed and columns, compiled once for their kinds."""
        kinds = (jax.ShapeDtypeStruct((CHUNK, *c.shape[1:]), c.dtype) for c in columns)
        shapes = (_SCALAR, *kinds)
        key = function, shapes
        if key not in self._compiled:
            self._compiled[key] = compile_function(self._snapshot, function, shapes)
        run = self._compiled[key]
        return _in_chunks(lambda *chunk: run(np.uint32(seed), *chunk), *columns)

    @cached_property
    def hands(self) -> np.ndarray:
        """The embeddings float32 (W, E) of its writers; (0, 0) where it knows none."""
        return self._snapshot.arrays.get("hands/embedding", np.zeros((0, 0), np.float32))

    def draw(
        self,
        labels: np.ndarray,
        writers: np.ndarray | None = None,
        *,
        seed: int | None = None,
        indices: np.ndarray | None = None,
        attempts: np.ndarray | None = None,
    ) -> np.ndarray:
        """Digits uint8 (N, 28, 28) of labels and writers (N,), or of hands float (N, E) in between.

        Digit i depends on `seed`, `indices[i]`, `attempts[i]`, its label and its writer alone; the
        seed chooses the writers where they are not given, and chance the seed.

        Raises:
            UsageError: a label that is no digit, or a writer out of range.
        """
        labels, seed = np.asarray(labels), choose_seed(seed)
        if labels.ndim != 1:
            raise UsageError(f"labels are one row of digits, not of shape {labels.shape}")
        if writers is None:
            writers = stream(seed, Stream.WRITERS).integers(self.writers, size=len(labels))
        if indices is None:
            indices = np.arange(len(labels))
        if attempts is None:
            attempts = np.zeros_like(indices)
        writers = np.asarray(writers)
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


class SequenceGenerator(Model):
    """Draws sequences of up to `longest` digits for totals, by a plan of its own."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self.longest = int(self.config["longest"])
        shapes = (_SCALAR, _COLUMN, _COLUMN, _COLUMN, _COLUMN)
        self._draw = compile_function(snapshot, inference.draw_sequences, shapes)

    def draw(
        self,
        totals: np.ndarray,
        length: int,
        *,
        seed: int | None = None,
        indices: np.ndarray | None = None,
        attempts: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 (N, length, 28, 28) for totals (N,), and the digits int (N, length) planned.

        Nothing ensures that these sum to their totals. Sequence i depends on `seed`, `indices[i]`,
        `attempts[i]`, its total and the length alone.

        Raises:
            UsageError: the length is not from 1 to `longest`, or digits cannot sum to a total.
        """
        totals, seed = np.asarray(totals), choose_seed(seed)
        if indices is None:
            indices = np.arange(len(totals))
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
        parts: list[list[np.ndarray]] = [[], []]
        for start in range(0, max(len(totals), 1), CHUNK):
            chunk = [_padded(column[start : start + CHUNK]) for column in columns]
            for kept, drawn in zip(parts, self._draw(np.uint32(seed), *chunk), strict=True):
                kept.append(np.asarray(drawn)[:, :length])
        images, digits = (np.concatenate(kept)[: len(totals)] for kept in parts)
        return images, digits.astype(np.int64)


class DigitReader(Model):
    """Reads digits: calibrated class probabilities."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self.temperature = float(snapshot.facts.get("temperature", 1.0))
        self.least_odds: float | None = snapshot.facts.get("least_odds")
        self._read = compile_function(snapshot, inference.read_digits, (_DIGITS,))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Logits float32 (N, 10), divided by the temperature, of digits uint8 (N, 28, 28)."""
        return _in_chunks(self._read, _checked(images)) / np.float32(self.temperature)

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
        return _in_chunks(self._features, _checked(images))

    @cached_property
    def _features(self) -> Callable[..., Any]:
        return compile_function(self._snapshot, inference.digit_features, (_DIGITS,))


class SumReader(Model):
    """Reads the sum of a sequence of digits, as a distribution."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self._digits: DigitReader | None = None
        if self.task not in SUM_READERS:
            self._digits = DigitReader(name, snapshot)

    def distributions(self, images: np.ndarray) -> np.ndarray:
        """Distributions float64 (N, 9L + 1) of the sums of sequences uint8 (N, L, 28, 28).

        A reader of digits gives the exact distribution of its digits' sum.
        """
        images = _checked(images, "(N, L, 28, 28)")
        count, length = images.shape[:2]
        if self._digits is not None:
            digits = self._digits.probabilities(images.reshape(-1, 28, 28))
            rows = digits.reshape(count, length, 10)
            return np.stack([sum_distribution(row) for row in rows])
        # Few lengths are compiled; what is beyond a sequence's own is masked out.
        padded = 1 << max(length - 1, 0).bit_length()
        images = np.pad(images, ((0, 0), (0, padded - length), (0, 0), (0, 0)))
        sums = _in_chunks(self._sums(padded), images, np.full(count, length, np.int32))
        return sums[:, : 9 * length + 1].astype(np.float64)

    def _sums(self, length: int) -> Callable[..., Any]:
        if length not in self._compiled:
            shapes = (jax.ShapeDtypeStruct((CHUNK, length, 28, 28), np.uint8), _COLUMN)
            self._compiled[length] = compile_function(self._snapshot, inference.read_sums, shapes)
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
    return Model(name, load_snapshot(locate(name, (*GENERATORS, *SEQUENCE_GENERATORS)))).network()


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


def load_model(
    model: str | os.PathLike[str],
) -> DigitGenerator | SequenceGenerator | DigitReader | SumReader:
    """A trained model, by its name in the zoo or by its snapshot's folder, as what its task is.

    All tell their `config`, `parameters`, `weights` and `measured` figures. A generator of digits
    has `draw`, one of sequences too; a reader of digits `probabilities`, `logits`, `features` and
    `read`, one of sums `distributions`. These take and give NumPy arrays.

    Raises:
        UsageError: no such model, or none with weights in the package.
        SnapshotError: no snapshot there, or a damaged one.
    """
    name = model_name(model)
    if name is None:
        raise UsageError("there is no model None: `handsum models` lists them")
    task = _task(name, (*GENERATORS, *SEQUENCE_GENERATORS, *SUM_READERS, *READERS))
    if task in GENERATORS:
        return load_generator(name)
    if task in SEQUENCE_GENERATORS:
        return load_sequence_generator(name)
    return load_sum_reader(name) if task in SUM_READERS else load_reader(name)


def _checked(images: np.ndarray, shape: str = "(N, 28, 28)") -> np.ndarray:
    """The images as an array of that shape; UsageError where they are not."""
    images = np.asarray(images)
    if (
        images.dtype != np.uint8
        or images.ndim != shape.count(",") + 1
        or images.shape[-2:] != (28, 28)
    ):
        raise UsageError(
            f"images are uint8 {shape}, white ink (255) on black (0), not {images.dtype} "
            f"{images.shape}: handsum.predict reads any picture"
        )
    return images


def _in_chunks(function: Callable[..., Any], *columns: np.ndarray) -> np.ndarray:
    """Call `function` on rows of `columns`, always CHUNK of them; the last chunk is padded."""
    count = len(columns[0])
    # An empty request still makes one call, whose rows are cut off: it gives the right shape.
    starts = range(0, max(count, 1), CHUNK)
    results = []
    for start in starts:
        chunk = [_padded(column[start : start + CHUNK]) for column in columns]
        results.append(function(*chunk))
    return np.concatenate([np.asarray(result) for result in results])[:count]


def _padded(rows: np.ndarray) -> np.ndarray:
    """Rows and as many zeros as make them CHUNK."""
    return np.pad(rows, [(0, CHUNK - len(rows)), *[(0, 0)] * (rows.ndim - 1)])


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
