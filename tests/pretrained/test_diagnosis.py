"""`handsum doctor`: what it finds, and what it says about damage."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

import handsum
from handsum.installation import install_command, repair_command
from handsum.pretrained import diagnosis
from handsum.pretrained.snapshots import WEIGHTS


def test_a_whole_installation_has_no_problems(run_command: Callable) -> None:
    done = run_command("doctor")
    assert (done.code, done.err) == (0, "")
    report = json.loads(run_command("doctor", "--json").out)
    assert report["problems"] == 0
    found = {(one["kind"], one["name"]): one["value"] for one in report["findings"]}
    assert found["version", "handsum"] == handsum.__version__
    for package in ("jax", "flax", "numpy"):
        assert found["version", package] == metadata.version(package)
    assert found["device", "computes on"] == f"cpu, by JAX {metadata.version('jax')}"
    assert found["device", "cpu:0"] == "cpu"
    assert "checksums right" in found["data", "mnist"]
    models = {name for kind, name in found if kind == "model"}
    assert models == {path.parent.name for path in WEIGHTS.glob("*/weights.npz")}
    for kind, name in found:
        assert name in done.out, (kind, name)


def test_it_says_which_cache_is_used(monkeypatch, tmp_path: Path) -> None:
    import jax

    own, chosen = tmp_path / "handsum", tmp_path / "chosen"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for folder in (own, own / "xla", chosen):
        folder.mkdir(mode=0o700)
    (own / "cnn-x.export").write_bytes(b"1" * 2**20)
    (own / "xla" / "a").write_bytes(b"1" * 2**19)
    (own / "xla" / "b").write_bytes(b"1" * 2**19)

    def caches() -> list[str]:
        return [one.value for one in diagnosis.diagnose() if one.kind == "cache"]

    before = jax.config.jax_compilation_cache_dir
    try:
        for place, shown in (
            ("", f"{own}/xla (2 files, 1.0 MiB)"),
            (str(own / "xla"), f"{own}/xla (2 files, 1.0 MiB)"),
            (str(chosen), f"{chosen} (0 files, 0.0 MiB); set by JAX_COMPILATION_CACHE_DIR"),
            ("gs://bucket/x", "gs://bucket/x; set by JAX_COMPILATION_CACHE_DIR"),
        ):
            jax.config.update("jax_compilation_cache_dir", place)
            assert caches() == [f"{own} (1 files, 1.0 MiB)", shown]
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_the_cache_is_emptied_and_nothing_else(
    monkeypatch, tmp_path: Path, run_command: Callable
) -> None:
    own = tmp_path / "handsum"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for folder in (own, own / "xla", own / "xla" / "deeper"):
        folder.mkdir(mode=0o700)
    gone = [own / "cnn-x.export", own / "xla" / "a", own / "xla" / "deeper" / "b"]
    kept = [own / "notes.txt", tmp_path / "another.export"]
    for path in (*gone, *kept):
        path.write_bytes(b"1" * 2**20)
    (own / "xla" / "link").symlink_to(tmp_path / "another.export")
    done = run_command("doctor", "--clear-cache")
    assert done.code == 1
    assert "is a link" in done.err
    (own / "xla" / "link").unlink()
    done = run_command("doctor", "--clear-cache")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"deleted 3 files, 3.0 MiB, in {own}\n")
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in kept)
    again = json.loads(run_command("doctor", "--clear-cache", "--json").out)
    assert again["notes"][0] == f"deleted 0 files, 0.0 MiB, in {own}"
    assert f"{own} (0 files, 0.0 MiB)" in [one["value"] for one in again["findings"]]
    assert handsum.number(7, seed=0).digits == ("7",)


def test_no_cache_to_empty_is_a_line(monkeypatch, tmp_path: Path, run_command: Callable) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    done = run_command("doctor", "--clear-cache")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {tmp_path / 'file'}")
    assert done.err.count("\n") == 1


def test_a_damaged_model_is_a_problem_and_the_others_are_still_listed(
    monkeypatch, tmp_path: Path, run_command: Callable
) -> None:
    for name in ("cnn", "gan"):
        shutil.copytree(WEIGHTS / name, tmp_path / "weights" / name)
    damaged = tmp_path / "weights" / "cnn" / "weights.npz"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    monkeypatch.setattr(diagnosis, "WEIGHTS", tmp_path / "weights")
    done = run_command("doctor")
    assert done.code == 1
    assert "model cnn:" in done.err
    assert "is damaged: its SHA-256 is" in done.err
    assert "gan" in done.out
    monkeypatch.setattr(diagnosis, "WEIGHTS", tmp_path / "none")
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
    assert re.search(r'version flax: (flax>=[\d.]+) is needed: run .*install .*"\1"', done.err)
    assert re.search(r'install .*"optax>=[\d.]+"', done.err)


def test_an_extra_that_is_missing_is_no_problem(monkeypatch) -> None:
    installed = metadata.version

    def version(name: str) -> str:
        if name in ("pyarrow", "jax-cuda13-plugin"):
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "version", version)
    found = {one.name: one for one in diagnosis.diagnose() if one.kind == "extra"}
    assert found["datasets"].hint == f"run {install_command('handsum[datasets]')}"
    assert found["datasets"].problem == ""
    # JAX itself is there: it is what its own extra brings that is missing.
    assert "jax-cuda13-plugin" in found["cuda"].value
    assert not {"dev", "docs", "test"} & {*found}


def test_no_device_and_no_cache_are_problems_that_say_what_to_do(
    monkeypatch, tmp_path: Path
) -> None:
    import jax

    def fail() -> None:
        raise RuntimeError("Unable to initialize backend 'tpu'\nand more")

    monkeypatch.setattr(jax, "default_backend", fail)
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    problems = {one.kind: one.problem for one in diagnosis.diagnose() if one.problem}
    assert problems["device"] == (
        "JAX finds no device (Unable to initialize backend 'tpu'): set JAX_PLATFORMS=cpu, or "
        "repair the driver"
    )
    assert "set XDG_CACHE_HOME" in problems["cache"]


@pytest.mark.parametrize("error", [ImportError("no jax"), OSError("denied")])
def test_a_check_that_fails_is_a_problem(error, monkeypatch) -> None:
    def fail(split: str) -> None:
        raise error

    monkeypatch.setattr("handsum.data.mnist.load", fail)
    (found,) = [one for one in diagnosis.diagnose() if one.kind == "data"]
    assert found.problem == f"{error}: run {repair_command()}"
