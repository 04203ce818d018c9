"""Whose hand a few digits are most like: a writer's of the training set, or one fitted to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from handsum.data.mnist import Dataset, load
from handsum.errors import UsageError
from handsum.images import DIGIT_SIZE
from handsum.pretrained.generators import DigitGenerator
from handsum.writing.hands import Hands, hand_vectors, name_fitted, parse_hand

# Each class's digits are described by their coordinates along so many principal components.
_COMPONENTS = 12
# A writer's mean of a class is drawn to the mean of all writers as if it had so many more digits.
_PRIOR = 2.0
_FEWEST = 3
# A hand's mean shapes are those of so many drawings of each class.
_DRAWN = 4
# A fitted hand is drawn to the middle of all writers' as if by so many digits.
_PULL = 2.0
_EVALUATIONS = 20
# How well a hand fits is told by digits that it was not fitted to, in so many turns.
_TURNS = 4
# It is compared with that of every so many-th writer.
_APART = 5


@dataclass(frozen=True)
class Likeness:
    """A writer, and how near some digits are to the writer's own.

    `distance`: mean square, in standard deviations of the class.
    """

    writer: int
    distance: float


def most_alike(images: np.ndarray, labels: np.ndarray, count: int = 10) -> list[Likeness]:
    """The `count` writers, numbered as the generator does, most like digits uint8 (N, 28, 28).

    Of ten digits that were not used to know the writers, 78% are given to the one of 494 who wrote
    them, and 97% to one of the ten nearest.

    Raises:
        UsageError: there are too few digits to tell, not counting one twice.
    """
    known = _writers()
    images, labels = _distinct(images, labels)
    distances = known.distances(_describe(known, images, labels), labels)
    order = np.argsort(distances, kind="stable")[:count]
    return [Likeness(int(writer), float(distances[writer])) for writer in order]


@dataclass(frozen=True)
class FittedHand:
    """A hand of a generator's that is none of its writers', fitted to some digits.

    `name` is what asks for it, `vector` (E,) its embedding. `distance` is the mean square, in
    standard deviations of the class, from the digits to what is drawn with a hand fitted without
    them: each quarter of them to the other three. `fit` is the share of writers whose own digits,
    as many, are no nearer to what is drawn with theirs: 0.5 is as near as the generator's own
    writers are, 0 is no writer's hand.
    """

    name: str
    vector: np.ndarray
    distance: float
    fit: float


def fit_hand(generator: DigitGenerator, images: np.ndarray, labels: np.ndarray) -> FittedHand:
    """The hand with which a generator's digits are most like digits uint8 (N, 28, 28).

    Its embedding is the one at which the mean shapes of what the generator draws, class by class,
    are nearest to the digits', with a Gaussian prior of the writers' own.

    Raises:
        UsageError: as `most_alike`, or the generator knows no writers.
    """
    if generator.writers == 1:
        raise UsageError(f"{generator.name} knows no writers")
    known, table = _writers(), generator.hands
    if len(table) != len(known.sums):
        raise UsageError(f"{generator.name} knows other writers than MNIST's")
    images, labels = _distinct(images, labels)
    shapes = _describe(known, images, labels)
    drawn = _drawn(generator)
    name = name_fitted(_fit(drawn, table, shapes, labels), table)
    turns = np.arange(len(labels)) % _TURNS
    missed = np.empty(len(labels))
    for turn in range(min(_TURNS, len(labels))):
        own, others = turns == turn, turns != turn
        means = drawn.shapes(_fit(drawn, table, shapes[others], labels[others]))
        missed[own] = np.square(means[labels[own]] - shapes[own]).mean(1)
    distance = float(missed.mean())
    fit = float((_own_distances(known, drawn, table, len(labels)) >= distance).mean())
    return FittedHand(name, hand_vectors(parse_hand(name), table, 1, 0)[0], distance, fit)


def hands_alike(
    generator: DigitGenerator, fitted: FittedHand, alike: list[Likeness]
) -> tuple[Hands, list[str]]:
    """The fitted hand and the writers', to write a row with each; and how to ask for them."""
    writers = np.array([one.writer for one in alike], np.int64)
    names = [fitted.name, *map(str, writers)]
    vectors = np.concatenate([fitted.vector[None], generator.hands[writers]])
    return Hands(np.concatenate([[-1], writers]), vectors, " ".join(names)), names


def _fit(drawn: _Drawn, table: np.ndarray, shapes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The embedding (E,) at which what is `drawn` is nearest to shapes (N, C)."""
    from scipy.optimize import minimize

    counts = np.bincount(labels, minlength=10).astype(np.float32)
    means = np.zeros((10, _COMPONENTS), np.float32)
    np.add.at(means, labels, shapes)
    means /= np.maximum(counts, 1)[:, None]

    def measure(embedding: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = drawn.measure(embedding.astype(np.float32), means, counts)
        return float(value), np.asarray(slope, np.float64)

    options = {"maxfun": _EVALUATIONS}
    begin = table.mean(0, dtype=np.float64)
    return minimize(measure, begin, jac=True, method="L-BFGS-B", options=options).x


@dataclass(frozen=True)
class _Drawn:
    """What a generator draws with a hand (E,).

    `shapes` gives the mean shapes (10, C) of each class; `measure` their mean square distance to
    shapes (10, C) of counts (10,) with the prior's share, and its gradient (E,).
    """

    shapes: Callable[[np.ndarray], np.ndarray]
    measure: Callable[..., Any]


@dataclass(frozen=True)
class _Writers:
    """What is known of W writers: `sums` (W, 10, C) and `counts` (W, 10) of their digits' shapes.

    `means` (10, D) and `axes` (10, D, C) describe each class's shapes.
    """

    data: Dataset
    writers: np.ndarray
    shapes: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    means: np.ndarray
    axes: np.ndarray

    def distances(self, shapes: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The mean square distance (W,) of shapes (N, C) to every writer's means of a class."""
        means = self.sums / (self.counts[..., None] + _PRIOR)
        return np.square(means[:, labels] - shapes).mean((1, 2))


def _pixels(images: Any) -> Any:
    """Digits (N, 28, 28) in [0, 255] at half their size, float32 (N, 196) in [0, 1]."""
    return images.reshape(-1, 14, 2, 14, 2).mean((2, 4), dtype=np.float32).reshape(-1, 196) / 255


def _distinct(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each digit once, class by class: what is told of them must not depend on their order."""
    rows = np.column_stack([labels, images.reshape(len(images), DIGIT_SIZE**2)])
    first = np.unique(rows, axis=0, return_index=True)[1]
    return images[first], labels[first]


def _describe(known: _Writers, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Shapes float32 (N, C): coordinates along the class's principal components."""
    if len(images) < _FEWEST:
        raise UsageError(f"{len(images)} digits are too few to tell a hand: give {_FEWEST} or more")
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


def _own_distances(known: _Writers, drawn: _Drawn, table: np.ndarray, count: int) -> np.ndarray:
    """The distances of some writers' own digits, `count` of each, to what is drawn as theirs."""
    random = np.random.default_rng(0)
    own = []
    for writer in range(0, len(table), _APART):
        rows = random.permutation(np.flatnonzero(known.writers == writer))[:count]
        means = drawn.shapes(table[writer])
        own.append(np.square(means[known.data.labels[rows]] - known.shapes[rows]).mean())
    return np.array(own)


@lru_cache(maxsize=2)
def _drawn(generator: DigitGenerator) -> _Drawn:
    """What the generator draws with a hand, over the same latents each time."""
    import jax
    import jax.numpy as jnp
    from flax import nnx

    known, table = _writers(), generator.hands
    middle, variance = table.mean(0), float(table.var(0).mean())
    random = np.random.default_rng(0)
    network = generator.network()
    half = random.standard_normal((10, _DRAWN // 2, network.latent_size))
    # Each with its opposite, so that their mean is the middle's.
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
    return _Drawn(lambda hand: np.asarray(compiled(hand)), jax.jit(jax.value_and_grad(measure)))
