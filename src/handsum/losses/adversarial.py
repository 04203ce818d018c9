"""Losses of generative adversarial networks."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp


def relativistic_loss(winning: jax.Array, losing: jax.Array) -> jax.Array:
    """Mean softplus of `losing` - `winning` logits (N,), paired row by row.

    The discriminator's loss has the real logits winning, the generator's the generated ones.
    Jolicoeur-Martineau, "The relativistic discriminator" (2018), as in R3GAN (Huang et al., 2024).
    """
    return jax.nn.softplus(losing - winning).mean()


def gradient_penalty(
    discriminator: Callable[[jax.Array], jax.Array], images: jax.Array
) -> jax.Array:
    """Mean squared norm of the gradient of the logits (N,) in their images (N, H, W, C).

    R1 on real images, R2 on generated ones: Mescheder et al., "Which training methods for GANs do
    actually converge?" (2018).
    """
    gradients = jax.grad(lambda pixels: discriminator(pixels).sum())(images)
    return jnp.square(gradients).sum((1, 2, 3)).mean()
