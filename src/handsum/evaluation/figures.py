"""What an evaluation finds, as plain values: `dataclasses.asdict` makes JSON of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handsum.metrics.calibration import Bin
from handsum.metrics.copies import Copies
from handsum.metrics.manifold import Manifold
from handsum.metrics.modes import StackedModes
from handsum.metrics.sums import SumFigures

Report = Callable[[float], None]


def silent(share: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Effort:
    """How much is measured: numbers of digits, of optimizer steps, of sequences at each length.

    `classifier_digits` train a fresh classifier for `classifier_steps`; `stacked` triples are
    read for Stacked MNIST; `entropy_sequences` of one total show how evenly it is decomposed.
    """

    name: str
    count: int
    classifier_digits: int
    classifier_steps: int
    stacked: int
    sequences: int
    entropy_sequences: int
    sums: int


FULL = Effort("full", 10_000, 60_000, 1_200, 26_000, 200, 2_000, 1_000)
# Small enough for a minute on two cores: to see where a model stands, not to publish.
QUICK = Effort("quick", 2_000, 5_000, 200, 0, 20, 200, 100)


@dataclass(frozen=True)
class Quality:
    """Digits against the test set, as the judge sees them; None where it was not to be measured.

    `asked`: the share that the judge reads as labelled, and by class. `frechet`: Fréchet distance
    of its features over `count` digits. `gan_train`: the accuracy on the test set of a fresh
    classifier trained on `trained_on` of these digits only; `gan_test`: the accuracy on these
    digits of one trained on real ones.
    `slant_correlation`, `width_correlation`: within seven digits of one writer.
    """

    count: int
    asked: float | None
    asked_by_class: list[float | None] | None
    frechet: float
    manifold: Manifold
    trained_on: int | None
    gan_train: float | None
    gan_test: float | None
    copies: Copies
    modes: StackedModes | None
    slant_correlation: float | None
    width_correlation: float | None


@dataclass(frozen=True)
class LengthFigures:
    """Sequences of one length: the share of `count` that the judge reads to their total.

    `right`: drawn again where the reader disagrees, as `sum-sequence` does; `unchecked`: drawn
    once. `entropy`: of one total's decompositions, over that of as many exactly uniform ones; None
    where it was not measured.
    """

    length: int
    count: int
    right: float
    unchecked: float
    entropy: float | None


@dataclass(frozen=True)
class GeneratorFigures:
    """A generator, or digits from a file (then `parameters`, calls and speed are None).

    `calls`: of the network for each digit. `extractor`: whose features the distances are in.
    """

    model: str
    extractor: str
    effort: str
    seed: int
    quality: Quality
    parameters: int | None
    calls: int | None
    digits_per_second: float | None
    sequences: list[LengthFigures]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReaderFigures:
    """A reader on `count` labelled digits.

    `error`: the share misread, in all and by corruption; `confusion`: counts (10, 10), by label;
    `calibration_error` over `confidence_bins`; `sums`: of sequences of these digits, by length.
    """

    model: str
    data: str
    effort: str
    seed: int
    count: int
    error: float
    parameters: int
    confusion: list[list[int]]
    calibration_error: float
    confidence_bins: list[Bin]
    error_by_corruption: dict[str, float]
    sums: list[SumFigures]


@dataclass(frozen=True)
class SumReaderFigures:
    """A reader of sums, on sequences of `count` labelled digits."""

    model: str
    data: str
    effort: str
    seed: int
    count: int
    parameters: int
    sums: list[SumFigures]
