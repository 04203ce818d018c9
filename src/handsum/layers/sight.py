"""The convolutional networks of the readers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.layers import drop, pool
from handsum.layers.batch_norm import BatchNorm


class Layer(nnx.Module):
    """A convolution, normalised and rectified."""

    def __init__(
        self, inputs: int, width: int, size: int = 3, strides: int = 1, *, rngs: nnx.Rngs
    ) -> None:
        self.convolution = nnx.Conv(
            inputs, width, (size, size), strides=strides, use_bias=False, rngs=rngs
        )
        self.norm = BatchNorm(width, momentum=0.98, rngs=rngs)

    def __call__(self, features: jax.Array, *, training: bool) -> jax.Array:
        return nnx.relu(self.norm(self.convolution(features), use_running_average=not training))


class Sight(nnx.Module):
    """Images (N, 28, 28, 1) in [-1, 1] to features (N, F); `widths` of its stem, at 14x14, at 7x7.

    After the VGG networks (Simonyan and Zisserman, 2015), with batch normalisation.
    """

    def __init__(self, widths: tuple[int, ...], features: int, *, rngs: nnx.Rngs) -> None:
        stem, middle, top = widths
        self.stem = Layer(1, stem, 5, 2, rngs=rngs)
        self.middle = nnx.List([Layer(width, middle, rngs=rngs) for width in (stem, middle)])
        self.top = nnx.List([Layer(width, top, rngs=rngs) for width in (middle, top)])
        self.hidden = nnx.Linear(16 * top, features, rngs=rngs)

    def levels(self, images: jax.Array, *, training: bool = False) -> tuple[jax.Array, ...]:
        """The features at 14x14, (N, 14, 14, C), at 7x7, (N, 7, 7, D), and of the image, (N, F)."""
        upper = self.stem(images, training=training)
        for layer in self.middle:
            upper = layer(upper, training=training)
        lower = pool(upper)
        for layer in self.top:
            lower = layer(lower, training=training)
        # 7x7 to 8x8 to 4x4; the zeros do not change a maximum, since the features are rectified.
        pooled = pool(jnp.pad(lower, ((0, 0), (0, 1), (0, 1), (0, 0))))
        return upper, lower, nnx.relu(self.hidden(pooled.reshape(len(pooled), -1)))

    def features(self, images: jax.Array, *, training: bool = False) -> jax.Array:
        """The features (N, F) of the image."""
        return self.levels(images, training=training)[-1]


class Classifier(Sight):
    """Images (N, 28, 28, 1) in [-1, 1] to digit logits (N, 10)."""

    def __init__(
        self, widths: tuple[int, ...], hidden: int, dropout: float, *, rngs: nnx.Rngs
    ) -> None:
        super().__init__(widths, hidden, rngs=rngs)
        self.head = nnx.Linear(hidden, 10, rngs=rngs)
        self.dropout = dropout

    def __call__(self, images: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        """Logits; with a `key`, those of training (batch statistics, dropout)."""
        features = self.features(images, training=key is not None)
        if key is not None:
            features = drop(features, self.dropout, key)
        return self.head(features)
