"""Plans: how the samples of a data set are divided into shards, and how its files are named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from handsum._version import __version__
from handsum.datasets.recipe import Recipe
from handsum.errors import UsageError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

# An interruption loses the current shard, and some formats hold a shard in memory.
SHARD_SAMPLES, SHARD_BYTES = 4096, 128 * 2**20
# A shard that begins within a block of digits draws the beginning of the block again.
_LEAST_SAMPLES = 128


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
        """The shard's place in file names, such as `00000-of-00004`."""
        return f"{self.index:05d}-of-{self.count:05d}"


@dataclass(frozen=True)
class Plan:
    """A recipe, the format to write it in, the number of shards and the name of the split.

    Raises:
        UsageError: fewer than 1 shard or more than samples, or no such split.
    """

    recipe: Recipe
    format: str
    shards: int
    split: Split = "train"

    def __post_init__(self) -> None:
        if not 1 <= self.shards <= min(self.recipe.count, 99_999):
            raise UsageError(
                f"{self.recipe.count} samples cannot be divided into {self.shards} shards: "
                f"use 1 to {min(self.recipe.count, 99_999)}"
            )
        if self.split not in SPLITS:
            raise UsageError(f"no split {self.split!r}: use {', '.join(SPLITS)}")

    def shard(self, index: int) -> Shard:
        """Shard number `index`; all shards have about the same size."""
        return Shard(index, self.shards, self._bound(index), self._bound(index + 1))

    def _bound(self, index: int) -> int:
        """Where a shard begins: at a block of digits, if there are enough blocks for all shards."""
        exact = index * self.recipe.count // self.shards
        aligned = index < self.shards and self.recipe.count >= self.shards * self.recipe.block
        return exact // self.recipe.block * self.recipe.block if aligned else exact

    def stem(self, index: int) -> str:
        """The file name of a sample without its ending: its number, padded so that names sort."""
        width = max(6, len(str(self.recipe.count - 1)))
        return f"{index:0{width}d}"

    @property
    def title(self) -> str:
        """The format and the number of shards, such as "png, 2 shards"."""
        return f"{self.format}, {self.shards} shard{'s' if self.shards > 1 else ''}"

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain values; equal values give equal bytes."""
        return {
            "handsum": __version__,
            "format": self.format,
            "split": self.split,
            "shard_count": self.shards,
            "recipe": self.recipe.as_dict(),
        }

    @cached_property
    def digest(self) -> str:
        """A hash of everything that the bytes depend on."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()


def choose_shards(recipe: Recipe) -> int:
    """Choose the number of shards: 4,096 samples or 128 MiB of pixels each."""
    picture = recipe.picture_height * recipe.greatest_width * recipe.channels
    size = min(SHARD_SAMPLES, max(_LEAST_SAMPLES, SHARD_BYTES // picture))
    return min(-(-recipe.count // size), 99_999)
