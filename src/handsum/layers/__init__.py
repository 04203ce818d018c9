"""Layers that several models share: resampling, conditioning, and drawing or judging one digit."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.layers.batch_norm import BatchNorm
from handsum.layers.windows import Windows, add, cut


def leaky(features: jax.Array) -> jax.Array:
    """Leaky ReLU of slope 0.2, as usual in GANs."""
    return nnx.leaky_relu(features, 0.2)


def depth_to_space(features: jax.Array, size: int = 2) -> jax.Array:
    """(N, H, W, size² C) to (N, size H, size W, C): each cell's channels become a square of it."""
    count, height, width, depth = features.shape
    channels = depth // size**2
    cells = features.reshape(count, height, width, size, size, channels)
    shape = (count, height * size, width * size, channels)
    return cells.transpose(0, 1, 3, 2, 4, 5).reshape(shape)


def space_to_depth(features: jax.Array, size: int = 2) -> jax.Array:
    """The inverse of `depth_to_space`."""
    count, height, width, channels = features.shape
    shape = (count, height // size, size, width // size, size, channels)
    cells = features.reshape(shape).transpose(0, 1, 3, 2, 4, 5)
    return cells.reshape(count, height // size, width // size, -1)


def transposed_convolution(features: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """A transposed convolution with "same" padding: (N, H, W, I) to (N, stride H, stride W, O).

    `kernel` is (K, K, I, O). The gradient of XLA's own is 35 times slower on a CPU.
    """
    size, _, inputs, outputs = kernel.shape
    # With few channels, adding up many windows takes longer than the products that make them.
    if stride == 1 or outputs < 64:
        return _deep_convolution(features, kernel, stride)
    count, height, width, _ = features.shape
    windows = Windows(size, stride, stride * height, stride * width)
    taps = kernel.transpose(2, 0, 1, 3).reshape(inputs, -1)
    pieces = features.reshape(-1, inputs) @ taps
    return add(windows, pieces.reshape(count, height, width, size, size, outputs))


def _deep_convolution(features: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """A transposed convolution as a convolution to stride² O channels and depth-to-space.

    Shi et al., "Is the deconvolution layer the same as a convolutional layer?" (2016).
    """
    size, inputs, outputs = kernel.shape[0], kernel.shape[2], kernel.shape[3]
    before = (size - stride) // 2
    # Output pixel stride * i + p takes kernel row p + before - stride * j from input pixel i + j.
    first, last = -((size - 1 - before) // stride), (stride - 1 + before) // stride
    reach = last - first + 1
    # Unused rows are zeros. Slices and reshapes only: the gradient of a gather is slow.
    front = stride * last - before
    rows = (front, stride * reach - size - front)
    padded = jnp.pad(kernel, (rows, rows, (0, 0), (0, 0)))
    taps = padded.reshape(reach, stride, reach, stride, inputs, outputs)[::-1, :, ::-1]
    cells = taps.transpose(0, 2, 4, 1, 3, 5).reshape(reach, reach, inputs, stride**2 * outputs)
    padding = ((-first, last), (-first, last))
    dimensions = ("NHWC", "HWIO", "NHWC")
    deep = jax.lax.conv_general_dilated(
        features, cells, (1, 1), padding, dimension_numbers=dimensions
    )
    return depth_to_space(deep, stride)


class TransposedConvolution(nnx.Module):
    """A layer of `transposed_convolution`, without a bias."""

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int, *, rngs: nnx.Rngs
    ) -> None:
        init = nnx.initializers.glorot_uniform()
        self.kernel = nnx.Param(init(rngs.params(), (size, size, inputs, outputs)))
        self.stride = stride

    def __call__(self, features: jax.Array) -> jax.Array:
        return transposed_convolution(features, self.kernel[...], self.stride)


def strided_convolution(features: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """A convolution with "same" padding: (N, H, W, I) to (N, ceil(H / stride), ..., O).

    `kernel` is (K, K, I, O). By windows: on a CPU, the input gradient of XLA's own is 100 times
    slower if H is odd.
    """
    windows = Windows(len(kernel), stride, *features.shape[1:3])
    taps = kernel.reshape(-1, kernel.shape[3])
    seen = cut(windows, features).reshape(-1, len(taps)) @ taps
    return seen.reshape(len(features), *windows.grid, -1)


class StridedConvolution(nnx.Module):
    """A layer of `strided_convolution`, with a bias."""

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int, *, rngs: nnx.Rngs
    ) -> None:
        init = nnx.initializers.glorot_uniform()
        self.kernel = nnx.Param(init(rngs.params(), (size, size, inputs, outputs)))
        self.bias = nnx.Param(jnp.zeros(outputs))
        self.stride = stride

    def __call__(self, features: jax.Array) -> jax.Array:
        return strided_convolution(features, self.kernel[...], self.stride) + self.bias[...]


class ConditionalNorm(nnx.Module):
    """Batch normalisation, scaled and shifted by a style (N, S).

    De Vries et al., "Modulating early visual processing by language" (2017).
    """

    def __init__(self, width: int, style: int, *, rngs: nnx.Rngs) -> None:
        self.norm = BatchNorm(width, momentum=0.98, use_scale=False, use_bias=False, rngs=rngs)
        init = nnx.initializers.normal(0.02)
        self.style = nnx.Linear(style, 2 * width, kernel_init=init, rngs=rngs)

    def __call__(self, features: jax.Array, style: jax.Array, *, training: bool) -> jax.Array:
        scale, shift = jnp.split(self.style(style)[:, None, None, :], 2, axis=-1)
        normal = self.norm(features, use_running_average=not training)
        return normal * (1 + scale) + shift


class DigitPainter(nnx.Module):
    """Styles (N, S) to images (N, 28, 28, 1) in [-1, 1]; `widths` at 7x7, 14x14 and 28x28.

    Upsampling is convolution and depth-to-space: Shi et al., "Real-time single image and video
    super-resolution using an efficient sub-pixel convolutional neural network" (2016).
    """

    def __init__(self, style: int, widths: tuple[int, ...], *, rngs: nnx.Rngs) -> None:
        wide, middle, narrow = widths
        self.base = nnx.Linear(style, 49 * wide, rngs=rngs)
        self.norms = nnx.List(ConditionalNorm(width, style, rngs=rngs) for width in widths)
        self.ups = nnx.List(
            nnx.Conv(inputs, 4 * outputs, (3, 3), rngs=rngs)
            for inputs, outputs in ((wide, middle), (middle, narrow))
        )
        self.out = nnx.Conv(narrow, 1, (3, 3), rngs=rngs)

    def __call__(self, style: jax.Array, *, training: bool = False) -> jax.Array:
        return self.paint(self.base(style), style, training=training)

    def paint(self, base: jax.Array, style: jax.Array, *, training: bool = False) -> jax.Array:
        """Images from the features at 7x7, (N, 49 C), and the styles (N, S)."""
        features = base.reshape(len(style), 7, 7, -1)
        features = leaky(self.norms[0](features, style, training=training))
        for up, norm in zip(self.ups, list(self.norms)[1:], strict=True):
            features = leaky(norm(depth_to_space(up(features)), style, training=training))
        return jnp.tanh(self.out(features))


class DigitFeatures(nnx.Module):
    """Images (N, 28, 28, 1) to features (N, F); `widths` at 14x14, 7x7 and 4x4.

    Downsampling is space-to-depth, and there is no batch normalisation, so that the gradient of the
    gradient (a penalty) is cheap and depends on one image alone.
    """

    def __init__(self, widths: tuple[int, ...], features: int, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
        inputs = (4, *(4 * width for width in widths[:-1]))
        self.convolutions = nnx.List(
            nnx.Conv(wide, width, (3, 3), kernel_init=init, rngs=rngs)
            for wide, width in zip(inputs, widths, strict=True)
        )
        self.dense = nnx.Linear(16 * widths[-1], features, kernel_init=init, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        hidden = images
        for convolution in self.convolutions:
            odd = hidden.shape[1] % 2
            hidden = jnp.pad(hidden, ((0, 0), (0, odd), (0, odd), (0, 0)))
            hidden = leaky(convolution(space_to_depth(hidden)))
        return leaky(self.dense(hidden.reshape(len(hidden), -1)))


def pool(features: jax.Array) -> jax.Array:
    """2x2 max pooling, by a reshape: its gradient is ten times faster on a CPU."""
    count, height, width, channels = features.shape
    return features.reshape(count, height // 2, 2, width // 2, 2, channels).max((2, 4))


def drop(features: jax.Array, rate: float, key: jax.Array) -> jax.Array:
    """Dropout: a share `rate` of features becomes 0, the others are scaled up to keep the mean.

    Srivastava et al. (2014).
    """
    remain = jax.random.bernoulli(key, 1 - rate, features.shape)
    return jnp.where(remain, features / (1 - rate), 0)
