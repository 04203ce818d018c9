"""What judges digits in hands: residual blocks, a discriminator of images, critics of features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.layers import leaky, space_to_depth

# The shapes of the features of `cnn` at each level.
LEVELS = ((14, 14, 64), (7, 7, 128), (128,))


def conv(inputs: int, outputs: int, size: int, rngs: nnx.Rngs, gain: float = 2.0) -> nnx.Conv:
    """A convolution of `size` x `size`, initialised for a leaky ReLU before it."""
    init = nnx.initializers.variance_scaling(gain, "fan_in", "truncated_normal")
    return nnx.Conv(inputs, outputs, (size, size), kernel_init=init, rngs=rngs)


class Block(nnx.Module):
    """x + conv(leaky(conv(leaky(x)))), optionally scaled and shifted in between by a style."""

    def __init__(self, width: int, style: int | None, *, rngs: nnx.Rngs) -> None:
        self.first = conv(width, width, 3, rngs)
        # Small at first, so that the block starts near the identity.
        self.second = conv(width, width, 3, rngs, gain=0.02)
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

    def __init__(
        self, widths: Sequence[int], features: int, writers: int, *, rngs: nnx.Rngs
    ) -> None:
        self.stem = conv(4, widths[0], 3, rngs)
        self.blocks = nnx.List(Block(width, None, rngs=rngs) for width in widths)
        pairs = pairwise(widths)
        self.downs = nnx.List(conv(narrow, wide, 1, rngs, gain=1.0) for narrow, wide in pairs)
        self.features = nnx.Linear(49 * widths[-1], features, rngs=rngs)
        self.verdict = Verdict(features, writers, rngs=rngs)
        self.reading = nnx.Linear(features, 10, rngs=rngs)

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

    def __init__(
        self, shape: tuple[int, ...], features: int, writers: int, *, rngs: nnx.Rngs
    ) -> None:
        self.odd, size = shape[0] % 2, shape[0]
        convolutions = []
        if len(shape) == 3:
            convolutions = [conv(shape[-1], 32, 1, rngs), conv(128, 64, 3, rngs)]
            size = (size + self.odd) ** 2 // 4 * 64
        self.convolutions = nnx.List(convolutions)
        self.features = nnx.Linear(size, features, rngs=rngs)
        self.verdict = Verdict(features, writers, rngs=rngs)

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

    def __init__(self, features: int, writers: int, *, rngs: nnx.Rngs) -> None:
        self.critics = nnx.List(Critic(shape, features, writers, rngs=rngs) for shape in LEVELS)

    def __call__(
        self, levels: tuple[jax.Array, ...], labels: jax.Array, writers: jax.Array
    ) -> jax.Array:
        pairs = zip(self.critics, levels, strict=True)
        return jnp.stack([critic(seen, labels, writers) for critic, seen in pairs])
