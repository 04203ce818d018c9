import numpy as np
import pytest

from handsum.metrics.calibration import confidence_bins, expected_calibration_error


def rows(confidence: float, right: int, wrong: int) -> tuple[np.ndarray, np.ndarray]:
    probabilities = np.full((right + wrong, 10), (1 - confidence) / 9)
    probabilities[:, 3] = confidence
    return probabilities, np.array([3] * right + [4] * wrong)


def test_the_error_is_the_weighed_gap_between_confidence_and_accuracy() -> None:
    sure, unsure = rows(0.95, 80, 20), rows(0.55, 55, 45)
    probabilities, labels = (np.concatenate(parts) for parts in zip(sure, unsure, strict=True))
    bins = confidence_bins(probabilities, labels, 10)
    assert [part.count for part in bins] == [100, 100]
    assert bins[0].accuracy == pytest.approx(0.55)
    assert bins[1].confidence == pytest.approx(0.95)
    assert expected_calibration_error(bins) == pytest.approx(0.15 / 2)


def test_certainty_has_a_bin() -> None:
    bins = confidence_bins(np.eye(10), np.arange(10))
    assert [(part.count, part.confidence, part.accuracy) for part in bins] == [(10, 1.0, 1.0)]
    assert expected_calibration_error(bins) == 0
