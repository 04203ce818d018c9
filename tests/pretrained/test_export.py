"""Other libraries load an exported file without handsum, and compute the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import handsum
from handsum.data.signs.answers import read_answers
from handsum.errors import HandsumError, UsageError
from handsum.models import inference
from handsum.pretrained.export import export
from handsum.pretrained.load import (
    DETECTORS,
    GENERATORS,
    SEQUENCE_GENERATORS,
    SUM_READERS,
    load_model,
)
from handsum.pretrained.snapshots import network
from handsum.pretrained.zoo import list_models

BUNDLED = [row["name"] for row in list_models() if row["bundled"]]

# Another program: it has JAX, what JAX needs, flatbuffers and the file.
LOAD = """
import sys
from importlib.abc import MetaPathFinder
from importlib.metadata import packages_distributions

ALLOWED = {"jax", "jaxlib", "numpy", "scipy", "ml_dtypes", "opt_einsum", "flatbuffers"}
# A virtual environment itself loads some modules.
OTHERS = {*packages_distributions()} - ALLOWED - {*sys.modules}


class NothingElse(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in OTHERS:
            raise ModuleNotFoundError(f"{name} is not installed", name=name)


sys.meta_path.insert(0, NothingElse())
import jax
import numpy as np

call = jax.export.deserialize(bytearray(open(sys.argv[1], "rb").read())).call
given = np.load(sys.argv[2])
found = call(*(given[name] for name in given.files))
found = found if isinstance(found, (tuple, list)) else (found,)
np.savez(sys.argv[3], *map(np.asarray, found))
assert not OTHERS & {*sys.modules}
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


def test_a_detector_s_network_finds_the_same_elsewhere(digits, tmp_path: Path) -> None:
    signature = export("detector", tmp_path / "d")
    assert signature is not None
    assert signature.gives == {
        "middles": "float32[n,64,64]",
        "probabilities": "float32[n,64,64,22]",
        "sides": "float32[n,64,64,4]",
    }
    pages = given_to("detector", 3, digits)["images"]
    answers = run_elsewhere(tmp_path, tmp_path / "d", images=pages)
    found = read_answers(*answers, 0.3)
    for index, (page, there) in enumerate(zip(pages, found, strict=True)):
        (here,) = load_model("detector").find([page[64:192]])  # type: ignore[union-attr]
        assert there.probabilities[0].argmax() == here.probabilities[0].argmax() == index
        assert np.abs(there.boxes[0] - here.boxes[0] - [0, 64, 0, 64]).max() < 4


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


@pytest.mark.parametrize("format", ["stablehlo", "mlir"])
def test_a_network_s_file_does_not_depend_on_where_the_code_lies(
    format: str, tmp_path: Path
) -> None:
    export("gan", tmp_path / "a", format=format)
    # The same from another line.
    export("gan", tmp_path / "b", format=format)
    data = (tmp_path / "a").read_bytes()
    assert data == (tmp_path / "b").read_bytes()
    for folder in (Path(__file__).parent, Path(handsum.__file__).parent, Path(np.__file__).parent):
        assert str(folder).encode() not in data
    assert b".py" not in data


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for format in ("safetensors", "stablehlo", "mlir"):
        for copy in "ab":
            export("gan", tmp_path / copy, format=format)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("model", "output", "format", "message"),
    [
        ("cnn", "a", "onnx", "no format 'onnx': choose from safetensors, stablehlo, mlir"),
        ("cnn", "a.onnx", None, "end its name in .safetensors, .stablehlo or .mlir, or choose the"),
        *[
            ("cnn", name, None, f"no format for {name}: end its name in")
            for name in (
                "a.ONNX",
                "a.b.onnx",
                ".onnx",
                "a.onnx.",
                "a.tflite",
                "a.pt",
                "a.pb",
                "a.h",
            )
        ],
        ("cnn", "a.safetensors", "stablehlo", "a.safetensors would be stablehlo, but its name"),
        ("cnn", "a.mlirbc", "stablehlo", "a.mlirbc would be stablehlo, but its name ends in"),
        ("cnn", "a.onnx", "stablehlo", "a.onnx would be stablehlo, but its name ends in .onnx"),
        ("cnn", "a.PT", "mlir", "a.PT would be mlir, but its name ends in"),
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


@pytest.mark.parametrize(
    ("format", "batch_size", "message"),
    [
        ("safetensors", 4, "safetensors holds only weights: leave out the `batch_size`"),
        ("stablehlo", 0, "a batch size"),
        ("mlir", -1, "a batch size"),
        ("mlir", 1.5, "a batch size"),
        ("stablehlo", 1 << 40, "choose a smaller `batch_size`: 65536 at most"),
    ],
)
def test_a_batch_size_that_cannot_be_is_one_line(
    format: str, batch_size: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as error:
        export("cnn", tmp_path / "a", format=format, batch_size=batch_size)
    assert message in str(error.value)
    assert [*tmp_path.iterdir()] == []


def given_to(name: str, rows: int, digits: np.ndarray) -> dict[str, np.ndarray]:
    """Inputs of a model's network."""
    model = load_model(name)
    indices = np.arange(rows, dtype=np.int32)
    if model.task in GENERATORS:
        writers = indices * 3 if model.writers > 1 else indices * 0  # type: ignore[union-attr]
        return {
            "seed": np.uint32(5),  # type: ignore[dict-item]
            "indices": indices,
            "labels": indices,
            "writers": writers,
        }
    if model.task in SEQUENCE_GENERATORS:
        lengths = np.full(rows, 4, np.int32)
        return {
            "seed": np.uint32(5),  # type: ignore[dict-item]
            "indices": indices,
            "totals": indices + 9,
            "lengths": lengths,
        }
    if model.task in SUM_READERS:
        images = np.zeros((rows, model.config["longest"], 28, 28), np.uint8)
        images[:, :rows] = digits[:rows]
        return {"images": images, "lengths": np.arange(1, rows + 1, dtype=np.int32)}
    if model.task in DETECTORS:
        pages = np.full((rows, 256, 256), 255, np.uint8)
        pages[:, 100:128, 50:78] -= digits[:rows]
        return {"images": pages}
    return {"images": digits[:rows]}


def same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    """Probabilities but for rounding, digits exactly, pixels within one grey level."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        if other.dtype == np.float32:
            np.testing.assert_allclose(one, other, atol=1e-5)
        else:
            assert np.abs(one.astype(int) - other.astype(int)).max() <= (other.dtype == np.uint8)


@pytest.mark.parametrize("name", ["cnn", "cnn-lstm", "r3gan", "lstm-cgan"])
def test_a_fixed_batch_is_the_first_rows_of_any_number(name: str, digits, tmp_path: Path) -> None:
    free, fixed = export(name, tmp_path / "n"), export(name, tmp_path / "4", batch_size=4)
    assert free is not None
    assert fixed is not None
    for free_shapes, shapes in ((free.takes, fixed.takes), (free.gives, fixed.gives)):
        assert {key: text.replace("[n", "[4") for key, text in free_shapes.items()} == shapes
    given = given_to(name, 4, digits)
    expected = run_elsewhere(tmp_path, tmp_path / "n", **given)
    same(run_elsewhere(tmp_path, tmp_path / "4", **given), expected)
    larger = given_to(name, 5, digits)
    with pytest.raises(subprocess.CalledProcessError):
        run_elsewhere(tmp_path, tmp_path / "4", **larger)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_module_of_mlir_has_every_input_and_plain_operations(name: str, tmp_path: Path) -> None:
    """No input is left out, no row count is open, and nothing is a call of JAX's own library."""
    signature = export(name, tmp_path / "a.mlir")
    assert signature is not None
    assert not any("n" in text.partition("[")[2] for text in signature.takes.values())
    data = (tmp_path / "a.mlir").read_bytes()
    assert data.startswith(b"ML\xefR")
    for word in (b"custom_call", b"_platform_index", b"get_dimension_size"):
        assert word not in data
    assert export(name, tmp_path / "b.mlirbc") == signature
    assert (tmp_path / "b.mlirbc").read_bytes() == data


@pytest.mark.parametrize("name", BUNDLED)
def test_iree_computes_what_jax_computes(name: str, digits, tmp_path: Path) -> None:
    compiler = pytest.importorskip("iree.compiler")
    runtime = pytest.importorskip("iree.runtime")
    signature = export(name, tmp_path / "a.mlir", batch_size=4)
    assert signature is not None
    binary = compiler.compile_file(
        str(tmp_path / "a.mlir"),
        target_backends=["llvm-cpu"],
        extra_args=["--iree-llvmcpu-target-cpu=host"],
    )
    module = runtime.load_vm_flatbuffer(binary, driver="local-task")
    given = given_to(name, 4, digits)
    assert [*given] == [*signature.takes]
    found = module.main(*given.values())
    found = found if isinstance(found, tuple | list) else [found]
    export(name, tmp_path / "n")
    same([one.to_host() for one in found], run_elsewhere(tmp_path, tmp_path / "n", **given))


def test_an_export_s_example_says_that_it_needs_flatbuffers(tmp_path: Path) -> None:
    """JAX alone does not read exports."""
    export("cnn", tmp_path / "cnn.stablehlo")
    np.savez(tmp_path / "d.npz", images=np.zeros((1, 28, 28), np.uint8))
    example = Path(__file__).parents[2] / "examples" / "use_an_export.py"
    code = (
        "import runpy, sys; sys.modules['flatbuffers'] = None; "
        f"sys.argv[1:] = ['cnn.stablehlo', 'd.npz']; runpy.run_path({str(example)!r}, "
        "run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "Reading an export needs flatbuffers: pip install jax flatbuffers\n"


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
        "error: no format for cnn.onnx: end its name in .safetensors, .stablehlo or .mlir, or "
        "choose the --format\n"
    )
    assert run_command("export", "cnn", "-o", ".").code == 1
    fixed = run_command("export", "cnn", "-o", "cnn.mlir", "--batch-size", 32)
    assert (fixed.code, fixed.out) == (0, "cnn.mlir: cnn, mlir, 2.1 MiB\n")
    assert fixed.err == "inputs: images uint8[32,28,28]\noutputs: probabilities float32[32,10]\n"
    alone = run_command("export", "cnn", "-o", "c.safetensors", "--batch-size", 2)
    assert alone.code == 2
    assert alone.err == "error: safetensors holds only weights: leave out the --batch-size\n"
