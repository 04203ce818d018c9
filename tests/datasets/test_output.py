"""Data sets on disk: whole or not at all, and the same bytes however they were made."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import re
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handsum.datasets import (
    FORMATS,
    Division,
    Plan,
    Recipe,
    parse_realism,
    read_manifest,
    write_dataset,
    write_plan,
)
from handsum.datasets import output as output_module
from handsum.datasets import shards as shards_module
from handsum.datasets.engines import make_shards
from handsum.datasets.formats import base, find_format
from handsum.datasets.formats.card import write_card
from handsum.errors import DatasetError, HandsumError, UsageError
from handsum.files import locked

COUNT = 20
LOCAL = [name for name in FORMATS if name != "tfds"]
Tree = dict[str, bytes]


def make_plan(file_format: str = "png", shards: int = 4, **options: Any) -> Plan:
    recipe = {"kind": "numbers", "count": COUNT, "seed": 3, "lengths": (1, 3), "height": 28}
    return Plan(Recipe(**(recipe | options)), file_format, shards)


def tree(folder: Path) -> Tree:
    """Every file under a folder, with its contents."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def whole(tmp_path: Path, fake_generator: Any) -> Callable[[Plan], Tree]:
    """The files that an undisturbed run of a plan writes."""

    def write(plan: Plan) -> Tree:
        write_plan(tmp_path / "whole", plan)
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
            write_plan(folder, plan)
    assert drawn == list(range(13))
    left = [path.name for path in (folder / ".parts").iterdir() if path.suffix == ".json"]
    assert sorted(left) == ["00000.json", "00001.json"]
    # Every file that has its name is whole.
    shards = {name for name in tree(folder) if not name.startswith(".") and name != "dataset.json"}
    assert all(expected[name] == data for name, data in tree(folder).items() if name in shards)
    assert read_manifest(folder)["complete"] is False

    written = write_plan(folder, plan)
    assert (written.written, written.kept, written.missing_shards) == (10, 10, 0)
    assert tree(folder) == expected


def test_a_complete_data_set_is_not_written_again(
    tmp_path: Path, fake_generator: Any, monkeypatch: Any
) -> None:
    write_plan(tmp_path / "set", make_plan())
    before = tree(tmp_path / "set")
    fake_generator.calls.clear()
    written = write_plan(tmp_path / "set", make_plan())
    assert (written.written, written.kept, written.missing_shards) == (0, COUNT, 0)
    assert fake_generator.calls == []
    assert tree(tmp_path / "set") == before


@pytest.mark.parametrize("shards", [1, 3, 20])
def test_pictures_do_not_depend_on_the_shards(tmp_path: Path, whole: Any, shards: int) -> None:
    expected = whole(make_plan())
    write_plan(tmp_path / "set", make_plan(shards=shards))
    ours = tree(tmp_path / "set")
    pictures = [name for name in expected if name.startswith(("images/", "labels", "metadata"))]
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
        written = write_plan(folder, plan, Division(hosts=3, host=host))
        missing.append(written.missing_shards)
        assert written.written == (10 if host == 0 else 5)
    assert missing == [3, 1, 0]
    assert tree(folder) == expected


def test_a_shard_of_another_seed_is_written_again(tmp_path: Path, whole: Any) -> None:
    """Hosts with their own folders, copied together, where one had another seed."""
    plan, folder = make_plan(), tmp_path / "set"
    expected = whole(plan)
    write_plan(tmp_path / "other", make_plan(seed=4), Division(hosts=2, host=1))
    write_plan(folder, plan, Division(hosts=2, host=0))
    kept = (folder / "dataset.json").read_bytes()
    shutil.copytree(tmp_path / "other", folder, dirs_exist_ok=True)
    (folder / "dataset.json").write_bytes(kept)
    written = write_plan(folder, plan)
    assert (written.written, written.kept) == (10, 10)
    assert tree(folder) == expected


@pytest.mark.parametrize(("hosts", "host", "busy"), [(1, 0, True), (3, 1, True), (2, 1, False)])
def test_two_processes_do_not_write_the_same_shards(
    tmp_path: Path, fake_generator: Any, hosts: int, host: int, busy: bool
) -> None:
    plan, folder = make_plan(), tmp_path / "set"
    write_plan(folder, plan, Division(hosts=2, host=0))
    held = folder / f".host-0-of-{1 if hosts == 1 else 2}.lock"
    with locked(held, "writing"):
        if busy:
            with pytest.raises(UsageError, match="another process is writing"):
                write_plan(folder, plan, Division(hosts=hosts, host=host))
        else:
            assert write_plan(folder, plan, Division(hosts=hosts, host=host)).missing_shards == 0
    held.touch()  # as a killed process leaves it
    assert write_plan(folder, plan).missing_shards == 0
    assert list(folder.glob(".*")) == []
    with locked(held, "reading"):  # nobody has to wait for a complete data set
        assert write_plan(folder, plan).kept == COUNT


def test_a_host_that_completes_just_before_another_does_not_disturb_it(
    tmp_path: Path, whole: Any, monkeypatch: Any
) -> None:
    plan, folder = make_plan(), tmp_path / "set"
    expected = whole(plan)
    write_plan(folder, plan, Division(hosts=2, host=0))
    png = FORMATS["png"]

    def join(*arguments: Any) -> list[str]:
        with monkeypatch.context() as patch:
            patch.setattr(output_module, "find_format", lambda name: png)
            assert write_plan(folder, plan, Division(hosts=2, host=0)).missing_shards == 0
        return png.join(*arguments)  # the other host has removed the parts

    beaten = dataclasses.replace(png, join=join)
    monkeypatch.setattr(output_module, "find_format", lambda name: beaten)
    assert write_plan(folder, plan, Division(hosts=2, host=1)).missing_shards == 0
    assert tree(folder) == expected


def test_workers_write_the_same_files_as_one_process(tmp_path: Path) -> None:
    """With the package's own models: workers see nothing that a test replaces here."""
    plan = make_plan(shards=3, count=6, realism=parse_realism("all"))
    for name, workers in (("one", 1), ("two", 2)):
        calls: list[tuple[int, int]] = []
        division = Division(workers=workers)
        write_plan(tmp_path / name, plan, division, lambda *call, calls=calls: calls.append(call))
        assert calls == sorted(calls)
        assert (calls[0], calls[-1]) == ((0, 6), (6, 6))
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_progress_counts_the_pictures_of_this_host(tmp_path: Path, fake_generator: Any) -> None:
    plan = make_plan(count=250, shards=2)
    expected = {0: [(0, 125), (50, 125), (100, 125), (125, 125)], 1: [(125, 250), (250, 250)]}
    for host, division in enumerate([Division(hosts=2, host=0), Division()]):
        calls: list[tuple[int, int]] = []
        write_plan(tmp_path / "set", plan, division, lambda *call, calls=calls: calls.append(call))
        assert [call for call in expected[host] if call not in calls] == []
        assert calls == sorted(calls)
    calls = []
    write_plan(tmp_path / "set", plan, progress=lambda *call: calls.append(call))
    assert calls == [(250, 250)]


def test_the_error_of_a_worker_is_the_error_of_the_run(tmp_path: Path) -> None:
    (tmp_path / ".parts").mkdir()
    plan = make_plan(model="no-such-model")
    with pytest.raises(UsageError, match="no-such-model"):
        make_shards(tmp_path, plan, [0, 1, 2, 3], Division(2), lambda done, total: None)
    assert [name for name in tree(tmp_path) if not name.startswith(".")] == []


def test_an_error_ends_the_other_workers_at_once(tmp_path: Path) -> None:
    """Shard 0 alone would take many minutes; there is no shard 7."""
    plan = make_plan("npz", count=200_000, shards=2, realism=parse_realism("all"))
    (tmp_path / ".parts").mkdir()
    start = time.monotonic()
    with pytest.raises(UsageError, match="out of range: there are 200000"):
        make_shards(tmp_path, plan, [0, 7], Division(2), lambda done, total: None)
    assert time.monotonic() - start < 120
    assert [name for name in tree(tmp_path) if not name.startswith(".")] == []


def test_an_unknown_model_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no-such-model"):
        write_plan(tmp_path / "set", make_plan(model="no-such-model"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"recipe": {}}', '{"name": "other"}', "\xff"])
def test_a_damaged_manifest_is_an_error_of_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(DatasetError, match="is damaged, or not handsum's"):
        write_plan(tmp_path, make_plan())
    assert (tmp_path / "dataset.json").read_text() == text


@pytest.mark.usefixtures("fake_generator")
def test_a_data_set_has_a_card_with_the_command_that_writes_it_again(
    tmp_path: Path, run_command: Any
) -> None:
    options = {
        "count": 12, "length": (2, 5), "pattern": ["-?digits", "\\(digits\\)"], "weights": (3, 0.5),
        "realism": {"blur": 0.12345678, "noise": 1}, "format": "webdataset", "height": 40,
        "seed": 5, "verify": False, "split": "test", "shards": 2, "forms": "european",
    }  # fmt: skip
    write_dataset(tmp_path / "set", "numbers", **options)
    head, body = (tmp_path / "set" / "README.md").read_text().split("---\n", 2)[1:]
    found = dict(line.split(": ", 1) for line in head.splitlines())
    assert json.loads(found["size_categories"]) == ["n<1K"]
    assert json.loads(found["pretty_name"]) == "12 numbers, handwritten by handsum"
    (command,) = re.findall(r"^handsum dataset .*$", body, re.MULTILINE)
    assert run_command(*shlex.split(command)[1:-1], tmp_path / "again").code == 0
    assert tree(tmp_path / "again") == tree(tmp_path / "set")


@pytest.mark.usefixtures("fake_generator")
def test_the_command_of_given_texts_finds_them_in_the_folder(
    tmp_path: Path, run_command: Any
) -> None:
    write_dataset(tmp_path / "set", "numbers", texts=["1 234", "-7", "-7"], count=5, seed=2)
    card = (tmp_path / "set" / "README.md").read_text()
    (command,) = re.findall(r"^handsum dataset .*$", card, re.MULTILINE)
    words = [word.replace("texts.txt", "set/texts.txt") for word in shlex.split(command)[1:-1]]
    assert run_command(*words, tmp_path / "again").code == 0
    assert tree(tmp_path / "again") == tree(tmp_path / "set")


@pytest.mark.parametrize(
    ("count", "size"),
    [(1, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (9999, "1K<n<10K"), (10**9, "1B<n<10B")],
)
def test_a_card_names_the_size_as_the_hub_does(tmp_path: Path, count: int, size: str) -> None:
    write_card(tmp_path, Plan(Recipe("digits", count, 1), "idx", 1))
    assert f'size_categories: ["{size}"]' in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize("file_format", LOCAL)
def test_the_manifest_lists_every_file(tmp_path: Path, whole: Any, file_format: str) -> None:
    plan = make_plan(file_format)
    files = whole(plan)
    manifest = json.loads(files.pop("dataset.json"))
    sums = dict(line.split("  ")[::-1] for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert manifest["complete"] is True
    assert manifest["recipe"] == json.loads(json.dumps(plan.recipe.as_dict()))
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
    write_plan(tmp_path / "set", make_plan(), Division(hosts=1 if complete else 2))
    before = tree(tmp_path / "set")
    with pytest.raises(UsageError, match="holds another data set") as caught:
        write_plan(tmp_path / "set", make_plan(**change))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert tree(tmp_path / "set") == before


def test_another_version_does_not_continue_it(
    tmp_path: Path, fake_generator: Any, monkeypatch: Any
) -> None:
    write_plan(tmp_path / "set", make_plan(), Division(hosts=2))
    monkeypatch.setattr("handsum.datasets.plan.__version__", "9.9")
    with pytest.raises(UsageError, match=r'handsum ".*", not "9.9"'):
        write_plan(tmp_path / "set", make_plan())


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(HandsumError, match="already holds files"):
        write_plan(tmp_path, make_plan())
    with pytest.raises(HandsumError, match="is a file"):
        write_plan(tmp_path / "notes.txt", make_plan())
    with pytest.raises(HandsumError, match="there is no folder"):
        write_plan(tmp_path / "none" / "set", make_plan())
    assert tree(tmp_path) == {"notes.txt": b"mine"}


def test_a_damaged_shard_of_an_unfinished_set_is_written_again(tmp_path: Path, whole: Any) -> None:
    plan, folder = make_plan("webdataset"), tmp_path / "set"
    expected = whole(plan)
    write_plan(folder, plan, Division(hosts=2))
    (folder / "train-000000.tar").write_bytes(b"cut off")
    (folder / "train-000002.tar").unlink()
    assert write_plan(folder, plan).written == COUNT
    assert tree(folder) == expected


def test_damage_to_a_complete_data_set_is_an_error(tmp_path: Path, fake_generator: Any) -> None:
    write_plan(tmp_path / "set", make_plan())
    (tmp_path / "set" / "images" / "000007.png").write_bytes(b"")
    with pytest.raises(DatasetError, match="000007.png is damaged or missing"):
        write_plan(tmp_path / "set", make_plan())
    (tmp_path / "set" / "dataset.json").write_text("{")
    with pytest.raises(DatasetError, match="dataset.json is damaged"):
        write_plan(tmp_path / "set", make_plan())


@pytest.mark.parametrize("when", ["picture", "joining"])
def test_a_full_disk_is_one_line_and_the_run_continues_once_there_is_room(
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
            write_plan(folder, plan)
    assert "\n" not in str(caught.value)
    assert "annotations.json" not in tree(folder)
    write_plan(folder, plan)
    assert tree(folder) == expected


def test_pictures_are_written_as_they_are_drawn(
    tmp_path: Path, fake_generator: Any, monkeypatch: Any
) -> None:
    """Every picture is written before the next one is drawn."""
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
        write_plan(tmp_path / file_format, make_plan(file_format))
        assert events == ["drawn", "written"] * COUNT


@pytest.mark.parametrize(
    ("workers", "hosts", "host"), [(0, 1, 0), (1, 2, 2), (1, 0, 0), (1, 1, -1)]
)
def test_an_impossible_division_is_an_error(
    tmp_path: Path, workers: int, hosts: int, host: int
) -> None:
    with pytest.raises(UsageError, match="count hosts from 0" if workers else "1 worker or more"):
        write_plan(tmp_path / "set", make_plan(), Division(workers, hosts, host))
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("shards", [1, 2, 5])
def test_a_complete_data_set_is_made_again_without_work(
    tmp_path: Path, fake_generator: Any, file_format: str, shards: int
) -> None:
    plan, folder = some_plan(file_format, shards), tmp_path / "set"
    write_plan(folder, plan)
    expected = tree(folder)
    fake_generator.calls.clear()
    again = write_plan(folder, plan)
    assert (again.written, again.kept, again.missing_shards) == (0, plan.recipe.count, 0)
    assert fake_generator.calls == []
    assert tree(folder) == expected


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_run_killed_once_the_manifest_is_complete_is_only_tidied(
    tmp_path: Path, fake_generator: Any, file_format: str
) -> None:
    plan, folder = some_plan(file_format, 2), tmp_path / "set"
    write_plan(folder, plan, Division(hosts=2, host=0))
    parts = shutil.copytree(folder / ".parts", tmp_path / "parts")
    write_plan(folder, plan, Division(hosts=2, host=1))
    expected = tree(folder)
    shutil.copytree(parts, folder / ".parts")
    (folder / ".parts" / "00001-abc").mkdir()
    (folder / ".host-0-of-1.lock").touch()
    (folder / ".SHA256SUMS.abc.part").write_bytes(b"half")
    again = write_plan(folder, plan)
    assert (again.written, again.missing_shards) == (0, 0)
    assert tree(folder) == expected
    assert list(folder.glob(".*")) == []


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("shards", [2, 5])
def test_the_first_of_two_hosts_started_again_last_finds_all_complete(
    tmp_path: Path, fake_generator: Any, file_format: str, shards: int
) -> None:
    plan, folder = some_plan(file_format, shards), tmp_path / "set"
    for host, missing in ((0, shards // 2), (1, 0)):
        written = write_plan(folder, plan, Division(hosts=2, host=host))
        assert written.missing_shards == missing
    expected = tree(folder)
    again = write_plan(folder, plan, Division(hosts=2, host=0))
    assert (again.written, again.missing_shards) == (0, 0)
    assert tree(folder) == expected
    write_plan(tmp_path / "one", plan)
    assert tree(tmp_path / "one") == expected


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_list_of_sums_with_another_line_is_damaged(
    tmp_path: Path, fake_generator: Any, file_format: str
) -> None:
    plan, folder = some_plan(file_format, 2), tmp_path / "set"
    write_plan(folder, plan)
    lines = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
    for damaged in (lines[:-1], lines[1:], [*lines, lines[-1]], [*lines[:-1], lines[0]]):
        (folder / "SHA256SUMS").write_text("".join(damaged))
        with pytest.raises(DatasetError, match="SHA256SUMS is damaged or missing"):
            write_plan(folder, plan)


def some_plan(file_format: str, shards: int) -> Plan:
    """A plan in any format; skips where its library is missing."""
    try:
        find_format(file_format).check()
    except HandsumError as error:
        pytest.skip(str(error))
    return make_plan(file_format, shards, count=12)
