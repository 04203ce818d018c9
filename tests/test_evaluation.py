import numpy as np
import pytest

from handsum import evaluation
from handsum.data.corruptions import CORRUPTIONS
from handsum.data.mnist import Dataset, load


class Reader:
    """Reads the label hidden in the first pixel, and every ninth digit as a 0."""

    name = "fake"
    facts = {"parameters": 5}  # noqa: RUF012

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        labels = np.minimum(images[:, 0, 0], 9).astype(int)
        labels[::9] = 0
        return np.eye(10, dtype=np.float32)[labels]


class Judge:
    """Knows the digits that a fake generator drew, takes others for 0; sees 7x7 grey blocks."""

    name = "fake-judge"

    def __init__(self, drawn: dict[bytes, int]) -> None:
        self.drawn = drawn

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return np.eye(10, dtype=np.float32)[[self.drawn.get(i.tobytes(), 0) for i in images]]

    def features(self, images: np.ndarray) -> np.ndarray:
        return images.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49) / 255


def test_a_reader_is_measured_by_what_it_misreads() -> None:
    images = np.zeros((90, 28, 28), np.uint8)
    labels = np.resize(np.arange(1, 10), 90)
    images[:, 0, 0] = labels
    figures = evaluation.evaluate_reader(Reader(), Dataset(images, labels), "some digits")
    assert figures.error == pytest.approx(10 / 90)
    assert figures.count == 90
    confusion = np.array(figures.confusion)
    assert confusion.sum() == 90
    assert confusion[1, 0] == 10
    assert np.trace(confusion) == 80
    # All readings were certain.
    assert figures.calibration_error == pytest.approx(10 / 90)
    assert set(figures.error_by_corruption) == set(CORRUPTIONS)
    # The label's pixel is all that this reader sees: noise hides it, an occlusion does not.
    assert figures.error_by_corruption["noise"] > 0.5
    assert figures.error_by_corruption["occlusion"] == figures.error


def test_a_generator_is_measured_by_the_judge(fake_generator, monkeypatch) -> None:
    # Every third digit comes out one too high: 9 as 0.
    fake_generator.misdraw = lambda label, index, attempt: (label + (index % 3 == 0)) % 10
    fake_generator.facts = {"parameters": 5}
    monkeypatch.setattr(evaluation, "load_reader", lambda name: Judge(fake_generator.drawn))
    seen: list[float] = []
    figures = evaluation.evaluate_generator(fake_generator, count=600, sums=3, report=seen.append)
    assert figures.generated.asked == pytest.approx(2 / 3)
    assert seen == sorted(seen)
    labels = load("test").labels[:600]
    sevens = np.flatnonzero(labels == 7)
    assert figures.generated.asked_by_class[7] == pytest.approx((sevens % 3 != 0).mean())
    # Clock digits are nothing like real ones, and real ones everything.
    assert figures.generated.frechet > 5 * figures.real.frechet
    assert figures.generated.manifold.recall < 0.5 < figures.real.manifold.recall
    # The fake's slant is its writer's.
    assert figures.generated.slant_correlation > 0.5
    assert figures.real.slant_correlation == pytest.approx(0.58, abs=0.08)


def test_totals_are_counted_as_the_judge_reads_them(fake_generator, monkeypatch) -> None:
    judge = fake_generator.reader()
    assert evaluation.count_right_sums("any", judge, 20, seed=3) == 20
    # A generator that cannot draw a 4 is right only where there is none, however often it tries.
    fake_generator.misdraw = lambda label, index, attempt: 5 if label == 4 else label
    right = evaluation.count_right_sums("any", judge, 20, seed=3)
    assert 0 < right < 20
