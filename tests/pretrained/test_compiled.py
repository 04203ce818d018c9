"""Compiled functions: bundled traces match the code, and any cache gives the same results."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pytest

from handsum.models.registry import ENTRIES
from handsum.pretrained import cache, compiled
from handsum.pretrained.compiled import CHUNK, Functions, rows, trace, trace_name
from handsum.pretrained.snapshots import WEIGHTS, Snapshot, load_snapshot

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from bundle_traces import bundled_functions

NAMES = [name for name in ENTRIES if (WEIGHTS / name / "config.json").exists()]
READ = "read_digits", (rows(28, 28, dtype=np.uint8),)


@pytest.fixture(scope="module")
def reader() -> Snapshot:
    return load_snapshot(WEIGHTS / "cnn")


def digits(count: int = CHUNK) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 28, 28)).astype(np.uint8)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "handsum"


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_model_has_the_trace_of_its_code(name: str) -> None:
    """If not, run `python tools/bundle_traces.py`."""
    found = {path.name for path in (WEIGHTS / name).glob("*.export")}
    snapshot = load_snapshot(WEIGHTS / name)
    assert found == {trace_name(snapshot, *one) for one in bundled_functions(ENTRIES[name])}


@pytest.mark.parametrize("name", ["cnn", "r3gan"])
def test_a_bundled_trace_computes_what_the_code_does(
    name: str, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = load_snapshot(WEIGHTS / name)
    ((function, specs),) = bundled_functions(ENTRIES[name])
    rows_of = {1: np.arange(CHUNK) % 10, 3: digits()}
    arguments = [rows_of[len(each.shape)].astype(each.dtype) for each in specs]
    found = Functions(snapshot)(function, specs)(*arguments)
    assert not [*empty_cache.glob("*.export")]
    monkeypatch.setattr(compiled, "WEIGHTS", tmp_path)
    np.testing.assert_array_equal(Functions(snapshot)(function, specs)(*arguments), found)
    assert len([*empty_cache.glob("*.export")]) == 1


def test_bundled_traces_contain_no_path_of_the_machine_they_were_made_on() -> None:
    for path in WEIGHTS.glob("*/*.export"):
        assert b".py" not in path.read_bytes(), path


def test_numbers_are_drawn_and_read_without_flax(tmp_path: Path) -> None:
    code = """
import sys
import handsum
written = handsum.number("1234567", seed=1)
assert written.readings == ("1234567",), written.readings
handsum.generate(rows=1, seed=1)
print([name for name in ("flax", "optax", "orbax") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
    assert done.stderr == ""


def test_a_trace_that_jax_cannot_read_is_made_anew(
    reader: Snapshot, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = Functions(reader)(*READ)(digits(5))
    name = trace_name(reader, *READ)
    (tmp_path / "cnn").mkdir()
    (tmp_path / "cnn" / name).write_bytes(b"no trace")
    monkeypatch.setattr(compiled, "WEIGHTS", tmp_path)
    with pytest.warns(DeprecationWarning, match=f"{name} cannot be read"):
        np.testing.assert_array_equal(Functions(reader)(*READ)(digits(5)), expected)


@pytest.mark.parametrize("damage", [b"", b"x" * 10, b"x" * 5000])
def test_a_damaged_cache_costs_time_only(
    damage: bytes,
    reader: Snapshot,
    tmp_path: Path,
    empty_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = Functions(reader)(*READ)(digits(5))
    monkeypatch.setattr(compiled, "WEIGHTS", tmp_path)
    Functions(reader)(*READ)
    (cached,) = empty_cache.glob("cnn-*.export")
    whole = cached.read_bytes()
    cached.write_bytes(damage)
    np.testing.assert_array_equal(Functions(reader)(*READ)(digits(5)), expected)
    assert cached.read_bytes() == whole


def test_one_file_in_another_s_place_is_not_used(empty_cache: Path) -> None:
    cache.write_cached("one", b"1")
    cache.write_cached("two", b"2")
    assert cache.read_cached("two") == b"2"
    (empty_cache / "two").write_bytes((empty_cache / "one").read_bytes())
    assert cache.read_cached("two") is None


def test_the_user_s_settings_of_jax_are_not_traced(reader: Snapshot) -> None:
    usual = trace(reader, *READ).serialize()
    with (
        jax.enable_x64(True),
        jax.default_prng_impl("rbg"),
        jax.numpy_rank_promotion("raise"),
        jax.default_matmul_precision("float32"),
    ):
        assert trace(reader, *READ).serialize() == usual


def test_weights_changed_later_change_nothing(reader: Snapshot) -> None:
    arrays = {name: array.copy() for name, array in reader.arrays.items()}
    read = Functions(Snapshot(arrays, reader.facts))(*READ)
    expected = read(digits(5))
    for array in arrays.values():
        array[:] = 0
    np.testing.assert_array_equal(read(digits(5)), expected)


def test_a_function_is_compiled_once_for_all_threads(reader: Snapshot) -> None:
    functions = Functions(reader)
    functions.prepare(*READ)
    with ThreadPoolExecutor(8) as pool:
        found = {*pool.map(lambda _: functions(*READ), range(8))}
    assert found == {functions(*READ)}
    assert functions(*READ)(digits(3)).shape == (3, 10)
