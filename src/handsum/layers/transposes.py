"""Pairs of linear functions, each the transpose of the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

# A linear function of an array, with a setting that is known when it is traced.
Linear = Callable[[Any, jax.Array], jax.Array]


def transposes(there: Linear, back: Linear) -> tuple[Linear, Linear]:
    """Both functions, each with the other as its gradient, to any order.

    XLA computes the gradient of a gather as a scatter, and that of a broadcast as a sum over rows;
    both are several times slower on a CPU than the functions given here.
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
