"""Trained generators: digits of given classes and hands, and sequences for totals."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from handsum.errors import UsageError
from handsum.models import registry
from handsum.pretrained.compiled import Function, per_row, rows
from handsum.pretrained.model import Model
from handsum.pretrained.snapshots import Snapshot
from handsum.seeds import Stream, choose_seed, stream
from handsum.strokes import Strokes
from handsum.strokes.lifts import lift_pen

_SEEDS = rows(dtype=np.uint32)


class Tracer(Protocol):
    """What finds the strokes of digits: see `readers.Pen`."""

    def prepare(self) -> None:
        """Start to compile."""

    def trace(self, images: np.ndarray) -> list[Strokes]:
        """The strokes of digits uint8 (N, 28, 28)."""


# The digits in which people lift the pen, whose strokes are given as one path.
_LIFTED = (4, 5, 7)


def to_strokes(controls: np.ndarray, exists: np.ndarray) -> list[Strokes]:
    """Control points (N, S, P, 3) of strokes, those of them that exist (N, S), as N digits."""
    return [
        Strokes(tuple(np.asarray(stroke, np.float64) for stroke in digit[own]))
        for digit, own in zip(controls, exists, strict=True)
    ]


def _hand_type(writers: np.ndarray) -> type:
    """The dtype of the writers: numbers, or embeddings of hands."""
    return np.float32 if writers.ndim == 2 else np.int32


class LayerOutputs:
    """The outputs of one pass: `layers`, (path, output) in call order, and the `others` by name."""

    def __init__(self, stages: dict[str, np.ndarray]) -> None:
        self.others = {name: rows[0] for name, rows in stages.items() if not name[0].isdigit()}
        numbered = sorted(stages.keys() - self.others.keys())
        self.layers = [(name.partition("/")[2], stages[name][0]) for name in numbered]


class DigitGenerator(Model):
    """Draws digits of given classes in given hands (0 to `writers` - 1).

    A generator that is not `conditional` ignores the classes and draws random digits. `load_pen`
    loads the pen that traces its digits, unless it `writes_strokes` itself.
    """

    def __init__(self, name: str, snapshot: Snapshot, load_pen: Callable[[], Tracer]) -> None:
        super().__init__(name, snapshot)
        self._load_pen = load_pen
        self.writers = snapshot.setting("writers", 1)
        self.conditional = self.task == "digit generator"
        entry = registry.find(snapshot.model)
        self.mixes, self.writes_strokes = entry.mixes, entry.writes_strokes

    def check_writers(self, advice: str = "leave out the writer") -> None:
        """Raise UsageError if the generator knows no writers to choose from."""
        if self.writers == 1:
            raise UsageError(f"{self.name} knows no writers: {advice}")

    def check_classes(self, advice: str) -> None:
        """Raise UsageError if the generator draws random digits instead of given ones."""
        if not self.conditional:
            raise UsageError(f"{self.name} draws random digits: {advice}")

    def prepare(self, writers: np.ndarray, *, strokes: bool) -> None:
        """Start to compile for `draw` or `write` with such writers, while the caller goes on.

        Errors are raised by `draw`, not here.
        """
        column = rows(dtype=np.int32)
        drawn = rows(*writers.shape[1:], dtype=_hand_type(writers))
        specs = (_SEEDS, column, column, column, drawn)
        own = strokes and self.writes_strokes
        self._functions.prepare("write_digits" if own else "draw_digits", specs)
        if strokes and not own:
            self._load_pen().prepare()

    def _run(self, function: Function, seed: int, *columns: np.ndarray) -> Any:
        """Call a function of the network on a seed and columns."""
        specs = (rows(*column.shape[1:], dtype=column.dtype) for column in columns)
        return self._functions(function, (_SEEDS, *specs))(per_row(seed, columns[0]), *columns)

    @cached_property
    def hands(self) -> np.ndarray:
        """The embeddings float32 (W, E) of its writers; (0, 0) if it knows none."""
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
        """Digits uint8 (N, 28, 28) of labels (N,), by writers (N,) or by hands float (N, E).

        Digit i depends only on `seed`, `indices[i]`, `attempts[i]`, its label and its writer.
        Without `writers` the seed chooses them; without `seed` it is random.

        Raises:
            UsageError: a label that is not a digit, or a writer out of range.
        """
        seed, columns = self._columns(labels, writers, seed, indices, attempts)
        drawn: np.ndarray = self._run("draw_digits", seed, *columns)
        return drawn

    def write(
        self, labels: np.ndarray, writers: np.ndarray | None = None, **keys: Any
    ) -> list[Strokes]:
        """The pen strokes of the digits of `draw`, in units of their height.

        They are its own if it `writes_strokes`; otherwise the pen traces its images.

        Raises:
            UsageError: as `draw`.
        """
        if not self.writes_strokes:
            return self._load_pen().trace(self.draw(labels, writers, **keys))
        seed, columns = self._columns(labels, writers, **keys)
        written = to_strokes(*self._run("write_digits", seed, *columns))
        pairs = zip(written, np.asarray(labels).tolist(), strict=True)
        return [lift_pen(digit) if label in _LIFTED else digit for digit, label in pairs]

    def _columns(
        self,
        labels: np.ndarray,
        writers: np.ndarray | None,
        seed: int | None = None,
        indices: np.ndarray | None = None,
        attempts: np.ndarray | None = None,
    ) -> tuple[int, list[np.ndarray]]:
        """The seed and the columns, once they are checked: indices, attempts, labels, writers."""
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
            raise UsageError("labels, writers, indices and attempts must have the same length")
        if labels.size and not (labels.min() >= 0 and labels.max() <= 9):
            raise UsageError("labels are digits from 0 to 9")
        hands = writers.ndim == 2
        if writers.size and not hands and not 0 <= writers.min() <= writers.max() < self.writers:
            raise UsageError(f"{self.name} knows the writers 0 to {self.writers - 1}")
        columns = [np.asarray(c).astype(np.int32) for c in (indices, attempts, labels)]
        return seed, [*columns, writers.astype(_hand_type(writers))]

    def stages(self, label: int, hand: np.ndarray, *, seed: int) -> LayerOutputs:
        """The stages of the digit that `draw` draws with index 0: see `LayerOutputs`.

        `hand` is a row of what `draw` takes as `writers`: (1,), or (1, E).
        """
        columns = [np.full(1, value, np.int32) for value in (0, 0, label)]
        columns.append(hand.astype(_hand_type(hand)))
        return LayerOutputs(self._run("digit_stages", seed, *columns))

    def draw_between(
        self,
        labels: np.ndarray,
        writers: np.ndarray,
        shares: np.ndarray,
        *,
        seed: int,
        indices: np.ndarray,
    ) -> np.ndarray:
        """Digits uint8 (N, 28, 28) between attempts 0 and 1 of `draw`, by `shares` (N,)."""
        columns = [np.asarray(c).astype(np.int32) for c in (indices, labels)]
        columns.insert(1, np.asarray(shares).astype(np.float32))
        columns.append(writers.astype(_hand_type(writers)))
        drawn: np.ndarray = self._run("draw_between", seed, *columns)
        return drawn

    def mix(self, shares: np.ndarray, *, seed: int, indices: np.ndarray) -> np.ndarray:
        """Digits uint8 (N, 28, 28) that are several at once, by the `shares` (N, 10) of each.

        Raises:
            UsageError: the model cannot mix digits (names the models that can).
        """
        if not self.mixes:
            able = ", ".join(entry.name for entry in registry.ENTRIES.values() if entry.mixes)
            raise UsageError(f"{self.name} cannot mix digits: {able} can")
        shares = np.asarray(shares, np.float32)
        shares = shares / shares.sum(1, keepdims=True)
        columns = [np.asarray(c).astype(np.int32) for c in (indices, np.zeros_like(indices))]
        drawn: np.ndarray = self._run("mix_digits", seed, *columns, shares)
        return drawn


COLUMN = rows(dtype=np.int32)


class SequenceGenerator(Model):
    """Draws sequences of up to `longest` digits for totals; a network plans the digits.

    `load_pen` loads the pen that traces them.
    """

    def __init__(self, name: str, snapshot: Snapshot, load_pen: Callable[[], Tracer]) -> None:
        super().__init__(name, snapshot)
        self._load_pen = load_pen
        self.longest = snapshot.setting("longest")

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

        The digits may not sum to their totals. Sequence i depends only on `seed`, `indices[i]`,
        `attempts[i]`, its total and the length.

        Raises:
            UsageError: the length is not from 1 to `longest`, or digits cannot sum to a total.
        """
        totals, seed = np.asarray(totals), choose_seed(seed)
        if isinstance(length, bool) or not isinstance(length, int | np.integer):
            raise UsageError(f"`length` is one whole number for all sequences, not {length!r}")
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
        draw = self._functions("draw_sequences", (_SEEDS, COLUMN, COLUMN, COLUMN, COLUMN))
        images, digits = draw(per_row(seed, totals), *columns)
        return images[:, :length], digits[:, :length].astype(np.int64)

    def write(
        self, totals: np.ndarray, length: int, **keys: Any
    ) -> tuple[list[Strokes], np.ndarray]:
        """The pen strokes of N * length digits, row by row, and the digits planned, as `draw`."""
        images, digits = self.draw(totals, length, **keys)
        return self._load_pen().trace(images.reshape(-1, *images.shape[2:])), digits

    def stages(self, total: int, length: int, *, seed: int) -> LayerOutputs:
        """The stages of the sequence that `draw` draws with index 0: see `LayerOutputs`."""
        columns = [np.full(1, value, np.int32) for value in (0, 0, total, length)]
        follow = self._functions("sequence_stages", (_SEEDS, COLUMN, COLUMN, COLUMN, COLUMN))
        return LayerOutputs(follow(per_row(seed, columns[0]), *columns))
