"""Linear functions that come in pairs, each the other's transpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

# A linear function of an array, for a setting that is known when it is traced.
Linear = Callable[[Any, jax.Array], jax.Array]


def transposes(there: Linear, back: Linear) -> tuple[Linear, Linear]:
    """Both functions, the gradient of each computed by the other, and so on to any order.

    XLA would compute a gather's gradient as a scatter, and a broadcast's as a sum over rows, both
    several times slower on a CPU than the functions that are given here.
    """
    forward = jax.custom_vjp(there, nondiff_argnums=(0,))
    backward = jax.custom_vjp(back, nondiff_argnums=(0,))
    for function, transpose in ((forward, backward), (backward, forward)):
        function.defvjp(_apply(function), _pull(transpose))
    return forward, backward


def _apply(function: Linear) -> Callable[[Any, jax.Array], tuple[jax.Array, None]]:
    return lambda setting, array: (function(setting, array), None)


def _pull(transpose: Linear) -> Callable[[Any, None, jax.Array], tuple[jax.Array]]:
    return lambda setting, _, gradient: (transpose(setting, gradient),)
