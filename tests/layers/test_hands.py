"""Generators in hands: how a hand sways, and that only pictures, not training, make it do so."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from handsum.config import replace
from handsum.layers.hands import LATENT_SIZE, sway_hands
from handsum.models import registry

WRITERS, SWAY = 40, 0.3
SMALL: dict[str, dict[str, Any]] = {
    "r3gan": {"widths": [8, 6, 4], "style": 16},
    "pen-gan": {"widths": [6, 8], "size": 24},
}


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(WRITERS, 32)).astype(np.float32)


def swayed(table: np.ndarray, writers: jax.Array, seed: int) -> np.ndarray:
    """The hands (N, E) with which a generator draws for writers (N,)."""
    towards = jax.random.normal(jax.random.key(seed), (len(writers), WRITERS))
    return np.asarray(sway_hands(jnp.asarray(table)[writers], towards, jnp.asarray(table), SWAY))


def test_a_swaying_hand_keeps_the_hands_distribution(table: np.ndarray) -> None:
    writers = jax.random.randint(jax.random.key(1), (40_000,), 0, WRITERS)
    drawn = swayed(table, writers, 2)
    np.testing.assert_allclose(drawn.mean(0), table.mean(0), atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(table.T, bias=True), atol=0.06)


def test_a_hand_sways_around_itself_by_its_angle(table: np.ndarray) -> None:
    middle = table.mean(0)
    drawn = swayed(table, jnp.full(40_000, 7), 3)
    np.testing.assert_allclose(
        drawn.mean(0), middle + np.cos(SWAY) * (table[7] - middle), atol=0.02
    )
    share = drawn.var(0).sum() / np.cov(table.T, bias=True).trace()
    np.testing.assert_allclose(share, np.sin(SWAY) ** 2, rtol=0.03)


@pytest.fixture(params=SMALL)
def generator(request: pytest.FixtureRequest) -> Any:
    module = registry.module(request.param)
    settings = {**SMALL[request.param], "writers": WRITERS, "sway": SWAY}
    return module.Generator(replace(module.PRESETS["small"], settings), rngs=nnx.Rngs(0))


def test_training_draws_without_a_sway(generator: Any) -> None:
    labels, writers = jnp.arange(4), jnp.array([3, 3, 9, 9])
    latents = jax.random.normal(jax.random.key(4), (4, generator.latent_size))
    plain = generator(latents[:, :LATENT_SIZE], labels, writers)
    assert generator.latent_size == LATENT_SIZE + WRITERS
    assert np.abs(np.asarray(generator(latents, labels, writers) - plain)).max() > 0.01
    generator.sway = 0.0
    np.testing.assert_allclose(generator(latents, labels, writers), plain, atol=0.005)


def test_a_hand_is_given_by_its_writer_or_by_itself(generator: Any) -> None:
    labels, writers = jnp.arange(4), jnp.array([3, 3, 9, 9])
    latents = jax.random.normal(jax.random.key(4), (4, generator.latent_size))
    by_writer = generator(latents, labels, writers)
    np.testing.assert_allclose(generator(latents, labels, generator.hands(writers)), by_writer)
    assert not np.allclose(generator(latents, labels, writers + 1), by_writer, atol=0.01)
