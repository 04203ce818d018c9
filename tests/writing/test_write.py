"""Writing: the digits, the hands, and redrawing of digits that are misread."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handsum.arguments import parse_digits
from handsum.errors import UsageError
from handsum.layout.style import Style
from handsum.strokes import Strokes
from handsum.writing.generate import generate
from handsum.writing.sequences import Sequences
from handsum.writing.verify import REDRAWS, _specked
from handsum.writing.write import Options, number, sum_sequence, write_rows


def same(first: Sequences, second: Sequences, rows: slice = slice(None)) -> bool:
    return (
        np.array_equal(first.images[rows], second.images[rows])
        and np.array_equal(first.labels[rows], second.labels[rows])
        and np.array_equal(first.writers[rows], second.writers[rows])
    )


def test_sequences_have_their_sum_shape_and_one_hand(fake_generator: Any) -> None:
    written = sum_sequence(23, 5, count=4, seed=1)
    assert written.images.shape == (4, 5, 28, 28)
    assert written.images.dtype == np.uint8
    assert written.labels.sum(axis=1).tolist() == written.totals.tolist() == [23] * 4
    assert written.writers.shape == (4,)
    assert written.readings == written.digits
    assert written.redrawn.tolist() == [0] * 4
    assert len(set(written.digits)) > 1


def test_a_length_is_chosen_when_not_given(fake_generator: Any) -> None:
    assert sum_sequence(23, seed=1).labels.shape == (1, 5)
    assert sum_sequence(0, seed=1).digits == ("0",)


def test_all_is_a_function_of_the_seed(fake_generator: Any) -> None:
    first, again, other = (sum_sequence(23, 5, seed=seed) for seed in (4, 4, 5))
    assert same(first, again)
    assert not same(first, other)


def test_a_random_seed_is_kept_and_gives_the_same_result(fake_generator: Any) -> None:
    written = sum_sequence(23, 5)
    assert same(written, sum_sequence(23, 5, seed=written.seed))


def test_a_sequence_is_the_same_whatever_the_count(fake_generator: Any) -> None:
    few, many = sum_sequence(23, 5, count=2, seed=9), sum_sequence(23, 5, count=7, seed=9)
    assert same(few, many, slice(2))


def test_choosing_the_writer_changes_no_digits(fake_generator: Any) -> None:
    free, chosen = (
        sum_sequence(23, 5, count=3, seed=2),
        sum_sequence(23, 5, count=3, seed=2, writer=6),
    )
    assert free.digits == chosen.digits
    assert chosen.writers.tolist() == [6, 6, 6]


def test_sequences_have_hands_of_their_own(fake_generator: Any) -> None:
    writers = sum_sequence(23, 5, count=30, seed=2).writers
    assert set(writers.tolist()) == set(range(7))


def test_a_number_keeps_its_zeros(fake_generator: Any) -> None:
    written = number("0070", seed=3)
    assert written.digits == ("0070",)
    assert written.images.shape == (1, 4, 28, 28)
    assert written.totals.tolist() == [7]


@pytest.mark.parametrize("text", ["(1/7)=2%", "10:11:17", "$5 + €3 = 8", "12/05/2024", "1-7=(6)"])
def test_the_reader_sees_no_sign_as_a_digit(fake_generator: Any, text: str) -> None:
    digits = "".join(filter(str.isdigit, text))
    written = number(text, seed=3, style=Style())
    assert written.texts == (text,)
    assert written.digits == written.readings == (digits,)
    assert written.redrawn.tolist() == [0]


def test_hundreds_of_digits_are_one_number(fake_generator: Any) -> None:
    text = "31415926535897932384" * 15
    assert number(text, seed=3).digits == (text,)


def test_a_digit_that_misreads_is_drawn_again(fake_generator: Any) -> None:
    fake_generator.misdraw = lambda label, index, attempt: label if attempt >= index else 8
    written = write_rows(np.arange(5)[None], 3, Options())
    assert written.readings == ("01234",)
    assert written.redrawn.tolist() == [4]
    # Every attempt draws only the digits that are still misread.
    assert fake_generator.calls == [5, 4, 3, 2, 1]


def test_redraws_are_counted_for_each_sequence(fake_generator: Any) -> None:
    fake_generator.misdraw = lambda label, index, attempt: (
        label if attempt or index != 7 else (label + 1) % 10
    )
    written = sum_sequence(23, 5, count=3, seed=1)
    assert written.redrawn.tolist() == [0, 1, 0]
    assert written.readings == written.digits


def test_other_digits_are_untouched_by_a_redraw(fake_generator: Any) -> None:
    calm = number("72545", seed=3)
    fake_generator.misdraw = lambda label, index, attempt: (
        1 if index == 2 and not attempt else label
    )
    redrawn = number("72545", seed=3)
    others = [0, 1, 3, 4]
    assert np.array_equal(calm.images[0, others], redrawn.images[0, others])
    assert not np.array_equal(calm.images[0, 2], redrawn.images[0, 2])


def test_a_digit_that_is_always_misread_is_reported(fake_generator: Any) -> None:
    fake_generator.misdraw = lambda label, index, attempt: 8 if label == 5 else label
    written = write_rows(np.array([[1, 5, 2]]), 3, Options())
    assert written.readings == ("182",)
    assert written.redrawn.tolist() == [1]
    assert fake_generator.calls == [3, *[1] * REDRAWS]


def test_the_best_attempt_is_kept(fake_generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unsure right reading beats a sure wrong one; the surest of the right ones stays."""
    shares = iter([(0.49, 0.6), (0.3, 0.1), (0.45, 0.2), (0.2, 0.7), *[(0.3, 0.2)] * REDRAWS])
    images = []

    class Unsure:
        def prepare(self) -> None:
            """There is nothing to call."""

        def read(self, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            images.append(drawn[0])
            row = np.full((1, 10), 0.01, np.float32)
            row[0, [7, 1]] = next(shares)
            return row, np.full(1, np.inf)

    module = sys.modules["handsum.pretrained.load"]
    monkeypatch.setattr(module, "load_reader", lambda name=None: Unsure())
    written = number("7", seed=3)
    assert len(images) == REDRAWS + 1
    assert np.array_equal(written.images[0, 0], images[2])
    assert written.readings == ("7",)


def test_a_digit_whose_loop_nobody_sees_is_drawn_again(
    fake_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first 8 of each place is a scrawl that only the reader takes for one.
    scrawl = Strokes((np.array([[-0.3, -0.4, 0.05], [0.3, 0.0, 0.05], [-0.3, 0.4, 0.05]]),))
    write = fake_generator.write

    def scrawled(labels: np.ndarray, *columns: Any, attempts: np.ndarray, **keys: Any) -> Any:
        written = write(labels, *columns, attempts=attempts, **keys)
        for index in np.flatnonzero((labels == 8) & (attempts == 0)):
            written[index] = scrawl
            fake_generator.drawn[scrawl.draw(28).tobytes()] = 8
        return written

    monkeypatch.setattr(fake_generator, "write", scrawled)
    style = Style(scale=4)
    seen = number("5818", seed=3, style=style)
    assert (seen.redrawn.tolist(), seen.readings) == ([2], ("5818",))
    assert number("5818", seed=3, style=Style(scale=4, as_drawn=True)).redrawn.tolist() == [0]
    assert number("5171", seed=3, style=style).redrawn.tolist() == [0]


def test_an_unsure_reading_is_drawn_again(
    fake_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["handsum.pretrained.load"]
    for confidence, redrawn in ((0.97, 1), (0.99, 0)):
        reader = fake_generator.reader(confidence)
        monkeypatch.setattr(module, "load_reader", lambda name=None, reader=reader: reader)
        assert number("7", seed=3).redrawn.tolist() == [redrawn]


def test_without_verifying_nothing_is_read(
    fake_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["handsum.pretrained.load"], "load_reader", None)
    fake_generator.misdraw = lambda label, index, attempt: 8
    written = number("123", seed=3, verify=False)
    assert written.readings is None
    assert written.redrawn.tolist() == [0]
    assert fake_generator.calls == [3]


def test_models_are_loaded_by_name(fake_generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    module = sys.modules["handsum.pretrained.load"]

    def load_generator(name: str) -> Any:
        asked.append(name)
        return fake_generator

    def load_reader(name: str) -> Any:
        asked.append(name)
        return fake_generator.reader()

    monkeypatch.setattr(module, "load_generator", load_generator)
    monkeypatch.setattr(module, "load_reader", load_reader)
    number("1", seed=1, model="other", reader="another")
    generate("1", rows=1, seed=1, model="third")
    assert asked == ["other", "another", "third"]


@pytest.mark.parametrize("writer", [-1, 7])
def test_a_writer_out_of_range_names_the_range(fake_generator: Any, writer: int) -> None:
    for write in (lambda: number("1", writer=writer), lambda: generate("1", writer=writer)):
        with pytest.raises(UsageError, match="0 to 6" if writer > 0 else "writer's number"):
            write()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one digit"),
        ("12a4b", "not 'a' 'b'"),
        ("-5", "not '-'"),
        ("1.5", "not '.'"),
        ("²", "not '²'"),
        ("١", "not '١'"),
    ],
)
def test_only_digits_are_digits(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_digits(text)


@pytest.mark.parametrize(("total", "length", "count"), [(50, 5, 1), (-1, 2, 1), (23, 5, 0)])
def test_wrong_arguments_are_refused_before_a_model_is_loaded(
    total: int, length: int, count: int
) -> None:
    with pytest.raises(UsageError):
        sum_sequence(total, length, count=count)


def test_generate_goes_through_the_digits_column_by_column(fake_generator: Any) -> None:
    drawn = generate("370", rows=2, seed=1)
    assert drawn.labels.tolist() == [3, 7, 0, 3, 7, 0]
    assert drawn.images.shape == (6, 28, 28)
    assert drawn.columns == 3
    wide = generate("37", rows=2, columns=3, seed=1)
    assert wide.labels.reshape(2, 3).tolist() == [[3, 7, 3]] * 2


def test_generate_makes_exactly_the_count(fake_generator: Any) -> None:
    drawn = generate(count=23, seed=1)
    assert drawn.labels.tolist() == [index % 10 for index in range(23)]
    assert drawn.columns == 5


def test_generate_draws_digits_at_random(fake_generator: Any) -> None:
    drawn = generate("135", random=True, count=300, seed=1)
    assert np.bincount(drawn.labels, minlength=10)[[1, 3, 5]].min() > 60
    assert set(drawn.labels.tolist()) == {1, 3, 5}


def test_generate_gives_every_digit_a_hand(fake_generator: Any) -> None:
    assert set(generate(count=100, seed=1).writers.tolist()) == set(range(7))
    assert set(generate(count=9, seed=1, writer=4).writers.tolist()) == {4}


@pytest.mark.parametrize("random", [False, True])
def test_a_digit_is_the_same_whatever_the_count(
    fake_generator: Any, monkeypatch: pytest.MonkeyPatch, random: bool
) -> None:
    many = generate(count=50, seed=5, random=random)
    monkeypatch.setattr("handsum.writing.generate.BATCH", 7)
    few = generate(count=20, seed=5, random=random)
    assert np.array_equal(few.images, many.images[:20])
    assert np.array_equal(few.writers, many.writers[:20])


def test_generate_reports_progress(fake_generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handsum.writing.generate.BATCH", 4)
    seen: list[tuple[int, int]] = []
    generate(count=10, seed=5, progress=lambda done, wanted: seen.append((done, wanted)))
    assert seen == [(4, 10), (8, 10), (10, 10)]


@pytest.mark.parametrize(
    "arguments",
    [{"count": 0}, {"rows": 0}, {"columns": 0}, {"count": 5, "rows": 2}, {"digits": "1x"}],
)
def test_an_impossible_grid_is_an_error(arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        generate(**arguments)  # type: ignore[arg-type]


def test_no_specks_lie_beside_written_digits() -> None:
    # In pixels, drawn once, one digit in forty has a speck, which would be read as a decimal point.
    labels = np.tile(np.arange(10), (40, 1))
    once, checked, strokes = (
        write_rows(labels, 5, options).images.reshape(-1, 28, 28)
        for options in (
            Options(verify=False, strokes=False),
            Options(strokes=False),
            Options(verify=False),
        )
    )
    assert _specked(once).sum() >= 4
    assert not _specked(checked).any()
    assert not _specked(strokes).any()


def test_a_speck_is_not_a_stroke() -> None:
    images = np.zeros((4, 28, 28), np.uint8)
    assert not _specked(images).any()
    images[1:, 4:24, 12:16] = 255
    images[2, 22:24, 20:22] = 200
    images[3, 8:20, 20:22] = 255
    assert _specked(images).tolist() == [False, False, True, False]


def test_cells_and_npz_refuse_to_drop_points(tmp_path: Path) -> None:
    amount = number("-1.5", seed=1)
    with pytest.raises(UsageError, match="cells hold digits only"):
        amount.save(tmp_path / "a.png", Style(cells=True))
    with pytest.raises(UsageError, match="an .npz holds digits only: write -1.5 as a picture"):
        amount.save(tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"writer": 1.5}, "a writer is a whole number, not 1.5"),
        ({"model": ""}, "an empty name is no model"),
        ({"reader": 3}, "a model is named by a text"),
        ({"verify": "no"}, "`verify` is True or False, not 'no'"),
        ({"style": "wide"}, "a style is a handsum.Style, not a str"),
    ],
)
def test_options_are_checked_where_they_are_made(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Options(**fields)
    with pytest.raises(UsageError, match=message):
        number("12", **fields)
    with pytest.raises(UsageError, match=message):
        sum_sequence(12, **fields)


def test_digits_in_pixels_come_from_the_model_of_pixels(
    monkeypatch: pytest.MonkeyPatch, fake_generator: Any
) -> None:
    asked: list[str | None] = []

    def load_generator(name: str | None = None) -> Any:
        asked.append(name)
        return fake_generator

    monkeypatch.setattr("handsum.writing.write.PIXEL_GENERATOR", "cgan")
    monkeypatch.setattr(sys.modules["handsum.pretrained.load"], "load_generator", load_generator)
    for options in (
        Options(strokes=False),
        Options(),
        Options(strokes=False, model="dcgan"),
    ):
        write_rows(np.array([[1, 2]]), 1, options)
    assert asked == ["cgan", None, "dcgan"]
