import jax
import numpy as np
import pytest
from flax import nnx

from handsum.config import replace
from handsum.models import judge
from handsum.training.state import compile_step, init_state, make_step, optimizer


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


def test_many_steps_in_one_dispatch_are_the_steps_one_by_one(config) -> None:
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


def test_the_learning_rate_rises_and_falls_to_its_end() -> None:
    config = replace(
        judge.Config(),
        {"steps": 100, "warmup_steps": 10, "learning_rate": 1.0, "final_learning_rate": 0.1},
    )
    config = replace(config, {"weight_decay": 0.0})
    transform = optimizer(config)
    params = jax.numpy.zeros(())
    state = transform.init(params)
    sizes = []
    for _ in range(101):
        # Adam's step for a constant gradient is the learning rate.
        update, state = transform.update(jax.numpy.ones(()), state, params)
        sizes.append(-float(update))
    assert sizes[0] == pytest.approx(0.01, rel=0.01)
    assert sizes[10] == pytest.approx(1.0, rel=0.01)
    assert max(sizes) <= 1.01
    assert sizes[100] == pytest.approx(0.1, rel=0.02)
