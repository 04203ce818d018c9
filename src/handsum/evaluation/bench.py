"""The bench on which digits are measured: real ones, the judge, and what both say together.

This and `readers` are the only places that see the test set.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handsum.config import replace
from handsum.data.mnist import Dataset, load
from handsum.evaluation.figures import Effort, Quality, Report, silent
from handsum.evaluation.selection import digits_by_writer, like_classes
from handsum.metrics.copies import Copies, Nearest, count_copies, nearest_of_class
from handsum.metrics.frechet import feature_statistics, frechet_distance
from handsum.metrics.hands import intraclass_correlation, slant, standardise_by_class, stroke_width
from handsum.metrics.manifold import compare_manifolds
from handsum.metrics.modes import StackedModes, stacked_modes
from handsum.models import registry
from handsum.models.registry import JUDGE
from handsum.pretrained.load import DigitReader, load_reader
from handsum.training.fitting import fit

# Digits in a number whose hand is measured: as long a number as every real writer can fill.
HAND_LENGTH = 7
# The classifier of GAN-train and GAN-test: the reader's small network, without augmentation, which
# would make up for digits that vary too little.
CLASSIFIER = "cnn"


@dataclass(frozen=True)
class Drawn:
    """Digits to measure.

    `digits` are compared with the test set, `more` train a classifier, and `hands` are HAND_LENGTH
    digits of one writer after another; the last two are None where there are none. `asked` is
    whether the labels say what was meant to be drawn, and are not the judge's own readings.
    """

    digits: Dataset
    more: Dataset | None = None
    hands: Dataset | None = None
    asked: bool = True


class Bench:
    """What digits are compared with; made once, for all that is measured side by side."""

    def __init__(self, effort: Effort, seed: int = 0, judge: str | DigitReader = JUDGE) -> None:
        self.effort, self.seed = effort, seed
        self.judge = load_reader(judge) if isinstance(judge, str) else judge
        self.training, self.test = load("train"), load("test")

    @property
    def extractor(self) -> str:
        """The judge's name and the beginning of its weights' SHA-256: whose features these are."""
        return f"{self.judge.name}-{str(self.judge.facts.get('sha256', ''))[:8]}".rstrip("-")

    @cached_property
    def features(self) -> np.ndarray:
        """The judge's features of the test set."""
        return self.judge.features(self.test.images)

    @cached_property
    def classifier(self) -> DigitReader:
        """A fresh classifier trained on real digits."""
        return self._train(self.training, silent)

    @cached_property
    def test_distances(self) -> np.ndarray:
        """The distance of each test digit to the nearest training digit of its class."""
        return self.nearest(self.test).distances

    def nearest(self, digits: Dataset) -> Nearest:
        """The training digits nearest to these."""
        training = self.training
        return nearest_of_class(digits.images, digits.labels, training.images, training.labels)

    def count_copies(self, digits: Dataset) -> Copies:
        """How near digits are to training digits, beside test digits."""
        distances = self.nearest(digits).distances
        return count_copies(distances, digits.labels, self.test_distances, self.test.labels)

    @cached_property
    def real(self) -> Quality:
        """Real digits in the place of generated ones.

        Training digits of the test set's classes, but where the judge or the training set itself
        knows these: then test digits (read as labelled, GAN-test) or validation digits (copies).
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
        self, drawn: Drawn, report: Report = silent, copies_of: Dataset | None = None
    ) -> Quality:
        """Measure digits against the test set.

        Raises:
            UsageError: there are too few for the features' covariance (says how many are needed).
        """
        digits = drawn.digits
        asked, by_class = self._asked(digits) if drawn.asked else (None, None)
        features = self.judge.features(digits.images)
        statistics = feature_statistics(features), feature_statistics(self.features)
        report(0.2)
        manifold = compare_manifolds(self.features, features)
        report(0.3)
        copies = self.count_copies(copies_of or digits)
        report(0.5)
        gan_train, gan_test = self._cross_check(drawn, lambda share: report(0.5 + 0.4 * share))
        modes = self._modes(drawn.more)
        report(1)
        trained_on = min(len(drawn.more), self.effort.classifier_digits) if drawn.more else None
        return Quality(
            count=len(digits),
            asked=asked,
            asked_by_class=by_class,
            frechet=frechet_distance(*statistics),
            manifold=manifold,
            trained_on=trained_on if gan_train is not None else None,
            gan_train=gan_train,
            gan_test=gan_test,
            copies=copies,
            modes=modes,
            slant_correlation=_correlation(slant, drawn.hands),
            width_correlation=_correlation(stroke_width, drawn.hands),
        )

    def _asked(self, digits: Dataset) -> tuple[float, list[float | None]]:
        """The share that the judge reads as labelled, and that of each class that there is."""
        right = self.judge.probabilities(digits.images).argmax(-1) == digits.labels
        by_class = [right[digits.labels == digit] for digit in range(10)]
        return float(right.mean()), [float(part.mean()) if len(part) else None for part in by_class]

    def _cross_check(self, drawn: Drawn, report: Report) -> tuple[float | None, float | None]:
        """GAN-train and GAN-test (Shmelkov et al., "How good is my GAN?", 2018)."""
        if drawn.more is None or not drawn.asked or not self.effort.classifier_steps:
            return None, None
        if drawn.more is self.training:
            # The real row's GAN-test: real digits that the classifier was not trained on.
            return (_accuracy(self.classifier, self.test),) * 2
        fresh = self._train(drawn.more, report)
        return _accuracy(fresh, self.test), _accuracy(self.classifier, drawn.digits)

    def _train(self, data: Dataset, report: Report) -> DigitReader:
        small = registry.module(CLASSIFIER).PRESETS["small"]
        steps = self.effort.classifier_steps
        changes = {"augmentation": False, "non_digits": 0, "steps": steps, "seed": self.seed}
        random = np.random.default_rng(self.seed)
        rows = random.permutation(len(data))[: self.effort.classifier_digits]
        config = replace(small, changes)
        trained = fit(CLASSIFIER, config, data.where(rows), lambda done, all: report(done / all))
        return DigitReader("fresh classifier", trained)

    def _modes(self, data: Dataset | None) -> StackedModes | None:
        """Stacked MNIST, where there are enough digits; real ones are drawn with replacement."""
        count = 3 * self.effort.stacked
        if data is None or not count:
            return None
        if data is self.training:
            random = np.random.default_rng(self.seed)
            # Every class as often as any other, as generated digits are asked for.
            shares = 1 / np.bincount(data.labels, minlength=10)[data.labels]
            data = data.where(random.choice(len(data), count, p=shares / shares.sum()))
        if len(data) < count:
            return None
        readings = self.judge.probabilities(data.images[:count]).argmax(-1)
        return stacked_modes(readings.reshape(-1, 3))


def _accuracy(reader: DigitReader, data: Dataset) -> float:
    return float((reader.probabilities(data.images).argmax(-1) == data.labels).mean())


def _correlation(
    measure: Callable[[np.ndarray], np.ndarray], hands: Dataset | None
) -> float | None:
    """How far the digits of a hand agree, each compared with the others of its class."""
    if hands is None:
        return None
    standard = standardise_by_class(measure(hands.images), hands.labels)
    found = intraclass_correlation(standard.reshape(-1, HAND_LENGTH))
    return found if np.isfinite(found) else None
