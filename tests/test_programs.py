"""Programs: run without JAX, as the code has them, and JAX where that cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from handsum import compiled, programs
from handsum.compiled import CHUNK, batched, program_name, rows, trace
from handsum.models.registry import ENTRIES
from handsum.programs import Program, kind
from handsum.training.snapshots import WEIGHTS, Snapshot, load_snapshot

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from bundle_programs import ASKED

BUNDLED = [name for name in ENTRIES if (WEIGHTS / name / "config.json").exists()]
READ = "read_digits", (rows(28, 28, dtype=np.uint8),)


@pytest.fixture(scope="module")
def reader() -> Snapshot:
    return load_snapshot(WEIGHTS / "cnn")


def digits(count: int = CHUNK) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 28, 28)).astype(np.uint8)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_has_the_program_of_its_code(name: str) -> None:
    """Where it does not, `python tools/bundle_programs.py` writes it."""
    found = {path.name for path in (WEIGHTS / name).glob("*.program")}
    asked = ASKED.get(ENTRIES[name].task)
    snapshot = load_snapshot(WEIGHTS / name)
    assert found == ({program_name(snapshot, *asked)} if asked else set())


@pytest.mark.parametrize("name", ["cnn", "r3gan"])
def test_a_bundled_program_computes_what_the_code_does(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, (function, kinds) = load_snapshot(WEIGHTS / name), ASKED[ENTRIES[name].task]
    rows_of = {1: np.arange(CHUNK) % 10, 3: digits()}
    arguments = [rows_of[len(each.shape)].astype(each.dtype) for each in kinds]
    bundled = batched(snapshot, function, kinds)(*arguments)
    monkeypatch.setattr(compiled, "WEIGHTS", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    np.testing.assert_array_equal(batched(snapshot, function, kinds)(*arguments), bundled)
    assert len([*tmp_path.glob("handsum/*.program")]) == 1


def test_bundled_programs_say_nothing_of_the_machine_they_were_traced_on() -> None:
    for path in WEIGHTS.glob("*/*.program"):
        assert b".py" not in path.read_bytes(), path


def test_numbers_are_drawn_and_read_without_jax(tmp_path: Path) -> None:
    code = """
import sys
import handsum
written = handsum.number("1234567", seed=1)
assert written.readings == ("1234567",), written.readings
handsum.generate(rows=1, seed=1)
print([name for name in ("jax", "flax", "scipy.linalg") if name in sys.modules])
"""
    environment = {"XDG_CACHE_HOME": str(tmp_path), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
    assert done.stderr == ""


def test_jax_computes_the_same(reader: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = batched(reader, *READ)(digits(5))
    monkeypatch.setattr(programs, "usable", lambda: False)
    np.testing.assert_allclose(batched(reader, *READ)(digits(5)), direct, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("place", ["environment", "bind", "_place"])
def test_another_client_of_xla_is_gone_without(
    place: str, reader: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = batched(reader, *READ)(digits(5))

    def fail(*arguments: object) -> None:
        raise TypeError("incompatible function arguments")

    monkeypatch.setattr(programs, place, fail)
    with pytest.warns(DeprecationWarning, match="through JAX, since TypeError"):
        through = batched(reader, *READ)
    for _ in range(2):
        np.testing.assert_allclose(through(digits(5)), direct, rtol=1e-5, atol=1e-5)


def test_a_call_that_fails_is_made_through_jax(
    reader: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = batched(reader, *READ)
    direct = read(digits(5))

    def fail(*arguments: object) -> None:
        raise BufferError("not defined for such arrays")

    monkeypatch.setattr(programs, "_place", fail)
    with pytest.warns(DeprecationWarning, match="through JAX, since BufferError"):
        through = read(digits(5))
    np.testing.assert_allclose(through, direct, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(read(digits(5)), through)


def test_an_executable_that_this_machine_cannot_run_is_made_anew(
    reader: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    expected = batched(reader, *READ)(digits(5))
    (kept,) = tmp_path.glob("handsum/*.xla")
    compiled.keep(kept, b"no executable")
    np.testing.assert_array_equal(batched(reader, *READ)(digits(5)), expected)
    assert len(kept.read_bytes()) > 1000


def test_files_in_each_other_s_place_are_made_anew(
    reader: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    expected = batched(reader, *READ)(digits(5))
    batched(load_snapshot(WEIGHTS / "judge"), *READ)
    ours, judges = (next(tmp_path.glob(f"handsum/{name}-*.xla")) for name in ("cnn", "judge"))
    ours.write_bytes(judges.read_bytes())
    np.testing.assert_array_equal(batched(reader, *READ)(digits(5)), expected)


def test_the_user_s_settings_of_jax_are_not_traced(reader: Snapshot) -> None:
    usual = trace(reader, *READ)
    with (
        jax.enable_x64(True),
        jax.default_prng_impl("rbg"),
        jax.numpy_rank_promotion("raise"),
        jax.default_matmul_precision("float32"),
    ):
        assert trace(reader, *READ) == usual


def test_a_fork_is_warned_of(reader: Snapshot) -> None:
    batched(reader, *READ)
    with pytest.warns(RuntimeWarning, match="use multiprocessing's spawn"):
        programs._warn_of_fork()


def test_a_program_is_the_same_from_its_file(reader: Snapshot) -> None:
    program = trace(reader, *READ)
    assert Program.from_bytes(program.to_bytes()) == program
    assert program.outputs == (kind(CHUNK, 10, dtype=np.float32),)


def test_weights_changed_later_change_nothing(reader: Snapshot) -> None:
    arrays = {name: array.copy() for name, array in reader.arrays.items()}
    read = batched(Snapshot(arrays, reader.facts), *READ)
    expected = read(digits(5))
    for array in arrays.values():
        array[:] = 0
    np.testing.assert_array_equal(read(digits(5)), expected)


@pytest.mark.parametrize(
    ("platforms", "plugin", "direct"),
    [
        ("", None, True),
        ("", "jax_plugins", False),
        ("", "libtpu", False),
        ("", "entry point", False),
        ("cpu", "jax_plugins", True),
        ("cuda,cpu", None, False),
    ],
)
def test_where_jax_would_take_an_accelerator_it_is_asked(
    platforms: str, plugin: str | None, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAX_PLATFORMS", platforms)
    monkeypatch.delitem(sys.modules, "jax")
    monkeypatch.setattr(programs, "find_spec", lambda name: name if name == plugin else None)
    named = ["a plugin"] if plugin == "entry point" else []
    monkeypatch.setattr(programs, "entry_points", lambda group: named)
    programs._has_plugins.cache_clear()
    assert programs.usable() is direct
    programs._has_plugins.cache_clear()


def test_an_imported_jax_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert programs.usable() is (jax.default_backend() == "cpu")
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert not programs.usable()
