"""Images cut into windows, and windows added up to images: convolutions as matrix products.

A convolution is `cut`, then a product with its kernel; a transposed one is a product with its
kernel, then `add` (Chellapilla et al., "High performance convolutional neural networks for document
processing", 2006).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from handsum.layers.transposes import transposes


class Windows(NamedTuple):
    """The windows of `size` by `size` pixels on an image, with "same" padding and a stride."""

    size: int
    stride: int
    height: int
    width: int

    @property
    def grid(self) -> tuple[int, int]:
        """The number of windows in a column and in a row."""
        return -(-self.height // self.stride), -(-self.width // self.stride)

    @property
    def margins(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The padding of the image: above and below, left and right."""
        down, across = self.grid
        return self._margin(down, self.height), self._margin(across, self.width)

    def _margin(self, count: int, length: int) -> tuple[int, int]:
        over = max((count - 1) * self.stride + self.size - length, 0)
        return over // 2, over - over // 2


def _cut(windows: Windows, images: jax.Array) -> jax.Array:
    padded = jnp.pad(images, ((0, 0), *windows.margins, (0, 0)))
    shape = (windows.size, windows.size, images.shape[3])
    tops, lefts = (jnp.arange(count) * windows.stride for count in windows.grid)

    def window(image: jax.Array, top: jax.Array, left: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (top, left, 0), shape)

    # A gather, three times as fast as stacking slices.
    beside = jax.vmap(window, (None, None, 0))
    below = jax.vmap(beside, (None, 0, None))
    return jax.vmap(below, (0, None, None))(padded, tops, lefts)


def _add(windows: Windows, pieces: jax.Array) -> jax.Array:
    number, _, across, size, _, channels = pieces.shape
    (above, _), (left, _) = windows.margins
    rows = _add_rows(pieces.transpose(0, 1, 3, 2, 4, 5), windows.stride, above, windows.height)
    strips = rows.reshape(number * windows.height, across, size, channels)
    images = _add_rows(strips, windows.stride, left, windows.width)
    return images.reshape(number, windows.height, windows.width, channels)


def _add_rows(pieces: jax.Array, stride: int, before: int, length: int) -> jax.Array:
    """Add up pieces (N, W, K, ...), the w-th from row `stride` w - `before` on: (N, L, ...).

    Row `stride` c + p is the sum of row p + `before` - `stride` d of piece c + d, for every d.
    """
    count, size = pieces.shape[1:3]
    cells = -(-length // stride)
    rest = ((0, 0),) * (pieces.ndim - 3)
    phases = []
    for phase in range(stride):
        total = jnp.zeros((len(pieces), cells, *pieces.shape[3:]), pieces.dtype)
        for row in range((phase + before) % stride, size, stride):
            shift = (phase + before - row) // stride
            first, last = max(shift, 0), min(count, cells + shift)
            padding = ((0, 0), (first - shift, cells + shift - last), *rest)
            total += jnp.pad(pieces[:, first:last, row], padding)
        phases.append(total)
    rows = jnp.stack(phases, 2)
    return rows.reshape(len(rows), cells * stride, *rows.shape[3:])[:, :length]


# cut: images (N, H, W, C) to windows (N, h, w, K, K, C), with zeros beyond the image.
# add: windows (N, h, w, K, K, C) to images (N, H, W, C), the sum of all windows at each pixel.
cut, add = transposes(_cut, _add)
