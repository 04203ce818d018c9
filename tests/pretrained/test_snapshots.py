import ast
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from handsum.errors import HandsumError, SnapshotError, UsageError
from handsum.pretrained.load import load_reader
from handsum.pretrained.snapshots import (
    FORMAT,
    Snapshot,
    load_snapshot,
    read_facts,
    save_snapshot,
)


def save(folder: Path) -> Snapshot:
    arrays = {
        "stem/kernel": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4),
        "count": np.array(3, np.int32),
    }
    snapshot = Snapshot(arrays, {"model": "cnn", "config": {"steps": 3}})
    save_snapshot(folder, snapshot)
    return snapshot


def test_a_snapshot_comes_back_to_half_precision(tmp_path: Path) -> None:
    saved = save(tmp_path / "deep" / "snapshot")
    loaded = load_snapshot(tmp_path / "deep" / "snapshot")
    assert loaded.model == "cnn"
    assert loaded.arrays["stem/kernel"].dtype == np.float32
    np.testing.assert_allclose(loaded.arrays["stem/kernel"], saved.arrays["stem/kernel"], atol=5e-4)
    assert loaded.arrays["count"].dtype == np.int32


def test_equal_snapshots_are_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(tmp_path / name)
    for file in ("weights.npz", "config.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_missing_snapshot_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no snapshot in .*nowhere"):
        load_snapshot(tmp_path / "nowhere")


def test_damage_is_found(tmp_path: Path) -> None:
    save(tmp_path)
    weights = tmp_path / "weights.npz"
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(SnapshotError, match="is damaged: its SHA-256 is"):
        load_snapshot(tmp_path)
    weights.unlink()
    with pytest.raises(SnapshotError, match=r"cannot read .*weights\.npz"):
        load_snapshot(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "3"])
def test_a_damaged_description_is_found(text: str, tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(SnapshotError):
        load_snapshot(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    save(tmp_path)
    facts = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**facts, "format": 99}))
    with pytest.raises(SnapshotError, match="format 99, .* reads formats up to 1: update handsum"):
        load_snapshot(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        {"model": 3},
        {"model": None},
        {"config": []},
        {"config": None},
        {"format": "1"},
        {"temperature": "hot"},
        {"least_odds": []},
    ],
)
def test_facts_without_a_model_or_configuration_are_damaged(tmp_path: Path, damage) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"format": 1, "model": "cnn", "config": {}, **damage})
    )
    with pytest.raises(SnapshotError, match=f"its {next(iter(damage))} is"):
        read_facts(tmp_path)


FORMATS = sorted((Path(__file__).parent / "snapshots").iterdir())


@pytest.mark.parametrize("folder", FORMATS, ids=lambda folder: folder.name)
def test_a_snapshot_of_every_release_still_reads_the_same(folder: Path) -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    images[1, 4:24, 12:16] = 255
    # The readings of the release that made it.
    expected = np.array(json.loads((folder / "expected.json").read_text()), np.float32)
    found = load_reader(str(folder)).probabilities(images)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_there_is_a_snapshot_of_every_format() -> None:
    assert [folder.name for folder in FORMATS] == [f"format-{n}" for n in range(1, FORMAT + 1)]


class Hostile:
    """Creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return Path.touch, (Path("pwned"),)


def packed(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def promise(shape: str) -> bytes:
    """The header of an NPY file that claims more data than follows."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00\x76\x00" + header.encode()


@pytest.mark.parametrize(
    "weights",
    [
        packed(a=np.array([Hostile()], object)),
        packed(a=np.array(["text"])),
        packed(a=np.zeros(3, np.complex64)),
        b"no archive",
        b"",
        zipped("a.npy", b"no array"),
        zipped("/etc/handsum-was-here.npy", promise("(3,)")),
        zipped("../../handsum-was-here.npy", promise("(3,)")),
        zipped("a.npy", promise("(1000000000000,)")),
        zipped("a.npy", promise("(-3,)")),
        zipped("a.pickle", b"cos\nsystem\n(S'touch pwned'\ntR."),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_hostile_weights_are_refused(
    weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a matching checksum: whoever writes one file can write the other."""
    folder = tmp_path / "snapshot"
    save(folder)
    monkeypatch.chdir(tmp_path)
    (folder / "weights.npz").write_bytes(weights)
    facts = json.loads((folder / "config.json").read_text())
    facts["sha256"] = hashlib.sha256(weights).hexdigest()
    (folder / "config.json").write_text(json.dumps(facts))
    with pytest.raises(SnapshotError, match=r"weights\.npz is damaged: "):
        load_snapshot(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot"]
    assert len(list(folder.iterdir())) == 2
    assert not Path("/etc/handsum-was-here.npy").exists()


def test_weights_that_unpack_to_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path)
    monkeypatch.setattr("handsum.pretrained.snapshots.LARGEST", 100)
    with pytest.raises(SnapshotError, match=r"no snapshot has \d+ bytes"):
        load_snapshot(tmp_path)
    monkeypatch.setattr("handsum.pretrained.snapshots.LARGEST", 5000)
    arrays = {"a": np.zeros(100_000, np.float32)}
    save_snapshot(tmp_path, Snapshot(arrays, {"model": "cnn", "config": {}}))
    with pytest.raises(SnapshotError, match="unpacked, it has over"):
        load_snapshot(tmp_path)


@pytest.mark.parametrize("name", ["../cnn", "/etc/passwd", "cnn/../judge", "handsum.cli.app", ""])
def test_a_model_s_name_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    save_snapshot(tmp_path, Snapshot({"a": np.zeros(3, np.float32)}, {"model": name, "config": {}}))
    with pytest.raises(UsageError, match="no model"):
        load_reader(str(tmp_path))


def test_devices_are_refused(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "weights.npz").unlink()
    (tmp_path / "weights.npz").symlink_to("/dev/zero")
    with pytest.raises(SnapshotError, match="not a file"):
        load_snapshot(tmp_path)
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").symlink_to("/dev/zero")
    with pytest.raises(SnapshotError, match="not a file"):
        read_facts(tmp_path)


def test_weights_of_another_network_are_refused_however_often_it_was_used(tmp_path: Path) -> None:
    """The network of the same configuration is already compiled then."""
    folder = FORMATS[0]
    load_reader(str(folder))
    good = load_snapshot(folder)
    name = min(good.arrays)
    for change in (
        {name: good.arrays[name][..., :-1]},
        {name: good.arrays[name].astype(np.int32)},
        {"other": np.zeros(3, np.float32)},
    ):
        save_snapshot(tmp_path, Snapshot({**good.arrays, **change}, good.facts))
        load_reader.cache_clear()
        with pytest.raises(SnapshotError, match="in the snapshot, not|do not match"):
            load_reader(str(tmp_path))


@pytest.mark.parametrize("key", sorted(load_snapshot(FORMATS[0]).facts["config"]))
@pytest.mark.parametrize("value", [None, "x", -1, 10**30, [], {}])
def test_any_damage_to_a_configuration_is_one_line(key: str, value, tmp_path: Path) -> None:
    good = load_snapshot(FORMATS[0])
    facts = {**good.facts, "config": {**good.facts["config"], key: value}}
    save_snapshot(tmp_path, Snapshot(good.arrays, facts))
    load_reader.cache_clear()
    message = ""
    try:
        load_reader(str(tmp_path))
    except HandsumError as error:
        message = str(error)
    assert "\n" not in message


def test_nothing_is_ever_unpickled() -> None:
    import handsum

    package = Path(handsum.__file__).parent
    for path in package.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                odd = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
                assert not odd & set(names), path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = ast.unparse(node.func)
                if called in ("np.load", "numpy.load"):
                    assert "allow_pickle=False" in ast.unparse(node), path
                assert called not in ("np.fromfile", "eval", "exec"), path
            if isinstance(node, ast.Name):
                assert node.id not in ("eval", "exec"), path
