"""Data sets on disk: whole or not at all, the same bytes however they came about."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handsum.datasets import FORMATS, Plan, Recipe, parse_realism, read_manifest, write_dataset
from handsum.datasets import output as output_module
from handsum.datasets import shards as shards_module
from handsum.datasets.formats import base
from handsum.errors import DatasetError, HandsumError, UsageError
from handsum.files import locked

COUNT = 20
LOCAL = [name for name in FORMATS if name != "tfds"]
Tree = dict[str, bytes]


def make_plan(file_format: str = "png", shards: int = 4, **options: Any) -> Plan:
    recipe = {"kind": "numbers", "count": COUNT, "seed": 3, "lengths": (1, 3), "height": 28}
    return Plan(Recipe(**(recipe | options)), file_format, shards)


def tree(folder: Path) -> Tree:
    """Every file under a folder and what it holds."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def whole(tmp_path: Path, fake_generator: Any) -> Callable[[Plan], Tree]:
    """What an undisturbed run of a plan writes."""

    def write(plan: Plan) -> Tree:
        write_dataset(tmp_path / "whole", plan)
        return tree(tmp_path / "whole")

    return write


@pytest.mark.parametrize("file_format", LOCAL)
def test_an_interrupted_run_is_continued_to_the_same_bytes(
    tmp_path: Path, whole: Any, fake_generator: Any, monkeypatch: Any, file_format: str
) -> None:
    plan, folder = make_plan(file_format, realism=parse_realism("all")), tmp_path / "set"
    expected = whole(plan)
    drawn: list[int] = []
    original = shards_module.draw_samples

    def interrupted(recipe: Recipe, start: int, stop: int) -> Any:
        for sample in original(recipe, start, stop):
            drawn.append(sample.index)
            if sample.index == 12:
                raise KeyboardInterrupt
            yield sample

    with monkeypatch.context() as patch:
        patch.setattr(shards_module, "draw_samples", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_dataset(folder, plan)
    assert drawn == list(range(13))
    left = [path.name for path in (folder / ".parts").iterdir() if path.suffix == ".json"]
    assert sorted(left) == ["00000.json", "00001.json"]
    # Every file that has its name is whole.
    shards = {name for name in tree(folder) if not name.startswith(".") and name != "dataset.json"}
    assert all(expected[name] == data for name, data in tree(folder).items() if name in shards)
    assert read_manifest(folder)["complete"] is False

    written = write_dataset(folder, plan)
    assert (written.written, written.kept, written.missing) == (10, 10, 0)
    assert tree(folder) == expected


def test_what_is_complete_is_not_written_again(
    tmp_path: Path, fake_generator: Any, monkeypatch: Any
) -> None:
    write_dataset(tmp_path / "set", make_plan())
    before = tree(tmp_path / "set")
    fake_generator.calls.clear()
    written = write_dataset(tmp_path / "set", make_plan())
    assert (written.written, written.kept, written.missing) == (0, COUNT, 0)
    assert fake_generator.calls == []
    assert tree(tmp_path / "set") == before


@pytest.mark.parametrize("shards", [1, 3, 20])
def test_pictures_do_not_depend_on_the_shards(tmp_path: Path, whole: Any, shards: int) -> None:
    expected = whole(make_plan())
    write_dataset(tmp_path / "set", make_plan(shards=shards))
    ours = tree(tmp_path / "set")
    pictures = [name for name in expected if name.startswith(("images/", "labels"))]
    assert len(pictures) == COUNT + 2
    assert all(ours[name] == expected[name] for name in pictures)


@pytest.mark.parametrize("file_format", ["png", "webdataset", "idx"])
def test_hosts_divide_the_shards_and_the_last_one_finishes(
    tmp_path: Path, whole: Any, file_format: str
) -> None:
    plan, folder = make_plan(file_format), tmp_path / "set"
    expected = whole(plan)
    missing = []
    for host in (2, 0, 1):
        written = write_dataset(folder, plan, hosts=3, host=host)
        missing.append(written.missing)
        assert written.written == (10 if host == 0 else 5)
    assert missing == [3, 1, 0]
    assert tree(folder) == expected


def test_a_shard_of_another_seed_is_written_again(tmp_path: Path, whole: Any) -> None:
    """Hosts with folders of their own, copied together, one of which had another seed."""
    plan, folder = make_plan(), tmp_path / "set"
    expected = whole(plan)
    write_dataset(tmp_path / "other", make_plan(seed=4), hosts=2, host=1)
    write_dataset(folder, plan, hosts=2, host=0)
    kept = (folder / "dataset.json").read_bytes()
    shutil.copytree(tmp_path / "other", folder, dirs_exist_ok=True)
    (folder / "dataset.json").write_bytes(kept)
    written = write_dataset(folder, plan)
    assert (written.written, written.kept) == (10, 10)
    assert tree(folder) == expected


@pytest.mark.parametrize(("hosts", "host", "busy"), [(1, 0, True), (3, 1, True), (2, 1, False)])
def test_two_processes_do_not_write_the_same_shards(
    tmp_path: Path, fake_generator: Any, hosts: int, host: int, busy: bool
) -> None:
    plan, folder = make_plan(), tmp_path / "set"
    write_dataset(folder, plan, hosts=2, host=0)
    held = folder / f".host-0-of-{1 if hosts == 1 else 2}.lock"
    with locked(held, "writing"):
        if busy:
            with pytest.raises(UsageError, match="another process is writing"):
                write_dataset(folder, plan, hosts=hosts, host=host)
        else:
            assert write_dataset(folder, plan, hosts=hosts, host=host).missing == 0
    held.touch()  # as a process that was killed leaves it
    assert write_dataset(folder, plan).missing == 0
    assert list(folder.glob(".*")) == ([] if busy else [held])
    with locked(held, "reading"):  # what is complete is everybody's
        assert write_dataset(folder, plan).kept == COUNT


def test_hosts_that_finish_at_once_do_not_disturb_one_another(
    tmp_path: Path, whole: Any, monkeypatch: Any
) -> None:
    plan, folder = make_plan(), tmp_path / "set"
    expected = whole(plan)
    finish = output_module._finish

    def beaten(folder: Path, plan: Plan) -> None:
        finish(folder, plan)
        finish(folder, plan)  # as the slower one: the parts are gone

    monkeypatch.setattr(output_module, "_finish", beaten)
    assert write_dataset(folder, plan).missing == 0
    assert tree(folder) == expected


def test_workers_write_the_same_files_as_one_process(tmp_path: Path) -> None:
    """With the package's own models: nothing in this process reaches a worker."""
    plan = make_plan(shards=3, count=6, realism=parse_realism("all"))
    told: list[int] = []
    for name, workers in (("one", 1), ("two", 2)):
        write_dataset(tmp_path / name, plan, workers=workers, tell=told.append)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert sum(told) == 2 * 6


def test_an_error_in_a_worker_is_the_error(tmp_path: Path) -> None:
    from handsum.datasets.workers import share

    (tmp_path / ".parts").mkdir()
    with pytest.raises(UsageError, match="no-such-model"):
        share(tmp_path, make_plan(model="no-such-model"), [0, 1, 2, 3], 2, lambda samples: None)
    assert [name for name in tree(tmp_path) if not name.startswith(".")] == []


def test_a_model_that_is_none_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no-such-model"):
        write_dataset(tmp_path / "set", make_plan(model="no-such-model"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"recipe": {}}', '{"name": "other"}', "\xff"])
def test_a_manifest_that_is_none_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(DatasetError, match="is damaged, or not handsum's"):
        write_dataset(tmp_path, make_plan())
    assert (tmp_path / "dataset.json").read_text() == text


@pytest.mark.parametrize("file_format", LOCAL)
def test_the_manifest_says_what_there_is(tmp_path: Path, whole: Any, file_format: str) -> None:
    plan = make_plan(file_format)
    files = whole(plan)
    manifest = json.loads(files.pop("dataset.json"))
    sums = dict(line.split("  ")[::-1] for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert manifest["complete"] is True
    assert manifest["recipe"] == json.loads(json.dumps(plan.recipe.as_json()))
    assert [shard["start"] for shard in manifest["shards"]] == [0, 5, 10, 15]
    assert manifest["shards"][-1]["stop"] == COUNT
    for shard in manifest["shards"] + manifest["joined"]:
        assert len(shard["sha256"]) == 64
        if shard.get("file") in files:
            assert shard["sha256"] == sums[shard["file"]]
            assert shard["bytes"] == len(files[shard["file"]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"count": 21}, "count 20, not 21"),
        ({"seed": 4}, "seed 3, not 4"),
        ({"realism": {"blur": 0.5}}, "blur"),
        ({"file_format": "npz"}, 'format "png", not "npz"'),
        ({"shards": 5}, "shard_count 4, not 5"),
        ({"verify": False}, "verify true, not false"),
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_another_recipe_in_the_same_folder_is_an_error(
    tmp_path: Path, fake_generator: Any, change: dict[str, Any], said: str, complete: bool
) -> None:
    write_dataset(tmp_path / "set", make_plan(), hosts=1 if complete else 2)
    before = tree(tmp_path / "set")
    with pytest.raises(UsageError, match="holds another data set") as caught:
        write_dataset(tmp_path / "set", make_plan(**change))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert tree(tmp_path / "set") == before


def test_another_version_does_not_go_on_with_it(
    tmp_path: Path, fake_generator: Any, monkeypatch: Any
) -> None:
    write_dataset(tmp_path / "set", make_plan(), hosts=2)
    monkeypatch.setattr("handsum.datasets.plan.__version__", "9.9")
    with pytest.raises(UsageError, match=r'handsum ".*", not "9.9"'):
        write_dataset(tmp_path / "set", make_plan())


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(HandsumError, match="already holds files"):
        write_dataset(tmp_path, make_plan())
    with pytest.raises(HandsumError, match="is a file"):
        write_dataset(tmp_path / "notes.txt", make_plan())
    with pytest.raises(HandsumError, match="there is no folder"):
        write_dataset(tmp_path / "none" / "set", make_plan())
    assert tree(tmp_path) == {"notes.txt": b"mine"}


def test_a_damaged_shard_of_an_unfinished_set_is_written_again(tmp_path: Path, whole: Any) -> None:
    plan, folder = make_plan("webdataset"), tmp_path / "set"
    expected = whole(plan)
    write_dataset(folder, plan, hosts=2)
    (folder / "train-000000.tar").write_bytes(b"cut off")
    (folder / "train-000002.tar").unlink()
    assert write_dataset(folder, plan).written == COUNT
    assert tree(folder) == expected


def test_damage_to_a_finished_set_is_told(tmp_path: Path, fake_generator: Any) -> None:
    write_dataset(tmp_path / "set", make_plan())
    (tmp_path / "set" / "images" / "000007.png").write_bytes(b"")
    with pytest.raises(DatasetError, match="000007.png is damaged or gone"):
        write_dataset(tmp_path / "set", make_plan())
    (tmp_path / "set" / "dataset.json").write_text("{")
    with pytest.raises(DatasetError, match="dataset.json is damaged"):
        write_dataset(tmp_path / "set", make_plan())


@pytest.mark.parametrize("when", ["picture", "joining"])
def test_a_full_disk_is_one_line_and_the_run_goes_on_once_there_is_room(
    tmp_path: Path, whole: Any, monkeypatch: Any, when: str
) -> None:
    plan, folder = make_plan("coco"), tmp_path / "set"
    expected = whole(plan)
    calls = iter(range(1000))

    def full(*arguments: Any) -> Any:
        if when == "joining" or next(calls) == 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        return base.encode_picture(*arguments)

    name = "encode_picture" if when == "picture" else "concatenate"
    with monkeypatch.context() as patch:
        patch.setattr(f"handsum.datasets.formats.coco.{name}", full)
        with pytest.raises(HandsumError, match="No space left on device") as caught:
            write_dataset(folder, plan)
    assert "\n" not in str(caught.value)
    assert "annotations.json" not in tree(folder)
    write_dataset(folder, plan)
    assert tree(folder) == expected


def test_no_more_than_a_shard_is_ever_held(
    tmp_path: Path, fake_generator: Any, monkeypatch: Any
) -> None:
    """Pictures are written as they come: at no time are two of them waiting."""
    events: list[str] = []
    original, encode = shards_module.draw_samples, base.encode_picture

    def drawing(*arguments: Any) -> Any:
        for sample in original(*arguments):
            events.append("drawn")
            yield sample

    def encoding(image: Any) -> bytes:
        events.append("written")
        return encode(image)

    monkeypatch.setattr(shards_module, "draw_samples", drawing)
    for module in ("pictures", "coco", "tars"):
        monkeypatch.setattr(f"handsum.datasets.formats.{module}.encode_picture", encoding)
    for file_format in ("png", "coco", "webdataset"):
        events.clear()
        write_dataset(tmp_path / file_format, make_plan(file_format))
        assert events == ["drawn", "written"] * COUNT


@pytest.mark.parametrize(
    ("workers", "hosts", "host"), [(0, 1, 0), (1, 2, 2), (1, 0, 0), (1, 1, -1)]
)
def test_a_division_that_cannot_be_is_an_error(
    tmp_path: Path, workers: int, hosts: int, host: int
) -> None:
    with pytest.raises(UsageError, match="count hosts from 0" if workers else "1 worker or more"):
        write_dataset(tmp_path / "set", make_plan(), workers=workers, hosts=hosts, host=host)
    assert not (tmp_path / "set").exists()


def test_a_killed_worker_is_told_and_its_shards_are_written_later(
    tmp_path: Path, monkeypatch: Any
) -> None:
    from handsum.datasets import workers

    plan = make_plan(shards=2, count=4)
    with monkeypatch.context() as patch:
        patch.setattr(workers, "_work", _die)
        with pytest.raises(HandsumError, match="a worker ended with code 9.* goes on"):
            write_dataset(tmp_path / "set", plan, workers=2)
    assert write_dataset(tmp_path / "set", plan).written == 4
    shutil.rmtree(tmp_path / "set")


def _die(*arguments: Any) -> None:
    raise SystemExit(9)
