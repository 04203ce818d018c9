import json
from pathlib import Path

import numpy as np
import pytest

from handsum.errors import SnapshotError
from handsum.training.snapshots import Snapshot, load_snapshot, read_facts, save_snapshot


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
    with pytest.raises(SnapshotError, match="format 99; this handsum reads format 1"):
        load_snapshot(tmp_path)


@pytest.mark.parametrize(
    "damage", [{"model": 3}, {"model": None}, {"config": []}, {"config": None}]
)
def test_facts_without_a_model_or_configuration_are_damaged(tmp_path: Path, damage) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"format": 1, "model": "cnn", "config": {}, **damage})
    )
    with pytest.raises(SnapshotError, match=f"its {next(iter(damage))} is"):
        read_facts(tmp_path)
