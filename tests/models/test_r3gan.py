import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from handsum.config import replace
from handsum.models import r3gan

CONFIG = replace(r3gan.PRESETS["small"], {"widths": [8, 6, 4], "writers": 40, "sway": 0.3})


def swayed_hands(generator: r3gan.Generator, writers: jax.Array, seed: int) -> np.ndarray:
    """The hands (N, E) with which the generator draws for writers (N,)."""
    towards = jax.random.normal(jax.random.key(seed), (len(writers), CONFIG.writers))
    return np.asarray(generator.sway_hands(generator.hands(writers), towards))


def test_a_swaying_hand_keeps_the_hands_distribution() -> None:
    generator = r3gan.Generator(CONFIG, rngs=nnx.Rngs(0))
    table = np.asarray(generator.hands.embedding[...])
    writers = jax.random.randint(jax.random.key(1), (40_000,), 0, CONFIG.writers)
    drawn = swayed_hands(generator, writers, 2)
    np.testing.assert_allclose(drawn.mean(0), table.mean(0), atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(table.T, bias=True), atol=0.06)


def test_a_hand_sways_around_itself_by_its_angle() -> None:
    generator = r3gan.Generator(CONFIG, rngs=nnx.Rngs(0))
    table = np.asarray(generator.hands.embedding[...])
    middle = table.mean(0)
    drawn = swayed_hands(generator, jnp.full(40_000, 7), 3)
    np.testing.assert_allclose(drawn.mean(0), middle + np.cos(0.3) * (table[7] - middle), atol=0.02)
    share = drawn.var(0).sum() / np.cov(table.T, bias=True).trace()
    np.testing.assert_allclose(share, np.sin(0.3) ** 2, rtol=0.03)


def test_training_draws_without_a_sway() -> None:
    generator = r3gan.Generator(CONFIG, rngs=nnx.Rngs(0))
    labels, writers = jnp.arange(4), jnp.array([3, 3, 9, 9])
    latents = jax.random.normal(jax.random.key(4), (4, generator.latent_size))
    plain = generator(latents[:, : r3gan.LATENT_SIZE], labels, writers)
    assert generator.latent_size == 64 + CONFIG.writers
    assert np.abs(np.asarray(generator(latents, labels, writers) - plain)).max() > 0.01
    generator.sway = 0.0
    np.testing.assert_allclose(generator(latents, labels, writers), plain, atol=1e-5)
