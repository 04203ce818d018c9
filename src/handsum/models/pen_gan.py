"""`pen-gan`: one digit of a given class in a given writer's hand, written as pen strokes.

The generator gives the control points of one path and the width along it; where the path goes back
along its own line, the pen is lifted afterwards (`handsum.strokes.lifts`). A differentiable raster
draws it at 28x28, as DiffVG does for vector graphics (Li et al., "Differentiable vector graphics
rasterization for editing and learning", 2020), and the discriminator and the critics see the
images. They and the losses are those of `r3gan` (Huang et al., "The GAN is dead; long live the
GAN!", 2024; Sauer et al., "Projected GANs converge faster", 2021). The decoder starts as that of
`pen`, and penalties keep the path smooth, within sight and in an order in which people write.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Amount, Count, replace
from handsum.data.batches import TrainingSet, count_writers, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.paths import POINTS, load_paths
from handsum.data.skills import DrawsDigits
from handsum.layers import leaky
from handsum.layers.critics import Critics, Discriminator
from handsum.layers.hands import LABEL_SIZE, LATENT_SIZE, condition, embed_conditions
from handsum.layers.pen import Hand, Written, images_of, presence, whole_path
from handsum.losses import Batch, Losses, Metrics, Parts, divide_rows
from handsum.losses.relativistic import HandsConfig, relativistic_losses
from handsum.losses.strokes import PathDensity, StrokesConfig, smoothness

SNAPSHOT_PART = "generator"
# The bundled models whose features the critics judge, and whose decoder it starts with.
FROZEN: dict[str, str] = {"reader": "cnn", "pen": "pen"}
# What is further from the middle than this, in heights, could not be seen. Two networks that had to
# give a second stroke hid it there.
_EDGE = 0.66
# The logit of a stroke that is there for sure.
_SURE = 10.0


@dataclass(frozen=True, kw_only=True)
class Config(HandsConfig, StrokesConfig):
    """Settings; the discriminator has `widths` channels at 14x14 and 7x7.

    `size` is the number of features of the generator's layers. With that of `pen`, its decoder
    starts as pen's. Strokes are bent more freely than pen's, as the discriminator judges them too,
    and have no price, as their number is not the network's choice.
    """

    steps: Count = 12_000
    widths: tuple[Count, ...] = (24, 48)
    size: Count = 512
    order: Amount = 0.004
    bend: Amount = 0.04
    pace: Amount = 0.05
    nib: Amount = 0.15
    stroke: Amount = 0.0


PRESETS = {"default": Config(), "small": Config(widths=(16, 32), steps=5_000)}


class Generator(nnx.Module):
    """Latents (N, 64 + W), labels (N,) and writers or hands to images (N, 28, 28, 1) in [-1, 1].

    See `handsum.layers.hands.condition` for the arguments.
    """

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.latent_size = LATENT_SIZE + config.writers
        self.sway = config.sway
        self.labels, self.hands = embed_conditions(config.writers, config.writer_size, rngs=rngs)
        init = nnx.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
        inputs = LATENT_SIZE + LABEL_SIZE + config.writer_size
        self.mapping = nnx.Linear(inputs, config.size, kernel_init=init, rngs=rngs)
        self.deeper = nnx.Linear(config.size, config.size, kernel_init=init, rngs=rngs)
        self.hand = Hand(config.size, rngs=rngs)

    def __call__(self, latents: jax.Array, labels: jax.Array, writers: jax.Array) -> jax.Array:
        written = self.write(latents, labels, writers)
        return images_of(written, presence(written.logits))

    def write(self, latents: jax.Array, labels: jax.Array, writers: jax.Array) -> Written:
        """The stroke that each image is drawn from."""
        features = leaky(self.mapping(condition(self, latents, labels, writers)))
        written = self.hand(leaky(self.deeper(features)))
        # pen's decoder gives three strokes; the first is the path.
        sure = jnp.full_like(written.logits[:, :1], _SURE)
        return Written(written.points[:, :1], written.half_widths[:, :1], sure)


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {
        "discriminator": Discriminator(config.widths, config.features, config.writers, rngs=rngs),
        "critics": Critics(config.critic, config.writers, rngs=rngs),
        "generator": Generator(config, rngs=rngs),
    }


def _write(parts: Parts, batch: Batch) -> Batch:
    """The images of the batch's digits, and the strokes that they are drawn from."""
    latents = divide_rows(jax.random.normal(batch["key"], (len(batch["labels"]), LATENT_SIZE)))
    written = parts["generator"].write(latents, batch["labels"], batch["writers"])
    there = presence(written.logits)
    strokes = {"points": written.points, "half_widths": written.half_widths, "there": there}
    return {"generated": images_of(written, there), **strokes}


def stroke_penalties(
    config: Config, density: PathDensity, batch: Batch
) -> tuple[jax.Array, Metrics]:
    """What the strokes of a batch cost: unlikely paths, `smoothness`, and what nobody can see."""
    points, there, labels = batch["points"], batch["there"], batch["labels"]
    unlikely = density.unlikelihood(whole_path(points, there, POINTS), labels).mean()
    lifts = jnp.asarray(density.lifts)[labels]
    smooth = smoothness(config, points, batch["half_widths"], there, lifts).mean()
    beyond = jnp.square(jnp.maximum(jnp.abs(points[:, :1]) - _EDGE, 0)).sum((1, 2, 3)).mean()
    metrics = {"order": unlikely, "smoothness": smooth, "beyond": beyond}
    return config.order * unlikely + smooth + beyond, metrics


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits, for as many writers as the data set has."""
    return digit_batches(replace(config, {"writers": count_writers(data)}), data)


def skill(config: Config) -> DrawsDigits:
    """What the trained network does."""
    return DrawsDigits(config.writers)


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    penalties = partial(stroke_penalties, config, PathDensity.of(load_paths()))
    return relativistic_losses(config, _write, penalties)
