import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix

from handsum.data.mnist import Dataset, load
from handsum.evaluation.corruptions import CORRUPTIONS
from handsum.evaluation.figures import QUICK
from handsum.evaluation.readers import evaluate_reader
from handsum.pretrained.load import load_reader


class Reader:
    """Reads the label hidden in the first pixel, and every ninth digit as a 0."""

    name = "fake"
    facts = {"parameters": 5}  # noqa: RUF012

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        labels = np.minimum(images[:, 0, 0], 9).astype(int)
        labels[::9] = 0
        return np.eye(10, dtype=np.float32)[labels]


def test_a_reader_is_measured_by_what_it_misreads() -> None:
    images = np.zeros((90, 28, 28), np.uint8)
    labels = np.resize(np.arange(1, 10), 90)
    images[:, 0, 0] = labels
    seen: list[float] = []
    figures = evaluate_reader(
        Reader(),
        Dataset(images, labels),
        "some digits",
        progress=lambda done, total: seen.append(done / total),
    )
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
    assert seen == sorted(seen)
    assert seen[-1] == 1
    # A sum is wrong where a digit was read as 0; certain readings are certain of their sums.
    by_length = {part.length: part for part in figures.sums}
    assert by_length[1].exact == pytest.approx(8 / 9, abs=0.03)
    assert by_length[2].exact == pytest.approx((8 / 9) ** 2, abs=0.04)
    assert by_length[2].coverage == pytest.approx(0.9 * by_length[2].exact)
    assert by_length[2].held == by_length[2].exact
    assert by_length[2].claimed == 1
    assert by_length[10].error > by_length[2].error


def test_it_agrees_with_scikit_learn_and_does_not_depend_on_the_order() -> None:
    reader, data = load_reader("cnn"), load("validation")
    data = data.where(np.arange(300))
    figures = evaluate_reader(reader, data, "validation")
    readings = reader.probabilities(data.images).argmax(-1)
    assert figures.error == pytest.approx(1 - accuracy_score(data.labels, readings))
    expected = confusion_matrix(data.labels, readings, labels=range(10))
    assert figures.confusion == expected.tolist()
    turned = evaluate_reader(reader, data.where(np.arange(300)[::-1]), "validation")
    assert turned.error == figures.error
    assert turned.confusion == figures.confusion
    assert turned.calibration_error == pytest.approx(figures.calibration_error)
    # The same seed gives the same figures.
    assert evaluate_reader(reader, data, "validation") == figures


def test_a_quick_look_takes_a_part() -> None:
    images = np.zeros((QUICK.count + 500, 28, 28), np.uint8)
    figures = evaluate_reader(
        Reader(), Dataset(images, np.zeros(len(images), int)), "zeros", effort=QUICK
    )
    assert figures.count == QUICK.count
    assert figures.effort == "quick"
