import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.metrics.frechet import Statistics, feature_statistics, frechet_distance


def test_the_closed_form_for_gaussians_that_commute() -> None:
    # Diagonal covariances commute: the distance is |m1 - m2|^2 + sum (sqrt(a) - sqrt(b))^2.
    first = Statistics(np.array([1.0, 2.0, 3.0]), np.diag([1.0, 4.0, 9.0]), 100)
    second = Statistics(np.array([1.0, 0.0, 3.5]), np.diag([4.0, 4.0, 1.0]), 100)
    assert frechet_distance(first, second) == pytest.approx(4 + 0.25 + 1 + 0 + 4)


def test_it_does_not_depend_on_the_axes_and_is_symmetric() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(500, 6)), rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6))
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))

    def distance(a: np.ndarray, b: np.ndarray) -> float:
        return frechet_distance(feature_statistics(a), feature_statistics(b))

    plain = distance(first, second)
    assert plain > 1
    assert distance(second, first) == pytest.approx(plain)
    assert distance(first @ turn, second @ turn) == pytest.approx(plain)
    assert distance(first[::-1], rng.permutation(second)) == pytest.approx(plain)
    assert distance(first, first) == pytest.approx(0, abs=1e-9)


def test_it_agrees_with_the_matrix_square_root() -> None:
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(1)
    one = feature_statistics(rng.normal(size=(50, 8)) @ rng.normal(size=(8, 8)))
    two = feature_statistics(rng.normal(size=(60, 8)) + 1)
    root = sqrtm(one.covariance @ two.covariance).real
    expected = np.square(one.mean - two.mean).sum() + np.trace(
        one.covariance + two.covariance - 2 * root
    )
    assert frechet_distance(one, two) == pytest.approx(expected)


def test_too_few_samples_say_how_many_are_needed() -> None:
    with pytest.raises(UsageError, match="8 samples are too few .* at least 9 are needed"):
        feature_statistics(np.zeros((8, 8)))
    with pytest.raises(UsageError, match="NaN"):
        feature_statistics(np.full((20, 2), np.nan))
