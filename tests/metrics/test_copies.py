import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from handsum.metrics.copies import count_copies, nearest_of_class


def digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 28, 28), np.uint8), rng.integers(0, 3, count)


def test_the_nearest_of_the_class_is_found_as_scikit_learn_finds_it() -> None:
    (images, labels), (training, classes) = digits(40, 0), digits(90, 1)
    found = nearest_of_class(images, labels, training, classes)
    for label in range(3):
        own = np.flatnonzero(classes == label)
        search = NearestNeighbors(n_neighbors=1).fit(training[own].reshape(len(own), -1) / 255)
        rows = labels == label
        distances, which = search.kneighbors(images[rows].reshape(rows.sum(), -1) / 255)
        np.testing.assert_allclose(found.distances[rows], distances[:, 0], rtol=1e-5)
        assert found.rows[rows].tolist() == own[which[:, 0]].tolist()


def test_a_class_that_training_lacks_has_no_neighbour() -> None:
    images, _ = digits(2, 0)
    found = nearest_of_class(images, np.array([5, 0]), images, np.array([0, 0]))
    assert found.distances[0] == np.inf
    assert found.rows.tolist() == [-1, 1]
    assert found.distances[1] == 0


def test_copies_are_nearer_than_any_test_digit_of_their_class() -> None:
    test_labels = np.repeat([0, 1], 100)
    # Class 0 lies at 1.00 .. 1.99 from training, class 1 at 11.00 .. 11.99.
    test = np.tile(1 + np.arange(100) / 100, 2) + 10 * test_labels
    mine = np.array([0.0, 0.99, 1.5, 10.9, 11.2, 11.4])
    labels = np.array([0, 0, 0, 1, 1, 1])
    found = count_copies(mine, labels, test, test_labels)
    assert (found.count, found.known) == (3, 6)
    assert found.near == pytest.approx(3 / 6)
    same = count_copies(test, test_labels, test, test_labels)
    assert same.count == 0
    assert same.near == pytest.approx(0.01)
    assert same.distance == pytest.approx(1, abs=0.01)
    # What the test set does not hold cannot be compared with it.
    unknown = count_copies(mine, labels + 5, test, test_labels)
    assert (unknown.count, unknown.known, unknown.near) == (0, 0, None)
