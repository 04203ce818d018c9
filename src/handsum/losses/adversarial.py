"""Losses of generative adversarial networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
import optax

from handsum.losses import Batch, Metrics, OfDrawn, Parts, divide_rows

Images = TypeVar("Images", jax.Array, tuple[jax.Array, ...])


def relativistic_loss(winning: jax.Array, losing: jax.Array) -> jax.Array:
    """Mean softplus of `losing` - `winning` logits (..., N), paired row by row.

    In the discriminator's loss the real logits are winning, in the generator's the generated ones.
    Jolicoeur-Martineau, "The relativistic discriminator" (2018), as in R3GAN (Huang et al., 2024).
    """
    return jax.nn.softplus(losing - winning).mean()


def gradient_penalty(discriminator: Callable[[Images], jax.Array], images: Images) -> jax.Array:
    """Mean squared norm of the gradient of the logits (..., N) in their images (N, ...).

    Instead of images it also takes features of them, as one array or several.

    R1 on real images, R2 on generated ones: Mescheder et al., "Which training methods for GANs do
    actually converge?" (2018).
    """
    gradients = jax.grad(lambda pixels: discriminator(pixels).sum())(images)
    parts = [part.reshape(len(part), -1) for part in jax.tree.leaves(gradients)]
    return jnp.square(jnp.concatenate(parts, axis=1)).sum(1).mean()


def realness_loss(logits: jax.Array, target: float) -> jax.Array:
    """Mean binary cross-entropy of realness logits (N,) against `target` in [0, 1].

    The discriminator's target is 1 (a little less with smoothing) for real images and 0 for
    generated ones; the generator's is 1: the non-saturating loss of Goodfellow et al. (2014).
    """
    return optax.sigmoid_binary_cross_entropy(logits, jnp.full_like(logits, target)).mean()


def image_discriminator_loss(
    smoothing: float, penalty: float, parts: Parts, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Metrics]:
    """Distinguishing real from generated digits without their labels; real targets are smoothed.

    A gradient penalty on a quarter of the real images has the weight `penalty` / 2.
    """
    real, discriminator = batch["images"], parts["discriminator"]
    dropout = jax.random.split(key)
    real_logits = discriminator(real, key=dropout[0])
    generated_logits = discriminator(batch["generated"], key=dropout[1])
    loss = realness_loss(real_logits, 1 - smoothing) + realness_loss(generated_logits, 0.0)
    margin = (real_logits - generated_logits).mean()
    metrics = {"discriminator_loss": loss, "margin": margin}
    if penalty:
        some = real[: max(1, len(real) // 4)]
        metrics["penalty"] = gradient_penalty(lambda x: discriminator(x, key=dropout[0]), some)
        loss += penalty / 2 * metrics["penalty"]
    return loss, metrics


def _image_generator_loss(parts: Parts, batch: Batch, key: jax.Array) -> tuple[jax.Array, Metrics]:
    loss = realness_loss(parts["discriminator"](batch["generated"], key=key), 1.0)
    return loss, {"generator_loss": loss}


def _random_images(parts: Parts, batch: Batch) -> Batch:
    generator = parts["generator"]
    latents = jax.random.normal(batch["key"], (len(batch["labels"]), generator.latent_size))
    latents, labels = divide_rows(latents), batch["labels"]
    return {"generated": generator(latents, labels, batch["writers"], training=True)}


# Passing for real with a discriminator that does not see the labels.
image_generator_loss = OfDrawn(_random_images, _image_generator_loss)
