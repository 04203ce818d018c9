"""Gradients through the images that a step draws once."""

import jax
import numpy as np
import pytest
from flax import nnx

from handsum.losses import OfDrawn
from handsum.models import dcgan, gan
from handsum.training.gradients import Networks, differentiate, draw
from handsum.training.state import init_state

GAN = gan.Config(widths=(8, 8), batch_size=4)
DCGAN = dcgan.Config(widths=(8, 4, 4, 4), discriminator_widths=(4, 4, 4), batch_size=4)


def begin(module, config):
    parts = module.build(config, rngs=nnx.Rngs(0))
    definitions, state = init_state(parts, config, module.SNAPSHOT_PART)
    batch = {
        "images": jax.random.uniform(jax.random.key(1), (4, 28, 28, 1), minval=-1),
        "labels": np.arange(4),
        "writers": np.zeros(4, np.int32),
        "key": jax.random.key(2),
    }
    return definitions, state, batch


@pytest.mark.parametrize(("module", "config"), [(gan, GAN), (dcgan, DCGAN)])
def test_gradients_through_the_images_equal_those_of_the_whole_loss(module, config) -> None:
    definitions, state, batch = begin(module, config)
    losses, key = module.losses(config), jax.random.key(3)
    loss = losses["generator"]
    assert isinstance(loss, OfDrawn)

    @jax.jit
    def found():
        networks = Networks(definitions, state)
        drawing = draw(networks, losses, batch)
        return differentiate(networks, "generator", loss, batch, key, drawing)

    @jax.jit
    def expected():
        def whole(params):
            networks = {
                part: nnx.merge(definition, every[part], state["rest"][part], copy=True)
                for part, definition in definitions.items()
                for every in [state["params"] | {"generator": params}]
            }
            drawn = loss.draw(networks, batch)
            value, metrics = loss.loss(networks, batch | drawn, key)
            return value, (metrics, nnx.state(networks["generator"], nnx.Param, ...)[1])

        gradients, rest = jax.grad(whole, has_aux=True)(state["params"]["generator"])
        return gradients, *rest

    ours, theirs = jax.tree.leaves(found()), jax.tree.leaves(expected())
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)
    before = jax.tree.leaves(state["rest"]["generator"])
    after = jax.tree.leaves(found()[2])
    assert any(np.any(one != other) for one, other in zip(before, after, strict=True))


def test_a_step_draws_its_images_once() -> None:
    definitions, state, batch = begin(gan, GAN)
    losses, drawn = gan.losses(GAN), []
    loss = losses["generator"]

    def counted(*arguments):
        drawn.append(arguments)
        return loss.draw(*arguments)

    losses["generator"] = OfDrawn(counted, loss.loss)
    networks = Networks(definitions, state)
    drawing = draw(networks, losses, batch)
    for part, one in losses.items():
        differentiate(networks, part, one, batch, jax.random.key(3), drawing)
    assert len(drawn) == 1


def test_without_a_loss_that_draws_there_is_no_drawing() -> None:
    definitions, state, batch = begin(gan, GAN)
    assert draw(Networks(definitions, state), {}, batch) is None
