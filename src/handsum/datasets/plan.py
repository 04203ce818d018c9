"""Plans: how a data set's samples are divided into shards, and what its files are called."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

from handsum._version import __version__
from handsum.datasets.recipe import Recipe
from handsum.datasets.samples import BLOCK
from handsum.errors import UsageError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

# A shard is what is lost when a run is interrupted, and what some formats hold in memory.
SHARD_SAMPLES, SHARD_BYTES = 4096, 128 * 2**20
# Shards much smaller than a block of digits would each draw the block's beginning again.
_LEAST_SAMPLES = BLOCK // 4


@dataclass(frozen=True)
class Shard:
    """The samples `start` to `stop` - 1: shard `index` of `count`."""

    index: int
    count: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def of(self) -> str:
        """The shard among all, as the file names of the field have it."""
        return f"{self.index:05d}-of-{self.count:05d}"


@dataclass(frozen=True)
class Plan:
    """A recipe, the format it is written in, its number of shards, and which split it is."""

    recipe: Recipe
    format: str
    shards: int
    split: Split = "train"

    def __post_init__(self) -> None:
        if not 1 <= self.shards <= min(self.recipe.count, 99_999):
            raise UsageError(
                f"{self.recipe.count} samples do not make {self.shards} shards: "
                f"use 1 to {min(self.recipe.count, 99_999)}"
            )
        if self.split not in SPLITS:
            raise UsageError(f"no split {self.split!r}: use {', '.join(SPLITS)}")

    def shard(self, index: int) -> Shard:
        """One of the shards, which are all of about the same size."""
        return Shard(index, self.shards, self._bound(index), self._bound(index + 1))

    def _bound(self, index: int) -> int:
        """Where a shard begins: with a block of digits, unless there are more shards than those."""
        exact = index * self.recipe.count // self.shards
        aligned = index < self.shards and self.recipe.count >= self.shards * BLOCK
        return exact // BLOCK * BLOCK if aligned else exact

    def stem(self, index: int) -> str:
        """A sample's name without an ending: its number, with zeros so that names sort."""
        width = max(6, len(str(self.recipe.count - 1)))
        return f"{index:0{width}d}"

    def as_json(self) -> dict[str, Any]:
        """The plan as plain values; equal values mean equal bytes."""
        return {
            "handsum": __version__,
            "format": self.format,
            "split": self.split,
            "shard_count": self.shards,
            "recipe": self.recipe.as_json(),
        }

    @property
    def digest(self) -> str:
        """A sum of all that the bytes depend on."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


def choose_shards(recipe: Recipe) -> int:
    """Return a number of shards of a sensible size each: a function of the recipe alone."""
    picture = recipe.picture_height * recipe.greatest_width * recipe.channels
    size = min(SHARD_SAMPLES, max(_LEAST_SAMPLES, SHARD_BYTES // picture))
    return min(-(-recipe.count // size), 99_999)
