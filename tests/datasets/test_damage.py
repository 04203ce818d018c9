"""Data sets with a damaged file: mended, or an error of one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from handsum.datasets import Plan, Recipe, write_plan
from handsum.datasets.shards import Progress
from handsum.errors import HandsumError

PLAN = Plan(Recipe("sums", 6, seed=1), "npz", 3)
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "not text": lambda data: b"\xff" + data,
    "other JSON": lambda data: b"[3]",
    "leading elsewhere": lambda data: data.replace(b"train", b"../../x"),
}


@pytest.fixture
def stopped(tmp_path: Path, fake_generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set interrupted after two of its three shards."""
    from handsum.datasets import output

    make = output.make_shard

    def interrupt(folder: Path, plan: Plan, index: int, progress: Progress) -> None:
        if index == 2:
            raise KeyboardInterrupt
        make(folder, plan, index, progress)

    with monkeypatch.context() as patch:
        patch.setattr(output, "make_shard", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_plan(tmp_path / "whole", PLAN)
    return tmp_path / "whole"


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_file_is_mended_or_an_error(stopped: Path, damage: str) -> None:
    expected_folder = shutil.copytree(stopped, stopped.parent / "expected")
    write_plan(expected_folder, PLAN)
    expected = files(Path(expected_folder))
    for folder in (stopped, Path(expected_folder)):
        for name in files(folder):
            copy = Path(shutil.copytree(folder, stopped.parent / "copy"))
            before = (copy / name).read_bytes()
            (copy / name).write_bytes(DAMAGES[damage](before))
            message = ""
            try:
                write_plan(copy, PLAN)
            except HandsumError as error:
                message = str(error)
            assert "\n" not in message
            assert message or files(copy) == expected, name
            shutil.rmtree(copy)
