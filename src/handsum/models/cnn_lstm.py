"""`cnn-lstm`: the sum of a sequence of digits, predicted step by step along it.

After the public CNN+LSTM sum predictors: a convolutional network looks at each picture, an LSTM
(Hochreiter and Schmidhuber, 1997) goes along the sequence and predicts the sum. Trained end to end
on lengths 1 to 20 with padding masked out. At each position it predicts a distribution of how much
the sum grows. So every prefix of a sequence is an example with its own sum, and sequences may be
longer than those in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Amount, Count, EvenCount, SequenceLength, Share, TrainingConfig
from handsum.data.augment import warp
from handsum.data.batches import TrainingSet, sequence_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import ReadsSums
from handsum.layers.sight import Sight
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.classification import cross_entropy_loss
from handsum.losses.sums import sum_probabilities

SNAPSHOT_PART = "predictor"
FROZEN: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings; `batch_size` counts sequences, whose lengths come in pairs of `longest` + 1."""

    steps: Count = 5_000
    batch_size: EvenCount = 16
    learning_rate: Amount = 2e-3
    weight_decay: Amount = 0.01
    ema_decay: Share = 0.998
    longest: SequenceLength = 20
    widths: tuple[Count, ...] = (24, 48, 96)
    features: Count = 128
    hidden: Count = 96


PRESETS = {
    "default": Config(),
    "small": Config(widths=(8, 16, 32), features=64, hidden=48, steps=3_000),
}


class Predictor(nnx.Module):
    """Pictures of a sequence to the growth of its sum at each position."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.look = Sight(config.widths, config.features, rngs=rngs)
        self.cell = nnx.OptimizedLSTMCell(config.features, config.hidden, rngs=rngs)
        # A growth is a distribution over 0 to 9, which is learned faster than a plain number and
        # has a confidence.
        self.growth = nnx.Linear(config.features + config.hidden, 10, rngs=rngs)
        self.size = config.hidden

    def __call__(self, images: jax.Array, mask: jax.Array) -> jax.Array:
        """Images (N, L, 28, 28, 1) with mask (N, L) to logits (N, L, 10) of growths."""
        return self.grow(self.look.features(images.reshape(-1, 28, 28, 1)), mask)

    def grow(self, features: jax.Array, mask: jax.Array) -> jax.Array:
        """Features (N * L, F) of pictures with mask (N, L) to logits (N, L, 10) of growths."""
        count, length = mask.shape
        features = features.reshape(count, length, -1)
        definition, state = nnx.split(self.cell)

        def step(carry: tuple[jax.Array, jax.Array], inputs: jax.Array) -> tuple:
            return nnx.merge(definition, state)(carry, inputs)

        zeros = jnp.zeros((count, self.size))
        hidden: jax.Array
        _, hidden = jax.lax.scan(step, (zeros, zeros), features.transpose(1, 0, 2))
        seen = jnp.concatenate([features, hidden.transpose(1, 0, 2)], axis=-1)
        return self.growth(seen)

    def sums(self, images: jax.Array, mask: jax.Array) -> jax.Array:
        """Distributions (N, 9L + 1) of the sums of sequences (N, L, 28, 28, 1), mask (N, L).

        The growths are added up as if they were independent.
        """
        return sum_probabilities(jax.nn.softmax(self(images, mask)), mask)


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {"predictor": Predictor(config, rngs=rngs)}


def predictor_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """The negative log-likelihood of the growth at each position.

    The metrics have the error of the sums of whole sequences.
    """
    mask, predictor = batch["mask"], parts["predictor"]
    # The padding does not go through the convolutions.
    count = len(mask) // 2 * (config.longest + 1)
    flat = jnp.nonzero(mask.reshape(-1), size=count)[0]
    images = warp(batch["images"].reshape(-1, 28, 28, 1)[flat], key)
    looked = predictor.look.features(images, training=True)
    features = jnp.zeros((mask.size, looked.shape[-1])).at[flat].set(looked)
    growth = predictor.grow(features, mask)
    # The likelihood of the sums does not help: their errors accumulate along a sequence.
    loss = cross_entropy_loss(growth.reshape(-1, 10)[flat], batch["labels"].reshape(-1)[flat])
    means = jax.nn.softmax(growth) @ jnp.arange(10.0)
    errors = ((means - batch["labels"]) * mask).sum(1)
    return loss, {"loss": loss, "sum_error": jnp.abs(errors).mean()}


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of sequences."""
    return sequence_batches(config, data, config.longest)


def skill(config: Config) -> ReadsSums:
    """What the trained network does."""
    return ReadsSums()


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {"predictor": partial(predictor_loss, config)}
