import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from handsum.layers.batch_norm import BatchNorm


@pytest.mark.parametrize("shape", [(6, 5, 4, 8), (32, 8)])
@pytest.mark.parametrize("affine", [True, False])
def test_features_gradients_and_statistics_equal_those_of_flax(
    shape: tuple[int, ...], affine: bool
) -> None:
    features = 3 + 2 * jax.random.normal(jax.random.key(0), shape)
    weights = jax.random.normal(jax.random.key(1), shape)
    found = []
    for layer in (BatchNorm, nnx.BatchNorm):
        norm = layer(8, momentum=0.9, use_scale=affine, use_bias=affine, rngs=nnx.Rngs(0))
        if affine:
            norm.scale[...] = jnp.linspace(0.5, 2, 8)
            norm.bias[...] = jnp.linspace(-1, 1, 8)

        def loss(norm: nnx.BatchNorm, features: jax.Array) -> jax.Array:
            return (jnp.sin(norm(features, use_running_average=False)) * weights).sum()

        value, gradients = nnx.value_and_grad(loss, argnums=(0, 1))(norm, features)
        running = norm(features, use_running_average=True)
        found.append(
            (value, nnx.state(norm), nnx.to_pure_dict(gradients[0]), gradients[1], running)
        )
    leaves = [jax.tree.leaves(each) for each in found]
    assert len(leaves[0]) == len(leaves[1]) == (9 if affine else 5)
    for own, flax in zip(*leaves, strict=True):
        np.testing.assert_allclose(own, flax, rtol=1e-3, atol=1e-3)


def test_a_mask_excludes_rows() -> None:
    norm = BatchNorm(2, rngs=nnx.Rngs(0))
    features = jnp.array([[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]])
    normal = norm(features, False, mask=jnp.array([[True], [True], [False]]))
    np.testing.assert_allclose(normal[:2].mean(0), 0, atol=1e-5)
