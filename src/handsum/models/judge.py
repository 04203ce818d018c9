"""`judge`, a residual classifier for evaluation only.

Pre-activation residual blocks (He et al., "Identity mappings in deep residual networks", 2016)
after a 2x2 space-to-depth stem. Architecture, seed and augmentation differ from those of the
reader, so that no model is measured by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
from flax import nnx

from handsum.config import Amount, Count, Seed, Share, TrainingConfig
from handsum.data.augment import WarpStrength, warp
from handsum.data.batches import TrainingSet, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import ReadsDigits
from handsum.layers.batch_norm import BatchNorm
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.classification import accuracy, cross_entropy_loss

SNAPSHOT_PART = "classifier"
FROZEN: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings of the judge; `widths` are its channels at 14x14 and at 7x7."""

    steps: Count = 4_000
    batch_size: Count = 128
    learning_rate: Amount = 3e-3
    weight_decay: Amount = 0.05
    ema_decay: Share = 0.998
    seed: Seed = 1_000
    widths: tuple[Count, ...] = (40, 80)
    blocks: Count = 2
    label_smoothing: Share = 0.02


PRESETS = {"default": Config(), "small": Config(widths=(24, 48), blocks=1, steps=1_500)}
WARP = WarpStrength(rotation=0.12, slant=0.15, scale=0.1, shift=2.0)


class Block(nnx.Module):
    """x + conv(silu(norm(conv(silu(norm(x)))))), both convolutions 3x3."""

    def __init__(self, width: int, *, rngs: nnx.Rngs) -> None:
        self.norms = nnx.List(BatchNorm(width, momentum=0.98, rngs=rngs) for _ in range(2))
        self.convolutions = nnx.List(
            nnx.Conv(width, width, (3, 3), use_bias=False, rngs=rngs) for _ in range(2)
        )

    def __call__(self, features: jax.Array, *, training: bool) -> jax.Array:
        change = features
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            change = convolution(nnx.silu(norm(change, use_running_average=not training)))
        return features + change


class Classifier(nnx.Module):
    """Images (N, 28, 28, 1) in [-1, 1] to digit logits (N, 10)."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        wide, narrow = config.widths
        self.stem = nnx.Conv(4, wide, (3, 3), rngs=rngs)
        self.upper = nnx.List(Block(wide, rngs=rngs) for _ in range(config.blocks))
        self.down = nnx.Conv(wide, narrow, (2, 2), strides=2, padding="VALID", rngs=rngs)
        self.lower = nnx.List(Block(narrow, rngs=rngs) for _ in range(config.blocks))
        self.norm = BatchNorm(narrow, momentum=0.98, rngs=rngs)
        self.head = nnx.Linear(narrow, 10, rngs=rngs)

    def features(self, images: jax.Array, *, training: bool = False) -> jax.Array:
        """The pooled features (N, widths[-1]) that the logits are linear in."""
        count = len(images)
        # Space to depth: each 2x2 block of pixels becomes four channels.
        pixels = images.reshape(count, 14, 2, 14, 2).transpose(0, 1, 3, 2, 4)
        hidden = self.stem(pixels.reshape(count, 14, 14, 4))
        for block in self.upper:
            hidden = block(hidden, training=training)
        hidden = self.down(hidden)
        for block in self.lower:
            hidden = block(hidden, training=training)
        hidden = nnx.silu(self.norm(hidden, use_running_average=not training))
        return hidden.mean((1, 2))

    def __call__(self, images: jax.Array, *, training: bool = False) -> jax.Array:
        return self.head(self.features(images, training=training))


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {"classifier": Classifier(config, rngs=rngs)}


def classifier_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Cross-entropy on slightly warped digits; the metrics have the accuracy on them."""
    images = warp(batch["images"], key, WARP)
    logits = parts["classifier"](images, training=True)
    loss = cross_entropy_loss(logits, batch["labels"], config.label_smoothing)
    return loss, {"loss": loss, "accuracy": accuracy(logits, batch["labels"])}


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits."""
    return digit_batches(config, data)


def skill(config: Config) -> ReadsDigits:
    """What the trained network does."""
    return ReadsDigits()


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {"classifier": partial(classifier_loss, config)}
