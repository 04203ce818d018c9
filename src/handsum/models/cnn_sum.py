"""`cnn-sum`: the sum of a sequence of digits, exactly from the distributions of what it reads.

The digit distributions of the network of `cnn`, convolved to the sum's. Since that is
differentiable, it can learn to read from sums alone, no digit's label ever seen, as DeepProbLog
(Manhaeve et al., 2018) does. `labels` says what it learns from:

- "digits": every digit's label;
- "sums": sequences of `addends` digits, each with its sum only;
- "numbers": pairs of numbers of `addends` digits, each pair with its sum only (the published
  addition).

Sequences and pairs are drawn from the training digits once, each digit in one of them: what is told
is one sum for so many digits, and stays so however long the training.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import TrainingConfig
from handsum.errors import UsageError
from handsum.layers.sight import Classifier
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.classification import cross_entropy_loss
from handsum.losses.sums import addition_loss, highest_column_loss, sum_loss

SNAPSHOT_PART = "classifier"


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings; `batch_size` counts digits, sequences or pairs, by `labels`."""

    steps: int = 3_000
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    ema_decay: float = 0.998
    labels: str = "digits"
    addends: int = 2
    widths: tuple[int, ...] = (16, 32, 64)
    hidden: int = 64
    dropout: float = 0.2


PRESETS = {"default": Config(), "small": Config()}
LABELS = ("digits", "sums", "numbers")
# For this share of the steps the highest column of an addition outweighs the others: at 0.5 a run
# with numbers of four digits still learned each digit d as d + 5 modulo 10.
BEGINNING, HIGHEST_WEIGHT = 0.2, 3.0


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part.

    Raises:
        UsageError: there are no such labels.
    """
    if config.labels not in LABELS:
        raise UsageError(f"no labels {config.labels!r}: choose from {', '.join(LABELS)}")
    classifier = Classifier(config.widths, config.hidden, config.dropout, rngs=rngs)
    return {"classifier": classifier}


def classifier_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """How unlikely the digits' labels are, or the sums that are told in their place."""
    images, mask = batch["images"], batch["mask"]
    logits = parts["classifier"](images.reshape(-1, 28, 28, 1), key=key)
    if config.labels == "digits":
        loss = cross_entropy_loss(logits, batch["labels"])
    else:
        logits = logits.reshape(*mask.shape, 10)
        # A group's sum stands at each of its digits.
        sums = batch["sums"][:, 0]
        if config.labels == "sums":
            loss = sum_loss(logits, mask, sums[:, 0])
        else:
            loss = addition_loss(logits, sums)
            if config.addends > 1:
                begins = batch["step"] < BEGINNING * config.steps
                loss += jnp.where(begins, HIGHEST_WEIGHT, 0.0) * highest_column_loss(logits, sums)
    return loss, {"loss": loss}


def losses(config: Config) -> Losses:
    """What each part minimises, in the order of their updates within a step."""
    return {"classifier": partial(classifier_loss, config)}
