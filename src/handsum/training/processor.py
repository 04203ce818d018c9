"""Settings of the compiler and the allocator for training on a CPU; they change no result."""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from typing import Any

import jax

OPTIONS = {
    # XLA leaves convolutions on a CPU to YNNPACK, which computes many of them on one core. Without
    # it a step on two cores takes 0.56 to 0.9 of the time. It still computes matrix products.
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
    # The code is as fast as at level 3 and compiles in 0.6 to 0.8 of the time: libraries compute
    # the products and convolutions, which take most of a step.
    "xla_backend_optimization_level": 1,
}

# Two parameters of glibc by their numbers in malloc.h, and their values.
_TRIM_THRESHOLD = (-1, -1)
_MAPPED_MOST = (-4, 0)


@cache
def compiler_options() -> dict[str, Any]:
    """The options with which XLA compiles training for a CPU; none on other devices."""
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, compiler_options=OPTIONS).lower().compile()
    except jax.errors.JaxRuntimeError:
        # Another version of XLA may not have these options.
        return {}
    return dict(OPTIONS)


@cache
def keep_memory() -> bool:
    """Make the C library keep freed memory for the next allocation; return whether it does.

    Every step allocates and frees the same buffers. glibc returns large ones to the system, which
    fills them with zeros page by page when they are allocated again: 12,456 page faults, and 0.16
    of the time, of a step of `cnn`.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return all(library.mallopt(*setting) for setting in (_TRIM_THRESHOLD, _MAPPED_MOST))
