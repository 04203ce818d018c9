import dataclasses

import numpy as np
import pytest

from handsum.evaluation.figures import QUICK, silent
from handsum.evaluation.totals import measure_sequences
from handsum.seeds import Stream, stream
from handsum.sums import draw_digits

EFFORT = dataclasses.replace(QUICK, sequences=50, entropy_sequences=1000)


class Judge:
    """Reads the digit that stands in the first pixel."""

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return np.eye(10)[images[:, 0, 0]]


def shown(digits: np.ndarray) -> np.ndarray:
    images = np.zeros((*digits.shape, 28, 28), np.uint8)
    images[..., 0, 0] = digits
    return images


def uniform(totals: np.ndarray, length: int, seed: int, check: bool) -> np.ndarray:
    rng = stream(seed, Stream.DIGITS)
    return shown(np.concatenate([draw_digits(int(t), length, 1, rng) for t in totals]))


def greedy(totals: np.ndarray, length: int, seed: int, check: bool) -> np.ndarray:
    """Always the same decomposition: as many nines as fit first."""
    rest, digits = totals.copy(), []
    for _ in range(length):
        digits.append(np.minimum(rest, 9))
        rest = rest - digits[-1]
    return shown(np.stack(digits, 1))


def test_uniform_sequences_are_right_and_even() -> None:
    seen: list[float] = []
    found = measure_sequences(
        uniform,
        Judge(),
        EFFORT,
        0,
        lambda done, total: seen.append(done / total),
        (1, 2, 3, 5, 9),
    )
    assert [part.right for part in found] == [1] * 5
    assert found[0].entropy is None  # one decomposition
    assert found[1].entropy == pytest.approx(1, abs=0.02)
    assert found[2].entropy == pytest.approx(1, abs=0.02)
    assert found[4].entropy is None  # far more decompositions than sequences
    assert seen == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])


def test_one_decomposition_has_no_entropy() -> None:
    found = measure_sequences(greedy, Judge(), EFFORT, 0, silent, (2, 3))
    assert [part.right for part in found] == [1, 1]
    assert [part.entropy for part in found] == pytest.approx([0, 0], abs=0.05)


def test_wrong_totals_are_counted() -> None:
    def wrong(totals: np.ndarray, length: int, seed: int, check: bool) -> np.ndarray:
        images = uniform(totals, length, seed, check)
        if not check:
            images[::5, 0, 0, 0] = (images[::5, 0, 0, 0] + 1) % 10
        return images

    found = measure_sequences(wrong, Judge(), EFFORT, 0, silent, (2, 3))
    assert [part.unchecked for part in found] == [0.8, 0.8]
    assert [part.right for part in found] == [1, 1]
    # The decompositions that are right are even still.
    assert found[1].entropy == pytest.approx(1, abs=0.05)


def test_the_same_seed_gives_the_same_figures() -> None:
    runs = [measure_sequences(uniform, Judge(), EFFORT, seed, silent, (2, 3)) for seed in (3, 3, 4)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
