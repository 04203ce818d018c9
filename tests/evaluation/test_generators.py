import dataclasses
import json

import numpy as np
import pytest
from quick import quick

from handsum.data.mnist import Dataset, load
from handsum.data.samples import Samples
from handsum.evaluation.bench import Bench, Drawn, least_digits
from handsum.evaluation.figures import QUICK
from handsum.evaluation.generators import (
    Candidate,
    Measured,
    as_candidate,
    common_effort,
    measure_candidate,
    measure_generator,
)
from handsum.evaluation.tables import generator_tables

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
    """Digits against a part of the test set, by the real judge."""
    bench = Bench(TINY)
    bench.training = bench.training.where(np.arange(12_000))
    bench.test = bench.test.where(np.arange(2_000))
    return bench


def measure_samples(bench: Bench, data: Dataset, labelled: bool = True) -> Measured:
    samples = Samples("mine", data.images, data.labels if labelled else None, data.writers)
    return measure_candidate(bench, as_candidate(samples, bench.judge, TINY.count))


def accuracy(bench: Bench, data: Dataset) -> float:
    """The share of digits that the judge reads as labelled."""
    return float((bench.judge.probabilities(data.images).argmax(-1) == data.labels).mean())


def test_copies_of_the_test_set_score_the_floor(bench: Bench) -> None:
    copied = bench.measure(Drawn(bench.test))
    assert copied.frechet == pytest.approx(0, abs=1e-6)
    manifold = copied.manifold
    assert (manifold.precision, manifold.recall, manifold.coverage) == (1, 1, 1)
    assert copied.frechet < bench.real.frechet
    assert copied.asked == accuracy(bench, bench.test)
    assert copied.copies.count == 0
    assert copied.copies.near == pytest.approx(0.01, abs=0.01)
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


def test_the_order_of_digits_does_not_matter(bench: Bench) -> None:
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
    # The judge knows the training digits, so it reads test digits; copies are of validation digits.
    assert (
        real.asked
        == accuracy(bench, bench.test)
        < accuracy(bench, bench.training.where(np.arange(2_000)))
    )
    assert real.copies.known == 5000
    assert 0 < real.copies.count < 50
    assert 0 < real.copies.near < 0.03
    assert real.slant_correlation == pytest.approx(0.58, abs=0.08)
    assert real.modes is not None
    assert real.modes.count == 100
    # The same digits at the same seed, to the last figure.
    del bench.real
    assert bench.real == real


@pytest.mark.slow
def test_all_real_digits_have_the_known_figures() -> None:
    real = Bench(TINY).real
    assert real.asked == pytest.approx(0.9968, abs=0.0002)
    assert 0 < real.copies.count < 20
    assert real.copies.near == pytest.approx(0.01, abs=0.005)


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
    figures = measure_generator(
        bench, fake_generator, lambda done, total: seen.append(done / total)
    ).figures
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
    # Wrong digits of a sequence are drawn again, but come out wrong again.
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
    # Without labels there is nothing to compare the readings with.
    bare = measure_samples(bench, data, labelled=False).figures.quality
    assert (bare.asked, bare.asked_by_class, bare.gan_train, bare.gan_test) == (None,) * 4
    # The judge's labels choose nearly the same digits.
    assert bare.frechet == pytest.approx(found.figures.quality.frechet, rel=0.1)
    assert bare.left_out == {}


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("count", quick([1, 5, 50, 200], 0, 2, 3))
def test_few_digits_are_counted_and_lack_only_the_figures_that_need_more(
    bench: Bench, count: int, labelled: bool
) -> None:
    few = load("validation").where(np.arange(count))
    figures = measure_samples(bench, few, labelled).figures
    quality = figures.quality
    assert (quality.count, quality.copies.known) == (count, count)
    # 80 features have a covariance from 81 digits on.
    least = {"Fréchet distance": 81, "precision, recall, density and coverage": 6}
    least["Stacked MNIST"] = 3 * TINY.stacked
    assert quality.left_out == {name: need for name, need in least.items() if count < need}
    assert (quality.frechet is None) == (count < 81)
    assert (quality.manifold is None) == (count < 6)
    assert (quality.asked is not None, quality.gan_train is not None) == (labelled, labelled)
    table = generator_tables([figures], bench.real)[0]
    assert table.rows[0] == ("digits", str(count), "1,000")
    for name, need in quality.left_out.items():
        assert f"{name} (needs {need})" in table.note
    assert ("without labels" in table.note) == (not labelled)


def test_the_order_of_a_file_does_not_matter(bench: Bench) -> None:
    data = load("validation").where(np.arange(1500))
    order = np.random.default_rng(0).permutation(1500)
    plain, shuffled = (measure_samples(bench, part) for part in (data, data.where(order)))
    assert shuffled.figures == plain.figures
    # Its classes have the test set's proportions.
    assert plain.figures.notes == ()
    shares = 1000 * np.bincount(bench.test.labels) / len(bench.test)
    np.testing.assert_allclose(np.bincount(plain.digits.labels), shares, atol=1)


def test_distances_of_all_are_over_the_same_number_of_digits(bench: Bench) -> None:
    data, least = load("validation"), least_digits(bench.judge)

    def candidates(*counts: int) -> list[Candidate]:
        samples = [Samples(str(n), data.images[:n], data.labels[:n], None) for n in counts]
        return [as_candidate(one, bench.judge, TINY.count) for one in samples]

    def common(given: list[Candidate]) -> int:
        return common_effort(TINY, given, bench.test, least).count

    assert 700 < common(candidates(900, 2000)) < 900
    assert common(candidates(2000)) == TINY.count
    # A file that is too small for a distance takes nothing from the others.
    assert common(candidates(50, 2000)) == TINY.count
    # One that has enough digits, but not in the test set's proportions, keeps all of them.
    assert common(candidates(90, 2000)) == 90
    ones = data.where(np.flatnonzero(data.labels == 1)[:300])
    one = as_candidate(Samples("1", ones.images, ones.labels, None), bench.judge, TINY.count)
    assert common([one]) == 300


def test_digits_beyond_the_common_number_are_still_read(bench: Bench) -> None:
    data = load("validation").where(np.arange(900))
    samples = Samples("mine", data.images, data.labels, None)
    candidate = as_candidate(samples, bench.judge, TINY.count)
    smaller = Bench(dataclasses.replace(TINY, count=300), judge=bench.judge)
    smaller.training, smaller.test = bench.training, bench.test
    quality = measure_candidate(smaller, candidate).figures.quality
    assert (quality.count, quality.compared, quality.copies.known) == (900, 300, 900)
