import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from handsum.data.mnist import load
from handsum.data.non_digits import non_digits
from handsum.errors import SnapshotError, UsageError
from handsum.pretrained import load as pretrained
from handsum.pretrained.snapshots import WEIGHTS


@pytest.fixture(scope="module")
def generator() -> pretrained.DigitGenerator:
    return pretrained.load_generator()


def draw(generator, rows: np.ndarray, **changes) -> np.ndarray:
    arguments = {"seed": 7, "indices": rows, "attempts": None, **changes}
    return generator.draw(rows % 10, rows % 5, **arguments)


def test_a_digit_does_not_depend_on_the_others(generator) -> None:
    rows = np.arange(100)
    together = draw(generator, rows)
    assert together.shape == (100, 28, 28)
    assert together.dtype == np.uint8
    np.testing.assert_array_equal(draw(generator, rows[::-1])[::-1], together)
    for row in (0, 31, 32, 99):
        np.testing.assert_array_equal(draw(generator, rows[row : row + 1])[0], together[row])
    assert draw(generator, rows[:0]).shape == (0, 28, 28)


def test_seed_index_and_attempt_each_change_the_digit(generator) -> None:
    rows = np.zeros(1, int)
    first = draw(generator, rows)
    assert not np.array_equal(first, draw(generator, rows, seed=8))
    assert not np.array_equal(first, draw(generator, rows, indices=rows + 1))
    assert not np.array_equal(first, draw(generator, rows, attempts=rows + 1))
    assert np.array_equal(first, draw(generator, rows, attempts=rows))


def test_what_a_generator_cannot_draw_is_refused(generator) -> None:
    one = np.zeros(1, int)
    with pytest.raises(UsageError, match="digits from 0 to 9"):
        generator.draw(one + 10, one, seed=0, indices=one)
    for writer in (-1, generator.writers):
        with pytest.raises(UsageError, match=f"writers 0 to {generator.writers - 1}"):
            generator.draw(one, one + writer, seed=0, indices=one)


@pytest.fixture(scope="module")
def sequences() -> pretrained.SequenceGenerator:
    return pretrained.load_sequence_generator("lstm-cgan")


def test_a_sequence_does_not_depend_on_the_others(sequences) -> None:
    totals = np.resize(np.arange(28), 40)
    images, digits = sequences.draw(totals, 3, seed=1, indices=np.arange(40))
    assert images.shape == (40, 3, 28, 28)
    assert digits.shape == (40, 3)
    alone, planned = sequences.draw(totals[35:36], 3, seed=1, indices=np.array([35]))
    np.testing.assert_array_equal(alone[0], images[35])
    np.testing.assert_array_equal(planned[0], digits[35])
    again, _ = sequences.draw(
        totals, 3, seed=1, indices=np.arange(40), attempts=np.ones(40, np.int64)
    )
    assert not np.array_equal(again, images)


@pytest.mark.parametrize("length", [0, 99, 2.0, True, "3", np.array([3, 3])])
def test_an_invalid_length_is_refused(sequences, length) -> None:
    with pytest.raises(UsageError, match="length"):
        sequences.draw(np.array([5, 5]), length, seed=1)


def test_a_planned_sequence_sums_and_reads_to_its_total(sequences) -> None:
    totals = np.random.default_rng(0).integers(0, 46, 100)
    images, digits = sequences.draw(totals, 5, seed=1, indices=np.arange(100))
    assert (digits.sum(1) == totals).mean() >= 0.97
    readings = pretrained.load_reader().probabilities(images.reshape(-1, 28, 28)).argmax(1)
    assert (readings.reshape(100, 5) == digits).mean() >= 0.97
    # The decompositions of one total are many.
    _, digits = sequences.draw(np.full(100, 23), 5, seed=1, indices=np.arange(100))
    assert len(np.unique(digits, axis=0)) >= 90


def test_what_a_sequence_generator_cannot_draw_is_refused(sequences) -> None:
    one = np.zeros(1, int)
    with pytest.raises(UsageError, match="lengths from 1 to 10, not 11"):
        sequences.draw(one, 11, seed=0, indices=one)
    with pytest.raises(UsageError, match="totals of 2 digits are from 0 to 18"):
        sequences.draw(one + 19, 2, seed=0, indices=one)


@pytest.mark.parametrize("name", ["gan", "dcgan"])
def test_random_digits_are_digits_of_all_classes(name: str) -> None:
    generator = pretrained.load_generator(name)
    assert not generator.conditional
    rows = np.arange(300)
    images = generator.draw(rows % 10, np.zeros(300, int), seed=0, indices=rows)
    other = generator.draw((rows + 1) % 10, np.zeros(300, int), seed=0, indices=rows)
    np.testing.assert_array_equal(images, other)
    counts = np.bincount(pretrained.load_reader().probabilities(images).argmax(1), minlength=10)
    assert counts.min() >= 5


def test_a_mix_has_parts_of_each_digit_and_a_mix_of_one_is_that_digit() -> None:
    generator = pretrained.load_generator("cgan")
    rows = np.arange(64)
    alone = generator.mix(np.tile(np.eye(10)[4], (64, 1)), seed=0, indices=rows)
    drawn = generator.draw(np.full(64, 4), np.zeros(64, int), seed=0, indices=rows)
    np.testing.assert_allclose(alone.astype(int), drawn, atol=1)
    both = generator.mix(np.tile(np.eye(10)[1] + np.eye(10)[0], (64, 1)), seed=0, indices=rows)
    reader = pretrained.load_reader()
    assert reader.probabilities(both).max(1).mean() < reader.probabilities(alone).max(1).mean()
    with pytest.raises(UsageError, match="r3gan cannot mix digits: cgan can"):
        pretrained.load_generator().mix(np.eye(10), seed=0, indices=np.arange(10))


@pytest.mark.parametrize(("name", "exact"), [("cnn-sum", 0.9), ("cnn-lstm", 0.4)])
def test_sums_are_read_as_distributions(name: str, exact: float) -> None:
    data = load("validation")
    rows = np.random.default_rng(0).integers(len(data), size=(60, 6))
    reader = pretrained.load_sum_reader(name)
    distributions = reader.distributions(data.images[rows])
    assert distributions.shape == (60, 55)
    np.testing.assert_allclose(distributions.sum(1), 1, atol=1e-6)
    right = distributions.argmax(1) == data.labels[rows].sum(1)
    assert right.mean() >= exact
    # Neither the other sequences nor the padding changes anything.
    alone = reader.distributions(data.images[rows[:1]])
    np.testing.assert_allclose(alone[0], distributions[0], atol=1e-6)


def test_the_reader_reads_validation_digits() -> None:
    data = load("validation").where(np.arange(500))
    reader = pretrained.load_reader()
    probabilities = reader.probabilities(data.images)
    assert probabilities.shape == (500, 10)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert (probabilities.argmax(1) == data.labels).mean() >= 0.99
    np.testing.assert_array_equal(reader.probabilities(data.images[3:4])[0], probabilities[3])
    assert reader.probabilities(data.images[:0]).shape == (0, 10)


def test_generated_digits_are_read_as_labelled(generator) -> None:
    rows = np.arange(300)
    readings = pretrained.load_reader().probabilities(draw(generator, rows)).argmax(1)
    assert (readings == rows % 10).mean() >= 0.97


@pytest.mark.parametrize(
    ("load_model", "name", "message"),
    [
        (pretrained.load_generator, "r3gam", r"did you mean r3gan\?"),
        (
            pretrained.load_generator,
            "cnn",
            "cnn is a digit reader.*writer-cgan, cgan, dcgan, gan can",
        ),
        (pretrained.load_reader, "r3gan", "r3gan is a digit generator.*cnn, cnn-sum, judge can"),
    ],
)
def test_a_wrong_model_is_refused(load_model, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(name)


def test_a_snapshot_folder_is_a_model_too(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(WEIGHTS / "cnn", folder)
    image = load("validation").images[:1]
    expected = pretrained.load_reader().probabilities(image)
    np.testing.assert_array_equal(
        pretrained.load_reader(str(folder)).probabilities(image), expected
    )
    run = tmp_path / "run"
    shutil.copytree(folder, run / "snapshot")
    np.testing.assert_array_equal(pretrained.load_reader(str(run)).probabilities(image), expected)
    with pytest.raises(UsageError, match="cannot do this"):
        pretrained.load_generator(str(folder))
    with pytest.raises(SnapshotError, match="no snapshot in"):
        pretrained.load_reader(str(tmp_path / "other"))


def test_weights_of_another_shape_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "mine"
    shutil.copytree(WEIGHTS / "cnn", folder)
    facts = json.loads((folder / "config.json").read_text())
    facts["config"]["hidden"] += 1
    (folder / "config.json").write_text(json.dumps(facts))
    with pytest.raises(SnapshotError, match="head/kernel is "):
        pretrained.load_reader(str(folder))


def test_a_cached_function_gives_the_same_and_damage_to_it_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    image = load("validation").images[:1]

    def look() -> np.ndarray:
        pretrained.load_reader.cache_clear()
        return pretrained.load_reader().features(image)

    first = look()
    (cached,) = (tmp_path / "handsum").glob("cnn-*digit_features-*.export")
    np.testing.assert_array_equal(look(), first)
    for damaged in (cached.read_bytes()[:1000], b""):
        cached.write_bytes(damaged)
        np.testing.assert_array_equal(look(), first)
    assert len(cached.read_bytes()) > 1000


def test_the_reader_distinguishes_letters_and_the_judge_does_not() -> None:
    digits = load("validation").images[:300]
    letters = non_digits(digits, 100, np.random.default_rng(0), kinds=["letters"])
    reader = pretrained.load_reader()
    probabilities, odds = reader.read(np.concatenate([digits, letters]))
    np.testing.assert_array_equal(probabilities[:300], reader.probabilities(digits))
    assert (odds[:300] >= 0).mean() > 0.99
    assert (odds[300:] < 0).mean() > 0.9
    assert np.isinf(pretrained.load_reader("judge").read(digits[:5])[1]).all()


def test_readers_work_without_a_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    pretrained.load_reader.cache_clear()
    assert pretrained.load_reader().probabilities(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
