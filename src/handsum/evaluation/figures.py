"""The figures of an evaluation, as plain values: `dataclasses.asdict` makes JSON of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from handsum.metrics.calibration import Bin
from handsum.metrics.copies import Copies
from handsum.metrics.manifold import Manifold
from handsum.metrics.modes import StackedModes
from handsum.metrics.sums import SumFigures

# Called with the work done and the whole of it.
Progress = Callable[[int, int], None]
_WHOLE = 1000


def silent(done: int, total: int) -> None:
    """Report progress to nobody."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """The progress of one part of the work, from the share `start` of the whole to `end`."""

    def part(done: int, total: int) -> None:
        progress(round(_WHOLE * (start + (end - start) * done / total)), _WHOLE)

    return part


@dataclass(frozen=True)
class Effort:
    """How much is measured: numbers of digits, of optimizer steps, of sequences at each length.

    `classifier_digits` train a fresh classifier for `classifier_steps`. Stacked MNIST reads
    `stacked` triples. `entropy_sequences` of one total show how evenly it is decomposed.
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
# A minute on two cores: enough to see where a model stands, not to publish.
QUICK = Effort("quick", 2_000, 5_000, 200, 0, 20, 200, 100)


@dataclass(frozen=True)
class Quality:
    """`count` digits against the test set, as the judge sees them; None if not measured.

    `asked`: the share that the judge reads as labelled, in all and by class. `frechet`, `manifold`:
    distances of the judge's features, over `compared` digits in the test set's class proportions
    (None: over all). `gan_train`: the accuracy on the test set of a fresh classifier trained on
    `trained_on` of these digits only; `gan_test`: the accuracy on these digits of a classifier
    trained on real ones. `slant_correlation`, `width_correlation`: within seven digits of one
    writer. `left_out`: figures that need more digits, with the number that they need.
    """

    count: int
    asked: float | None
    asked_by_class: list[float | None] | None
    frechet: float | None
    manifold: Manifold | None
    trained_on: int | None
    gan_train: float | None
    gan_test: float | None
    copies: Copies
    modes: StackedModes | None
    slant_correlation: float | None
    width_correlation: float | None
    compared: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StrokeFigures:
    """Digits as strokes.

    `strokes`: their mean number. `width_variation`: along the strokes of a digit, the standard
    deviation over the mean. `open_loops`: the share of the digits 0, 6, 8 and 9 whose loops are
    open as a picture draws them. `drawn_per_second`: drawn 64 pixels high.
    """

    strokes: float
    width_variation: float
    open_loops: dict[int, float]
    drawn_per_second: float


@dataclass(frozen=True)
class LengthFigures:
    """`count` sequences of one length: the share that the judge reads as digits with their total.

    `right`: digits that the reader disagrees with are drawn again, as `sum-sequence` does;
    `unchecked`: drawn once. `entropy`: that of one total's decompositions, divided by that of the
    same number of exactly uniform ones; None if not measured.
    """

    length: int
    count: int
    right: float
    unchecked: float
    entropy: float | None


@dataclass(frozen=True)
class GeneratorFigures:
    """A generator, or digits from a file (then `parameters`, calls and speed are None).

    `calls`: network calls per digit. `extractor`: the judge whose features give the distances.
    `strokes`: of digits that were written with strokes. `shared_ink`: of a pen, that of test digits
    and their drawings, over the ink of either.
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
    strokes: StrokeFigures | None = None
    shared_ink: float | None = None


@dataclass(frozen=True)
class PageFigures:
    """A detector on composed pages of `data`'s digits, with `signs` digits and signs together.

    `found`: the share whose box shares half of the area of both; `right`: the share that is also
    read right; `digits_right`: the same of digits alone; `false`: signs a page where none is;
    `box_error`: the median distance of the sides of boxes, in heights of the sign.
    """

    pages: int
    signs: int
    found: float
    right: float
    digits_right: float
    false: float
    box_error: float


@dataclass(frozen=True)
class ReaderFigures:
    """A reader on `count` labelled digits.

    `error`: the share misread, in all and for each corruption; `confusion`: counts (10, 10), a row
    for each label; `calibration_error` over `confidence_bins`; `sums`: of sequences of these
    digits, for each length. `pages`: of a detector, which also reads composed pages.
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
    pages: PageFigures | None = None


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
