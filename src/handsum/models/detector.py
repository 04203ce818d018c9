"""`detector`: finds and reads the digits and signs in a grey picture at once.

A fully convolutional network with features at a quarter, an eighth and a sixteenth of the size,
joined from coarse to fine (Lin et al., "Feature pyramid networks for object detection", 2017). For
each square of four by four pixels it says whether the middle of a sign is there, which sign it is,
and how far its box reaches (Zhou, Wang and Krähenbühl, "Objects as points", 2019). It learns from
pages that are composed while it trains (`handsum.data.pages`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product
from typing import Annotated

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Amount, Bounds, Count, Share, TrainingConfig
from handsum.data.batches import TrainingSet
from handsum.data.mnist import Dataset
from handsum.data.pages.stream import page_batches
from handsum.data.signs.alphabet import CLASSES
from handsum.data.skills import FindsSigns
from handsum.layers import space_to_depth
from handsum.layers.batch_norm import BatchNorm
from handsum.layers.sight import Layer
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.detection import heat_loss, sides_loss, signs_loss

SNAPSHOT_PART = "detector"
FROZEN: dict[str, str] = {}
# Pixels of a window of local contrast.
_WINDOW = 16
# The share of squares in which a new network sees the middle of a sign.
_PRIOR = 0.01


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings of the reader of pages.

    `widths` are the channels at a half, a quarter, an eighth and a sixteenth of the size, `depths`
    the residual blocks at the last three on the way down. Pictures are `side` pixels wide and high.
    """

    steps: Count = 5_000
    batch_size: Count = 16
    learning_rate: Amount = 2e-3
    final_learning_rate: Amount = 1e-5
    weight_decay: Amount = 0.02
    ema_decay: Share = 0.998
    widths: tuple[Count, ...] = (32, 64, 96, 128)
    depths: tuple[Count, ...] = (1, 2, 2)
    side: Annotated[int, Bounds(32, 1024, multiple=16)] = 128
    label_smoothing: Share = 0.02


PRESETS = {
    "default": Config(),
    "small": Config(widths=(16, 32, 48, 64), depths=(1, 1, 1), steps=3_000),
}


class Residual(nnx.Module):
    """Two convolutions whose result is added to the features (He et al., 2016)."""

    def __init__(self, width: int, *, rngs: nnx.Rngs) -> None:
        self.first = Layer(width, width, rngs=rngs)
        self.second = nnx.Conv(width, width, (3, 3), use_bias=False, rngs=rngs)
        self.norm = BatchNorm(width, momentum=0.98, rngs=rngs)

    def __call__(self, features: jax.Array, *, training: bool) -> jax.Array:
        changes = self.second(self.first(features, training=training))
        return nnx.relu(features + self.norm(changes, use_running_average=not training))


def _spread(features: jax.Array, times: int) -> jax.Array:
    """Each place becomes a square of `times` by `times` equal ones."""
    count, high, wide, depth = features.shape
    tall = jnp.broadcast_to(features[:, :, None, :, None], (count, high, times, wide, times, depth))
    return tall.reshape(count, times * high, times * wide, depth)


def _contrast(images: jax.Array) -> jax.Array:
    """Images (N, H, W, 1) beside themselves less the local mean, over the local deviation."""
    count, high, wide, _ = images.shape
    cells = (count, high // _WINDOW, _WINDOW, wide // _WINDOW, _WINDOW, 1)
    mean = images.reshape(cells).mean((2, 4))
    power = jnp.square(images).reshape(cells).mean((2, 4))
    # Over three by three windows, so that a stroke does not fill one.
    moments = jnp.concatenate([mean, power], axis=-1)
    padded = jnp.pad(moments, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    size = moments.shape[1:3]
    near = jnp.zeros_like(moments)
    for down, across in product(range(3), range(3)):
        near += padded[:, down : down + size[0], across : across + size[1]]
    mean, power = jnp.split(_spread(near / 9, _WINDOW), 2, axis=-1)
    deviation = jnp.sqrt(jnp.maximum(power - jnp.square(mean), 0) + 0.03**2)
    return jnp.concatenate([images, (images - mean) / (2 * deviation)], axis=-1)


class Detector(nnx.Module):
    """Images (N, H, W, 1) in [-1, 1], H and W multiples of 16, to answers (N, H/4, W/4, ...).

    The answers are logits of a middle (...), of the classes (..., 22), and the logarithms of an
    eighth of the distances to the left, upper, right and lower side of the box (..., 4).
    """

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        half, *widths = config.widths
        self.stem = Layer(8, half, rngs=rngs)
        inputs = (half, *widths[:-1])
        self.downs = nnx.List(
            Layer(4 * before, width, 1, rngs=rngs)
            for before, width in zip(inputs, widths, strict=True)
        )
        self.blocks = nnx.List(
            nnx.List(Residual(width, rngs=rngs) for _ in range(depth))
            for width, depth in zip(widths, config.depths, strict=True)
        )
        self.ups = nnx.List(Layer(coarse, fine, 1, rngs=rngs) for fine, coarse in pairwise(widths))
        self.joins = nnx.List(Residual(width, rngs=rngs) for width in widths[:-1])
        self.top = Layer(widths[0], widths[0], rngs=rngs)
        few = nnx.initializers.constant(math.log(_PRIOR / (1 - _PRIOR)))
        self.heat = nnx.Linear(widths[0], 1, bias_init=few, rngs=rngs)
        self.signs = nnx.Linear(widths[0], CLASSES, rngs=rngs)
        self.sides = nnx.Linear(widths[0], 4, rngs=rngs)

    def __call__(
        self, images: jax.Array, *, training: bool = False
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        features = self.stem(space_to_depth(_contrast(images)), training=training)
        levels = []
        for down, blocks in zip(self.downs, self.blocks, strict=True):
            features = down(space_to_depth(features), training=training)
            for block in blocks:
                features = block(features, training=training)
            levels.append(features)
        for index in range(len(levels) - 2, -1, -1):
            features = _spread(self.ups[index](features, training=training), 2)
            features = self.joins[index](levels[index] + features, training=training)
        features = self.top(features, training=training)
        return self.heat(features)[..., 0], self.signs(features), self.sides(features)


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {"detector": Detector(config, rngs=rngs)}


def detector_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Finding middles, naming signs and measuring boxes."""
    heat, signs, sides = parts["detector"](batch["images"], training=True)
    found = heat_loss(heat, batch["heat"].astype(jnp.float32))
    named, right = signs_loss(signs, batch["kinds"], config.label_smoothing)
    measured = sides_loss(sides, batch["sides"].astype(jnp.float32), batch["kinds"])
    loss = found + named + measured
    metrics = {"loss": loss, "heat_loss": found, "signs_loss": named, "sides_loss": measured}
    return loss, metrics | {"accuracy": right}


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Pages composed of the data set's digits."""
    return page_batches(config, data, config.side)


def skill(config: Config) -> FindsSigns:
    """What the trained network does."""
    return FindsSigns(config.side)


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {"detector": partial(detector_loss, config)}
