"""The Python API: what `import handsum` gives, what it takes, and how Jupyter shows it."""

from __future__ import annotations

import inspect
import io
import typing
from pathlib import Path

import numpy as np
import pytest
from flax import nnx
from PIL import Image

import handsum
from handsum.errors import HandsumError, UsageError
from handsum.pretrained.zoo import list_models

CLASSES = [name for name in handsum.__all__ if isinstance(getattr(handsum, name), type)]
FUNCTIONS = [name for name in handsum.__all__ if callable(getattr(handsum, name))]
FUNCTIONS = [name for name in FUNCTIONS if name not in CLASSES]
BUNDLED = [row["name"] for row in list_models() if row["bundled"]]
NOT_WHOLE = (2.0, float("nan"), float("inf"), True, "3", [1], np.float32(2), np.array([1, 2]), 1j)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_documented_and_typed(name: str) -> None:
    function = getattr(handsum, name)
    assert name in dir(handsum)
    doc = inspect.getdoc(function)
    assert doc
    assert doc.split("\n")[0].endswith(".")
    # Listing the models cannot fail.
    assert "Raises:" in doc or name == "list_models"
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Parameter.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty, parameter
        assert parameter.kind is not inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_documented(name: str) -> None:
    doc = inspect.getdoc(getattr(handsum, name))
    assert doc
    assert name in dir(handsum)


def test_numpy_s_integers_are_whole_numbers(fake_generator) -> None:
    plain = handsum.sum_sequence(23, 5, count=2, seed=4, writer=3)
    arrays = handsum.sum_sequence(
        np.int64(23), np.uint8(5), count=np.int32(2), seed=np.uint32(4), writer=np.int16(3)
    )
    assert np.array_equal(plain.images, arrays.images)
    drawn = handsum.generate(count=np.int64(5), columns=np.uint8(2), seed=np.int64(1))
    assert drawn.images.shape == (5, 28, 28)
    assert handsum.number(np.int64(407), seed=1).digits == ("407",)
    assert handsum.number(-12, seed=1).texts == ("-12",)


@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
@pytest.mark.parametrize("option", ["total", "length", "count", "seed", "writer"])
def test_what_is_no_whole_number_is_refused_in_one_line(option, value, fake_generator) -> None:
    if option == "writer" and isinstance(value, str):
        return
    options = {"total": 23, "length": 5, "seed": 1} | {option: value}
    with pytest.raises(UsageError, match=f"^a {option} is a whole number, not") as error:
        handsum.sum_sequence(**options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: handsum.sum_sequence(-1), "no digits sum to -1"),
        (lambda: handsum.sum_sequence(23, -5), "a length of -5 is out of range"),
        (lambda: handsum.sum_sequence(23, count=-1), "a count is 1 or more, not -1"),
        (lambda: handsum.sum_sequence(23, seed=-1), "seed -1 is out of range"),
        (lambda: handsum.sum_sequence(23, writer=-1), "a hand is a writer's number such as 12"),
        (lambda: handsum.sum_sequence(None), "a total is a whole number, not None"),
        (lambda: handsum.sum_sequence(10**5000), "a total is at most 2**63, not a number of"),
        (lambda: handsum.sum_sequence(9, count=10**30), "a count is at most 2**63"),
        (lambda: handsum.sum_sequence(9, seed=-(10**5000)), "a seed is at most 2**63"),
        (lambda: handsum.number(10**5000), "a number is a text such as '12.50'"),
        (lambda: handsum.number(12.5), "a number is a text such as '12.50', or a whole number"),
        (lambda: handsum.number(b"12"), "a number is a text"),
        (lambda: handsum.number(None), "a number is a text"),
        (lambda: handsum.number("12", model=3), "a model is named by a text"),
        (lambda: handsum.number("12", reader=""), "an empty name is no model"),
        (lambda: handsum.generate(digits=1.5), "`digits` is a text such as '0123'"),
        (lambda: handsum.generate([1, 2]), "`digits` is a text such as '0123', or a whole number"),
        (lambda: handsum.writers(digits=[1]), "`digits` is a text such as '0123'"),
        (lambda: handsum.number([1, 2]), "a number is a text such as '12.50'"),
        (lambda: handsum.generate(count=2.5), "a number of digits is a whole number, not 2.5"),
        (lambda: handsum.generate(rows=-1), "rows -1 would be an empty grid"),
        (lambda: handsum.generate(mix=6), "a mix is digits with commas"),
        (lambda: handsum.generate(model=b""), "a model is named by a text"),
        (lambda: handsum.predict(None), "pictures to read are paths, not None"),
        (lambda: handsum.predict([3]), "pictures to read are paths, not 3"),
        (lambda: handsum.predict(b"a.png"), "pictures to read are paths"),
        (lambda: handsum.predict("a.png", length=2.0), "a length is a whole number, not 2.0"),
        (lambda: handsum.predict(np.zeros((28, 28))), "pictures to read are paths"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(call, message, fake_generator) -> None:
    with pytest.raises(UsageError) as error:
        call()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: handsum.load_model(None), "there is no model None"),
        (lambda: handsum.load_model(3), "a model is named by a text"),
        (lambda: handsum.load_model("r3gam"), "did you mean r3gan?"),
        (lambda: handsum.load_model(Path("no/where")), "no snapshot in no/where"),
        (lambda: handsum.evaluate(), "there is nothing to measure"),
        (lambda: handsum.evaluate(3), "models are paths, not 3"),
        (lambda: handsum.evaluate("r3gan", count=1.5), "a number of digits is a whole number"),
        (lambda: handsum.evaluate("r3gan", count=0), "a number of digits is 1 or more"),
        (lambda: handsum.evaluate("r3gan", seed=-1), "seed -1 is out of range"),
        (lambda: handsum.evaluate("cnn", dataset=3), "a data set is a text such as mnist"),
        (lambda: handsum.load_model("x" * 5000), "no model"),
        (lambda: handsum.load_model("/a\0b"), "config.json"),
        (lambda: handsum.evaluate("cnn", split="tests"), "no split 'tests'"),
        (lambda: handsum.evaluate(images="no/where.npz"), "does not exist"),
        (lambda: handsum.evaluate("r3gan", labels="a.npy"), "1 `labels` for 0 `images`"),
    ],
)
def test_what_cannot_be_loaded_or_measured_is_refused_in_one_line(call, message) -> None:
    with pytest.raises(HandsumError) as error:
        call()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", BUNDLED)
def test_every_model_tells_of_itself(name: str) -> None:
    model = handsum.load_model(name)
    assert (model.name, model.config["steps"] > 0) == (name, True)
    assert model.parameters == model.facts["parameters"]
    assert sum(array.size for array in model.weights.values()) >= model.parameters
    assert repr(model) == f"<{name}: {model.task}, {model.parameters:,} parameters>"
    assert model.measured
    network = model.network()
    assert isinstance(network, nnx.Module)
    assert type(network).__module__.startswith(("handsum.models.", "handsum.layers."))


def test_a_model_without_weights_says_so(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("handsum.pretrained.snapshots.WEIGHTS", tmp_path)
    with pytest.raises(UsageError, match="dcgan has no weights in the package: train it"):
        handsum.load_model("dcgan")


def test_a_generator_draws_with_no_more_than_labels() -> None:
    model = handsum.load_model("r3gan")
    drawn = model.draw([3, 1, 4], seed=7)
    assert drawn.shape == (3, 28, 28)
    again = model.draw(np.array([3, 1, 4]), seed=np.int64(7), indices=np.arange(3))
    assert np.array_equal(drawn, again)
    assert not np.array_equal(drawn, model.draw([3, 1, 4]))
    with pytest.raises(
        UsageError, match=r"labels are one row of whole numbers, not int64 \(1, 2\)"
    ):
        model.draw([[1, 2]])
    with pytest.raises(UsageError, match="labels are one row of whole numbers, not float64"):
        model.draw([1.5])
    with pytest.raises(UsageError, match="must have the same length"):
        model.draw([1, 2], [3])
    assert model.draw([]).shape == (0, 28, 28)


@pytest.mark.parametrize("images", [np.zeros((1, 28, 28)), np.zeros((28, 28), np.uint8), "a.png"])
def test_a_reader_says_what_it_reads(images) -> None:
    reader = handsum.load_model("cnn")
    for call in (reader.probabilities, reader.logits, reader.features, reader.read):
        with pytest.raises(UsageError, match=r"images are uint8 \(N, 28, 28\), white ink"):
            call(images)
    with pytest.raises(UsageError, match=r"images are uint8 \(N, L, 28, 28\)"):
        handsum.load_model("cnn-lstm").distributions(images)


def test_a_model_is_loaded_from_a_folder(tmp_path: Path) -> None:
    import shutil

    from handsum.pretrained.snapshots import WEIGHTS

    shutil.copytree(WEIGHTS / "cnn", tmp_path / "mine")
    image = np.zeros((1, 28, 28), np.uint8)
    own, named = handsum.load_model(tmp_path / "mine"), handsum.load_model("cnn")
    assert np.array_equal(own.logits(image), named.logits(image))


def test_a_measurement_shows_its_tables() -> None:
    found = handsum.evaluate("cnn", quick=True, count=200, seed=np.int64(0))
    assert found.facts["figures"][0]["model"] == "cnn"
    assert repr(found) == "<measurement of cnn, quick, seed 0>"
    assert found == found
    shown = found._repr_markdown_()
    assert "| error |" in shown
    assert shown.count("### ") == len(found.tables)


def picture(shown: bytes | None) -> Image.Image:
    assert shown is not None
    return Image.open(io.BytesIO(shown))


def test_results_show_themselves_as_pictures(fake_generator, tmp_path: Path) -> None:
    from PIL import PngImagePlugin

    written = handsum.sum_sequence(23, 5, count=30, seed=1)
    sheet = picture(written._repr_png_())
    assert isinstance(sheet, PngImagePlugin.PngImageFile)
    assert picture(handsum.number("7", seed=1)._repr_png_()).size < sheet.size
    grid = picture(handsum.generate("01", rows=3, seed=1)._repr_png_())
    assert grid.width / grid.height == pytest.approx(2 / 3)
    handsum.number("407", seed=2).save(tmp_path / "n.png")
    reading = handsum.predict(tmp_path / "n.png", reader=fake_generator.reader())
    assert picture(reading._repr_png_()).width >= 28
    assert picture(reading.files[0]._repr_png_()).width >= 28
    (tmp_path / "n.png").unlink()
    assert reading._repr_png_() is None
    assert handsum.predict("gone.png")._repr_png_() is None


@pytest.mark.parametrize("name", ["a\0b.png", "x" * 5000 + ".png"])
def test_a_name_that_no_file_can_have_is_one_line(name: str, fake_generator) -> None:
    (reading,) = handsum.predict(name).files
    assert reading.failed
    assert str(reading.error).startswith("cannot read")
    with pytest.raises(HandsumError, match="cannot write"):
        handsum.number("1", seed=1).save(name)


def test_samples_of_a_data_set_show_themselves(fake_generator) -> None:
    from handsum.datasets import Recipe, draw_samples

    (sample,) = draw_samples(Recipe("numbers", count=1, seed=1, lengths=(2, 2)), 0, 1)
    shown = picture(sample._repr_png_())
    assert shown.width % sample.image.shape[1] == 0


def test_results_are_saved_by_their_ending(fake_generator, tmp_path: Path) -> None:
    written = handsum.sum_sequence(9, 2, count=2, seed=1)
    for name in ("a.png", "b.svg", "c.npz", "d-{}.png"):
        written.save(tmp_path / name)
    handsum.generate("7", rows=1, seed=1).save(str(tmp_path / "grid.png"))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"a.png", "b.svg", "c.npz", "d-1.png", "d-2.png", "grid.png"}
    with pytest.raises(UsageError, match="use a name that ends in"):
        written.save(tmp_path / "a.pdf")


def test_the_types_are_those_that_the_package_promises() -> None:
    from handsum.reading.results import Prediction
    from handsum.writing.digits import Digits

    assert typing.get_type_hints(handsum.generate)["return"] is Digits
    assert inspect.signature(handsum.predict).return_annotation == Prediction.__name__
