import jax
import numpy as np
import pytest
from flax import nnx

from handsum.config import replace
from handsum.models import judge
from handsum.models.registry import ENTRIES, module
from handsum.training.state import begin_state, compile_step, init_state, make_step, optimizer


@pytest.fixture(scope="module")
def config() -> judge.Config:
    return replace(judge.Config(), {"widths": (4, 4), "blocks": 1, "batch_size": 4, "steps": 20})


def run(config: judge.Config, platform: str, rows: list[np.ndarray]):
    random = np.random.default_rng(0)
    data = {
        "images": jax.numpy.asarray(random.integers(0, 256, (20, 28, 28)).astype(np.uint8)),
        "labels": jax.numpy.asarray(np.resize(np.arange(10), 20).astype(np.int32)),
        "writers": jax.numpy.zeros(20, np.int32),
    }
    modules = judge.build(config, rngs=nnx.Rngs(0))
    definitions, state = init_state(modules, config, judge.SNAPSHOT_PART)
    step = make_step(definitions, judge.losses(config), config, judge.SNAPSHOT_PART)
    advance = compile_step(step, platform)
    losses = []
    for chunk in rows:
        state, metrics = advance(state, data, chunk)
        losses.extend(np.asarray(metrics["loss"]).tolist())
    return state, losses


def test_many_steps_in_one_dispatch_equal_single_steps(config) -> None:
    rows = np.arange(24, dtype=np.int32).reshape(6, 4) % 20
    single, losses = run(config, "cpu", [rows])
    scanned, same = run(config, "gpu", [rows[:3], rows[3:]])
    assert len(losses) == 6
    np.testing.assert_allclose(same, losses, rtol=1e-4)
    assert int(single["step"]) == int(scanned["step"]) == 6


def test_the_average_follows_the_parameters(config) -> None:
    rows = np.arange(8, dtype=np.int32).reshape(2, 4)
    state, _ = run(config, "cpu", [rows])
    averaged = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(state["ema"][0])])
    current = state["params"]["classifier"]
    now = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(current)])
    assert 0 < np.abs(averaged - now).max() < 0.01


def rates(changes: dict) -> list[float]:
    """The learning rate of each of 101 steps."""
    transform = optimizer(replace(judge.Config(), {"weight_decay": 0.0, "steps": 100} | changes))
    params = jax.numpy.zeros(())
    state = transform.init(params)
    sizes = []
    for _ in range(101):
        # Adam's step for a constant gradient is the learning rate.
        update, state = transform.update(jax.numpy.ones(()), state, params)
        sizes.append(-float(update))
    return sizes


def test_the_learning_rate_rises_and_falls_to_its_end() -> None:
    sizes = rates({"warmup_steps": 10, "learning_rate": 1.0, "final_learning_rate": 0.1})
    assert sizes[0] == pytest.approx(0.01, rel=0.01)
    assert sizes[10] == pytest.approx(1.0, rel=0.01)
    assert max(sizes) <= 1.01
    assert sizes[100] == pytest.approx(0.1, rel=0.02)


def test_a_restart_follows_a_shorter_run_without_one() -> None:
    common = {"warmup_steps": 10, "learning_rate": 1.0, "final_learning_rate": 0.1}
    sizes = rates(common | {"restart": 0.25, "restart_rate": 0.5})
    shorter = rates(common | {"steps": 75})
    assert sizes[:75] == pytest.approx(shorter[:75], rel=1e-5)
    assert sizes[75] == pytest.approx(0.5, rel=0.01)
    assert sizes[75:] == sorted(sizes[75:], reverse=True)
    assert sizes[100] == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("name", [one.name for one in ENTRIES.values() if one.warm])
def test_a_model_starts_warm_where_its_layers_are_as_large(name: str) -> None:
    part = module(name).SNAPSHOT_PART
    small = {"writers": 3, "widths": (4, 4), "critic": 4}
    config = replace(module(name).PRESETS["small"], small)
    for size in (config.size, 8):
        _, state = begin_state(name, replace(config, {"size": size}))
        for layer, trained in ENTRIES[name].warm:
            pairs = (state["params"][one][layer] for one in (part, trained))
            own, others = map(jax.tree.leaves, pairs)
            same = [np.array_equal(*pair) for pair in zip(own, others, strict=True)]
            assert all(same) if size == config.size else not any(same)
            # The moving average starts there, too.
            assert np.array_equal(jax.tree.leaves(state["ema"][0][layer])[0], own[0])


def test_r3gan_reduces_its_penalties_after_the_restart() -> None:
    from handsum.models import r3gan

    config = replace(r3gan.PRESETS["small"], {"steps": 10, "batch_size": 4, "writers": 3})
    config = replace(config, {"restart": 0.5, "widths": (8, 6, 4)})
    definitions, state = begin_state("r3gan", config)
    parts = {
        part: nnx.merge(definition, state["params"][part], state["rest"][part])
        for part, definition in definitions.items()
    }
    random = np.random.default_rng(0)
    batch = {
        "images": jax.numpy.asarray(random.uniform(-1, 1, (4, 28, 28, 1)), jax.numpy.float32),
        "labels": jax.numpy.arange(4),
        "writers": jax.numpy.arange(4) % 3,
        "key": jax.random.key(1),
    }
    losses = r3gan.losses(config)
    batch |= losses["generator"].draw(parts, batch)
    for part, weight in (("discriminator", config.penalty), ("critics", config.critic_penalty)):
        before, metrics = losses[part](parts, batch | {"step": 4}, jax.random.key(0))
        after, _ = losses[part](parts, batch | {"step": 5}, jax.random.key(0))
        penalty = metrics["penalty" if part == "discriminator" else "critics_penalty"]
        eased = (1 - config.restart_penalty) * weight / 2 * penalty
        assert float(before - after) == pytest.approx(float(eased), rel=1e-3)
        assert eased > 0
