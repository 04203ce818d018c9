"""The Python function: the options of the command, and errors of one line for anything else."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from handsum.cli.dataset import dataset
from handsum.datasets import (
    Plan,
    Recipe,
    draw_samples,
    read_manifest,
    write_dataset,
    write_plan,
)
from handsum.errors import DatasetError, UsageError

pytestmark = pytest.mark.usefixtures("fake_generator")


def tree(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def defaults(function: Any, *leave_out: str) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    return {name: p.default for name, p in parameters.items() if name not in leave_out}


def test_it_has_the_names_and_the_defaults_of_the_command() -> None:
    ours = defaults(write_dataset, "progress", "kind")
    assert ours == defaults(dataset, "as_json", "status", "kind")
    assert ours["count"] is None


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


def test_there_are_a_thousand_pictures_or_as_many_as_texts(tmp_path: Path) -> None:
    written = write_dataset(tmp_path / "set", "digits", seed=1, verify=False)
    assert written.count == 1000
    given = tmp_path / "given.txt"
    given.write_text("12.50\t3\n\n 1 234,5\n\u2212$7\t02 \n0744\t0\n", encoding="utf-8")
    written = write_dataset(tmp_path / "given", "numbers", texts=given, seed=1)
    texts = [sample.text for sample in draw_samples(written.plan.recipe)]
    assert texts == ["12.50"] * 3 + ["1 234,5"] + ["-$7"] * 2
    more = write_dataset(tmp_path / "more", "numbers", texts=["1/2", "007"], count=5, seed=1)
    texts = [sample.text for sample in draw_samples(more.plan.recipe)]
    assert texts == ["1/2", "007", "1/2", "007", "1/2"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"12\n1x\n", "line 2: a number has digits"),
        (b"12\t-1\n", "line 1: give a number, or a number, a tab and a count"),
        (b"12\t1\t2\n", "line 1: give a number, or a number, a tab and a count"),
        (b"12\t99999999\n", "line 1: give a number, or a number, a tab and a count"),
        (b"12\t999999\n", "has more than 100,000 numbers"),
        (b"", "has no numbers"),
        (b"12\t0", "has no numbers"),
        (b"\xff\xfe1\0", "is no text in UTF-8"),
        (b"1\n" + b"1" * 33, "line 2: use up to 32 characters, not 33"),
        (b"1\n" * 5_000_000, "has more than 8 MiB"),
        (None, "cannot read .*: No such file"),
    ],
)
def test_texts_that_cannot_be_written_are_an_error_of_one_line(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    given = tmp_path / "given.txt"
    if content is not None:
        given.write_bytes(content)
    with pytest.raises((UsageError, DatasetError), match=reason) as caught:
        write_dataset(tmp_path / "set", "numbers", texts=given)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pattern": 5}, "`pattern` is a text such as amount, or several, not 5"),
        ({"pattern": [5]}, "`pattern` is a text"),
        ({"pattern": ["amount", "dat"]}, "dat is none of the names digits, amount"),
        ({"pattern": ""}, "an empty pattern"),
        ({"pattern": "[+-]"}, "of 1 to 32 digits and signs: a number has a digit"),
        ({"pattern": "date", "length": 4}, "has no number of 4 to 4 digits and signs"),
        ({"pattern": "date", "weights": "1,2"}, "2 weights do not fit 1 patterns"),
        ({"pattern": ["date", "time"], "weights": (1, 0)}, "a weight is a number above 0"),
        ({"pattern": ["date", "time"], "weights": "1,x"}, "`weights` are numbers"),
        ({"weights": 3}, "`weights` are numbers"),
        ({"texts": 3}, "`texts` is a file"),
        ({"texts": ["1", 2]}, "`texts` is a file"),
        ({"texts": ["1"], "length": 2}, "given numbers have their lengths"),
        ({"texts": ["1"], "pattern": "date"}, "leave out one of the two"),
        ({"pattern": "date", "format": "idx"}, "idx has no place for signs"),
        ({"kind": "sums", "pattern": "date"}, "only numbers and pages have patterns"),
        ({"kind": "digits", "texts": ["1"]}, "only numbers have texts"),
        ({"kind": "pages", "texts": ["1"]}, "only numbers have texts"),
        ({"kind": "pages", "height": 64}, "use 512 to 4096 pixels"),
        ({"kind": "pages", "format": "npz"}, "no place for pages"),
    ],
)
def test_options_that_do_not_fit_are_an_error(
    tmp_path: Path, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        write_dataset(tmp_path / "set", **({"kind": "numbers"} | options))
    assert not (tmp_path / "set").exists()


def test_the_largest_weights_are_weights(tmp_path: Path) -> None:
    options: dict[str, Any] = {"count": 20, "seed": 1, "height": 28, "verify": False}
    patterns = ["year", "time"]
    sets = [
        write_dataset(tmp_path / f"{index}", "numbers", pattern=patterns, weights=own, **options)
        for index, own in enumerate([(1e308, 1e308), (1, 1), (5e-324, 5e-324)])
    ]
    texts = [[sample.text for sample in draw_samples(one.plan.recipe)] for one in sets]
    assert texts[0] == texts[1] == texts[2]


def test_many_texts_make_no_long_message(tmp_path: Path) -> None:
    texts = ["1"] * 40_000
    recipe = Recipe("numbers", 3, 1, texts=tuple(texts), height=28, verify=False)
    write_plan(tmp_path / "set", Plan(recipe, "png", 1))
    with pytest.raises(UsageError, match="holds another data set") as caught:
        write_dataset(tmp_path / "set", "numbers", count=3, pattern="date")
    assert len(str(caught.value)) < 2000


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
