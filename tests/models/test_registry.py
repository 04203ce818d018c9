"""One contract for every model in the registry."""

import dataclasses
import math
import typing
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from flax import nnx

from handsum.config import Bounds, TrainingConfig, as_dict, field_types, from_dict, replace
from handsum.data.mnist import Dataset
from handsum.data.pages.composing import Composer
from handsum.errors import UsageError
from handsum.models import registry
from handsum.training.state import begin_state, make_step

NAMES = sorted(registry.ENTRIES)
# A bundled snapshot is 4 MiB at most, two bytes a parameter.
LIMIT = 2_000_000


def small(name: str) -> Any:
    config = registry.module(name).PRESETS["small"]
    return dataclasses.replace(config, batch_size=4)


def digits() -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28)).astype(np.uint8)
    return Dataset(images, np.resize(np.arange(10), 20), np.resize(np.arange(3), 20))


@pytest.mark.parametrize("name", NAMES)
def test_presets_are_configurations_of_the_model(name: str) -> None:
    module = registry.module(name)
    assert {"default", "small"} <= set(module.PRESETS)
    for config in module.PRESETS.values():
        assert isinstance(config, module.Config)
        assert isinstance(config, TrainingConfig)
        assert from_dict(module.Config, as_dict(config)) == config


@pytest.mark.parametrize("name", NAMES)
def test_the_default_is_within_its_size(name: str) -> None:
    module = registry.module(name)
    parts = nnx.eval_shape(lambda: module.build(module.PRESETS["default"], rngs=nnx.Rngs(0)))
    leaves = jax.tree.leaves(nnx.state(parts[module.SNAPSHOT_PART], nnx.Param))
    assert 0 < sum(int(np.prod(leaf.shape)) for leaf in leaves) <= LIMIT


# One model of each kind; the resume tests train three more steps of three of them.
STEPPED = ("r3gan", "one-to-many-cgan", "cnn", "cnn-lstm", "gan", "cnn-sum", "detector")


@pytest.mark.parametrize(
    "name",
    [name if name in STEPPED else pytest.param(name, marks=pytest.mark.slow) for name in NAMES],
)
def test_a_step_trains_every_part_and_compiles_once(name: str) -> None:
    module = registry.module(name)
    prepared = module.prepare(small(name), digits())
    config, frozen = prepared.config, module.FROZEN
    definitions, state = begin_state(name, config)
    traced = []

    def one_step(*arguments: Any) -> Any:
        traced.append(arguments)
        return make_step(definitions, module.losses(config), config, module.SNAPSHOT_PART)(
            *arguments
        )

    # Two steps take no time, unlike optimized compilation.
    step = jax.jit(one_step, compiler_options={"xla_backend_optimization_level": 0})
    rows = prepared.batches.rows(0, 2)
    arrays = prepared.arrays
    if prepared.compose is not None:
        arrays = Composer(prepared.compose, None).take(rows)
        rows = np.arange(rows.size).reshape(rows.shape)
    data = {name: jax.numpy.asarray(values) for name, values in arrays.items()}
    first, second = rows
    after, metrics = step(state, data, first)
    again, _ = step(after, data, second)
    assert len(traced) == 1
    assert int(again["step"]) == 2
    assert all(np.isfinite(value) for value in metrics.values())
    assert set(module.losses(config)) == set(definitions) - set(frozen)
    for part in definitions:
        before, now = (jax.tree.leaves(s["params"][part]) for s in (state, again))
        changed = [not np.array_equal(a, b) for a, b in zip(before, now, strict=True)]
        assert np.mean(changed) == 0 if part in frozen else np.mean(changed) > 0.8, part
    # The caller's state has not changed: a step is a pure function.
    assert int(state["step"]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_bounds_and_rejects_values_beyond_them(name: str) -> None:
    config = registry.module(name).PRESETS["default"]
    for field, hint in field_types(type(config)).items():
        plain, marks = parts(hint)
        if plain not in (int, float):
            continue
        (bounds,) = [mark for mark in marks if isinstance(mark, Bounds)]
        for value in (bounds.least - 1, bounds.most + 1, bounds.below):
            odd = plain(value) if abs(value) < math.inf else math.inf
            wrong = (odd,) * len(getattr(config, field)) if is_tuple(hint) else odd
            with pytest.raises(UsageError, match=f"{field} (must|cannot)"):
                replace(config, {field: wrong})
    for preset in registry.module(name).PRESETS.values():
        assert replace(preset, vars(preset)) == preset


def is_tuple(hint: Any) -> bool:
    return typing.get_origin(hint) is tuple


def parts(hint: Any) -> tuple[Any, list[Any]]:
    """The type and the marks of a field, or of the parts of a tuple."""
    if is_tuple(hint):
        hint = typing.get_args(hint)[0]
    plain, *marks = typing.get_args(hint) or (hint,)
    return plain, marks


def test_every_module_has_the_types_that_training_expects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked by mypy against `ModelModule`, for every model in the registry."""
    mypy = pytest.importorskip("mypy.api")
    modules = [registry.module_name(name) for name in NAMES]
    lines = ["from handsum.models.registry import ModelModule"]
    for module in modules:
        lines += [f"from handsum.models import {module}"]
        lines += [f"{module}_checked: ModelModule[{module}.Config] = {module}"]
    monkeypatch.chdir(Path(__file__).parents[2])
    check = tmp_path / "check.py"
    options = ["--config-file", "pyproject.toml", "--follow-imports", "silent", str(check)]
    check.write_text("\n".join(lines))
    assert mypy.run(options)[0] == "Success: no issues found in 1 source file\n"
    # The check can fail: the module of one model is not that of another.
    check.write_text("\n".join([*lines, "wrong: ModelModule[cnn.Config] = r3gan"]))
    assert "Incompatible types in assignment" in mypy.run(options)[0]


def test_unknown_and_unable_models_are_refused_with_those_that_can() -> None:
    with pytest.raises(UsageError, match=r"did you mean r3gan\?"):
        registry.find("r3gann")
    with pytest.raises(
        UsageError, match="cnn is a digit reader.*r3gan, pen-gan, writer-cgan, cgan can"
    ):
        registry.find("cnn", ("digit generator",))
