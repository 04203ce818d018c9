"""What training tells a CPU's compiler and allocator; nothing that changes a result."""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from typing import Any

import jax

OPTIONS = {
    # YNNPACK, to which XLA leaves convolutions on a CPU, computes many of them on one core; without
    # it a step on two cores takes 0.56 to 0.9 of the time. Products of matrices stay with it.
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
    # The code comes out as fast as at level 3, and in 0.6 to 0.8 of the time: products and
    # convolutions, which take most of a step, are no code of XLA's own.
    "xla_backend_optimization_level": 1,
}

# glibc's numbers of two parameters (malloc.h), and what they become.
_TRIM_THRESHOLD = (-1, -1)
_MAPPED_MOST = (-4, 0)


@cache
def compiler_options() -> dict[str, Any]:
    """What XLA is told when it compiles training for a CPU; nothing elsewhere."""
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, compiler_options=OPTIONS).lower().compile()
    except jax.errors.JaxRuntimeError:
        # The options are XLA's own, and may be gone in another version.
        return {}
    return dict(OPTIONS)


@cache
def keep_memory() -> bool:
    """Have the C library keep what is freed for the next allocation; whether it does so.

    Every step takes and frees the same buffers, and glibc returns large ones to the system, which
    fills them with zeros page by page when they are taken again: 12,456 page faults, and 0.16 of
    the time, of a step of `cnn`.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return all(library.mallopt(*setting) for setting in (_TRIM_THRESHOLD, _MAPPED_MOST))
