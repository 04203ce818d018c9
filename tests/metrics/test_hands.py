import numpy as np
import pytest
from PIL import Image, ImageDraw

from handsum.data.mnist import load
from handsum.metrics.hands import intraclass_correlation, slant, standardise_by_class, stroke_width


def stroke(lean: float, width: int) -> np.ndarray:
    """A straight stroke, drawn large and reduced: uint8 (28, 28)."""
    picture = Image.new("L", (280, 280))
    ends = [(140 - 100 * lean, 240), (140 + 100 * lean, 40)]
    ImageDraw.Draw(picture).line(ends, fill=255, width=10 * width)
    return np.asarray(picture.resize((28, 28), Image.Resampling.BOX))


@pytest.mark.parametrize("lean", [-0.4, 0.0, 0.25, 0.5])
def test_the_slant_of_a_leaning_stroke_is_its_lean(lean: float) -> None:
    assert slant(stroke(lean, 2)[None])[0] == pytest.approx(lean, abs=0.02)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_the_width_of_a_straight_stroke_is_its_width(width: int) -> None:
    # The ends count as outline: 20 long, they take width / (20 + width) of it.
    expected = width * 20 / (20 + width)
    assert stroke_width(stroke(0.0, width)[None])[0] == pytest.approx(expected, rel=0.12)


def test_classes_are_made_comparable() -> None:
    labels = np.resize(np.arange(10), 1000)
    values = labels * 5.0 + np.random.default_rng(0).normal(size=1000) * (1 + labels)
    standard = standardise_by_class(values, labels)
    for digit in range(10):
        assert standard[labels == digit].mean() == pytest.approx(0, abs=1e-9)
        assert standard[labels == digit].std() == pytest.approx(1)


def test_missing_classes_change_nothing() -> None:
    labels = np.array([7, 2, 7, 2, 9])
    standard = standardise_by_class(np.array([1.0, 5.0, 3.0, 9.0, 4.0]), labels)
    assert standard == pytest.approx([-1, -1, 1, 1, 0])


def test_the_intraclass_correlation_is_the_share_between_groups() -> None:
    rng = np.random.default_rng(0)
    groups, noise = rng.normal(size=(4000, 1)), rng.normal(size=(4000, 7))
    mixed = np.sqrt(0.6) * groups + np.sqrt(0.4) * noise
    assert intraclass_correlation(mixed) == pytest.approx(0.6, abs=0.02)
    assert intraclass_correlation(noise) == pytest.approx(0.0, abs=0.02)
    assert intraclass_correlation(np.repeat(groups, 7, 1)) == pytest.approx(1.0)
    assert np.isnan(intraclass_correlation(np.ones((5, 7))))


def test_real_writers_agree_with_themselves() -> None:
    data = load("train")
    assert data.writers is not None
    rng = np.random.default_rng(0)
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(data.writers == w), 7) for w in np.unique(data.writers)]
    )
    for measure, low, high in ((slant, 0.5, 0.66), (stroke_width, 0.5, 0.75)):
        values = standardise_by_class(measure(data.images), data.labels)[rows]
        assert low < intraclass_correlation(values.reshape(-1, 7)) < high
        shuffled = rng.permutation(values).reshape(-1, 7)
        assert abs(intraclass_correlation(shuffled)) < 0.1
