"""Hands: that of a writer, a mix, an invented one, or one fitted to pictures."""

from __future__ import annotations

import base64
import math
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handsum.errors import UsageError
from handsum.seeds import Stream, stream

if TYPE_CHECKING:
    from handsum.pretrained.generators import DigitGenerator


NEW, FITTED = "new", "like:"
# The name of a fitted hand holds its embedding in steps; this many are a standard deviation of the
# writers' embeddings.
_STEPS = 32
# Bytes of the checksum in front of the steps.
_CHECKSUM_BYTES = 4


@dataclass(frozen=True)
class Hand:
    """A hand by its name: "12", "12+40", "12:3+40:1", "new" or "like:...".

    `parts` are writers and their shares, empty for a new or a fitted hand; `code` is the decoded
    part after "like:".
    """

    name: str
    parts: tuple[tuple[int, float], ...] = ()
    code: bytes | None = None

    @property
    def writer(self) -> int | None:
        """The writer, or None if it is not the hand of a single writer."""
        return self.parts[0][0] if len(self.parts) == 1 else None


def parse_hand(text: str | int) -> Hand:
    """Parse the name of a hand: see `Hand`.

    Raises:
        UsageError: not the name of a hand, or shares that are all zero.
    """
    text = str(text).strip()
    if text == NEW:
        return Hand(NEW)
    if FITTED in text and "+" in text:
        raise UsageError("a fitted hand cannot be mixed with others")
    if text.startswith(FITTED):
        return Hand(text, code=_decode(text))
    parts = []
    for part in text.split("+"):
        found = re.fullmatch(r"\s*([0-9]{1,9})\s*(?::\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*)?", part)
        if not found:
            raise UsageError(
                f"a hand is a writer's number such as 12, a mix such as 12+40 or 12:3+40:1, "
                f"{NEW}, or {FITTED}... for a fitted hand, not {text!r}"
            )
        parts.append((int(found[1]), float(found[2] or 1)))
    shares: dict[int, float] = {}
    for writer, share in parts:
        shares[writer] = shares.get(writer, 0.0) + share
    total = sum(shares.values())
    if not total:
        raise UsageError(f"the shares of {text!r} are all zero")
    if not math.isfinite(total):
        raise UsageError("a hand's shares are too large: use numbers such as 3 and 1")
    return Hand(text, tuple((writer, s / total) for writer, s in shares.items() if s))


def name_fitted(vector: np.ndarray, table: np.ndarray) -> str:
    """Name a hand (E,) for a model whose writers have the embeddings `table` (W, E): "like:...".

    The name holds the embedding, rounded to a 32nd of the writers' standard deviation and limited
    to four of them from the mean, and a checksum of it and the table: other models refuse it, and
    this one refuses a name with a typing error.
    """
    middle, scale = _middle_and_scale(table)
    steps = np.clip(np.rint((vector - middle) / scale * _STEPS), -127, 127).astype(np.int8)
    code = _checksum(steps, table) + steps.tobytes()
    return FITTED + base64.urlsafe_b64encode(code).decode().rstrip("=")


def _decode(text: str) -> bytes:
    code = text.removeprefix(FITTED)
    try:
        return base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""


def _checksum(steps: np.ndarray, table: np.ndarray) -> bytes:
    data = np.ascontiguousarray(table, np.float32).tobytes() + steps.tobytes()
    return zlib.crc32(data).to_bytes(_CHECKSUM_BYTES, "big")


def _middle_and_scale(table: np.ndarray) -> tuple[np.ndarray, float]:
    return table.mean(0, dtype=np.float64), float(table.std(0, dtype=np.float64).mean())


def _fitted_vector(code: bytes, table: np.ndarray) -> np.ndarray:
    checksum, steps = code[:_CHECKSUM_BYTES], np.frombuffer(code[_CHECKSUM_BYTES:], np.int8)
    if len(steps) != table.shape[1] or checksum != _checksum(steps, table):
        raise UsageError(
            f"that {FITTED}... is not whole, or was fitted to another model: give the `model` that "
            "it was fitted to, or fit it to this one (pictures and arrays have other defaults)"
        )
    middle, scale = _middle_and_scale(table)
    return middle + steps * (scale / _STEPS)


def hand_vectors(
    hand: Hand, table: np.ndarray, count: int, seed: int, start: int = 0
) -> np.ndarray:
    """The embeddings float32 (count - start, E) of a hand, from those of all writers (W, E).

    A mix lies between its writers, as far from the mean of all hands as they are (see `blend`).
    "new" gives `count` different hands, drawn from a Gaussian with the mean and covariance of the
    writers; those before number `start` are left out.

    Raises:
        UsageError: no such writer, or a hand fitted to another model.
    """
    if hand.parts and max(writer for writer, _ in hand.parts) >= len(table):
        largest = max(writer for writer, _ in hand.parts)
        raise UsageError(f"writer {largest} is out of range: use 0 to {len(table) - 1}")
    if hand.code is not None:
        return np.tile(_fitted_vector(hand.code, table).astype(np.float32), (count - start, 1))
    middle = table.mean(0, dtype=np.float64)
    spread = table - middle
    if hand.parts:
        shares = np.array([share for _, share in hand.parts])
        own = spread[[writer for writer, _ in hand.parts]]
        mixed = middle + blend(shares[None], own)
        return np.tile(mixed.astype(np.float32), (count - start, 1))
    # One by one: a row of a matrix product may depend on the number of rows.
    scaled = spread / np.sqrt(len(table) - 1)
    vectors = np.empty((count - start, table.shape[1]), np.float32)
    for row, index in enumerate(range(start, count)):
        vectors[row] = (
            middle + stream(seed, Stream.HANDS, index).standard_normal(len(table)) @ scaled
        )
    return vectors


def blend(shares: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """Mix vectors (K, E) by shares (N, K): (N, E), each as long as its parts are on average.

    A plain mean would be nearer to the mean of all hands than any hand is.
    """
    mixed = shares @ spreads
    lengths = shares @ np.linalg.norm(spreads, axis=1) / shares.sum(1)
    # Parts that cancel out have no direction: they stay at the mean.
    return mixed * (lengths / np.maximum(np.linalg.norm(mixed, axis=1), 1e-9))[:, None]


@dataclass(frozen=True, eq=False)
class RowHands:
    """The hands of N rows.

    `writers`, int64 (N,), are -1 for a mixed, new or fitted hand and for a model without writers;
    `name` names a mixed, new or fitted hand. `inputs` is what the generator takes: the writers, or
    embeddings (N, E).
    """

    writers: np.ndarray
    inputs: np.ndarray
    name: str | None = None


def choose_hands(
    generator: DigitGenerator,
    writer: int | str | RowHands | None,
    count: int,
    seed: int,
    start: int = 0,
) -> RowHands:
    """The hands of `count` rows from number `start` on: the requested one, or random writers.

    Raises:
        UsageError: no such writer or hand, or a model without writers.
    """
    if isinstance(writer, RowHands):
        return writer
    if writer is None and generator.writers == 1:
        return RowHands(np.full(count - start, -1), np.zeros(count - start, np.int64))
    if writer is None:
        writers = stream(seed, Stream.WRITERS).integers(generator.writers, size=count)[start:]
        return RowHands(writers, writers)
    hand = parse_hand(writer)
    generator.check_writers()
    if any(own >= generator.writers for own, _ in hand.parts):
        raise UsageError(
            f"writer {max(hand.parts)[0]} is out of range: {generator.name} has the hands of "
            f"writers 0 to {generator.writers - 1}"
        )
    if hand.writer is not None:
        writers = np.full(count - start, hand.writer, np.int64)
        return RowHands(writers, writers)
    vectors = hand_vectors(hand, generator.hands, count, seed, start)
    return RowHands(np.full(count - start, -1), vectors, hand.name)
