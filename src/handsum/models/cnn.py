"""`cnn`, the default reader: a plain convolutional network that reads one digit.

A 5x5 stem of stride 2, then two stages of two 3x3 convolutions with batch normalisation, after VGG
(Simonyan and Zisserman, 2015) and Ioffe and Szegedy (2015), small enough to train on a laptop.

It also learns what is not a digit: the log-sum-exp of its logits is trained to be the log-odds of a
digit against anything else (the energy of Liu, Wang, Owens and Li, "Energy-based
out-of-distribution detection", 2020), so that ten logits express both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from handsum.config import Amount, Count, CountOrZero, Share, TrainingConfig
from handsum.data import mnist
from handsum.data.augment import augment
from handsum.data.batches import TrainingSet, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.non_digits import non_digits
from handsum.data.skills import ReadsDigits
from handsum.layers.sight import Classifier
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.classification import accuracy, cross_entropy_loss, novelty_loss

SNAPSHOT_PART = "classifier"
FROZEN: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings of the reader; `widths` are the channels of its stem, at 14x14 and at 7x7.

    Each batch of digits gets `non_digits` other images, out of `non_digit_bank` different ones.
    """

    steps: Count = 4_000
    batch_size: Count = 128
    learning_rate: Amount = 3e-3
    weight_decay: Amount = 0.02
    ema_decay: Share = 0.998
    widths: tuple[Count, ...] = (32, 64, 128)
    hidden: Count = 128
    dropout: Share = 0.2
    label_smoothing: Share = 0.02
    augmentation: bool = True
    non_digits: CountOrZero = 48
    non_digit_bank: CountOrZero = 12_000


PRESETS = {
    "default": Config(),
    "small": Config(widths=(16, 32, 64), hidden=64, steps=2_000, non_digit_bank=1_200),
}


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    classifier = Classifier(config.widths, config.hidden, config.dropout, rngs=rngs)
    return {"classifier": classifier}


def classifier_loss(
    config: Config, bank: np.ndarray, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Cross-entropy on augmented digits, and on whether an image is a digit or from the `bank`.

    The bank holds non-digits, uint8 (M, 28, 28). The metrics have the accuracy on the digits.
    """
    augmentation, dropout, choice = jax.random.split(key, 3)
    rows = jax.random.randint(choice, (config.non_digits,), 0, max(len(bank), 1))
    others = jnp.asarray(bank)[rows, ..., None].astype(jnp.float32) / 127.5 - 1
    images = jnp.concatenate([batch["images"], others])
    if config.augmentation:
        images = augment(images, augmentation)
    logits = parts["classifier"](images, key=dropout)
    digits = logits[: len(batch["labels"])]
    loss = cross_entropy_loss(digits, batch["labels"], config.label_smoothing)
    loss = loss + novelty_loss(logits, jnp.arange(len(logits)) < len(digits))
    return loss, {"loss": loss, "accuracy": accuracy(digits, batch["labels"])}


@cache
def _bank(count: int) -> np.ndarray:
    """Non-digits made from the training split: uint8 (count, 28, 28)."""
    if not count:
        return np.zeros((0, 28, 28), np.uint8)
    return non_digits(mnist.load("train").images, count, np.random.default_rng(0))


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits."""
    return digit_batches(config, data)


def skill(config: Config) -> ReadsDigits:
    """What the trained network does."""
    return ReadsDigits(knows_others=config.non_digits > 0)


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    bank = _bank(config.non_digit_bank if config.non_digits else 0)
    return {"classifier": partial(classifier_loss, config, bank)}
