import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.errors import UsageError
from handsum.models.registry import ENTRIES
from handsum.pretrained.load import load_generator, load_model, load_sequence_generator
from handsum.pretrained.snapshots import is_bundled
from handsum.writing.generate import generate
from handsum.writing.stages import ForwardPass, GeneratorStage, montage, stage_title, strongest
from handsum.writing.visualize import visualize

GENERATORS = [
    entry.name for entry in ENTRIES.values() if "generator" in entry.task and is_bundled(entry.name)
]


@pytest.fixture(scope="module")
def seven() -> ForwardPass:
    return visualize(7, seed=3, writer=5)


def test_a_pass_ends_in_the_digit_that_generate_draws(seven: ForwardPass) -> None:
    image = seven.stages[-1].values
    drawn = load_generator().draw(np.array([7]), np.array([5]), seed=3, indices=np.array([0]))
    np.testing.assert_allclose((image[..., 0] + 1) * 127.5, drawn[0], atol=1)


def test_the_hand_is_the_seed_s_choice_as_generate_has_it() -> None:
    shown, drawn = visualize(7, seed=1), generate("7", count=1, seed=1)
    assert shown.what == f"7, writer {drawn.writers[0]}"
    image = (shown.stages[-1].values[..., 0] + 1) * 127.5
    np.testing.assert_allclose(image, drawn.images[0], atol=1)


@pytest.mark.parametrize("text", ["7", "07"])
def test_a_digit_may_be_a_text(seven: ForwardPass, text: str) -> None:
    shown = visualize(text, seed=3, writer=5)
    assert shown.what == seven.what
    np.testing.assert_array_equal(shown.stages[-1].values, seven.stages[-1].values)


def test_a_hand_may_be_a_mix() -> None:
    shown, drawn = (
        visualize(7, seed=1, writer="3+5"),
        generate("7", count=1, seed=1, writer="3+5"),
    )
    assert shown.what == "7, writer 3+5"
    image = (shown.stages[-1].values[..., 0] + 1) * 127.5
    np.testing.assert_allclose(image, drawn.images[0], atol=1)


def test_a_pass_goes_from_the_condition_through_the_layers(seven: ForwardPass) -> None:
    names = [stage.name for stage in seven.stages]
    assert names[:2] == ["condition", "latents"]
    assert names[-1] == "image"
    assert names.index("base") < names.index("blocks/0/first") < names.index("out")
    assert seven.stages[0].values.argmax() == 7
    shapes = {stage.name: stage.values.shape for stage in seven.stages}
    assert shapes["blocks/1/first"] == (14, 14, 48)


def test_a_sequence_shows_its_plan_and_all_of_its_digits() -> None:
    shown = visualize(23, model="lstm-cgan", length=4, seed=0)
    shapes = {stage.name: stage.values.shape for stage in shown.stages}
    assert shapes["planner/out"] == shapes["chosen digits"] == (4, 10)
    assert shapes["image"] == (28, 4 * 28, 1)
    assert shown.what.endswith(" for 23")
    images, digits = load_sequence_generator("lstm-cgan").draw(
        np.array([23]), 4, seed=0, indices=np.array([0])
    )
    assert shown.what == f"{'+'.join(map(str, digits[0]))} for 23"
    strip = (shown.stages[-1].values[..., 0] + 1) * 127.5
    np.testing.assert_allclose(strip, np.concatenate(list(images[0]), axis=1), atol=1)


def test_a_layer_with_all_positions_shows_them() -> None:
    shown = visualize(23, model="one-to-many-cgan", length=4, seed=0)
    shapes = {stage.name: stage.values.shape for stage in shown.stages}
    assert shapes["planner/out"] == (10, 10)
    assert shapes["mapping"] == (128,)
    digits = next(stage.values for stage in shown.stages if stage.name == "chosen digits")
    assert shown.what == f"{'+'.join(map(str, digits.argmax(1)))} for 23"


def test_a_generator_of_strokes_shows_their_points_and_widths(tiny_pen_gan: Path) -> None:
    shown = visualize(7, model=tiny_pen_gan, seed=0)
    titles = [stage.title for stage in shown.stages]
    assert titles[-4].startswith("Control points of the strokes: 72")
    assert titles[-3].startswith("Widths along the strokes: 37")
    assert titles[-2].startswith("Which strokes there are: 3")
    drawn = load_generator(str(tiny_pen_gan)).draw(np.array([7]), None, seed=0)
    np.testing.assert_allclose((shown.stages[-1].values[..., 0] + 1) * 127.5, drawn[0], atol=1)


def test_channels_of_a_model_that_has_no_maps_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gan has no feature maps"):
        visualize(model="gan", seed=0).save(tmp_path / "a.png", 4)
    assert not (tmp_path / "a.png").exists()


def test_recording_leaves_the_layers_unchanged() -> None:
    from flax import nnx

    before = nnx.Conv.__call__, nnx.Linear.__call__
    visualize(0, seed=0)
    assert (nnx.Conv.__call__, nnx.Linear.__call__) == before


def test_the_strongest_maps_vary_most() -> None:
    maps = np.zeros((4, 4, 3))
    maps[0, 0] = [1, 3, 2]
    np.testing.assert_array_equal(strongest(maps, 2)[0, 0], [3, 2])


def test_a_montage_holds_every_map_once() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 3, 10))
    grid = montage(maps)
    inside = grid[np.isfinite(grid)]
    assert inside.size == maps.size
    np.testing.assert_allclose(np.sort(inside), np.sort(maps.ravel()))
    assert montage(np.arange(300.0)).shape == (3, 100)


def test_pictures_and_films_are_saved(seven: ForwardPass, tmp_path: Path) -> None:
    few = replace(seven, stages=seven.stages[:2] + seven.stages[-2:])
    few.save(tmp_path / "a.png", 4)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width == 990
    few.save(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 4


def test_titles_say_the_size() -> None:
    assert GeneratorStage("x", np.zeros((2, 3, 4))).title == "X: 4 maps of 3×2"
    assert GeneratorStage("x", np.zeros((2, 3, 1))).title == "X: 1 map of 3×2"
    assert GeneratorStage("x", np.zeros((2, 3, 4)), channels=9).title == "X: 4 of 9 maps of 3×2"
    assert GeneratorStage("x", np.zeros((2, 3))).title == "X: 2 × 3 values"
    assert GeneratorStage("image", np.zeros((2, 3, 1))).title == "Image: 3×2 pixels"


@pytest.mark.parametrize("model", GENERATORS)
def test_every_stage_has_a_title_in_words(model: str) -> None:
    task = load_model(model).task
    number = {"digit generator": 7, "sequence generator": 12}.get(task)
    stages = visualize(number, model=model, seed=0).stages
    titles = [stage_title(stage.name) for stage in stages]
    assert len(set(titles)) == len(titles)
    for stage, title in zip(stages, titles, strict=True):
        assert title[0].isupper()
        assert stage.title.startswith(f"{title}: ")
        # No path in the network, and layers are counted from 1.
        assert re.search(r"[/_›]|\b0\b|: ", title) is None, title
        # A layer that has only the words of its path needs an entry in `_TITLES`.
        words = title.lower().split()
        assert words != re.split("[/_]", stage.name) or stage.name == "image", title


@pytest.mark.parametrize(
    ("number", "options", "message"),
    [
        (None, {}, "which digit"),
        (12, {}, "12 is no digit"),
        (1, {"writer": 9999}, "writers 0 to"),
        (1, {"length": 3}, "draws single digits"),
        (1, {"model": "cnn"}, "cannot do this"),
        (1, {"model": "gan"}, "draws random digits: leave out the digit"),
        (None, {"model": "lstm-cgan"}, "which total"),
        (23, {"model": "lstm-cgan", "length": 11}, "lengths from 1 to 10"),
        (99, {"model": "lstm-cgan", "length": 2}, "2 digits reach sums from 0 to 18"),
        (23, {"model": "lstm-cgan", "writer": 1}, "knows no writers"),
        (7, {"model": "cgan", "writer": 0}, "knows no writers"),
    ],
)
def test_wrong_requests_are_refused(number: int | None, options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        visualize(number, **options)


def test_stages_are_traced_while_other_threads_build_networks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Flax replaces methods of its classes while it captures the outputs of layers."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    load_generator.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        building = [pool.submit(load_generator("r3gan").network) for _ in range(12)]
        passes = [pool.submit(visualize, 3, seed=seed) for seed in (1, 1)]
        first, second = (one.result() for one in passes)
        assert all(one.result() is not None for one in building)
    assert [stage.name for stage in first.stages] == [stage.name for stage in second.stages]


def test_a_second_process_takes_the_compiled_stages_from_the_cache(tmp_path: Path) -> None:
    program = (
        "import sys; from handsum.writing.visualize import visualize; "
        "visualize(7, model='cgan', seed=0); "
        "visualize(12, model='lstm-cgan', length=3, seed=0); print('flax' in sys.modules)"
    )
    traced = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert traced == ["True", "False"]
