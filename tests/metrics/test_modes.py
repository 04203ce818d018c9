import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.metrics.modes import stacked_modes


def test_every_mode_once_is_even() -> None:
    triples = np.stack(np.unravel_index(np.arange(1000), (10, 10, 10)), 1)
    found = stacked_modes(triples)
    assert (found.modes, found.count) == (1000, 1000)
    assert found.divergence == pytest.approx(0, abs=1e-12)


def test_a_collapsed_generator_has_one_mode() -> None:
    found = stacked_modes(np.tile([4, 2, 7], (50, 1)))
    assert found.modes == 1
    assert found.divergence == pytest.approx(np.log(1000))


def test_even_chance_has_the_divergence_that_its_count_brings() -> None:
    triples = np.random.default_rng(0).integers(0, 10, (26_000, 3))
    found = stacked_modes(triples)
    assert found.modes == 1000
    assert found.divergence == pytest.approx(999 / (2 * 26_000), rel=0.1)
    assert stacked_modes(triples[::-1]) == found


def test_no_triples_are_an_error() -> None:
    with pytest.raises(UsageError, match="at least one"):
        stacked_modes(np.zeros((0, 3), int))
