"""`pen`: from a 28x28 digit to the pen strokes that wrote it, in writing order.

A convolutional network gives the control points of up to three strokes, the width along them and
whether each stroke is there. It learns from MNIST's digits alone, without strokes as labels:
through a differentiable raster, its strokes must give the digit back. The order and direction of
the strokes come from how people write (see `handsum.data.paths`): a part of each batch are paths
drawn from that mixture, whose strokes are known, and the path of an MNIST digit must be likely for
its class.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from handsum.config import Amount, Count, Share
from handsum.data.batches import TrainingSet, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.paths import POINTS, draw_paths, load_paths, split_paths
from handsum.data.skills import TracesDigits
from handsum.layers import leaky, space_to_depth
from handsum.layers.critics import Block, conv
from handsum.layers.pen import CONTROLS, STROKES, Hand, Written, images_of, presence, whole_path
from handsum.layers.raster import PIECES, UNIT, outline_distance, sample
from handsum.losses import Batch, Losses, Metrics, Parts
from handsum.losses.strokes import PathDensity, StrokesConfig, redrawing_loss, smoothness
from handsum.strokes.raster import SOFTNESS

SNAPSHOT_PART = "pen"
FROZEN: dict[str, str] = {}
_SAMPLES = (CONTROLS - 1) * PIECES + 1


@dataclass(frozen=True, kw_only=True)
class Config(StrokesConfig):
    """Settings of the network and of what its strokes must be like.

    `paths` is the number of paths with known strokes in a batch, for each digit of MNIST; `tracing`
    is the weight of giving their strokes. For the share `known` of the steps only they count, so
    that the network knows how digits are written before it explains MNIST's.
    """

    steps: Count = 7_000
    batch_size: Count = 64
    learning_rate: Amount = 6e-4
    final_learning_rate: Amount = 1e-5
    beta2: Share = 0.99
    ema_decay: Share = 0.998
    widths: tuple[Count, ...] = (32, 64, 96)
    features: Count = 512
    paths: Share = 0.5
    known: Share = 0.1
    tracing: Amount = 2.0


PRESETS = {"default": Config(), "small": Config(widths=(24, 48, 64), features=256, steps=4_000)}


class Pen(nnx.Module):
    """Images (N, 28, 28, 1) in [-1, 1] to their strokes."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        first, second, third = config.widths
        self.stem = conv(4, first, 3, rngs)
        self.blocks = nnx.List(Block(width, None, rngs=rngs) for width in config.widths)
        self.downs = nnx.List([conv(4 * first, second, 1, rngs), conv(second, third, 1, rngs)])
        self.narrow = conv(third, 32, 1, rngs)
        self.features = nnx.Linear(49 * 32, config.features, rngs=rngs)
        self.hand = Hand(config.features, rngs=rngs)

    def __call__(self, images: jax.Array) -> Written:
        hidden = self.blocks[0](self.stem(space_to_depth(images)))
        hidden = self.blocks[1](self.downs[0](space_to_depth(hidden)))
        hidden = self.blocks[2](self.downs[1](hidden))
        hidden = leaky(self.narrow(leaky(hidden)))
        return self.hand(leaky(self.features(hidden.reshape(len(hidden), -1))))


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {"pen": Pen(config, rngs=rngs)}


def _write(config: Config, batch: Batch, key: jax.Array) -> tuple[jax.Array, ...]:
    """Known strokes in random slants, widths and proportions: their images (N, 28, 28, 1), points
    (N, 2, M, 2), half widths (N,) and which there are (N, 2)."""
    count = max(1, round(config.paths * config.batch_size))
    known, labels = batch["strokes"][:count].astype(jnp.float32), batch["kinds"][:count]
    keys = jax.random.split(key, 4)
    exists = jnp.isfinite(known[:, :, 0, 0])
    known = jnp.where(exists[..., None, None], known, 0.5) - 0.5
    low = jnp.where(labels == 1, 0.05, 0.45)
    high = jnp.where(labels == 1, 0.4, 1.0)
    across = jax.random.uniform(keys[0], (count,), minval=low, maxval=high)
    slant = 0.25 * jax.random.normal(keys[1], (count,))
    x, y = known[..., 0] * across[:, None, None], known[..., 1]
    x = x - slant[:, None, None] * y
    points = jnp.stack([x, y], axis=-1)
    # As MNIST's digits: the mean of the ink is in the middle of the image.
    lengths = jnp.sqrt(jnp.square(jnp.diff(points, axis=2)).sum((2, 3)))[..., None]
    lengths *= exists[..., None]
    points -= ((points.mean(2) * lengths).sum(1) / lengths.sum(1))[:, None, None]
    points += 0.03 * jax.random.normal(keys[2], (count, 1, 1, 2))
    half = 0.055 * jnp.exp(0.4 * jax.random.normal(keys[3], (count,)))
    widths = jnp.broadcast_to(half[:, None, None, None], (*points.shape[:3], 1))
    samples = UNIT * jnp.concatenate([points, widths], axis=-1)
    away = outline_distance(samples.reshape(count * 2, _SAMPLES, 3)).reshape(count, 2, -1)
    ink = jax.nn.sigmoid(-jnp.where(exists[..., None], away, 100.0).min(1) / SOFTNESS)
    images = (2 * ink - 1).reshape(count, 28, 28, 1)
    return jax.lax.stop_gradient(images), points, half, exists


def _tracing_loss(
    written: Written, points: jax.Array, half: jax.Array, exists: jax.Array
) -> jax.Array:
    """How far strokes (N,) are from known ones; arguments as `_write` returns them."""
    off = jnp.square(sample(written.points)[:, :2] - points).sum(-1).mean(-1)
    nib = jnp.square(jnp.log(written.half_widths[:, 0] / half[:, None])).mean(-1)
    asked = jnp.pad(exists, ((0, 0), (0, STROKES - 2)))
    known = jax.nn.softplus(written.logits) - asked * written.logits
    return 30 * (off * exists).sum(-1) + nib + known[:, 1:].sum(-1)


def pen_loss(
    config: Config, density: PathDensity, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Giving MNIST's digits back in likely paths, and known strokes as they are."""
    keys = jax.random.split(key)
    images, *known = _write(config, batch, keys[0])
    images, count = jnp.concatenate([batch["images"], images]), len(batch["images"])
    written = parts["pen"](images)
    # Noise, so that a stroke is tried out that is not there yet.
    there = presence(written.logits + jax.random.logistic(keys[1], written.logits.shape))
    redrawing = redrawing_loss(images_of(written, there), images)
    path = whole_path(written.points[:count], there[:count], POINTS)
    unlikely = density.unlikelihood(path, batch["labels"])
    tracing = _tracing_loss(Written(*(part[count:] for part in written)), *known)
    lifts = jnp.asarray(density.lifts)[
        jnp.concatenate([batch["labels"], batch["kinds"][: len(images) - count]])
    ]
    smooth = smoothness(config, written.points, written.half_widths, there, lifts)
    each = redrawing + smooth
    own = each[:count].mean() + config.order * unlikely.mean()
    loss = jnp.where(batch["step"] < config.known * config.steps, 0.0, own)
    loss += config.paths * (each[count:] + config.tracing * tracing).mean()
    metrics = {
        "redrawing": redrawing[:count].mean(),
        "order": unlikely.mean(),
        "tracing": tracing.mean(),
        "smoothness": smooth.mean(),
        "strokes": there[:count].sum(-1).mean(),
    }
    return loss, metrics


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits, each beside a random path with known strokes."""
    prepared = digit_batches(config, data)
    paths = load_paths()
    points, kinds = draw_paths(paths, len(data), np.random.default_rng(config.seed))
    strokes = split_paths(points, paths.lifts[kinds], _SAMPLES).astype(np.float16)
    labels = paths.labels[kinds].astype(np.int32)
    arrays = prepared.arrays | {"strokes": strokes, "kinds": labels}
    return TrainingSet(config, arrays, prepared.batches)


def skill(config: Config) -> TracesDigits:
    """What the trained network does."""
    return TracesDigits()


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {"pen": partial(pen_loss, config, PathDensity.of(load_paths()))}
