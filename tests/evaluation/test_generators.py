import dataclasses
import json

import numpy as np
import pytest

from handsum.data.mnist import Dataset, load
from handsum.data.samples import Samples
from handsum.errors import UsageError
from handsum.evaluation import (
    QUICK,
    Bench,
    Measured,
    as_candidate,
    measure_candidate,
    measure_generator,
)
from handsum.evaluation.bench import Drawn
from handsum.evaluation.generators import common_effort

TINY = dataclasses.replace(
    QUICK,
    count=1_000,
    classifier_digits=200,
    classifier_steps=5,
    stacked=100,
    sequences=4,
    entropy_sequences=20,
)


@pytest.fixture(scope="module")
def bench() -> Bench:
    """Digits against the test set by the real judge."""
    return Bench(TINY)


def measure_samples(bench: Bench, data: Dataset, labelled: bool = True) -> Measured:
    samples = Samples("mine", data.images, data.labels if labelled else None, data.writers)
    return measure_candidate(bench, as_candidate(samples, bench.judge))


def test_copies_of_the_test_set_score_the_floor(bench: Bench) -> None:
    copied = bench.measure(Drawn(bench.test))
    assert copied.frechet == pytest.approx(0, abs=1e-6)
    manifold = copied.manifold
    assert (manifold.precision, manifold.recall, manifold.coverage) == (1, 1, 1)
    assert copied.frechet < bench.real.frechet
    assert copied.asked == pytest.approx(0.997, abs=0.002)
    assert copied.copies.count == 0
    assert copied.copies.near == pytest.approx(0.01, abs=0.002)
    assert copied.gan_train is None
    assert copied.slant_correlation is None


def test_copies_of_training_digits_are_found(bench: Bench) -> None:
    rows = np.random.default_rng(0).permutation(len(bench.training))[:300]
    found = bench.measure(Drawn(bench.training.where(rows)))
    assert found.copies.count == 300
    assert found.copies.near == 1
    assert found.copies.distance == pytest.approx(0, abs=1e-4)


def test_a_collapsed_generator_is_precise_and_recalls_little(bench: Bench) -> None:
    # Ten typical digits, over and over, each with a little noise.
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(bench.training.labels == digit)[7] for digit in range(10)]
    few = bench.training.where(np.resize(rows, 1000))
    noisy = np.clip(few.images + rng.integers(-9, 10, few.images.shape), 0, 255)
    found = bench.measure(Drawn(Dataset(noisy.astype(np.uint8), few.labels)))
    assert found.asked == 1
    assert found.manifold.precision > 0.85
    assert found.manifold.recall < 0.1
    assert found.manifold.coverage < 0.1
    assert found.frechet > 5 * bench.real.frechet


def test_the_order_of_digits_changes_nothing(bench: Bench) -> None:
    data = load("validation").where(np.arange(1000))
    order = np.random.default_rng(0).permutation(1000)
    plain, shuffled = (bench.measure(Drawn(part)) for part in (data, data.where(order)))
    assert shuffled.frechet == pytest.approx(plain.frechet, rel=1e-6)
    assert shuffled.manifold == plain.manifold
    assert shuffled.asked_by_class == plain.asked_by_class
    assert shuffled.copies.count == plain.copies.count


def test_real_digits_stand_beside(bench: Bench) -> None:
    real = bench.real
    assert real.count == 1000
    # The judge knows training digits: what it reads are test digits; copies, validation digits.
    assert real.asked == pytest.approx(0.9968, abs=0.0002)
    assert real.copies.known == 5000
    assert 0 < real.copies.count < 20
    assert real.copies.near == pytest.approx(0.01, abs=0.005)
    assert real.slant_correlation == pytest.approx(0.58, abs=0.08)
    assert real.modes is not None
    assert real.modes.count == 100
    # The same digits at the same seed, to the last figure.
    del bench.__dict__["real"]
    assert bench.real == real


def test_a_generator_is_measured_by_the_judge(bench: Bench, fake_generator, monkeypatch) -> None:
    # Every third digit comes out one too high: 9 as 0.
    fake_generator.misdraw = lambda label, index, attempt: (label + (index % 3 == 0)) % 10
    fake_generator.facts = {"parameters": 5}
    reader = fake_generator.reader()

    def read(images: np.ndarray) -> np.ndarray:
        known = np.array([image.tobytes() in fake_generator.drawn for image in images])
        found = np.full((len(images), 10), 0.1, np.float32)
        found[known] = reader.read(images[known])[0]
        return found

    real = bench.real
    monkeypatch.setattr(bench.judge, "probabilities", read)
    seen: list[float] = []
    figures = measure_generator(bench, fake_generator, seen.append).figures
    quality = figures.quality
    assert quality.asked == pytest.approx(2 / 3, abs=0.001)
    assert seen == sorted(seen)
    assert quality.asked_by_class is not None
    assert quality.asked_by_class[7] == pytest.approx(2 / 3, abs=0.1)
    # Clock digits are nothing like real ones.
    assert quality.frechet > 5 * real.frechet
    assert quality.manifold.recall < 0.5 < real.manifold.recall
    assert quality.slant_correlation is not None
    assert quality.slant_correlation > 0.3
    assert quality.modes is not None
    assert quality.gan_train is not None
    assert quality.gan_test is not None
    assert figures.calls == 1
    # Digits that come out wrong are drawn again in a sequence, but the same comes again.
    assert [part.length for part in figures.sequences] == [1, 2, 3, 5, 7, 10]
    assert figures.sequences[-1].unchecked < 1
    json.dumps(dataclasses.asdict(figures))


def test_digits_from_anywhere_are_measured(bench: Bench) -> None:
    data = load("validation").where(np.arange(1005))
    found = measure_samples(bench, data)
    assert found.figures.quality.count == 1000
    assert found.figures.notes == (
        "its classes are not the test set's, which its distances show too",
    )
    assert found.figures.quality.asked == pytest.approx(0.996, abs=0.006)
    assert found.figures.quality.gan_train is not None
    assert found.figures.quality.slant_correlation is not None
    assert found.figures.parameters is None
    # Without labels, nothing was asked for.
    bare = measure_samples(bench, data, labelled=False).figures.quality
    assert (bare.asked, bare.asked_by_class, bare.gan_train, bare.gan_test) == (None,) * 4
    # The judge's labels choose nearly the same digits.
    assert bare.frechet == pytest.approx(found.figures.quality.frechet, rel=0.1)


def test_too_few_digits_say_how_many_are_needed(bench: Bench) -> None:
    few = load("validation").where(np.arange(50))
    with pytest.raises(UsageError, match=r"50 samples are too few .* at least \d+ are needed"):
        measure_samples(bench, few)


def test_the_order_of_a_file_changes_nothing(bench: Bench) -> None:
    data = load("validation").where(np.arange(1500))
    order = np.random.default_rng(0).permutation(1500)
    plain, shuffled = (measure_samples(bench, part) for part in (data, data.where(order)))
    assert shuffled.figures == plain.figures
    # Its classes are the test set's, as those of all that is measured are.
    assert plain.figures.notes == ()
    shares = np.bincount(bench.test.labels) / 10
    np.testing.assert_allclose(np.bincount(plain.digits.labels), shares, atol=1)


def test_all_are_measured_on_as_many_digits_as_the_smallest_has(bench: Bench) -> None:
    data = load("validation")
    few = [
        as_candidate(Samples(str(n), data.images[:n], data.labels[:n], None), bench.judge)
        for n in (900, 2000)
    ]
    count = common_effort(TINY, few, bench.test).count
    assert 700 < count < 900
    assert common_effort(TINY, few[1:], bench.test) == TINY
    # Where a class is missing, its own classes have to do.
    ones = data.where(np.flatnonzero(data.labels == 1)[:300])
    one = as_candidate(Samples("1", ones.images, ones.labels, None), bench.judge)
    assert common_effort(TINY, [one], bench.test).count == 300
