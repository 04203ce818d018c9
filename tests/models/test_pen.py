"""The pen: what its losses reward, and the strokes that the bundled one finds."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handsum.data.mnist import Dataset, load
from handsum.data.paths import POINTS, draw_paths, load_paths, split_paths
from handsum.layers.pen import presence, whole_path
from handsum.losses.strokes import PathDensity, StrokesConfig, redrawing_loss, smoothness
from handsum.metrics.strokes import shared_ink
from handsum.pretrained.load import load_model, load_pen, load_reader
from handsum.strokes import Strokes, draw_strokes


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("validation").where(np.arange(300))


@pytest.fixture(scope="module")
def traced(digits: Dataset) -> list[Strokes]:
    return load_pen().trace(digits.images)


def test_a_traced_digit_is_drawn_as_it_was(digits: Dataset, traced: list[Strokes]) -> None:
    drawn = draw_strokes(traced, 28)
    assert shared_ink(drawn, digits.images) > 0.9
    read = load_reader("judge").probabilities(drawn).argmax(-1)
    assert (read == digits.labels).mean() > 0.98


def test_edges_are_as_soft_as_mnist_s(digits: Dataset, traced: list[Strokes]) -> None:
    def grey(images: np.ndarray) -> float:
        return float(((images > 25) & (images < 230)).sum() / (images > 25).sum())

    # At twice or half the softness, the share differs by more than 0.15.
    assert abs(grey(draw_strokes(traced, 28)) - grey(digits.images)) < 0.1


def test_strokes_come_as_people_write_them(digits: Dataset, traced: list[Strokes]) -> None:
    def own(label: int) -> list[Strokes]:
        return [one for one, found in zip(traced, digits.labels, strict=True) if found == label]

    # A 4 is lifted, a 0 is not; what is written downwards starts above its end.
    assert np.mean([len(digit.controls) == 2 for digit in own(4)]) > 0.9
    assert np.mean([len(digit.controls) == 1 for digit in own(0)]) > 0.9
    for label in (1, 2, 3, 7):
        ways = [digit.controls[0][[0, -1], 1] for digit in own(label)]
        assert np.mean([start < end for start, end in ways]) > 0.95


def test_a_digit_is_traced_alike_in_any_batch(digits: Dataset, traced: list[Strokes]) -> None:
    pen = load_model("pen")
    (alone,) = pen.trace(digits.images[7:8])  # type: ignore[union-attr]
    for one, other in zip(alone.controls, traced[7].controls, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_without_ink_there_are_no_strokes() -> None:
    pen = load_pen()
    assert [len(one.controls) for one in pen.trace(np.zeros((2, 28, 28), np.uint8))] == [0, 0]
    assert pen.trace(np.zeros((0, 28, 28), np.uint8)) == []
    # Nor where a scanner's noise is.
    assert [len(one.controls) for one in pen.trace(np.full((1, 28, 28), 3, np.uint8))] == [0]


def test_faint_ink_is_traced_like_black(digits: Dataset, traced: list[Strokes]) -> None:
    pale = (digits.images[:40] * 0.2).astype(np.uint8)
    drawn, black = (draw_strokes(some, 28) for some in (load_pen().trace(pale), traced[:40]))
    assert shared_ink(drawn, black) > 0.9


def test_paths_are_likelier_for_their_digit_and_in_their_direction() -> None:
    paths = load_paths()
    points, kinds = draw_paths(paths, 500, np.random.default_rng(0))
    labels = paths.labels[kinds].astype(np.int32)
    density = PathDensity.of(paths)
    own = density.unlikelihood(jnp.asarray(points), labels)
    for other in (
        density.unlikelihood(jnp.asarray(points[:, ::-1]), labels),
        density.unlikelihood(jnp.asarray(points), (labels + 1) % 10),
    ):
        assert (own < other).mean() > 0.95


def test_a_path_far_from_all_still_has_a_gradient() -> None:
    density = PathDensity.of(load_paths())
    far = jnp.full((1, POINTS, 2), 40.0)
    slope = jax.grad(lambda path: density.unlikelihood(path, jnp.array([3])).sum())(far)
    assert jnp.isfinite(slope).all()
    assert jnp.abs(slope).max() > 1e-3


def test_a_lift_costs_most_where_nobody_lifts_the_pen() -> None:
    lifts = PathDensity.of(load_paths()).lifts
    assert lifts[4] < lifts[1] < lifts[0] == lifts[8]
    config = StrokesConfig()
    points = jnp.linspace(0, 1, 6)[None, None, :, None] * jnp.ones((1, 2, 6, 2))
    widths = jnp.full((1, 2, 6), 0.05)
    cost = [
        float(smoothness(config, points, widths, jnp.ones((1, 2)), lifts[[digit]])[0])
        for digit in (4, 0)
    ]
    assert cost[0] < cost[1]


def test_split_paths_have_a_stroke_on_each_side_of_the_lift() -> None:
    path = np.stack([np.arange(8.0), np.zeros(8)], axis=1)[None]
    (first, second), (whole, none) = (
        split_paths(path, np.array([lift]), 9)[0] for lift in ((3, 5), (-1, -1))
    )
    np.testing.assert_allclose(first[[0, -1], 0], [0, 3])
    np.testing.assert_allclose(second[[0, -1], 0], [5, 7])
    np.testing.assert_allclose(whole[[0, -1], 0], [0, 7])
    assert np.isnan(none).all()


def test_the_whole_path_passes_through_the_lift() -> None:
    strokes = np.zeros((1, 3, 4, 2), np.float32)
    strokes[0, 0, :, 0] = [0, 0.1, 0.2, 0.3]
    strokes[0, 1, :, 0] = [0.6, 0.7, 0.8, 0.9]
    strokes[0, 1, :, 1] = 0.3
    both, one = (
        np.asarray(whole_path(jnp.asarray(strokes), jnp.array([there]), POINTS))[0]
        for there in ([1.0, 1.0, 0.0], [1.0, 0.0, 0.0])
    )
    steps = np.linalg.norm(np.diff(both * [0.9, 0.3], axis=0), axis=1)
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.05)
    np.testing.assert_allclose(both[[0, -1]], [[0, 0], [1, 1]], atol=1e-5)
    assert np.ptp(one[:, 1]) < 0.01


def test_a_stroke_is_there_or_not_and_has_a_gradient() -> None:
    logits = jnp.array([[10.0, 0.3, -0.2]])
    assert presence(logits).tolist() == [[1.0, 1.0, 0.0]]
    slope = jax.grad(lambda values: presence(values).sum())(logits)
    assert (slope > 0).all()


def test_the_same_drawing_costs_nothing_and_a_near_one_less_than_a_far_one() -> None:
    line = np.full((3, 28, 28, 1), -1.0, np.float32)
    for row, column in enumerate((8, 10, 16)):
        line[row, 4:24, column] = 1
    target = jnp.asarray(line[:1])
    costs = [float(redrawing_loss(jnp.asarray(line[row : row + 1]), target)[0]) for row in range(3)]
    assert costs[0] == 0
    assert 0 < costs[1] < costs[2]
