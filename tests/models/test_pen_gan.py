"""`pen-gan`: its strokes are what its adversaries see, and it needs no pen to trace them."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handsum
from handsum.data.paths import load_paths
from handsum.layers.pen import images_of, presence
from handsum.layers.raster import draw
from handsum.losses import OfDrawn
from handsum.losses.strokes import PathDensity
from handsum.models import pen_gan
from handsum.models.inference import to_bytes
from handsum.pretrained import load
from handsum.pretrained.generators import DigitGenerator, Tracer
from handsum.pretrained.snapshots import load_snapshot
from handsum.strokes import Strokes, draw_strokes

CONFIG = pen_gan.PRESETS["small"]
LABELS, WRITERS = np.arange(40) % 10, np.arange(40) % 7


@pytest.fixture(scope="module")
def generator(tiny_pen_gan: Path) -> DigitGenerator:
    """The generator of a snapshot, without a pen."""

    def load_pen() -> Tracer:
        raise AssertionError("it writes its own strokes")

    return DigitGenerator("tiny", load_snapshot(tiny_pen_gan), load_pen)


@pytest.fixture(scope="module")
def network(generator: DigitGenerator) -> pen_gan.Generator:
    found: pen_gan.Generator = generator.network()
    return found


@pytest.fixture(scope="module")
def written(generator: DigitGenerator) -> list[Strokes]:
    generator.prepare(WRITERS, strokes=True)
    return generator.write(LABELS, WRITERS, seed=4)


def test_its_strokes_are_the_digits_that_it_draws(
    generator: DigitGenerator, written: list[Strokes]
) -> None:
    assert {len(digit.controls) for digit in written} <= {1, 2}
    # As the network draws them, with two pieces a span, and as pictures do, with more.
    images = generator.draw(LABELS, WRITERS, seed=4)
    difference = np.abs(draw_strokes(written, 28).astype(int) - images)
    assert difference.mean() < 1
    assert difference.max() < 60
    for digit, image in zip(written, images, strict=True):
        controls = jnp.float32(np.stack(digit.controls))[None]
        drawn = draw(controls[..., :2], controls[..., 2], jnp.ones((1, len(digit.controls))))
        assert np.abs(np.asarray(to_bytes(drawn))[0].astype(int) - image).max() <= 1


def test_the_discriminator_sees_the_images_of_its_strokes(network: pen_gan.Generator) -> None:
    loss = pen_gan.losses(CONFIG)["generator"]
    assert isinstance(loss, OfDrawn)
    batch = {"key": jax.random.key(1), "labels": jnp.arange(6), "writers": jnp.arange(6)}
    drawn = loss.draw({"generator": network}, batch)
    seen = draw(drawn["points"], drawn["half_widths"], drawn["there"])
    np.testing.assert_allclose(drawn["generated"], seen)
    assert drawn["generated"].shape == (6, 28, 28, 1)
    assert drawn["there"].tolist() == [[1.0]] * 6


def test_images_and_strokes_come_from_the_same_latents(network: pen_gan.Generator) -> None:
    latents = jax.random.normal(jax.random.key(2), (5, network.latent_size))
    arguments = latents, jnp.arange(5), jnp.arange(5)
    strokes = network.write(*arguments)
    np.testing.assert_allclose(
        network(*arguments), images_of(strokes, presence(strokes.logits)), atol=1e-5
    )


def test_a_digit_is_one_path_that_can_be_seen(network: pen_gan.Generator) -> None:
    labels = jnp.arange(200) % 10
    latents = jax.random.normal(jax.random.key(0), (200, network.latent_size))
    written = network.write(latents, labels, jnp.zeros(200, int))
    assert (np.asarray(written.logits) > 0).tolist() == [[True]] * 200
    # What is hidden beyond the image has a price, and nothing else of the path changes it.
    points, there = written.points, presence(written.logits)
    strokes = {"half_widths": written.half_widths, "there": there, "labels": labels}
    density = PathDensity.of(load_paths())
    prices = [
        pen_gan.stroke_penalties(CONFIG, density, {"points": points + shift, **strokes})[1]
        for shift in (0.0, 0.9)
    ]
    assert prices[0]["beyond"] < 0.1 < prices[1]["beyond"]


def test_a_digit_s_strokes_do_not_depend_on_the_others(
    generator: DigitGenerator, written: list[Strokes]
) -> None:
    for row in (0, 31, 32, 39):
        index = np.array([row])
        (alone,) = generator.write(LABELS[index], WRITERS[index], seed=4, indices=index)
        same_strokes(alone, written[row])
    backwards = np.arange(40)[::-1]
    again = generator.write(LABELS[backwards], WRITERS[backwards], seed=4, indices=backwards)
    for one, other in zip(again[::-1], written, strict=True):
        same_strokes(one, other)


def same_strokes(one: Strokes, other: Strokes) -> None:
    for own, others in zip(one.controls, other.controls, strict=True):
        np.testing.assert_array_equal(own, others)


def test_a_writer_has_one_hand_and_seeds_differ(generator: DigitGenerator) -> None:
    labels, writers = LABELS[:4], np.full(4, 5)
    first = generator.write(labels, writers, seed=4)
    by_hand = generator.write(labels, generator.hands[writers], seed=4)
    for one, other in zip(first, by_hand, strict=True):
        np.testing.assert_allclose(one.controls[0], other.controls[0], atol=1e-5)
    for changed in (
        generator.write(labels, writers, seed=5),
        generator.write(labels, writers + 1, seed=4),
        generator.write(labels, writers, seed=4, attempts=np.ones(4, int)),
    ):
        assert not np.allclose(changed[0].controls[0], first[0].controls[0], atol=1e-3)


def test_numbers_are_written_with_its_strokes_and_no_pen(
    tiny_pen_gan: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.symlink_to(tiny_pen_gan)

    def load_pen() -> Tracer:
        raise AssertionError("it writes its own strokes")

    monkeypatch.setattr(load, "load_pen", load_pen)
    written = handsum.number("120", seed=1, writer=3, model=folder, verify=False)
    assert written.strokes is not None
    model = handsum.load_model(folder)
    assert isinstance(model, DigitGenerator)
    expected = model.write(np.array([1, 2, 0]), np.full(3, 3), seed=1)
    for one, other in zip(written.strokes[0], expected, strict=True):
        same_strokes(one, other)
    summed = handsum.sum_sequence(9, 3, seed=1, model=folder, verify=False)
    assert summed.strokes is not None
    assert summed.labels.sum() == 9


def test_unlikely_paths_and_bends_cost() -> None:
    line = np.zeros((2, 3, 12, 2), np.float32)
    line[..., 1] = np.linspace(-0.4, 0.4, 12)
    # A 1 written downwards, and upwards.
    line[1, ..., 1] *= -1
    bent = line + np.array([0.1, 0]) * (np.arange(12) % 2)[:, None]
    there, widths = np.eye(3)[[0, 0]], np.full((2, 3, 12), 0.05)
    costs = [
        {name: float(value) for name, value in penalties(points[[row]], widths, there).items()}
        for points, row in ((line, 0), (line, 1), (bent, 0))
    ]
    assert costs[0]["order"] < costs[1]["order"]
    assert costs[0]["smoothness"] < costs[2]["smoothness"]


def penalties(points: np.ndarray, widths: np.ndarray, there: np.ndarray) -> dict[str, jax.Array]:
    """The metrics of the penalties of one 1."""
    batch = {"points": points, "half_widths": widths[:1], "there": there[:1], "labels": [1]}
    arrays = {name: jnp.asarray(value) for name, value in batch.items()}
    return pen_gan.stroke_penalties(CONFIG, PathDensity.of(load_paths()), arrays)[1]
