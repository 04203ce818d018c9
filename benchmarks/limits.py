"""The limits of a machine, as JAX reaches them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

ROUNDS = 7


def _best(work: Callable[[], Any]) -> float:
    import jax

    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        jax.block_until_ready(work())
        times.append(time.perf_counter() - began)
    return min(times)


def measure() -> dict[str, float]:
    """Measure GFLOP/s of products and convolutions, and GB/s of memory."""
    import jax
    import jax.numpy as jnp

    key = jax.random.key(0)
    left, right = (jax.random.normal(key, (2048, 2048)) for _ in range(2))
    halves = left.astype(jnp.bfloat16), right.astype(jnp.bfloat16)
    product = jax.jit(lambda a, b: jax.lax.dot(a, b, preferred_element_type=jnp.float32))
    images, kernel = jax.random.normal(key, (16, 28, 28, 128)), jnp.ones((3, 3, 128, 128))
    dimensions = ("NHWC", "HWIO", "NHWC")
    convolution = jax.jit(
        lambda a, b: jax.lax.conv_general_dilated(
            a, b, (1, 1), "SAME", dimension_numbers=dimensions
        )
    )
    long = jnp.ones(2**26)
    scale = jax.jit(lambda values: values * 1.5)
    size, pixels = 2 * 2048**3, 2 * images.size * 9 * 128
    return {
        "float32 products, GFLOP/s": size / _best(lambda: product(left, right)) / 1e9,
        "bfloat16 products into float32, GFLOP/s": size / _best(lambda: product(*halves)) / 1e9,
        "float32 3x3 convolution, GFLOP/s": pixels
        / _best(lambda: convolution(images, kernel))
        / 1e9,
        "memory, read and written, GB/s": 2 * long.nbytes / _best(lambda: scale(long)) / 1e9,
    }
