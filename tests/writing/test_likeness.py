from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from handsum.data.mnist import Dataset, load
from handsum.errors import UsageError
from handsum.metrics.hands import slant, standardise_by_class, stroke_width
from handsum.pretrained.load import load_generator
from handsum.writing.hands import hand_vectors, parse_hand
from handsum.writing.likeness import fit_hand, most_alike


def rows_of(data: Dataset, writer: int, random: np.random.Generator) -> np.ndarray:
    assert data.writers is not None
    return random.permutation(np.flatnonzero(data.writers == np.unique(data.writers)[writer]))


def test_ten_digits_identify_a_writer() -> None:
    data, random = load("train"), np.random.default_rng(1)
    first = []
    for writer in range(0, 494, 50):
        rows = rows_of(data, writer, random)[:10]
        found = most_alike(data.images[rows], data.labels[rows], 20)
        assert len(found) == 20
        assert [one.distance for one in found] == sorted(one.distance for one in found)
        first.append(found[0].writer == writer)
    assert sum(first) >= 7


@pytest.mark.slow
def test_fitted_hands_have_the_slant_and_width_of_unseen_writers() -> None:
    data, random, generator = load("validation"), np.random.default_rng(0), load_generator()
    labels = np.repeat(np.arange(10), 4)
    own, drawn = [], []
    for writer in range(0, 40, 5):
        rows = rows_of(data, writer, random)
        mine, rest = rows[:10], rows[10:50]
        hand = fit_hand(generator, data.images[mine], data.labels[mine])
        assert 0 < hand.fit < 1
        asked = hand_vectors(parse_hand(hand.name), generator.hands, 40, 0)
        np.testing.assert_array_equal(asked[0], hand.vector)
        own.append((data.images[rest], data.labels[rest]))
        drawn.append((generator.draw(labels, asked, seed=1), labels))
    for measure in (slant, stroke_width):
        means = []
        for sets in (own, drawn):
            images, classes = (np.concatenate(part) for part in zip(*sets, strict=True))
            values = standardise_by_class(measure(images), classes)
            ends = np.cumsum([len(part[1]) for part in sets])[:-1]
            means.append([part.mean() for part in np.split(values, ends)])
        assert np.corrcoef(*means)[0, 1] > 0.7


def test_a_hand_of_the_generator_fits_and_that_of_a_clock_does_not(draw_row) -> None:
    generator, labels = load_generator(), np.tile(np.arange(10), 3)
    own = generator.draw(labels, np.full(30, 77), seed=4)
    assert fit_hand(generator, own, labels).fit > 0.5
    assert fit_hand(generator, draw_row("0123456789"), labels[:10]).fit < 0.02


def test_neither_the_order_of_digits_nor_repeats_matter() -> None:
    generator, labels = load_generator(), np.tile(np.arange(4), 3)
    images = generator.draw(labels, np.full(12, 12), seed=1)
    hand = fit_hand(generator, images, labels)
    order = np.random.default_rng(0).permutation(np.arange(24) % 12)
    again = fit_hand(generator, images[order], labels[order])
    assert (again.name, again.fit) == (hand.name, hand.fit)
    with pytest.raises(UsageError, match="2 digits are too few"):
        fit_hand(generator, images[[0, 1, 0, 1]], labels[[0, 1, 0, 1]])


@pytest.mark.parametrize("count", [3, pytest.param(5, marks=pytest.mark.slow)])
def test_few_digits_of_one_class_are_enough(count: int) -> None:
    generator = load_generator()
    labels = np.full(count, 7)
    images = generator.draw(labels, np.full(count, 12), seed=1)
    hand = fit_hand(generator, images, labels)
    assert np.isfinite(hand.vector).all()
    assert np.isfinite(hand.distance)


def test_wrong_arguments_are_refused() -> None:
    images, labels = np.zeros((2, 28, 28), np.uint8), np.array([1, 2])
    with pytest.raises(UsageError, match="2 digits are too few"):
        most_alike(images, labels)
    with pytest.raises(UsageError, match="2 digits are too few"):
        fit_hand(load_generator(), images, labels)
    with pytest.raises(UsageError, match="cgan knows no writers"):
        fit_hand(load_generator("cgan"), images, labels)
    others: Any = SimpleNamespace(
        name="mine", writers=5, hands=np.zeros((5, 32)), check_writers=lambda: None
    )
    with pytest.raises(UsageError, match="mine has other writers than MNIST's"):
        fit_hand(others, images, labels)
