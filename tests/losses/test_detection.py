"""Losses of finding and reading signs: right answers cost little, wrong ones more."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handsum.losses.detection import SIDE_UNIT, heat_loss, sides_loss, signs_loss

HEAT = jnp.array([[[0.0, 0.6, 1.0, 0.6], [0.0, -1.0, 0.3, 0.0]]])
KINDS = jnp.array([[[-1, -1, 7, 7], [-1, -1, -1, -1]]])


def test_middles_are_found() -> None:
    right = jnp.where(HEAT == 1, 8.0, -8.0)
    assert heat_loss(right, HEAT) < 0.001
    assert heat_loss(-right, HEAT) > 5
    # A wrong middle costs less beside a right one, and nothing where there may be one.
    costs = [
        float(heat_loss(right.at[0, row, column].set(3.0), HEAT))
        for row, column in ((0, 0), (0, 1), (1, 1))
    ]
    assert costs[0] > 10 * costs[1] > 0
    assert costs[2] == pytest.approx(float(heat_loss(right, HEAT)))


def test_pages_without_signs_have_a_loss() -> None:
    nothing, none = jnp.zeros((1, 2, 4)), jnp.full((1, 2, 4), -1)
    assert 0 < heat_loss(jnp.zeros((1, 2, 4)), nothing) < np.inf
    loss, right = signs_loss(jnp.zeros((1, 2, 4, 22)), none, 0.0)
    assert loss == right == 0
    assert sides_loss(jnp.ones((1, 2, 4, 4)), jnp.ones((1, 2, 4, 4)), none) == 0


def test_only_places_with_a_sign_are_named_and_measured() -> None:
    logits = jnp.zeros((1, 2, 4, 22)).at[0, 0, 2:, 7].set(9.0).at[0, 1, :, 3].set(9.0)
    loss, right = signs_loss(logits, KINDS, 0.0)
    assert loss < 0.01
    assert right == 1
    sides = jnp.full((1, 2, 4, 4), 2 * SIDE_UNIT)
    assert sides_loss(jnp.full_like(sides, jnp.log(2.0)), sides, KINDS) < 1e-6
    gradient = jax.grad(lambda seen: sides_loss(seen, sides, KINDS))(jnp.zeros((1, 2, 4, 4)))
    assert bool((gradient[0, 0, 2:] < 0).all())
    assert not gradient[0, 1].any()
