import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from handsum import pretrained
from handsum.data.mnist import load
from handsum.data.non_digits import non_digits
from handsum.errors import SnapshotError, UsageError


@pytest.fixture(scope="module")
def generator() -> pretrained.DigitGenerator:
    return pretrained.load_generator()


def draw(generator, rows: np.ndarray, **changes) -> np.ndarray:
    arguments = {"seed": 7, "indices": rows, "attempts": None, **changes}
    return generator.draw(rows % 10, rows % 5, **arguments)


def test_a_digit_is_the_same_in_any_company(generator) -> None:
    rows = np.arange(100)
    together = draw(generator, rows)
    assert together.shape == (100, 28, 28)
    assert together.dtype == np.uint8
    np.testing.assert_array_equal(draw(generator, rows[::-1])[::-1], together)
    for row in (0, 31, 32, 99):
        np.testing.assert_array_equal(draw(generator, rows[row : row + 1])[0], together[row])
    assert draw(generator, rows[:0]).shape == (0, 28, 28)


def test_seed_index_and_attempt_each_make_another_digit(generator) -> None:
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


def test_the_reader_reads_validation_digits() -> None:
    data = load("validation").where(np.arange(500))
    reader = pretrained.load_reader()
    probabilities = reader.probabilities(data.images)
    assert probabilities.shape == (500, 10)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert (probabilities.argmax(1) == data.labels).mean() >= 0.99
    np.testing.assert_array_equal(reader.probabilities(data.images[3:4])[0], probabilities[3])
    assert reader.probabilities(data.images[:0]).shape == (0, 10)


def test_generated_digits_are_read_as_asked(generator) -> None:
    rows = np.arange(300)
    readings = pretrained.load_reader().probabilities(draw(generator, rows)).argmax(1)
    assert (readings == rows % 10).mean() >= 0.97


@pytest.mark.parametrize(
    ("load_model", "name", "message"),
    [
        (pretrained.load_generator, "r3gam", r"did you mean r3gan\?"),
        (pretrained.load_generator, "cnn", "cnn is a digit reader.*r3gan can"),
        (pretrained.load_reader, "r3gan", "r3gan is a digit generator.*cnn, judge can"),
    ],
)
def test_a_wrong_model_is_refused(load_model, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(name)


def test_a_snapshot_folder_is_a_model_too(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(pretrained.WEIGHTS / "cnn", folder)
    image = load("validation").images[:1]
    expected = pretrained.load_reader().probabilities(image)
    np.testing.assert_array_equal(
        pretrained.load_reader(str(folder)).probabilities(image), expected
    )
    with pytest.raises(UsageError, match="cannot do this"):
        pretrained.load_generator(str(folder))
    with pytest.raises(SnapshotError, match="no snapshot in"):
        pretrained.load_reader(str(tmp_path / "other"))


def test_weights_of_another_shape_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "mine"
    shutil.copytree(pretrained.WEIGHTS / "cnn", folder)
    facts = json.loads((folder / "config.json").read_text())
    facts["config"]["hidden"] += 1
    (folder / "config.json").write_text(json.dumps(facts))
    with pytest.raises(SnapshotError, match="head/kernel is "):
        pretrained.load_reader(str(folder))


def test_the_kept_trace_gives_the_same_and_damage_to_it_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    image = load("validation").images[:1]

    def read() -> np.ndarray:
        pretrained.load_reader.cache_clear()
        return pretrained.load_reader().probabilities(image)

    first = read()
    (trace,) = (tmp_path / "handsum").glob("cnn-*.export")
    np.testing.assert_array_equal(read(), first)
    trace.write_bytes(trace.read_bytes()[:1000])
    np.testing.assert_array_equal(read(), first)
    trace.write_bytes(b"")
    np.testing.assert_array_equal(read(), first)


def test_the_reader_tells_digits_from_letters_and_the_judge_does_not() -> None:
    digits = load("validation").images[:300]
    letters = non_digits(digits, 100, np.random.default_rng(0), kinds=["letters"])
    reader = pretrained.load_reader()
    probabilities, odds = reader.read(np.concatenate([digits, letters]))
    np.testing.assert_array_equal(probabilities[:300], reader.probabilities(digits))
    assert (odds[:300] >= 0).mean() > 0.99
    assert (odds[300:] < 0).mean() > 0.9
    assert np.isinf(pretrained.load_reader("judge").read(digits[:5])[1]).all()


def test_no_cache_folder_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    pretrained.load_reader.cache_clear()
    assert pretrained.load_reader().probabilities(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)


def test_the_zoo_lists_what_is_bundled() -> None:
    rows = {row["name"]: row for row in pretrained.list_models()}
    assert {"cnn", "judge", "r3gan"} <= rows.keys()
    for row in rows.values():
        assert row["bundled"]
        assert row["bytes"] <= 4 * 2**20
        assert row["parameters"] > 0
        assert row["measured"]
        card = (pretrained.WEIGHTS / row["name"] / "README.md").read_text()
        assert f"{row['parameters']:,}" in card
        assert all(figure in card for figure in row["measured"].values())
