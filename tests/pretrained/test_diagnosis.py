from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

import handsum
from handsum.pretrained import diagnosis
from handsum.pretrained.snapshots import WEIGHTS


def test_all_is_well_where_all_is_installed(run_command: Callable) -> None:
    done = run_command("doctor")
    assert (done.code, done.err) == (0, "")
    told = json.loads(run_command("doctor", "--json").out)
    assert told["problems"] == 0
    found = {(one["kind"], one["name"]): one["value"] for one in told["findings"]}
    assert found["version", "handsum"] == handsum.__version__
    assert found["version", "jax"] == metadata.version("jax")
    assert found["device", "cpu:0"] == "cpu"
    assert "checksums right" in found["data", "mnist"]
    models = {name for kind, name in found if kind == "model"}
    assert models == {path.parent.name for path in WEIGHTS.glob("*/weights.npz")}
    for kind, name in found:
        assert name in done.out, (kind, name)


def test_a_damaged_model_is_a_problem_and_the_others_are_still_told(
    monkeypatch, tmp_path: Path, run_command: Callable
) -> None:
    for name in ("cnn", "gan"):
        shutil.copytree(WEIGHTS / name, tmp_path / "weights" / name)
    damaged = tmp_path / "weights" / "cnn" / "weights.npz"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    monkeypatch.setattr(diagnosis, "_WEIGHTS", tmp_path / "weights")
    done = run_command("doctor")
    assert done.code == 1
    assert "model cnn:" in done.err
    assert "is damaged: its SHA-256 is" in done.err
    assert "gan" in done.out
    monkeypatch.setattr(diagnosis, "_WEIGHTS", tmp_path / "none")
    assert "there are no models in" in run_command("doctor").err


def test_a_missing_or_old_package_is_a_problem(monkeypatch, run_command: Callable) -> None:
    installed = metadata.version

    def version(name: str) -> str:
        if name == "optax":
            raise metadata.PackageNotFoundError(name)
        return "0.1" if name == "flax" else installed(name)

    monkeypatch.setattr(metadata, "version", version)
    done = run_command("doctor")
    assert done.code == 1
    assert 'version flax: flax>=0.12.1 is needed: pip install "flax>=0.12.1"' in done.err
    assert 'pip install "optax>=0.2.5"' in done.err


def test_an_extra_that_is_missing_is_no_problem(monkeypatch) -> None:
    installed = metadata.version

    def version(name: str) -> str:
        if name in ("pyarrow", "jax-cuda13-plugin"):
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "version", version)
    found = {one.name: one for one in diagnosis.diagnose() if one.kind == "extra"}
    assert found["datasets"].hint == 'pip install "handsum[datasets]"'
    assert found["datasets"].problem == ""
    # JAX itself is there: it is what its own extra brings that is missing.
    assert "jax-cuda13-plugin" in found["cuda"].value
    assert not {"dev", "docs", "test"} & {*found}


def test_no_device_and_no_cache_are_problems_that_say_what_to_do(monkeypatch) -> None:
    import jax

    def fail() -> None:
        raise RuntimeError("Unable to initialize backend 'tpu'\nand more")

    monkeypatch.setattr(jax, "default_backend", fail)
    monkeypatch.setattr("handsum.pretrained.cache.cache_folder", lambda: None)
    problems = {one.kind: one.problem for one in diagnosis.diagnose() if one.problem}
    assert problems["device"].startswith("JAX finds no device (Unable to initialize backend 'tpu')")
    assert "set XDG_CACHE_HOME" in problems["cache"]


@pytest.mark.parametrize("error", [ImportError("no jax"), OSError("denied")])
def test_a_check_that_fails_is_a_problem(error, monkeypatch) -> None:
    def fail(split: str) -> None:
        raise error

    monkeypatch.setattr("handsum.data.mnist.load", fail)
    (found,) = [one for one in diagnosis.diagnose() if one.kind == "data"]
    assert found.problem == f"{error}: install handsum again"
