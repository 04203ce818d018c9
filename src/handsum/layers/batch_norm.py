"""Batch normalisation whose sums over a batch are products with ones."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from handsum.layers.transposes import transposes


def _sum_rows(count: int, rows: jax.Array) -> jax.Array:
    # In full precision: a GPU would otherwise round the terms of the sum to TF32.
    return jnp.matmul(jnp.ones((1, count), rows.dtype), rows, precision="highest")[0]


def _repeat_row(count: int, row: jax.Array) -> jax.Array:
    return jnp.broadcast_to(row, (count, len(row)))


# sum_rows: (N, C) to (C,), five times as fast as XLA's own reduction on a CPU.
# repeat_row: (C,) to (N, C).
sum_rows, repeat_row = transposes(_sum_rows, _repeat_row)


class BatchNorm(nnx.BatchNorm):
    """Flax's batch normalisation of features (..., C), with faster sums in training.

    Ioffe and Szegedy, "Batch normalization" (2015).
    """

    def __call__(
        self,
        x: jax.Array,
        use_running_average: bool | None = None,
        *,
        mask: jax.Array | None = None,
    ) -> jax.Array:
        """Features normalised by the statistics of this batch, or by the running ones."""
        if use_running_average is not False or mask is not None:
            return super().__call__(x, use_running_average, mask=mask)
        rows = x.reshape(-1, self.num_features)
        count = len(rows)
        mean = sum_rows(count, rows) / count
        centred = rows - repeat_row(count, mean)
        variance = sum_rows(count, jnp.square(centred)) / count
        for running, found in ((self.mean, mean), (self.var, variance)):
            mixed = self.momentum * running[...] + (1 - self.momentum) * found
            running[...] = jax.lax.stop_gradient(mixed)
        scale = jax.lax.rsqrt(variance + self.epsilon)
        if self.scale is not None:
            scale = scale * self.scale[...]
        normal = centred * repeat_row(count, scale)
        if self.bias is not None:
            normal = normal + repeat_row(count, self.bias[...])
        return normal.reshape(x.shape)
