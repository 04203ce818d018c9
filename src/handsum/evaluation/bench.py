"""The bench: real digits and the judge, which all digits are measured with.

Only this module and `readers` see the test set.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handsum.config import replace
from handsum.data.mnist import Dataset, load
from handsum.evaluation.figures import Effort, Progress, Quality, part_of, silent
from handsum.evaluation.selection import digits_by_writer, like_classes
from handsum.metrics.copies import Copies, Nearest, count_copies, nearest_of_class
from handsum.metrics.frechet import feature_statistics, frechet_distance
from handsum.metrics.hands import intraclass_correlation, slant, standardise_by_class, stroke_width
from handsum.metrics.manifold import NEIGHBOURS, Manifold, compare_manifolds
from handsum.metrics.modes import StackedModes, stacked_modes
from handsum.models import registry
from handsum.models.registry import JUDGE
from handsum.pretrained.load import DigitReader, load_reader
from handsum.training.fitting import fit

# Digits of one writer whose hand is measured: every real writer has at least as many.
HAND_LENGTH = 7
# The classifier of GAN-train and GAN-test: the reader's small network. Without augmentation, which
# would hide that digits vary too little.
CLASSIFIER = "cnn"


@dataclass(frozen=True)
class Drawn:
    """Digits to measure.

    `digits` are read and compared with training digits. `more` train a classifier. `hands` are
    HAND_LENGTH digits of each writer, one writer after another. `compared`, in the test set's class
    proportions, are compared with the test set; None: all `digits` are. `asked` says that the
    labels are what was meant to be drawn, and not the judge's own readings.
    """

    digits: Dataset
    more: Dataset | None = None
    hands: Dataset | None = None
    asked: bool = True
    compared: Dataset | None = None


class Bench:
    """Everything that digits are compared with; made once for all that stand side by side."""

    def __init__(self, effort: Effort, seed: int = 0, judge: str | DigitReader = JUDGE) -> None:
        self.effort, self.seed = effort, seed
        self.judge = load_reader(judge) if isinstance(judge, str) else judge
        self.training, self.test = load("train"), load("test")

    @property
    def extractor(self) -> str:
        """The judge that gives the features: its name and the beginning of its weights' SHA-256."""
        return f"{self.judge.name}-{str(self.judge.facts.get('sha256', ''))[:8]}".rstrip("-")

    @cached_property
    def features(self) -> np.ndarray:
        """The judge's features of the test set."""
        return self.judge.features(self.test.images)

    @cached_property
    def classifier(self) -> DigitReader:
        """A fresh classifier trained on real digits."""
        return self._train(self.training)

    @cached_property
    def test_distances(self) -> np.ndarray:
        """The distance of each test digit to the nearest training digit of its class."""
        return self.nearest(self.test).distances

    def nearest(self, digits: Dataset) -> Nearest:
        """The training digits nearest to these."""
        training = self.training
        return nearest_of_class(digits.images, digits.labels, training.images, training.labels)

    def count_copies(self, digits: Dataset) -> Copies:
        """How near digits are to training digits, compared with test digits."""
        distances = self.nearest(digits).distances
        return count_copies(distances, digits.labels, self.test_distances, self.test.labels)

    @cached_property
    def real(self) -> Quality:
        """Real digits, measured like generated ones.

        They are training digits in the test set's class proportions. Figures that would be unfair
        with these use others: test digits (read as labelled, GAN-test) or validation digits
        (copies).
        """
        random = np.random.default_rng(self.seed)
        rows = like_classes(self.training.labels, self.test.labels, self.effort.count, random)
        assert rows is not None
        hands = digits_by_writer(self.training, HAND_LENGTH, random)
        digits = self.training.where(rows)
        found = self.measure(Drawn(digits, self.training, hands), copies_of=load("validation"))
        asked, by_class = self._asked(self.test)
        return dataclasses.replace(found, asked=asked, asked_by_class=by_class)

    def measure(
        self, drawn: Drawn, progress: Progress = silent, copies_of: Dataset | None = None
    ) -> Quality:
        """Measure digits against the test set; figures that need more digits are left out."""
        digits = drawn.digits
        asked, by_class = self._asked(digits) if drawn.asked else (None, None)
        compared = digits if drawn.compared is None else drawn.compared
        features = self.judge.features(compared.images)
        frechet, manifold = None, None
        if len(compared) >= least_digits(self.judge):
            statistics = feature_statistics(features), feature_statistics(self.features)
            frechet = frechet_distance(*statistics)
        progress(2, 10)
        if len(compared) > NEIGHBOURS:
            manifold = compare_manifolds(self.features, features)
        progress(3, 10)
        copies = self.count_copies(copies_of or digits)
        progress(5, 10)
        gan_train, gan_test = self._cross_check(drawn, part_of(progress, 0.5, 0.9))
        modes = self._modes(drawn.more)
        progress(10, 10)
        trained_on = min(len(drawn.more), self.effort.classifier_digits) if drawn.more else None
        return Quality(
            count=len(digits),
            asked=asked,
            asked_by_class=by_class,
            frechet=frechet,
            manifold=manifold,
            trained_on=trained_on if gan_train is not None else None,
            gan_train=gan_train,
            gan_test=gan_test,
            copies=copies,
            modes=modes,
            slant_correlation=_correlation(slant, drawn.hands),
            width_correlation=_correlation(stroke_width, drawn.hands),
            compared=len(compared),
            left_out=self._left_out(frechet, manifold, modes),
        )

    def _left_out(
        self, frechet: float | None, manifold: Manifold | None, modes: StackedModes | None
    ) -> dict[str, int]:
        """The figures that are missing for lack of digits, with the number that they need."""
        stacked = 3 * self.effort.stacked
        figures = (
            ("Fréchet distance", least_digits(self.judge), frechet),
            ("precision, recall, density and coverage", NEIGHBOURS + 1, manifold),
            ("Stacked MNIST", stacked, modes),
        )
        return {name: needed for name, needed, found in figures if needed and found is None}

    def _asked(self, digits: Dataset) -> tuple[float, list[float | None]]:
        """The share that the judge reads as labelled, in all and of each class."""
        right = self.judge.probabilities(digits.images).argmax(-1) == digits.labels
        by_class = [right[digits.labels == digit] for digit in range(10)]
        return float(right.mean()), [float(part.mean()) if len(part) else None for part in by_class]

    def _cross_check(self, drawn: Drawn, progress: Progress) -> tuple[float | None, float | None]:
        """GAN-train and GAN-test (Shmelkov et al., "How good is my GAN?", 2018)."""
        if drawn.more is None or not drawn.asked or not self.effort.classifier_steps:
            return None, None
        if drawn.more is self.training:
            # GAN-test of real digits: those that the classifier was not trained on.
            return (_accuracy(self.classifier, self.test),) * 2
        fresh = self._train(drawn.more, progress)
        return _accuracy(fresh, self.test), _accuracy(self.classifier, drawn.digits)

    def _train(self, data: Dataset, progress: Progress = silent) -> DigitReader:
        small = registry.module(CLASSIFIER).PRESETS["small"]
        steps = self.effort.classifier_steps
        changes = {"augmentation": False, "non_digits": 0, "steps": steps, "seed": self.seed}
        random = np.random.default_rng(self.seed)
        rows = random.permutation(len(data))[: self.effort.classifier_digits]
        config = replace(small, changes)
        trained = fit(CLASSIFIER, config, data.where(rows), progress)
        return DigitReader("fresh classifier", trained)

    def _modes(self, data: Dataset | None) -> StackedModes | None:
        """Stacked MNIST if there are enough digits; real ones are drawn with replacement."""
        count = 3 * self.effort.stacked
        if data is None or not count:
            return None
        if data is self.training:
            random = np.random.default_rng(self.seed)
            # All classes equally often, like the generated digits.
            shares = 1 / np.bincount(data.labels, minlength=10)[data.labels]
            data = data.where(random.choice(len(data), count, p=shares / shares.sum()))
        if len(data) < count:
            return None
        readings = self.judge.probabilities(data.images[:count]).argmax(-1)
        return stacked_modes(readings.reshape(-1, 3))


def least_digits(judge: DigitReader) -> int:
    """The smallest number of digits whose features have an invertible covariance."""
    return judge.features(np.zeros((1, 28, 28), np.uint8)).shape[1] + 1


def _accuracy(reader: DigitReader, data: Dataset) -> float:
    return float((reader.probabilities(data.images).argmax(-1) == data.labels).mean())


def _correlation(
    measure: Callable[[np.ndarray], np.ndarray], hands: Dataset | None
) -> float | None:
    """How much the digits of a hand agree, each standardised by its class."""
    if hands is None:
        return None
    standard = standardise_by_class(measure(hands.images), hands.labels)
    found = intraclass_correlation(standard.reshape(-1, HAND_LENGTH))
    return found if np.isfinite(found) else None
