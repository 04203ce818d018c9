import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.metrics.manifold import compare_manifolds, nearest_distances


def by_definition(real: np.ndarray, generated: np.ndarray, k: int) -> tuple[float, ...]:
    """The four figures, pair by pair as the papers define them."""

    def radius(points: np.ndarray, index: int) -> float:
        others = [np.linalg.norm(points[index] - p) for i, p in enumerate(points) if i != index]
        return sorted(others)[k - 1]

    real_balls = [(p, radius(real, i)) for i, p in enumerate(real)]
    generated_balls = [(p, radius(generated, i)) for i, p in enumerate(generated)]
    hits = np.array([[np.linalg.norm(g - p) <= r for p, r in real_balls] for g in generated])
    back = np.array([[np.linalg.norm(x - p) <= r for p, r in generated_balls] for x in real])
    return hits.any(1).mean(), back.any(1).mean(), hits.sum() / (k * len(hits)), hits.any(0).mean()


def test_it_is_what_the_papers_define() -> None:
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(40, 3)), rng.normal(size=(30, 3)) * 0.7 + 0.4
    found = compare_manifolds(real, generated, 3)
    expected = by_definition(real, generated, 3)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(expected)
    shuffled = compare_manifolds(rng.permutation(real), rng.permutation(generated), 3)
    assert shuffled == found


def test_a_collapsed_generator_is_precise_and_recalls_nothing() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(1500, 8))
    collapsed = real[7] + 0.01 * rng.normal(size=(1200, 8))
    found = compare_manifolds(real, collapsed)
    assert found.precision > 0.95
    assert found.recall < 0.05
    assert found.coverage < 0.05


def test_samples_of_the_same_kind_score_high_everywhere() -> None:
    rng = np.random.default_rng(0)
    found = compare_manifolds(rng.normal(size=(800, 4)), rng.normal(size=(800, 4)))
    assert min(found.precision, found.recall, found.coverage) > 0.9
    assert found.density == pytest.approx(1, abs=0.1)


def test_too_few_samples_say_how_many_are_needed() -> None:
    with pytest.raises(UsageError, match="5 generated samples .* at least 6 are needed"):
        compare_manifolds(np.zeros((9, 2)), np.zeros((5, 2)))


def test_the_nearest_is_found_across_blocks() -> None:
    rng = np.random.default_rng(0)
    others = rng.normal(size=(2500, 5))
    queries = others[[3, 1999, 2400]] + 1e-3
    distances, which = nearest_distances(np.repeat(queries, 500, 0), others)
    assert which[[0, 500, 1000]].tolist() == [3, 1999, 2400]
    np.testing.assert_allclose(distances, 1e-3 * 5**0.5, rtol=1e-3)
