"""`gan`: random digits from fully connected layers.

The first GAN (Goodfellow et al., "Generative adversarial nets", 2014) as in the usual tutorials:
dense layers with batch normalisation and leaky ReLU. It cannot choose which digit it draws, and
does not know which pixels are neighbours; it is here for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Amount, Count, Share, TrainingConfig
from handsum.data.batches import TrainingSet, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import DrawsDigits
from handsum.layers import drop, leaky
from handsum.layers.batch_norm import BatchNorm
from handsum.losses import Losses, Parts
from handsum.losses.adversarial import image_discriminator_loss, image_generator_loss

SNAPSHOT_PART = "generator"
FROZEN: dict[str, str] = {}
LATENT_SIZE = 100


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings: `widths` of the generator's layers; the discriminator has them in reverse."""

    steps: Count = 30_000
    batch_size: Count = 64
    learning_rate: Amount = 2e-4
    final_learning_rate: Amount = 2e-5
    beta1: Share = 0.5
    ema_decay: Share = 0.999
    widths: tuple[Count, ...] = (256, 512, 1024)
    dropout: Share = 0.3
    smoothing: Share = 0.1
    penalty: Amount = 1.0


PRESETS = {"default": Config(), "small": Config(widths=(128, 256, 512))}


class Generator(nnx.Module):
    """Latents (N, 100) to images (N, 28, 28, 1) in [-1, 1]; it ignores labels and writers."""

    latent_size = LATENT_SIZE

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        sizes = (LATENT_SIZE, *config.widths)
        self.layers = nnx.List(nnx.Linear(a, b, rngs=rngs) for a, b in pairwise(sizes))
        self.norms = nnx.List(BatchNorm(b, momentum=0.98, rngs=rngs) for b in config.widths)
        self.out = nnx.Linear(config.widths[-1], 784, rngs=rngs)

    def __call__(
        self, latents: jax.Array, labels: jax.Array, writers: jax.Array, *, training: bool = False
    ) -> jax.Array:
        hidden = latents
        for layer, norm in zip(self.layers, self.norms, strict=True):
            hidden = leaky(norm(layer(hidden), use_running_average=not training))
        return jnp.tanh(self.out(hidden)).reshape(-1, 28, 28, 1)


class Discriminator(nnx.Module):
    """Images (N, 28, 28, 1) to realness logits (N,); `key` is for dropout."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        sizes = (784, *config.widths[::-1])
        self.layers = nnx.List(nnx.Linear(a, b, rngs=rngs) for a, b in pairwise(sizes))
        self.out = nnx.Linear(sizes[-1], 1, rngs=rngs)
        self.dropout = config.dropout

    def __call__(self, images: jax.Array, *, key: jax.Array) -> jax.Array:
        hidden = images.reshape(len(images), -1)
        for index, layer in enumerate(self.layers):
            hidden = drop(leaky(layer(hidden)), self.dropout, jax.random.fold_in(key, index))
        return self.out(hidden)[:, 0]


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {
        "discriminator": Discriminator(config, rngs=rngs),
        "generator": Generator(config, rngs=rngs),
    }


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits."""
    return digit_batches(config, data)


def skill(config: Config) -> DrawsDigits:
    """What the trained network does."""
    return DrawsDigits()


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {
        "discriminator": partial(image_discriminator_loss, config.smoothing, config.penalty),
        "generator": image_generator_loss,
    }
