import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.layout.marks import MARKS, Pen, draw_mark, group_thousands, measure_pen, read_number
from handsum.layout.rows import render
from handsum.layout.style import Style
from handsum.metrics.hands import stroke_width


def mark(name: str, width: float = 3.0, slant: float = 0.0, scale: float = 8.0):
    return draw_mark(name, Pen(width, slant), scale, np.zeros((3, 2)))


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_is_whole_and_has_the_pens_width(name: str) -> None:
    ink, _ = mark(name)
    assert ink.max() == 255
    for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]):
        assert edge.max() == 0
    # Twice the pen, and every mark has more ink; the minus is as thick as the pen.
    assert mark(name, width=6.0)[0].sum() > 1.5 * ink.sum()
    if name == "-":
        assert stroke_width(ink[None])[0] == pytest.approx(3.0 * 8, rel=0.25)


def test_marks_stand_where_people_put_them() -> None:
    point, above_point = mark(".")
    comma, above_comma = mark(",")
    minus, above_minus = mark("-")
    # The point on the baseline, the comma through it, the minus at half the height of a digit.
    assert point.shape[0] == pytest.approx(above_point, abs=10)
    assert comma.shape[0] - above_comma > 3 * 8
    assert above_comma > 8
    assert above_minus - minus.shape[0] / 2 == pytest.approx(9 * 8, abs=8)
    assert minus.shape[1] > 3 * minus.shape[0] / 2


def test_a_slanting_hand_slants_its_comma() -> None:
    upright, _ = mark(",")
    leaning, _ = mark(",", slant=0.6)
    assert leaning.shape[1] > upright.shape[1]


def test_the_pen_is_that_of_the_digits(draw_row) -> None:
    digits = draw_row("1234567")
    thin = measure_pen(digits, np.ones(7))
    assert thin.width == pytest.approx(float(np.median(stroke_width(digits))))
    assert measure_pen(digits, np.full(7, 1.5)).width == pytest.approx(1.5 * thin.width)
    assert measure_pen(np.zeros_like(digits), np.ones(7)).width > 1


def test_punctuation_moves_no_pixel_of_a_digit(draw_row) -> None:
    digits = draw_row("12345")[None]

    def picture(text: str | None):
        rngs = [np.random.default_rng(0)]
        return render(digits, rngs, Style(), None, text and [text])

    plain, marked = picture(None), picture("-12,34.5")
    assert marked.pixels.shape[1] > plain.pixels.shape[1]
    assert marked.boxes.shape == plain.boxes.shape == (1, 5, 4)
    for (x, y, w, h), (u, v, width, height) in zip(plain.boxes[0], marked.boxes[0], strict=True):
        assert (w, h) == (width, height)
        np.testing.assert_array_equal(
            plain.pixels[y : y + h, x : x + w], marked.pixels[v : v + h, u : u + w]
        )
    # The same seed, the same picture; what stands between the digits is ink.
    np.testing.assert_array_equal(picture("-12,34.5").pixels, marked.pixels)
    lefts = marked.boxes[0, :, 0]
    rights = lefts + marked.boxes[0, :, 2]
    assert (marked.pixels[:, : lefts[0]] < 128).any()
    assert (marked.pixels[:, rights[1] : lefts[2]] < 128).any()
    assert not (marked.pixels[:, rights[0] : lefts[1]] < 128).any()


def test_groups_are_counted_before_the_point(draw_row) -> None:
    digits = draw_row("1234567")[None]
    style = Style(spacing=True)
    boxes = render(digits, [np.random.default_rng(0)], style, None, ["1234.567"]).boxes[0]
    gaps = boxes[1:, 0] - boxes[:-1, 0] - boxes[:-1, 2]
    assert gaps[0] > 2 * max(gaps[1], gaps[2])
    assert max(gaps[4:]) < gaps[0] / 2


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("007", "007"),
        (" -1,234.50 ", "-1,234.50"),
        ("\u22125", "-5"),
        ("1'234'567", "1 234 567"),
        ("1\u2019234", "1 234"),
        ("12 345.6", "12 345.6"),
        ("1\u00a0234\u202f567\u2009890", "1 234 567 890"),
    ],
)
def test_minus_and_thousands_signs_of_any_sort_are_read(text: str, drawn: str) -> None:
    assert read_number(text) == drawn


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1'", 'one space or apostrophe, with a digit on both sides, not as in "1\'"'),
        ("'1", 'not as in "\'1"'),
        ("1  2", "not as in '1  2'"),
        ("- 5", "not as in '- 5'"),
        ("a 5", "not 'a'$"),
        ("1_000", "not '_'"),
        ("12a4b", "not 'a' 'b'"),
        ("1\u20134", "not '–'"),
        ("٣", "not '٣'"),
        ("", "at least one digit"),
        (" ", "at least one digit"),
        ("-.,", "at least one digit"),
    ],
)
def test_other_characters_are_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_number(text)


def test_a_gap_in_the_text_is_as_wide_as_one_between_thousands(draw_row) -> None:
    digits = draw_row("1234567")[None]

    def boxes(text: str, spacing: bool) -> list[list[int]]:
        rngs = [np.random.default_rng(0)]
        return render(digits, rngs, Style(spacing=spacing), None, [text]).boxes[0].tolist()

    assert boxes("1 234 567", False) == boxes("1234567", True) == boxes("1 234 567", True)
    assert boxes("12 34567", False) != boxes("1234567", False)


def test_a_caption_groups_like_the_digits() -> None:
    assert group_thousands("0012345") == "0 012 345"
    assert group_thousands("123456") == "123 456"
    assert group_thousands("12") == "12"
    assert group_thousands("-1234567.8901") == "-1 234 567.8901"
    assert group_thousands("1234567,89") == "1 234 567,89"
    assert group_thousands("1,234,567.89") == "1,234,567.89"
    assert group_thousands("1.234.567") == "1.234.567"
    assert group_thousands("12345,678") == "12 345,678"
    assert group_thousands("1 234567") == "1 234 567"
