"""Trained models of single digits: a generator that draws them, a reader that reads them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from handsum.arguments import digit_images
from handsum.batching import Batched
from handsum.compiled import Function, batched, needs_no_jax, per_row, rows
from handsum.errors import UsageError
from handsum.models import registry
from handsum.programs import Kind
from handsum.seeds import Stream, choose_seed, stream
from handsum.training.snapshots import Snapshot
from handsum.zoo import Model

_DIGITS = rows(28, 28, dtype=np.uint8)
_SEEDS = rows(dtype=np.uint32)


def _hand_type(writers: np.ndarray) -> type:
    """What a network takes: writers' numbers, or the embeddings of hands."""
    return np.float32 if writers.ndim == 2 else np.int32


def _begin(function: Callable[[], Batched], kinds: tuple[Kind, ...]) -> None:
    """Call a function of such arguments for one row, in a thread of its own.

    It must import nothing: an interrupted import in another thread may never let it.
    """

    def call() -> None:
        with contextlib.suppress(Exception):
            function()(*(np.zeros((1, *kind.shape[1:]), kind.dtype) for kind in kinds))

    threading.Thread(target=call).start()


class DigitGenerator(Model):
    """Draws digits of given classes in given hands (0 to `writers` - 1).

    One that is not `conditional` draws random digits, whatever it is asked for.
    """

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self.writers = snapshot.setting("writers", 1)
        self.conditional = self.task == "digit generator"
        self.mixes = registry.find(snapshot.model).mixes
        self._compiled: dict[tuple[Function, tuple[Kind, ...]], Batched] = {}
        self._compiling = threading.Lock()

    def prepare(self, writers: np.ndarray) -> None:
        """Begin to compile what `draw` calls for such writers, beside whatever else is to be done.

        It is also called once: a first call takes four times as long as the others. Whatever is
        wrong is told by `draw`.
        """
        column = rows(dtype=np.int32)
        drawn = rows(*writers.shape[1:], dtype=_hand_type(writers))
        kinds = (_SEEDS, column, column, column, drawn)
        if ("draw_digits", kinds) in self._compiled:
            return
        if needs_no_jax(self._snapshot, "draw_digits", kinds):
            _begin(lambda: self._function("draw_digits", kinds), kinds)

    def _function(self, function: Function, kinds: tuple[Kind, ...]) -> Batched:
        """A function of the network, compiled once for each kinds of arguments."""
        key = function, kinds
        if key not in self._compiled:
            # Others that ask for the same wait for it; for what is there, nobody waits.
            with self._compiling:
                if key not in self._compiled:
                    self._compiled[key] = batched(self._snapshot, function, kinds)
        return self._compiled[key]

    def _run(self, function: Function, seed: int, *columns: np.ndarray) -> np.ndarray:
        """Call a function of the network on a seed and columns."""
        kinds = (rows(*column.shape[1:], dtype=column.dtype) for column in columns)
        return self._function(function, (_SEEDS, *kinds))(per_row(seed, columns[0]), *columns)

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
        if labels.ndim != 1 or (labels.size and labels.dtype.kind not in "iu"):
            raise UsageError(
                f"labels are one row of whole numbers, not {labels.dtype} {labels.shape}"
            )
        if writers is None:
            writers = stream(seed, Stream.WRITERS).integers(self.writers, size=len(labels))
        if indices is None:
            indices = np.arange(len(labels))
        if attempts is None:
            attempts = np.zeros_like(indices)
        writers = np.asarray(writers)
        if not len(labels) == len(writers) == len(indices) == len(attempts):
            raise UsageError("labels, writers, indices and attempts are equally many")
        if labels.size and not (labels.min() >= 0 and labels.max() <= 9):
            raise UsageError("labels are digits from 0 to 9")
        hands = writers.ndim == 2
        if writers.size and not hands and not 0 <= writers.min() <= writers.max() < self.writers:
            raise UsageError(f"{self.name} knows the writers 0 to {self.writers - 1}")
        columns = [np.asarray(c).astype(np.int32) for c in (indices, attempts, labels)]
        columns.append(writers.astype(_hand_type(writers)))
        return self._run("draw_digits", seed, *columns)

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
        columns.append(writers.astype(_hand_type(writers)))
        return self._run("draw_between", seed, *columns)

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
        return self._run("mix_digits", seed, *columns, shares)


class DigitReader(Model):
    """Reads digits: calibrated class probabilities."""

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        super().__init__(name, snapshot)
        self.temperature = float(snapshot.facts.get("temperature", 1.0))
        self.least_odds: float | None = snapshot.facts.get("least_odds")
        self._read = batched(snapshot, "read_digits", (_DIGITS,))
        self._prepared = False

    def prepare(self) -> None:
        """Call it once, beside whatever else is to be done: a first call takes longer."""
        if not self._prepared:
            self._prepared = True
            _begin(lambda: self._read, (_DIGITS,))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Logits float32 (N, 10), divided by the temperature, of digits uint8 (N, 28, 28)."""
        return self._read(digit_images(images)) / np.float32(self.temperature)

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
        return self._features(digit_images(images))

    @cached_property
    def _features(self) -> Callable[..., Any]:
        return batched(self._snapshot, "digit_features", (_DIGITS,))
