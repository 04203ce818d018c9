"""`cnn-sum`: the sum of a sequence of digits, exactly, from the distribution of each digit.

It convolves the digit distributions of the network of `cnn` to the distribution of the sum. Since
that is differentiable, it can learn to read from sums alone, without the label of any digit, as
DeepProbLog (Manhaeve et al., 2018) does. `labels` says what it learns from:

- "digits": the label of every digit;
- "sums": sequences of `addends` digits, each with its sum only;
- "numbers": pairs of numbers of `addends` digits, each pair with its sum only (the published
  addition).

Sequences and pairs are drawn from the training digits once, and each digit is in one of them. So
one sum for each group is all that the training ever sees, however long it takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Amount, Count, Share, TrainingConfig
from handsum.data.batches import TrainingSet, digit_batches, sum_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import ReadsDigits
from handsum.errors import UsageError
from handsum.layers.sight import Classifier
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.classification import cross_entropy_loss
from handsum.losses.sums import addition_loss, highest_column_loss, sum_loss

SNAPSHOT_PART = "classifier"
FROZEN: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings; `batch_size` counts digits, sequences or pairs, as `labels` says."""

    steps: Count = 3_000
    batch_size: Count = 64
    learning_rate: Amount = 1e-3
    weight_decay: Amount = 0.01
    ema_decay: Share = 0.998
    labels: Literal["digits", "sums", "numbers"] = "digits"
    addends: Count = 2
    widths: tuple[Count, ...] = (16, 32, 64)
    hidden: Count = 64
    dropout: Share = 0.2

    def check(self, chosen: Iterable[str]) -> None:
        """Raise UsageError for `addends` without sums."""
        if "addends" in chosen and self.labels == "digits":
            raise UsageError("`addends` needs sums to learn from: set `labels` to sums or numbers")


PRESETS = {"default": Config(), "small": Config()}
# For this share of the steps the highest column of an addition outweighs the others. With a weight
# of 0.5, a run with numbers of four digits still learned each digit d as d + 5 modulo 10.
BEGINNING, HIGHEST_WEIGHT = 0.2, 3.0


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    classifier = Classifier(config.widths, config.hidden, config.dropout, rngs=rngs)
    return {"classifier": classifier}


def classifier_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """The negative log-likelihood of the digits' labels, or of their sums."""
    images, mask = batch["images"], batch["mask"]
    logits = parts["classifier"](images.reshape(-1, 28, 28, 1), key=key)
    if config.labels == "digits":
        loss = cross_entropy_loss(logits, batch["labels"])
    else:
        logits = logits.reshape(*mask.shape, 10)
        # Each digit of a group holds the group's sum.
        sums = batch["sums"][:, 0]
        if config.labels == "sums":
            loss = sum_loss(logits, mask, sums[:, 0])
        else:
            loss = addition_loss(logits, sums)
            if config.addends > 1:
                begins = batch["step"] < BEGINNING * config.steps
                loss += jnp.where(begins, HIGHEST_WEIGHT, 0.0) * highest_column_loss(logits, sums)
    return loss, {"loss": loss}


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits, or of sums.

    Raises:
        UsageError: there are not enough digits for one sum.
    """
    if config.labels == "digits":
        return digit_batches(config, data)
    return sum_batches(config, data, config.addends, numbers=config.labels == "numbers")


def skill(config: Config) -> ReadsDigits:
    """What the trained network does."""
    return ReadsDigits()


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {"classifier": partial(classifier_loss, config)}
