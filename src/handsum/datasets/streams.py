"""Samples for training without a disk: drawn when they are asked for, the same ones every time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from handsum.arguments import whole_number
from handsum.datasets.formats.arrays import NO_DIGIT, padded
from handsum.datasets.recipe import Recipe
from handsum.datasets.samples import Sample, draw_block, draw_samples, set_sample
from handsum.errors import HandsumError, UsageError
from handsum.installation import install_command

if TYPE_CHECKING:
    import tensorflow
    from torch.utils.data import IterableDataset

# Several threads may read, each in a block of its own.
_BLOCKS_KEPT = 8


def stream(recipe: Recipe, start: int = 0, stop: int | None = None) -> Stream:
    """Samples `start` to `stop` - 1 of a recipe, by default all, to train on.

    Raises:
        UsageError: the range is not within the recipe's count.
    """
    return Stream(recipe, start, recipe.count if stop is None else stop)


class Stream:
    """A range of a recipe's samples, a sequence: sample i is the same in every process.

    They are drawn 512 at a time, so read them in order, or in any order within a range. It is a
    data source of Grain, and a data set with `len` and indices of PyTorch. `arrays()` has arrays of
    one shape instead of `Sample`s, as batches need them.
    """

    def __init__(
        self,
        recipe: Recipe,
        start: int,
        stop: int,
        convert: Callable[[Recipe, Sample], Any] | None = None,
    ) -> None:
        start, stop = whole_number(start, "`start`"), whole_number(stop, "`stop`")
        if not 0 <= start <= stop <= recipe.count:
            raise UsageError(
                f"samples {start} to {stop} are out of range: there are {recipe.count}"
            )
        self.recipe, self.start, self.stop, self.convert = recipe, start, stop, convert
        self._blocks: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Stream, (self.recipe, self.start, self.stop, self.convert)

    def __repr__(self) -> str:
        # Some libraries tell by this whether a state is of the same data.
        return (
            f"<stream of {len(self):,} {self.recipe.kind}, {self.start} to {self.stop}, "
            f"recipe {self.recipe.digest[:12]}>"
        )

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[Any]:
        return map(self._finish, draw_samples(self.recipe, self.start, self.stop))

    def __getitem__(self, index: int | slice) -> Any:
        """The sample at a place of the range, a negative one from its end; of a slice, a stream.

        Raises:
            IndexError: there is no such place.
            UsageError: the slice has a step.
        """
        if isinstance(index, slice):
            places = range(self.start, self.stop)[index]
            if places.step != 1:
                raise UsageError(f"a stream has no steps, such as {index.step}")
            return Stream(self.recipe, places.start, max(places.start, places.stop), self.convert)
        place = range(self.start, self.stop)[index]
        size = self.recipe.block
        block = place // size
        with self._lock:
            if block not in self._blocks:
                count = min(size, self.recipe.count - block * size)
                self._blocks[block] = draw_block(self.recipe, block, count)
            self._blocks.move_to_end(block)
            digits = self._blocks[block][place % size]
            while len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        return self._finish(set_sample(self.recipe, place, digits))

    def _finish(self, sample: Sample) -> Any:
        return self.convert(self.recipe, sample) if self.convert else sample

    def arrays(self) -> Stream:
        """The same samples as dictionaries of arrays of one shape (see `example_of`)."""
        return Stream(self.recipe, self.start, self.stop, example_of)

    def part(self, index: int, count: int, equal: bool = True) -> Stream:
        """One of `count` parts, for process or machine number `index`.

        All are of one size, so that none waits for another, and up to `count` - 1 samples at the
        end are in none. Those that are not `equal` have all samples.

        Raises:
            UsageError: there is no such part.
        """
        if not 0 <= index < count:
            raise UsageError(f"there is no part {index} of {count}: count parts from 0")
        size = len(self) // count * count if equal else len(self)
        first, last = (self.start + size * edge // count for edge in (index, index + 1))
        return Stream(self.recipe, first, last, self.convert)

    def torch(self) -> IterableDataset[Any]:
        """An `IterableDataset` of PyTorch with `arrays()`, or with the samples as they are.

        Each rank has its part of the stream, and each worker of a loader its part of that. It goes
        on where a `StatefulDataLoader` stopped. Workers have to be started with
        `multiprocessing_context="spawn"`: JAX cannot be forked.

        Raises:
            HandsumError: PyTorch is not installed.
        """
        try:
            from handsum.datasets.torch_streams import TorchStream
        except ModuleNotFoundError as error:
            raise _missing(error) from error
        return TorchStream(self if self.convert else self.arrays())

    def tensorflow(self) -> tensorflow.data.Dataset:
        """A `tf.data.Dataset` with `arrays()`.

        Raises:
            HandsumError: TensorFlow is not installed.
        """
        try:
            import tensorflow as tf
        except ModuleNotFoundError as error:
            raise _missing(error) from error
        arrays = self.arrays()
        first = example_of(self.recipe, next(iter(draw_samples(self.recipe, 0, 1))))
        signature = {
            name: tf.TensorSpec(np.shape(value), tf.as_dtype(np.asarray(value).dtype.type))
            for name, value in first.items()
        }
        return tf.data.Dataset.from_generator(lambda: iter(arrays), output_signature=signature)


def _missing(error: ModuleNotFoundError) -> HandsumError:
    name = (error.name or "").partition(".")[0]
    return HandsumError(f"this needs {name}: run {install_command(name)}")


def example_of(recipe: Recipe, sample: Sample) -> dict[str, Any]:
    """A sample as arrays whose shapes are the same for all samples of a recipe.

    image uint8 (H, W) or (H, W, 3), padded with paper on the right to the widest picture, and its
    own `width`; label uint8 () for digits, (L,) for numbers, padded with 255, and its `length`;
    boxes int32 (L, 4); total, writer, index; and the text, with signs.
    """
    longest = recipe.most_digits
    missing = longest - len(sample.digits)
    label = np.array([*sample.digits, *[NO_DIGIT] * missing], np.uint8)
    return {
        "image": padded(sample.image, recipe.greatest_width),
        "width": np.int64(sample.image.shape[1]),
        "label": label[0] if recipe.kind == "digits" else label,
        "length": np.int64(len(sample.digits)),
        "boxes": np.pad(sample.boxes, ((0, missing), (0, 0))).astype(np.int32),
        "total": np.int64(sample.total),
        "writer": np.int64(sample.writer),
        "index": np.int64(sample.index),
        "text": sample.text,
    }
