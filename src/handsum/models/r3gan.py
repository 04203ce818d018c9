"""`r3gan`, the default generator: one digit of a given class in a given writer's hand.

R3GAN (Huang et al., "The GAN is dead; long live the GAN!", 2024): a relativistic pairing loss with
zero-centred gradient penalties on real and generated images, no normalisation, residual blocks
that start as the identity. Differences: it is small enough for the CPU of a laptop; the
discriminator is conditioned by projection (Miyato and Koyama, 2018) on digit and writer, and reads
the digit too (Odena et al., 2017); penalties are computed on a share of each batch; critics judge
the features that a frozen reader finds in the images (Sauer et al., "Projected GANs converge
faster", 2021); and for the last fifth of the steps the learning rate restarts, with smaller
penalties.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.config import Amount, Count, Share, WriterCount, replace
from handsum.data.batches import TrainingSet, count_writers, digit_batches
from handsum.data.mnist import Dataset
from handsum.data.skills import DrawsDigits
from handsum.layers import leaky, space_to_depth
from handsum.losses import Batch, Losses, Metrics, OfDrawn, Parts, divide_rows
from handsum.losses.adversarial import gradient_penalty, relativistic_loss
from handsum.losses.classification import cross_entropy_loss
from handsum.losses.conditional import ConditionalConfig, Pairs, conditional_discriminator_loss

SNAPSHOT_PART = "generator"
# The bundled model whose features the critics judge.
FROZEN: dict[str, str] = {"reader": "cnn"}
LATENT_SIZE = 64
# The shapes of the reader's features at each level.
LEVELS = ((14, 14, 64), (7, 7, 128), (128,))


@dataclass(frozen=True, kw_only=True)
class Config(ConditionalConfig):
    """Settings of the generator and its discriminator, which has its channels in reverse order.

    `writers` is set from the data set. The critics of the reader's features have `critic` features
    and the weight `critic_weight` in the generator's loss; `critic_penalty` / 2 weighs their
    penalties. After the restart, `restart_penalty` multiplies all penalties. `sway` (radians) is
    the angle by which a hand varies from digit to digit when digits are drawn; training draws
    without it.
    """

    steps: Count = 17_500
    learning_rate: Amount = 4e-4
    final_learning_rate: Amount = 1e-5
    restart: Share = 0.2
    restart_rate: Amount = 2e-4
    restart_penalty: Amount = 0.15
    widths: tuple[Count, ...] = (96, 48, 24)
    writers: WriterCount = 494
    writer_size: Count = 32
    sway: Amount = 0.3
    penalty: Amount = 1.0
    class_weight: Amount = 0.2
    critic: Count = 96
    critic_weight: Amount = 1.0
    critic_penalty: Amount = 0.3


PRESETS = {"default": Config(), "small": Config(widths=(48, 32, 16), steps=5_000)}


def _conv(inputs: int, outputs: int, size: int, rngs: nnx.Rngs, gain: float = 2.0) -> nnx.Conv:
    init = nnx.initializers.variance_scaling(gain, "fan_in", "truncated_normal")
    return nnx.Conv(inputs, outputs, (size, size), kernel_init=init, rngs=rngs)


class Block(nnx.Module):
    """x + conv(leaky(conv(leaky(x)))), optionally scaled and shifted in between by a style."""

    def __init__(self, width: int, style: int | None, *, rngs: nnx.Rngs) -> None:
        self.first = _conv(width, width, 3, rngs)
        # Small at first, so that the block starts near the identity.
        self.second = _conv(width, width, 3, rngs, gain=0.02)
        zeros = nnx.initializers.zeros_init()
        self.style = (
            nnx.Linear(style, 2 * width, kernel_init=zeros, rngs=rngs)
            if style is not None
            else None
        )

    def __call__(self, features: jax.Array, style: jax.Array | None = None) -> jax.Array:
        change = self.first(leaky(features))
        if self.style is not None and style is not None:
            scale, shift = jnp.split(self.style(style)[:, None, None, :], 2, axis=-1)
            change = change * (1 + scale) + shift
        return features + self.second(leaky(change))


class Generator(nnx.Module):
    """Latents (N, 64 + W), labels (N,) and writers (N,) to images (N, 28, 28, 1) in [-1, 1].

    Instead of writers it also takes hands (N, writer_size), such as mixtures of theirs. The last W
    latents, one for each writer, decide how the hand sways with this digit; with latents (N, 64)
    it does not sway.
    """

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.latent_size = LATENT_SIZE + config.writers
        self.sway = config.sway
        init = nnx.initializers.normal(1.0)
        self.labels = nnx.Embed(10, 32, embedding_init=init, rngs=rngs)
        self.hands = nnx.Embed(config.writers, config.writer_size, embedding_init=init, rngs=rngs)
        self.mapping = nnx.Linear(LATENT_SIZE + 32 + config.writer_size, config.style, rngs=rngs)
        self.base = nnx.Linear(config.style, 49 * config.widths[0], rngs=rngs)
        self.blocks = nnx.List(Block(width, config.style, rngs=rngs) for width in config.widths)
        pairs = pairwise(config.widths)
        self.ups = nnx.List(_conv(wide, narrow, 1, rngs, gain=1.0) for wide, narrow in pairs)
        self.out = _conv(config.widths[-1], 1, 3, rngs, gain=1.0)

    def __call__(self, latents: jax.Array, labels: jax.Array, writers: jax.Array) -> jax.Array:
        hands = writers if writers.ndim == 2 else self.hands(writers)
        latents, towards = jnp.split(latents, [LATENT_SIZE], axis=-1)
        if towards.shape[-1]:
            hands = self.sway_hands(hands, towards)
        condition = jnp.concatenate([latents, self.labels(labels), hands], axis=-1)
        style = leaky(self.mapping(condition))
        features = self.base(style).reshape(len(style), 7, 7, -1)
        features = self.blocks[0](features, style)
        for up, block in zip(self.ups, list(self.blocks)[1:], strict=True):
            features = up(features)
            count, height, width, channels = features.shape
            shape = (count, 2 * height, 2 * width, channels)
            features = block(jax.image.resize(features, shape, "bilinear"), style)
        return jnp.tanh(self.out(leaky(features)))

    def sway_hands(self, hands: jax.Array, towards: jax.Array) -> jax.Array:
        """Hands (N, E) rotated by the angle `sway` towards random mixtures of all hands.

        `towards` (N, W) are the weights of the mixtures. The mean and covariance of the hands do
        not change.
        """
        middle = self.hands.embedding.mean(0)
        others = towards @ (self.hands.embedding - middle) / jnp.sqrt(towards.shape[-1])
        return middle + jnp.cos(self.sway) * (hands - middle) + jnp.sin(self.sway) * others


class Verdict(nnx.Module):
    """Features (N, F) of images with their labels and writers to realness logits (N,)."""

    def __init__(self, features: int, writers: int, *, rngs: nnx.Rngs) -> None:
        self.realness = nnx.Linear(features, 1, rngs=rngs)
        init = nnx.initializers.normal(features**-0.5)
        self.labels = nnx.Embed(10, features, embedding_init=init, rngs=rngs)
        self.hands = nnx.Embed(writers, features, embedding_init=init, rngs=rngs)

    def __call__(self, features: jax.Array, labels: jax.Array, writers: jax.Array) -> jax.Array:
        projection = (features * (self.labels(labels) + self.hands(writers))).sum(-1)
        return self.realness(features)[:, 0] + projection


class Discriminator(nnx.Module):
    """Images with their labels and writers to realness logits (N,) and digit logits (N, 10)."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        widths = config.widths[-2::-1]
        self.stem = _conv(4, widths[0], 3, rngs)
        self.blocks = nnx.List(Block(width, None, rngs=rngs) for width in widths)
        pairs = pairwise(widths)
        self.downs = nnx.List(_conv(narrow, wide, 1, rngs, gain=1.0) for narrow, wide in pairs)
        self.features = nnx.Linear(49 * widths[-1], config.features, rngs=rngs)
        self.verdict = Verdict(config.features, config.writers, rngs=rngs)
        self.reading = nnx.Linear(config.features, 10, rngs=rngs)

    def __call__(
        self, images: jax.Array, labels: jax.Array, writers: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        hidden = self.blocks[0](self.stem(space_to_depth(images)))
        for down, block in zip(self.downs, list(self.blocks)[1:], strict=True):
            hidden = block(down(nnx.avg_pool(hidden, (2, 2), (2, 2))))
        features = leaky(self.features(leaky(hidden).reshape(len(hidden), -1)))
        return self.verdict(features, labels, writers), self.reading(features)


class Critic(nnx.Module):
    """A reader's features at one level, (N, S, S, C) or (N, F), to realness logits (N,)."""

    def __init__(self, shape: tuple[int, ...], config: Config, *, rngs: nnx.Rngs) -> None:
        self.odd, size = shape[0] % 2, shape[0]
        convolutions = []
        if len(shape) == 3:
            convolutions = [_conv(shape[-1], 32, 1, rngs), _conv(128, 64, 3, rngs)]
            size = (size + self.odd) ** 2 // 4 * 64
        self.convolutions = nnx.List(convolutions)
        self.features = nnx.Linear(size, config.critic, rngs=rngs)
        self.verdict = Verdict(config.critic, config.writers, rngs=rngs)

    def __call__(self, seen: jax.Array, labels: jax.Array, writers: jax.Array) -> jax.Array:
        if self.convolutions:
            narrow, look = self.convolutions
            seen = leaky(narrow(seen))
            seen = jnp.pad(seen, ((0, 0), (0, self.odd), (0, self.odd), (0, 0)))
            seen = leaky(look(space_to_depth(seen)))
        features = leaky(self.features(seen.reshape(len(seen), -1)))
        return self.verdict(features, labels, writers)


class Critics(nnx.Module):
    """One critic for each level of the reader's features; their logits (3, N)."""

    def __init__(self, config: Config, *, rngs: nnx.Rngs) -> None:
        self.critics = nnx.List(Critic(shape, config, rngs=rngs) for shape in LEVELS)

    def __call__(
        self, levels: tuple[jax.Array, ...], labels: jax.Array, writers: jax.Array
    ) -> jax.Array:
        pairs = zip(self.critics, levels, strict=True)
        return jnp.stack([critic(seen, labels, writers) for critic, seen in pairs])


def build(config: Config, *, rngs: nnx.Rngs) -> Parts:
    """The networks to train, by the name of their part."""
    return {
        "discriminator": Discriminator(config, rngs=rngs),
        "critics": Critics(config, rngs=rngs),
        "generator": Generator(config, rngs=rngs),
    }


def _easing(config: Config, batch: Batch) -> jax.Array:
    """The factor of the penalties at the batch's step."""
    return jnp.where(batch["step"] < config.restart_step, 1.0, config.restart_penalty)


def _generate(parts: Parts, batch: Batch) -> jax.Array:
    latents = jax.random.normal(batch["key"], (len(batch["labels"]), LATENT_SIZE))
    return parts["generator"](divide_rows(latents), batch["labels"], batch["writers"])


def discriminator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Relativistic loss, both penalties, and reading the real digits."""
    labels, writers = batch["labels"], batch["writers"]

    def discriminate(images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return parts["discriminator"](images, labels[: len(images)], writers[: len(images)])

    images = Pairs(batch["images"], batch["generated"], labels)
    return conditional_discriminator_loss(
        config, discriminate, images, relativistic_loss, easing=_easing(config, batch)
    )


def critics_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Relativistic loss and both penalties, on the reader's features."""
    labels, writers = batch["labels"], batch["writers"]
    share = max(1, round(config.penalty_share * len(labels)))

    def criticise(levels: tuple[jax.Array, ...]) -> jax.Array:
        count = len(levels[0])
        return parts["critics"](levels, labels[:count], writers[:count])

    logits, penalty = [], jnp.zeros(())
    for images in (batch["images"], batch["generated"]):
        levels = jax.lax.stop_gradient(parts["reader"].levels(images))
        logits.append(criticise(levels))
        penalty += gradient_penalty(criticise, tuple(seen[:share] for seen in levels))
    adversarial = relativistic_loss(*logits)
    loss = adversarial + _easing(config, batch) * config.critic_penalty / 2 * penalty
    return loss, {"critics_loss": adversarial, "critics_penalty": penalty}


def generator_loss(
    config: Config, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """The relativistic losses with the sides exchanged, and being read as the requested digit."""
    discriminator, labels, writers = parts["discriminator"], batch["labels"], batch["writers"]
    generated = batch["generated"]
    real_logits, _ = discriminator(batch["images"], labels, writers)
    generated_logits, readings = discriminator(generated, labels, writers)
    adversarial = relativistic_loss(generated_logits, real_logits)
    reading = cross_entropy_loss(readings, labels)
    real_seen, generated_seen = (
        parts["critics"](parts["reader"].levels(images), labels, writers)
        for images in (batch["images"], generated)
    )
    seen = relativistic_loss(generated_seen, real_seen)
    loss = adversarial + config.critic_weight * seen + config.class_weight * reading
    return loss, {"generator_loss": adversarial, "seen_loss": seen, "asked_loss": reading}


def prepare(config: Config, data: Dataset) -> TrainingSet[Config]:
    """Batches of single digits, for as many writers as the data set has."""
    return digit_batches(replace(config, {"writers": count_writers(data)}), data)


def skill(config: Config) -> DrawsDigits:
    """What the trained network does."""
    return DrawsDigits(config.writers)


def losses(config: Config) -> Losses:
    """The loss of each part, in the order of their updates within a step."""
    return {
        "discriminator": partial(discriminator_loss, config),
        "critics": partial(critics_loss, config),
        "generator": OfDrawn(_generate, partial(generator_loss, config)),
    }
