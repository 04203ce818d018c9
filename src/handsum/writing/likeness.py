"""Find the writers whose hands are most like some digits, and fit a hand to the digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np

from handsum import stopping
from handsum.data.mnist import Dataset, load
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE
from handsum.pretrained.generators import DigitGenerator
from handsum.writing.hands import (
    RowHands,
    hand_vectors,
    name_fitted,
    parse_hand,
)

# Digits are described by their coordinates along this many principal components of their class.
_COMPONENTS = 12
# Prior of a writer's mean of a class: this many more digits at the mean of all writers.
_PRIOR = 2.0
_FEWEST = 3
# The mean shapes of a hand come from this many drawings of each class.
_DRAWN = 4
# Prior of a fitted hand: this many digits at the mean of all writers' hands.
_PULL = 2.0
_EVALUATIONS = 20
# The fit is measured by cross-validation in this many folds, each with fewer evaluations: the mean
# distance of 9 writers is within 2% of that after 60 (for one writer, up to 14% away).
_FOLDS, _FOLD_EVALUATIONS = 4, 12
# It is compared with the fit of one in this many writers.
_WRITER_STEP = 8


@dataclass(frozen=True)
class Likeness:
    """A writer, and the distance of some digits from the writer's own.

    `distance` is the mean square, in standard deviations of the class.
    """

    writer: int
    distance: float


def most_alike(images: np.ndarray, labels: np.ndarray, count: int = 10) -> list[Likeness]:
    """The `count` writers whose hands are most like digits uint8 (N, 28, 28), nearest first.

    Given ten unseen digits, the nearest of 494 writers is the right one in 78% of cases, and the
    right one is among the ten nearest in 97%.

    Raises:
        UsageError: fewer than three different digits.
    """
    known = _writers()
    images, labels = _distinct(images, labels)
    distances = known.distances(_describe(known, images, labels), labels)
    order = np.argsort(distances, kind="stable")[:count]
    return [Likeness(int(writer), float(distances[writer])) for writer in order]


@dataclass(frozen=True, eq=False)
class FittedHand:
    """A hand fitted to some digits.

    `name` is the value for `writer`, `vector` (E,) its embedding. `distance` is the mean square, in
    standard deviations of the class, from the digits to those that the generator draws with a hand
    fitted to the other three quarters of the digits. `fit` is the share of MNIST's writers whose
    own digits (as many) are no nearer to those drawn in their hands: 0.5 is a fit as good as the
    usual one of a writer, 0 is unlike any writer's hand.
    """

    name: str
    vector: np.ndarray
    distance: float
    fit: float


def fit_hand(generator: DigitGenerator, images: np.ndarray, labels: np.ndarray) -> FittedHand:
    """Fit a generator's hand to digits uint8 (N, 28, 28).

    The embedding minimises the distance between the mean shapes of the drawn and the given digits,
    class by class, with a Gaussian prior from the writers' embeddings.

    Raises:
        UsageError: fewer than three different digits, or a generator without MNIST's writers.
    """
    generator.check_writers()
    known, table = _writers(), generator.hands
    if len(table) != len(known.sums):
        raise UsageError(f"{generator.name} has other writers than MNIST's")
    images, labels = _distinct(images, labels)
    shapes = _describe(known, images, labels)
    model = _hand_model(generator)
    name = name_fitted(_fit(model, shapes, labels), table)
    folds = np.arange(len(labels)) % _FOLDS
    missed = np.empty(len(labels))
    for fold in range(min(_FOLDS, len(labels))):
        own, others = folds == fold, folds != fold
        hand = _fit(model, shapes[others], labels[others], _FOLD_EVALUATIONS)
        means = model.shapes(hand)
        missed[own] = np.square(means[labels[own]] - shapes[own]).mean(1)
    distance = float(missed.mean())
    fit = float((_own_distances(known, model, len(labels)) >= distance).mean())
    return FittedHand(name, hand_vectors(parse_hand(name), table, 1, 0)[0], distance, fit)


def hands_alike(
    generator: DigitGenerator, fitted: FittedHand, alike: list[Likeness]
) -> tuple[RowHands, list[str]]:
    """The fitted hand and those of the writers, one for each row, and their names."""
    writers = np.array([one.writer for one in alike], np.int64)
    names = [fitted.name, *map(str, writers)]
    vectors = np.concatenate([fitted.vector[None], generator.hands[writers]])
    return RowHands(np.concatenate([[-1], writers]), vectors, " ".join(names)), names


def _fit(
    model: _HandModel,
    shapes: np.ndarray,
    labels: np.ndarray,
    evaluations: int = _EVALUATIONS,
) -> np.ndarray:
    """The embedding (E,) of the hand whose digits are nearest to shapes (N, C)."""
    from scipy.optimize import minimize

    counts = np.bincount(labels, minlength=10).astype(np.float32)
    means = np.zeros((10, _COMPONENTS), np.float32)
    np.add.at(means, labels, shapes)
    means /= np.maximum(counts, 1)[:, None]

    def measure(embedding: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = model.measure(embedding.astype(np.float32), means, counts)
        return float(value), np.asarray(slope, np.float64)

    options = {"maxfun": evaluations}
    begin = model.table.mean(0, dtype=np.float64)
    return minimize(measure, begin, jac=True, method="L-BFGS-B", options=options).x


@dataclass(frozen=True, eq=False)
class _HandModel:
    """The digits that a generator draws in a hand (E,).

    `shapes` gives the mean shape (10, C) of each class; `measure` their mean square distance from
    shapes (10, C) of counts (10,) plus the prior's term, and its gradient (E,). `of_writers` are
    the shapes in the hands of some writers of the `table` (W, E), which are drawn once.
    """

    shapes: Callable[[np.ndarray], np.ndarray]
    measure: Callable[..., Any]
    table: np.ndarray

    @cached_property
    def of_writers(self) -> dict[int, np.ndarray]:
        drawn = {}
        for writer in range(0, len(self.table), _WRITER_STEP):
            stopping.check()
            drawn[writer] = self.shapes(self.table[writer])
        return drawn


@dataclass(frozen=True, eq=False)
class _Writers:
    """W writers: `sums` (W, 10, C) and `counts` (W, 10) of the shapes of their digits.

    `means` (10, D) and `axes` (10, D, C) are the principal components of each class.
    """

    data: Dataset
    writers: np.ndarray
    shapes: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    means: np.ndarray
    axes: np.ndarray

    def distances(self, shapes: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The mean square distance (W,) of shapes (N, C) from the class means of every writer."""
        means = self.sums / (self.counts[..., None] + _PRIOR)
        return np.square(means[:, labels] - shapes).mean((1, 2))


def _pixels(images: Any) -> Any:
    """Digits (N, 28, 28) in [0, 255] at half the size: float32 (N, 196) in [0, 1]."""
    return images.reshape(-1, 14, 2, 14, 2).mean((2, 4), dtype=np.float32).reshape(-1, 196) / 255


def _distinct(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop repeated digits and sort the rest, so that the result does not depend on the order."""
    rows = np.column_stack([labels, images.reshape(len(images), DIGIT_SIZE**2)])
    first = np.unique(rows, axis=0, return_index=True)[1]
    return images[first], labels[first]


def _describe(known: _Writers, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Shapes float32 (N, C): coordinates along the principal components of the class."""
    if len(images) < _FEWEST:
        raise UsageError(f"{len(images)} digits are too few to know a hand: give {_FEWEST} or more")
    pixels = _pixels(images)
    shapes = np.empty((len(images), _COMPONENTS), np.float32)
    for digit in np.unique(labels):
        rows = labels == digit
        shapes[rows] = (pixels[rows] - known.means[digit]) @ known.axes[digit]
    return shapes


@cache
def _writers() -> _Writers:
    """The writers of MNIST's training split."""
    data = load("train")
    assert data.writers is not None
    writers = np.unique(data.writers, return_inverse=True)[1]
    pixels = _pixels(data.images)
    means, axes = np.empty((10, 196), np.float32), np.empty((10, 196, _COMPONENTS), np.float32)
    shapes = np.empty((len(data), _COMPONENTS), np.float32)
    for digit in range(10):
        rows = data.labels == digit
        means[digit] = pixels[rows].mean(0)
        centred = pixels[rows] - means[digit]
        values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
        axes[digit] = vectors[:, -_COMPONENTS:] / np.sqrt(values[-_COMPONENTS:])
        shapes[rows] = centred @ axes[digit]
    size = int(writers.max()) + 1
    sums, counts = np.zeros((size, 10, _COMPONENTS)), np.zeros((size, 10))
    np.add.at(sums, (writers, data.labels), shapes)
    np.add.at(counts, (writers, data.labels), 1)
    return _Writers(data, writers, shapes, sums, counts, means, axes)


def _own_distances(known: _Writers, model: _HandModel, count: int) -> np.ndarray:
    """The distances of some writers' digits, `count` of each, from those drawn in their hands."""
    random = np.random.default_rng(0)
    own = []
    for writer, means in model.of_writers.items():
        rows = random.permutation(np.flatnonzero(known.writers == writer))[:count]
        own.append(np.square(means[known.data.labels[rows]] - known.shapes[rows]).mean())
    return np.array(own)


@lru_cache(maxsize=2)
def _hand_model(generator: DigitGenerator) -> _HandModel:
    """The model of a generator's hands, with fixed latents."""
    import jax
    import jax.numpy as jnp
    from flax import nnx

    known, table = _writers(), generator.hands
    middle, variance = table.mean(0), float(table.var(0).mean())
    random = np.random.default_rng(0)
    network = generator.network()
    half = random.standard_normal((10, _DRAWN // 2, network.latent_size))
    # Each latent with its opposite, so that their mean is zero.
    latents = np.concatenate([half, -half], axis=1).reshape(10 * _DRAWN, -1).astype(np.float32)
    labels = np.repeat(np.arange(10, dtype=np.int32), _DRAWN)
    definition, state = nnx.split(network)

    def shapes(hand: jax.Array) -> jax.Array:
        hands = jnp.tile(hand[None], (len(labels), 1))
        images = nnx.merge(definition, state)(latents, labels, hands)
        pixels = _pixels((images[..., 0] + 1) * 127.5)
        means = pixels.reshape(10, _DRAWN, -1).mean(1) - known.means
        return jnp.einsum("dp,dpc->dc", means, known.axes)

    def measure(hand: jax.Array, means: jax.Array, counts: jax.Array) -> jax.Array:
        missed = jnp.square(shapes(hand) - means).mean(1) @ counts / counts.sum()
        return missed + _PULL / counts.sum() * jnp.square(hand - middle).mean() / variance

    compiled = jax.jit(shapes)
    measured = jax.jit(jax.value_and_grad(measure))
    return _HandModel(lambda hand: np.asarray(compiled(hand)), measured, table)
