"""Data sets whose folder was damaged: gone on with, written anew, or one line of error."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from handsum.datasets import Plan, Recipe, write_dataset
from handsum.errors import HandsumError

PLAN = Plan(Recipe("sums", 6, seed=1), "npz", 3)
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "not text": lambda data: b"\xff" + data,
    "of another kind": lambda data: b"[3]",
    "leading elsewhere": lambda data: data.replace(b"train", b"../../x"),
}


@pytest.fixture
def stopped(tmp_path: Path, fake_generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set that was interrupted after two of its three shards."""
    from handsum.datasets import output

    make = output.make_shard

    def interrupt(folder: Path, plan: Plan, index: int, tell: Callable[[int], None]) -> None:
        if index == 2:
            raise KeyboardInterrupt
        make(folder, plan, index, tell)

    with monkeypatch.context() as patch:
        patch.setattr(output, "make_shard", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_dataset(tmp_path / "whole", PLAN)
    return tmp_path / "whole"


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_any_damaged_file_is_mended_or_told(stopped: Path, damage: str) -> None:
    expected_folder = shutil.copytree(stopped, stopped.parent / "expected")
    write_dataset(expected_folder, PLAN)
    expected = files(Path(expected_folder))
    for folder in (stopped, Path(expected_folder)):
        for name in files(folder):
            copy = Path(shutil.copytree(folder, stopped.parent / "copy"))
            before = (copy / name).read_bytes()
            (copy / name).write_bytes(DAMAGES[damage](before))
            told = ""
            try:
                write_dataset(copy, PLAN)
            except HandsumError as error:
                told = str(error)
            assert "\n" not in told
            assert told or files(copy) == expected, name
            shutil.rmtree(copy)
