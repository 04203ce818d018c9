import jax
import numpy as np
from flax import nnx

from handsum.models import dcgan


def sizes(module: nnx.Module) -> tuple[int, int]:
    """How many numbers are trained, and how many are not."""
    trained, rest = nnx.state(module, nnx.Param, ...)
    return tuple(  # type: ignore[return-value]
        sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(state))
        for state in (trained, rest)
    )


def test_classic_is_the_tutorials_network_to_the_parameter() -> None:
    config = dcgan.PRESETS["classic"]
    parts = nnx.eval_shape(lambda: dcgan.build(config, rngs=nnx.Rngs(0)))
    trained, rest = sizes(parts["generator"])
    assert (trained + rest, rest) == (22_428_288, 102_144)
    assert sizes(parts["discriminator"]) == (4_108_289, 0)


def test_the_layers_have_the_tutorials_sizes() -> None:
    config = dcgan.PRESETS["classic"]
    generator = nnx.eval_shape(lambda: dcgan.Generator(config, rngs=nnx.Rngs(0)))
    assert [layer.stride for layer in generator.layers] == [2, 2, 1]
    assert [layer.kernel.shape for layer in [*generator.layers, generator.out]] == [
        (5, 5, 1024, 512),
        (5, 5, 512, 256),
        (5, 5, 256, 128),
        (5, 5, 128, 1),
    ]
