"""The Python function: the options of the command, and errors of one line for anything else."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from handsum.cli.dataset import dataset
from handsum.datasets import Plan, Recipe, read_manifest, write_dataset, write_plan
from handsum.errors import DatasetError, UsageError

pytestmark = pytest.mark.usefixtures("fake_generator")


def tree(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def defaults(function: Any, leave_out: str) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    return {name: p.default for name, p in parameters.items() if name != leave_out}


def test_it_has_the_names_and_the_defaults_of_the_command() -> None:
    ours = defaults(write_dataset, "progress")
    assert ours == defaults(dataset, "as_json")
    assert ours["count"] == 1000


@pytest.mark.parametrize(
    "given",
    [
        {"length": "1-3", "totals": "5-9", "realism": "blur=0.5, noise=0.25"},
        {"length": (1, 3), "totals": [5, 9], "realism": {"noise": 0.25, "blur": 0.5}},
    ],
)
def test_texts_and_values_make_the_same_files(tmp_path: Path, given: dict[str, Any]) -> None:
    options = {"count": 8, "format": "webdataset", "seed": 4, "height": 40, "shards": 2}
    written = write_dataset(
        tmp_path / "set", "sums", split="test", verify=False, **options, **given
    )
    recipe = Recipe(
        "sums", 8, 4, (1, 3), (5, 9), None, False, {"blur": 0.5, "noise": 0.25}, height=40
    )
    write_plan(tmp_path / "plan", Plan(recipe, "webdataset", 2, "test"))
    assert tree(tmp_path / "set") == tree(tmp_path / "plan")
    assert (written.folder, written.count, written.seed) == (tmp_path / "set", 8, 4)
    assert (written.written, written.kept, written.missing_shards) == (8, 0, 0)


def test_a_single_number_is_a_length(tmp_path: Path) -> None:
    written = write_dataset(str(tmp_path / "set"), "numbers", count=3, length=2)
    assert written.plan.recipe.lengths == (2, 2)
    assert written.plan.shards == 1


def test_without_a_seed_it_continues_with_that_of_the_folder(tmp_path: Path) -> None:
    options: dict[str, Any] = {"count": 6, "shards": 3}
    first = write_dataset(tmp_path / "set", "digits", seed=7, hosts=2, **options)
    assert (first.written, first.missing_shards) == (4, 1)
    calls: list[tuple[int, int]] = []
    second = write_dataset(
        tmp_path / "set", "digits", progress=lambda *call: calls.append(call), **options
    )
    assert (second.seed, second.written, second.kept, second.missing_shards) == (7, 2, 4, 0)
    assert calls == [(4, 6), (6, 6)]
    assert write_dataset(tmp_path / "other", "digits", count=1).seed in range(2**32)


def test_several_hosts_need_a_seed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give all of them the same `seed`"):
        write_dataset(tmp_path / "set", "digits", count=6, hosts=2)
    assert not (tmp_path / "set").exists()


def test_a_result_shows_itself_in_one_line_and_equals_itself_alone(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    first = write_dataset(folder, "digits", count=1200, shards=2, seed=7, hosts=2)
    second = write_dataset(folder, "digits", count=1200, shards=2, seed=7)
    assert repr(first) == f"<1,200 digits in {folder}, png, 2 shards, 1 missing, seed 7>"
    assert repr(second) == f"<1,200 digits in {folder}, png, 2 shards, seed 7>"
    assert second == second
    assert second != first


@pytest.mark.parametrize(
    "options",
    [
        {"kind": 3},
        {"kind": ["digits"]},
        {"count": 1.5},
        {"count": "many"},
        {"count": 2**70},
        {"format": None},
        {"format": "gif"},
        {"length": 1.5},
        {"length": (1, 2, 3)},
        {"length": "one"},
        {"totals": {}},
        {"split": 1},
        {"realism": 0.5},
        {"realism": {"blur": "much"}},
        {"realism": {"smudge": 1}},
        {"height": 28.5},
        {"seed": -1},
        {"model": 7},
        {"shards": 0},
        {"shards": True},
        {"workers": 0},
        {"workers": None},
        {"hosts": "two"},
        {"host": 1},
        {"output": ""},
        {"output": 5},
        {"output": "a\0b"},
    ],
)
def test_anything_else_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        write_dataset(**({"output": "set", "kind": "numbers", "count": 3} | options))
    assert "\n" not in str(caught.value)
    assert "--" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_manifest_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(DatasetError, match="is damaged"):
        read_manifest(tmp_path)
    with pytest.raises(DatasetError, match="is damaged"):
        write_dataset(tmp_path, "digits", count=3)
    assert (tmp_path / "dataset.json").read_text() == "{"
