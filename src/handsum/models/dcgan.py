"""`dcgan`: random digits from transposed convolutions.

DCGAN (Radford et al., "Unsupervised representation learning with deep convolutional generative
adversarial networks", 2016) as in the usual tutorials. Preset `classic` has exactly the parameters
of their network; `small`, for the CPU of a laptop, has a sixteenth of the widths of its generator
and an eighth of those of its discriminator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Amount, Count, CountOrZero, Share, TrainingConfig
from handsum.data.batches import TrainingSet, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import DrawsDigits
from handsum.layers import StridedConvolution, TransposedConvolution, drop
from handsum.layers.batch_norm import BatchNorm
from handsum.losses import Losses, Parts
from handsum.losses.adversarial import image_discriminator_loss, image_generator_loss

SNAPSHOT_PART = "generator"
FROZEN: dict[str, str] = {}
LATENT_SIZE = 100
# From 7x7 to 14x14 to 28x28, and once more at 28x28.
STRIDES = (2, 2, 1)


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings: the generator's `widths` from 7x7 to 28x28, the discriminator's from 14x14 on."""

    steps: Count = 12_000
    batch_size: Count = 64
    learning_rate: Amount = 3e-4
    final_learning_rate: Amount = 3e-5
    warmup_steps: CountOrZero = 0
    beta1: Share = 0.5
    ema_decay: Share = 0.999
    widths: tuple[Count, ...] = (64, 32, 16, 8)
    discriminator_widths: tuple[Count, ...] = (16, 32, 64)
    dropout: Share = 0.3
    smoothing: Share = 0.1
    penalty: Amount = 1.0
    momentum: Share = 0.98


_SMALL = Config()
# 50 passes over the training digits, as in the tutorials.
_CLASSIC = Config(
    steps=10_700,
    batch_size=256,
    learning_rate=1e-4,
    final_learning_rate=1e-4,
    beta1=0.9,
    ema_decay=0.0,
    widths=(1024, 512, 256, 128),
    discriminator_widths=(128, 256, 512),
    smoothing=0.0,
    penalty=0.0,
    momentum=0.99,
)
PRESETS = {"default": _SMALL, "small": _SMALL, "classic": _CLASSIC}


def _leaky(features: jax.Array) -> jax.Array:
    return nnx.leaky_relu(features, 0.3)


class Generator(nnx.Module):
    """Latents (N, 100) to images (N, 28, 28, 1) in [-1, 1]; it ignores labels and writers."""

    latent_size = LATENT_SIZE

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        base = 49 * config.widths[0]
        init = nnx.initializers.glorot_uniform()
        self.base = nnx.Linear(LATENT_SIZE, base, use_bias=False, kernel_init=init, rngs=rngs)
        self.norms = nnx.List(
            BatchNorm(width, momentum=config.momentum, epsilon=1e-3, rngs=rngs)
            for width in (base, *config.widths[1:])
        )
        self.layers = nnx.List(
            TransposedConvolution(inputs, outputs, 5, stride, rngs=rngs)
            for (inputs, outputs), stride in zip(pairwise(config.widths), STRIDES, strict=True)
        )
        self.out = TransposedConvolution(config.widths[-1], 1, 5, 1, rngs=rngs)

    def __call__(
        self, latents: jax.Array, labels: jax.Array, writers: jax.Array, *, training: bool = False
    ) -> jax.Array:
        base = self.norms[0](self.base(latents), use_running_average=not training)
        features = _leaky(base).reshape(len(latents), 7, 7, -1)
        for layer, norm in zip(self.layers, list(self.norms)[1:], strict=True):
            features = _leaky(norm(layer(features), use_running_average=not training))
        return jnp.tanh(self.out(features))


class Discriminator(nnx.Module):
    """Images (N, 28, 28, 1) to realness logits (N,); `key` is for dropout."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.glorot_uniform()
        self.layers = nnx.List(
            StridedConvolution(inputs, outputs, 5, 2, rngs=rngs)
            for inputs, outputs in pairwise((1, *config.discriminator_widths))
        )
        self.out = nnx.Linear(16 * config.discriminator_widths[-1], 1, kernel_init=init, rngs=rngs)
        self.dropout = config.dropout

    def __call__(self, images: jax.Array, *, key: jax.Array) -> jax.Array:
        hidden = images
        for index, layer in enumerate(self.layers):
            hidden = drop(_leaky(layer(hidden)), self.dropout, jax.random.fold_in(key, index))
        return self.out(hidden.reshape(len(hidden), -1))[:, 0]


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
