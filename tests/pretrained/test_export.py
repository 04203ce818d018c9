"""Other libraries load an exported file without handsum, and compute the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from handsum.errors import HandsumError, UsageError
from handsum.models import inference
from handsum.pretrained.export import export
from handsum.pretrained.load import load_model
from handsum.pretrained.snapshots import network
from handsum.pretrained.zoo import list_models

BUNDLED = [row["name"] for row in list_models() if row["bundled"]]

# Another program: it has JAX and the file, and no handsum.
LOAD = """
import sys
import jax
import numpy as np

call = jax.export.deserialize(bytearray(open(sys.argv[1], "rb").read())).call
given = np.load(sys.argv[2])
found = call(*(given[name] for name in given.files))
found = found if isinstance(found, (tuple, list)) else (found,)
np.savez(sys.argv[3], *map(np.asarray, found))
assert "handsum" not in sys.modules and "flax" not in sys.modules
"""


def run_elsewhere(folder: Path, file: Path, **given: np.ndarray) -> list[np.ndarray]:
    np.savez(folder / "given.npz", **given)
    arguments = (str(file), str(folder / "given.npz"), str(folder / "found.npz"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        [sys.executable, "-c", LOAD, *arguments], check=True, cwd=folder, env=environment
    )
    found = np.load(folder / "found.npz")
    return [found[name] for name in found.files]


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load_model("r3gan").draw(np.arange(10), seed=3)


@pytest.mark.parametrize("name", ["r3gan", "cgan", "dcgan", "gan"])
def test_a_generator_s_network_draws_the_same_elsewhere(name: str, tmp_path: Path) -> None:
    signature = export(name, tmp_path / "g")
    assert signature is not None
    assert [*signature.takes] == ["seed", "indices", "labels", "writers"]
    assert signature.gives == {"images": "uint8[n,28,28]"}
    rows = np.arange(7, dtype=np.int32)
    model = load_model(name)
    writers = np.zeros(7, np.int32) if model.writers == 1 else rows * 3
    (images,) = run_elsewhere(
        tmp_path, tmp_path / "g", seed=np.uint32(5), indices=rows, labels=rows, writers=writers
    )
    expected = model.draw(rows, writers, seed=5, indices=rows)
    # Rows are computed one by one there, and in blocks here: the last bit may round otherwise.
    assert np.abs(images.astype(int) - expected).max() <= 1
    assert expected.max() > 200


@pytest.mark.parametrize("name", ["lstm-cgan", "one-to-many-cgan"])
def test_a_sequence_generator_s_network_draws_the_same_elsewhere(name: str, tmp_path: Path) -> None:
    export(name, tmp_path / "s.hlo")
    rows = np.arange(4, dtype=np.int32)
    model = load_model(name)
    length = min(4, model.longest)
    images, planned = run_elsewhere(
        tmp_path,
        tmp_path / "s.hlo",
        seed=np.uint32(5),
        indices=rows,
        totals=rows + 9,
        lengths=np.full(4, length, np.int32),
    )
    expected, digits = model.draw(rows + 9, length, seed=5)
    assert np.array_equal(planned[:, :length], digits)
    assert np.abs(images[:, :length].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("name", ["cnn", "cnn-sum", "judge"])
def test_a_reader_s_network_reads_the_same_elsewhere(name, digits, tmp_path: Path) -> None:
    export(name, tmp_path / "r", format="stablehlo")
    (found,) = run_elsewhere(tmp_path, tmp_path / "r", images=digits)
    np.testing.assert_allclose(found, load_model(name).probabilities(digits), atol=1e-5)
    assert np.array_equal(found.argmax(1), np.arange(10))


def test_a_sum_reader_s_network_reads_the_same_elsewhere(digits, tmp_path: Path) -> None:
    export("cnn-lstm", tmp_path / "r")
    model = load_model("cnn-lstm")
    longest = model.config["longest"]
    images = np.zeros((2, longest, 28, 28), np.uint8)
    images[:, :10] = digits
    (found,) = run_elsewhere(
        tmp_path, tmp_path / "r", images=images, lengths=np.array([10, 5], np.int32)
    )
    for row, length in enumerate((10, 5)):
        expected = model.distributions(digits[None, :length])[0]
        np.testing.assert_allclose(found[row, : 9 * length + 1], expected, atol=1e-5)


@pytest.mark.parametrize("name", BUNDLED)
def test_weights_are_loaded_by_safetensors_and_are_the_model_s(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    assert export(name, path) is None
    arrays = load_file(path)
    model = load_model(name)
    assert {*arrays} == {*model.weights}
    for key, array in arrays.items():
        assert array.dtype == model.weights[key].dtype
        assert np.array_equal(array, model.weights[key])
    with safe_open(path, "np") as file:
        facts = json.loads(file.metadata()["handsum"])
    assert facts == model.facts


def test_what_safetensors_loads_is_all_that_a_network_needs(digits, tmp_path: Path) -> None:
    import jax

    path = tmp_path / "cnn.safetensors"
    export("cnn", path)
    with safe_open(path, "np") as file:
        facts = json.loads(file.metadata()["handsum"])
    rebuilt = network(facts, jax.device_put(load_file(path)))
    logits = np.asarray(inference.read_digits(rebuilt, digits)) / facts["temperature"]
    np.testing.assert_allclose(logits, load_model("cnn").logits(digits), atol=1e-4)


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for format in ("safetensors", "stablehlo"):
        for copy in "ab":
            export("gan", tmp_path / copy, format=format)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("model", "output", "format", "message"),
    [
        ("cnn", "a", "onnx", "no format 'onnx': choose from safetensors, stablehlo"),
        ("cnn", "a.onnx", None, "no format for a.onnx: end its name in .safetensors or .stable"),
        ("cnn", "a.safetensors", "stablehlo", "a.safetensors would be stablehlo, but its name"),
        ("cnnn", "a", "stablehlo", "did you mean cnn?"),
        (None, "a", "stablehlo", "there is no model None"),
        ("cnn", "no/where", "safetensors", "cannot write no/where"),
        ("cnn", ".", "safetensors", "is a directory"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    model, output, format, message, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HandsumError) as error:
        export(model, output, format=format)
    assert message in str(error.value)
    assert [*tmp_path.iterdir()] == []


def test_without_the_extra_it_says_how_to_install_it(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(HandsumError, match=r'install .*"handsum\[export\]"'):
        export("cnn", tmp_path / "a", format="safetensors")
    assert not isinstance(HandsumError("x"), UsageError)


def test_the_command_prints_what_it_wrote(run_command: Callable, tmp_path: Path) -> None:
    done = run_command("export", "cnn")
    assert (done.code, done.out) == (0, "cnn.stablehlo: cnn, stablehlo, 2.1 MiB\n")
    assert done.err == "inputs: images uint8[n,28,28]\noutputs: probabilities float32[n,10]\n"
    done = run_command("export", "cnn", "-o", "c.safetensors")
    assert (done.code, done.out) == (0, "c.safetensors: cnn, safetensors, 2.1 MiB\n")
    assert ", safetensors," in run_command("export", "cnn", "-o", "C.SAFETENSORS").out
    named = run_command("export", "cnn", "-o", "cnn.hlo", "--format", "stablehlo")
    assert named.out == "cnn.hlo: cnn, stablehlo, 2.1 MiB\n"
    assert run_command("export", "cnn", "--format", "onnx").code == 2
    refused = run_command("export", "cnn", "-o", "cnn.onnx")
    assert refused.code == 2
    assert refused.err == (
        "error: no format for cnn.onnx: end its name in .safetensors or .stablehlo, or choose the "
        "--format\n"
    )
    assert run_command("export", "cnn", "-o", ".").code == 1
