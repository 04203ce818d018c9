"""Streams: the samples of a recipe without a disk, as libraries for training read them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handsum.datasets import (
    Plan,
    Recipe,
    Stream,
    draw_samples,
    stream,
    streams,
    write_plan,
)
from handsum.errors import HandsumError, UsageError

COUNT = 60
RECIPE = Recipe("numbers", COUNT, 3, lengths=(1, 4), verify=False, realism={"noise": 0.3})
SINGLE = Recipe("digits", 20, 4, verify=False, realism={"colors": 0.5})


@pytest.fixture(scope="module")
def whole() -> list[Any]:
    """All samples, as a data set has them."""
    return list(draw_samples(RECIPE))


@pytest.fixture(scope="module")
def arrays(whole: list[Any]) -> list[dict[str, Any]]:
    return list(stream(RECIPE).arrays())


def same(first: Any, second: Any) -> bool:
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    return bool(np.array_equal(np.asarray(first), np.asarray(second)))


def test_a_stream_has_the_samples_of_the_data_set(whole: list[Any]) -> None:
    part = stream(RECIPE, 50, 56)
    assert len(part) == 6
    for index, sample in zip(range(50, 56), part, strict=True):
        assert sample.index == index
        assert sample.text == whole[index].text
        assert np.array_equal(sample.image, whole[index].image)


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All samples where they are drawn 16 at a time."""
    monkeypatch.setattr(Recipe, "block", 16)
    return list(draw_samples(RECIPE))


def test_a_sample_at_a_place_is_the_one_of_the_order(blocks: list[Any]) -> None:
    part = stream(RECIPE, 10)
    for place in (0, 49, 3, 5, 6, -1, -50):
        assert np.array_equal(part[place].image, blocks[10:][place].image)
    with pytest.raises(IndexError):
        part[50]
    assert [sample.index for sample in part[3:6]] == [13, 14, 15]
    assert [sample.index for sample in part[-2:]] == [58, 59]
    assert len(part[7:2]) == 0
    with pytest.raises(UsageError, match="no steps"):
        part[::2]


def test_several_threads_read_the_same(blocks: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_BLOCKS_KEPT", 2)
    whole = stream(RECIPE)
    places = [(17 * step) % COUNT for step in range(40)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(whole.__getitem__, places))
    for place, sample in zip(places, read, strict=True):
        assert np.array_equal(sample.image, blocks[place].image)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 55, 56])
def test_parts_divide_a_stream(count: int) -> None:
    some = stream(RECIPE, 5)
    equal = [some.part(index, count) for index in range(count)]
    assert {len(part) for part in equal} == {55 // count}
    whole = [some.part(index, count, equal=False) for index in range(count)]
    assert [place for part in whole for place in range(part.start, part.stop)] == [*range(5, 60)]
    assert max(map(len, whole)) - min(map(len, whole)) <= 1


@pytest.mark.parametrize(
    ("start", "stop"), [(-1, 5), (0, 61), (5, 4), (61, None)], ids=lambda edge: str(edge)
)
def test_a_range_beyond_the_recipe_is_refused(start: int, stop: int | None) -> None:
    with pytest.raises(UsageError, match="out of range: there are 60"):
        stream(RECIPE, start, stop)


@pytest.mark.parametrize(("start", "stop"), [(0.0, 5), (False, True), ("1", 5)])
def test_a_range_is_of_whole_numbers(start: Any, stop: Any) -> None:
    with pytest.raises(UsageError, match="whole number"):
        stream(RECIPE, start, stop)


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, read in (("torch", Stream.torch), ("tensorflow", Stream.tensorflow)):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, "handsum.datasets.torch_streams", raising=False)
        with pytest.raises(HandsumError, match=f"this needs {name}: run .*{name}"):
            read(stream(RECIPE))


@pytest.mark.parametrize(("index", "count"), [(-1, 2), (2, 2), (0, 0)])
def test_there_is_no_such_part(index: int, count: int) -> None:
    with pytest.raises(UsageError, match="no part"):
        stream(RECIPE).part(index, count)


@pytest.mark.parametrize("recipe", [RECIPE, SINGLE], ids=["numbers", "digits"])
def test_arrays_are_those_of_an_npz_file(recipe: Recipe, tmp_path: Path) -> None:
    write_plan(tmp_path / "set", Plan(recipe, "npz", 1, "train"))
    (file,) = (tmp_path / "set").glob("*.npz")
    stored = np.load(file)
    examples = list(stream(recipe).arrays())
    for name in ("image", "label", "width", "total", "writer", "text"):
        column = np.stack([np.asarray(example[name]) for example in examples])
        assert np.array_equal(column, stored[f"{name}s"]), name
    boxes = np.stack([example["boxes"] for example in examples])
    assert np.array_equal(boxes, stored["boxes"])
    lengths = [example["length"] for example in examples]
    digits = np.atleast_2d(stored["labels"].T).T
    assert lengths == (digits != 255).sum(1).tolist()


def test_a_stream_goes_to_other_processes(whole: list[Any]) -> None:
    some = stream(RECIPE, 30, 60)
    some[3]
    copy = pickle.loads(pickle.dumps(some))
    assert repr(copy) == repr(some)
    assert repr(some).startswith("<stream of 30 numbers, 30 to 60, recipe ")
    other = Recipe("numbers", COUNT, 4, lengths=(1, 4), verify=False)
    assert repr(stream(other, 30, 60)) != repr(some)
    assert np.array_equal(copy[3].image, whole[33].image)


def test_no_library_is_imported_before_it_is_used() -> None:
    code = "import sys, handsum.datasets; print({'torch', 'tensorflow', 'grain'} & {*sys.modules})"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout == "set()\n"


# Grain.


def test_grain_reads_a_stream_and_goes_on_where_it_stopped(arrays: list[dict[str, Any]]) -> None:
    grain = pytest.importorskip("grain")
    data = grain.MapDataset.source(stream(RECIPE, 10, 60).arrays()).batch(20).to_iter_dataset()
    batches = iter(data)
    first = next(batches)
    assert np.array_equal(first["image"], np.stack([one["image"] for one in arrays[10:30]]))
    state = batches.get_state()
    second = next(batches)
    again = iter(data)
    again.set_state(state)
    assert same(next(again), second)
    assert [len(batch["label"]) for batch in again] == [10]


# PyTorch, with real loaders: their workers are new processes.


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


def load(some: Stream, workers: int, **options: Any) -> Any:
    from torch.utils.data import DataLoader

    context = "spawn" if workers else None
    data = some.torch()
    return DataLoader(
        data, batch_size=16, num_workers=workers, multiprocessing_context=context, **options
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_every_sample_is_loaded_once(
    torch: Any, workers: int, arrays: list[dict[str, Any]]
) -> None:
    loader = load(stream(RECIPE, 10, 55), workers)
    batches = list(loader)
    assert sorted(index for batch in batches for index in batch["index"].tolist()) == [
        *range(10, 55)
    ]
    for batch in batches:
        for row, index in enumerate(batch["index"].tolist()):
            assert np.array_equal(batch["image"][row].numpy(), arrays[index]["image"])
            assert batch["text"][row] == arrays[index]["text"]
    # The next epoch has the same ones.
    again = next(iter(loader))
    assert torch.equal(again["image"], batches[0]["image"])


def test_each_rank_has_its_own_equal_part(torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for rank in range(3):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "3")
        data = stream(RECIPE, 0, 50).torch()
        own = [int(example["index"]) for example in data]
        assert len(own) == 16
        seen += own
    assert seen == [*range(48)]


# PyTorch's own names that a look at all of them touches.
TORCHDATA = pytest.mark.filterwarnings(
    "ignore:.* is deprecated, please do not call:UserWarning",
    "ignore:This DataLoader will create:UserWarning",
)


def resumable(count: int, workers: int, batch: int, **options: Any) -> Any:
    loaders = pytest.importorskip("torchdata.stateful_dataloader")
    context = "spawn" if workers else None
    return loaders.StatefulDataLoader(
        stream(RECIPE, 2, 2 + count).torch(),
        batch_size=batch,
        num_workers=workers,
        multiprocessing_context=context,
        **options,
    )


def indices(batches: Any) -> list[list[int]]:
    return [batch["index"].tolist() for batch in batches]


@TORCHDATA
@pytest.mark.parametrize(
    ("count", "workers", "batch", "stops"), [(58, 0, 8, (0, 2, 7)), (10, 3, 2, (1, 4, 5))]
)
def test_a_loader_goes_on_where_it_stopped(
    torch: Any, count: int, workers: int, batch: int, stops: tuple[int, ...]
) -> None:
    """Also where one of the workers has read all of its part, and where a state is saved twice."""
    for stop in stops:
        loader = resumable(count, workers, batch)
        batches = iter(loader)
        for _ in range(stop):
            next(batches)
        state = loader.state_dict()
        rest = indices(batches)
        other = resumable(count, workers, batch)
        other.load_state_dict(state)
        if workers == 0:
            again = resumable(count, workers, batch)
            again.load_state_dict(other.state_dict())
            assert indices(again) == rest
        assert indices(other) == rest
        # The next epoch is a whole one.
        assert sum(map(len, indices(other))) == count


@TORCHDATA
def test_workers_that_stay_begin_each_epoch_anew(torch: Any) -> None:
    loader = resumable(20, 2, 2, persistent_workers=True)
    batches = iter(loader)
    for _ in range(4):
        next(batches)
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    rest = indices(batches)
    other = resumable(20, 2, 2)
    other.load_state_dict(state)
    assert indices(other) == rest
    assert sum(map(len, rest)) == 18


def test_the_state_of_another_stream_is_refused(torch: Any) -> None:
    data = stream(RECIPE, 0, 50).torch()
    state = data.state_dict()
    other = Recipe("numbers", COUNT, 4, lengths=(1, 4), verify=False)
    for wrong in (stream(RECIPE, 0, 49), stream(other, 0, 50)):
        loaded = wrong.torch()
        loaded.load_state_dict(state)
        assert loaded.state_dict() == state
        with pytest.raises(UsageError, match="the state is of") as caught:
            iter(loaded)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("change", [{"position": -1}, {"position": 51}, {"position": "x"}, None])
def test_what_is_no_state_is_refused(torch: Any, change: dict[str, Any] | None) -> None:
    data = stream(RECIPE, 0, 50).torch()
    data.load_state_dict(data.state_dict() | change if change else {})
    with pytest.raises(UsageError, match="state"):
        iter(data)


@pytest.mark.parametrize(("rank", "size"), [("x", "2"), ("", "2"), ("1", "")])
def test_a_rank_that_is_none_is_refused(
    torch: Any, monkeypatch: pytest.MonkeyPatch, rank: str, size: str
) -> None:
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", size)
    with pytest.raises(UsageError, match="RANK and WORLD_SIZE"):
        stream(RECIPE).torch()


# JAX warns of the fork.
@pytest.mark.filterwarnings("ignore")
def test_a_forked_worker_says_what_to_do(torch: Any, arrays: list[dict[str, Any]]) -> None:
    from torch.utils.data import DataLoader

    loader = DataLoader(stream(RECIPE, 0, 9).torch(), num_workers=1, multiprocessing_context="fork")
    with pytest.raises(UsageError, match="multiprocessing_context='spawn'"):
        next(iter(loader))


# TensorFlow.


def test_tensorflow_reads_a_stream(arrays: list[dict[str, Any]]) -> None:
    pytest.importorskip("tensorflow")
    data = stream(RECIPE, 7, 37).tensorflow().batch(10)
    batches = list(data.as_numpy_iterator())
    assert [len(batch["label"]) for batch in batches] == [10, 10, 10]
    assert np.array_equal(batches[2]["image"][9], arrays[36]["image"])
    assert batches[0]["text"][0].decode() == arrays[7]["text"]
    assert batches[0]["label"].dtype == np.uint8
