from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.layout.lines import Line, written_line
from handsum.layout.marks import (
    MARK_NOISE,
    MARKS,
    group_thousands,
    read_number,
    value_of,
    write_mark,
)
from handsum.layout.painting import measure_print, print_on
from handsum.layout.pens import PENS, mean_width
from handsum.layout.rows import render
from handsum.layout.style import Style
from handsum.strokes import Strokes

Write = Callable[[str], list[Strokes]]

# The number of pen strokes of each mark, and where its ink lies above the baseline, bottom and top,
# in units, of which a digit is 20 high.
FORMS = {
    ".": (1, 0, 3),
    ",": (1, -5, 3),
    "-": (1, 7, 11),
    "+": (2, 3, 17),
    "=": (2, 5, 15),
    "/": (1, -5.6, 26),
    ":": (2, 2, 15),
    "%": (3, -2, 22),
    "(": (1, -4, 25),
    ")": (1, -4, 25),
    "$": (2, -4, 24),
    "€": (3, -1, 21),
}


def mark(name: str, width: float = 2.0, slant: float = 0.0, seed: int | None = None) -> Strokes:
    noise = np.zeros(MARK_NOISE)
    if seed is not None:
        noise = np.random.default_rng(seed).standard_normal(MARK_NOISE)
    return write_mark(name, width, slant, noise)


def line(text: str, write: Write, style: Style | None = None) -> Line:
    digits = write("".join(filter(str.isdigit, text)))
    return written_line(digits, np.random.default_rng(0), text, style or Style())


def gaps(line: Line) -> list[float]:
    """The paper between the boxes of neighbours."""
    bounds = [item.strokes.bounds() for item in line]
    return [after[0] - before[2] for before, after in pairwise(bounds)]


def test_every_mark_has_its_strokes_and_its_place_beside_the_digits() -> None:
    assert set(FORMS) == set(MARKS)
    for name, (strokes, bottom, top) in FORMS.items():
        drawn = mark(name)
        assert len(drawn.controls) == strokes, name
        _, high, _, low = drawn.bounds()
        assert -high == pytest.approx(top, abs=1.5), name
        assert -low == pytest.approx(bottom, abs=1.5), name


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_is_as_wide_as_the_pen(name: str) -> None:
    for width in (1.0, 2.0, 3.5):
        # A point is pressed a little harder than a line.
        assert mean_width(mark(name, width)) == pytest.approx(width, rel=0.3)


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_leans_with_the_hand_and_wobbles_with_the_noise(name: str) -> None:
    upright, leaning = mark(name), mark(name, slant=0.5)
    top, *_, bottom = sorted(upright.sample()[0].tolist(), key=lambda point: point[1])
    if bottom[1] - top[1] > 3:

        def lean(strokes: Strokes) -> float:
            points = strokes.sample()[0]
            return float(points[points[:, 1].argmin(), 0] - points[points[:, 1].argmax(), 0])

        assert lean(leaning) > lean(upright) + 1
    # Heights stay.
    assert leaning.bounds()[1::2] == pytest.approx(upright.bounds()[1::2], abs=0.3)
    one, other, again = mark(name, seed=1), mark(name, seed=2), mark(name, seed=1)
    distance = np.abs(np.concatenate(one.sample()) - np.concatenate(other.sample()))
    assert 0.05 < distance.max() < 4
    np.testing.assert_array_equal(again.controls[0], one.controls[0])


@pytest.mark.parametrize("name", "%$")
def test_a_wide_pen_is_made_finer_where_it_fills_a_mark(name: str, write_row: Write) -> None:
    def width(pen: float, as_drawn: bool = False) -> float:
        *_, last = line(f"12{name}", write_row, Style(pen=pen, as_drawn=as_drawn))
        return mean_width(last.strokes)

    assert width(0.08) == pytest.approx(width(0.08, as_drawn=True))
    assert width(0.25) < 0.9 * width(0.25, as_drawn=True)
    assert width(0.25, as_drawn=True) == pytest.approx(0.25 * 20, rel=0.1)


@pytest.mark.parametrize("pen", PENS)
def test_a_mark_has_the_width_and_the_taper_of_the_pen(pen: str, write_row: Write) -> None:
    digit, point, slash, colon = line("1./:", write_row, Style(pen=pen))
    width = mean_width(digit.strokes)
    assert mean_width(slash.strokes) == pytest.approx(width, rel=0.05)
    for dots in (point, colon):
        assert mean_width(dots.strokes) > width
    (stroke,) = slash.strokes.controls
    ends, middle = stroke[[0, -1], 2].mean(), stroke[len(stroke) // 2, 2]
    assert (ends < 0.95 * middle) == (PENS[pen].taper > 0)


def test_no_mark_touches_its_neighbours(write_row: Write) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        text = "".join(rng.permutation([*"0123456789147", *MARKS]))
        assert min(gaps(line(text, write_row))) > 0.5, text


def test_marks_move_no_stroke_of_a_digit(write_row: Write) -> None:
    plain, *others = (
        [item for item in line(text, write_row) if item.character.isdigit()]
        for text in ("12345", "-12,34.5", "$1+2=(3)/45%", "1 2:3 € 45")
    )
    for other in others:
        for before, after in zip(plain, other, strict=True):
            right = after.strokes.bounds()[0] - before.strokes.bounds()[0]
            for old, new in zip(before.strokes.controls, after.strokes.controls, strict=True):
                np.testing.assert_allclose(new - [right, 0, 0], old, atol=1e-9)


def test_a_mark_does_not_depend_on_the_marks_beside_it(write_row: Write) -> None:
    def last(text: str) -> np.ndarray:
        written = line(text, write_row)[-1].strokes
        return written.shift(-written.bounds()[0], 0).controls[0]

    np.testing.assert_allclose(last("$1=5%"), last("(1.5%"))
    # The second one of a hand is another.
    assert np.abs(last("1.5%") - last("1.%5%")).max() > 0.05


def test_a_hand_writes_the_same_mark_alike(write_row: Write) -> None:
    def spread(lines: list[Line]) -> float:
        """How far the first two pluses of lines are apart."""
        signs = [
            item.strokes.shift(-item.strokes.bounds()[0], 0).controls[0]
            for line in lines
            for item in line
            if item.character == "+"
        ]
        return float(np.abs(signs[0] - signs[1]).mean())

    digits = write_row("123")
    within, between = [], []
    for seed in range(40):
        one, other = (
            written_line(digits, np.random.default_rng([seed, row]), "1+2+3", Style())
            for row in range(2)
        )
        within.append(spread([one]))
        between.append(spread([one[:3], other[:3]]))
    assert np.mean(within) < 0.9 * np.mean(between)


def test_a_picture_has_a_box_for_each_digit_and_none_for_marks(write_row: Write) -> None:
    def picture(text: str):
        digits = write_row("12345")
        return render([digits], [np.random.default_rng(0)], Style(), None, [text])

    marked = picture("-12,34.5")
    assert marked.boxes.shape == (1, 5, 4)
    # The same seed, the same picture; what stands between the digits is ink.
    np.testing.assert_array_equal(picture("-12,34.5").pixels, marked.pixels)
    ink = (marked.pixels < 128).any(axis=(0, 2) if marked.pixels.ndim == 3 else 0)
    lefts = marked.boxes[0, :, 0]
    rights = lefts + marked.boxes[0, :, 2]
    assert ink[: lefts[0]].any()
    assert not ink[rights[0] : lefts[1]].any()
    assert ink[rights[1] : lefts[2]].any()


def test_a_caption_prints_a_euro_sign_that_the_font_lacks() -> None:
    def printed(text: str) -> np.ndarray:
        canvas = np.zeros((40, 120), np.uint8)
        print_on(canvas, text, 0, 0, 20)
        return canvas

    np.testing.assert_array_equal(printed("5 €"), printed("5 EUR"))
    assert measure_print("5 €", 20) == measure_print("5 EUR", 20)
    assert not np.array_equal(printed("5 €"), printed("5 \u2603"))


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("007", "007"),
        (" -1,234.50 ", "-1,234.50"),
        ("\u22125", "-5"),
        ("1\u20134", "1-4"),
        ("2024\u201112\u201005", "2024-12-05"),
        ("1'234'567", "1 234 567"),
        ("1\u2019234", "1 234"),
        ("12 345.6", "12 345.6"),
        ("1\u00a0234\u202f567\u2009890", "1 234 567 890"),
        ("12/05/2024", "12/05/2024"),
        ("12:30", "12:30"),
        ("3+4=7", "3+4=7"),
        ("3 + 4 = 7", "3 + 4 = 7"),
        ("$1,234.50", "$1,234.50"),
        ("1.234,50\u00a0€", "1.234,50 €"),
        ("€ 5", "€ 5"),
        ("(25 %)", "(25 %)"),
        ("-$5", "-$5"),
    ],
)
def test_spaces_dashes_and_signs_of_any_sort_are_read(text: str, drawn: str) -> None:
    assert read_number(text) == drawn


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1'", 'an apostrophe between two digits, not as in "1\'"'),
        ("'1", 'not as in "\'1"'),
        ("$'1", 'not as in "\\$\'1"'),
        ("1  2", "not as in '1  2'"),
        ("1 .5", "a single space, not beside a point or comma, or .* not as in '1 .5'"),
        ("$ , 5", "not as in"),
        ("3 +  4", "not as in '3 [+]  4'"),
        ("a 5", "not 'a'$"),
        ("1_000", "not '_'"),
        ("12a4b", "not 'a' 'b'"),
        ("3×4", "not '×'"),
        ("5 £", "not '£'"),
        ("[5]", r"not '\[' ']'"),
        ("1\n2", r"not '\\n'"),
        ("٣", "not '٣'"),
        ("5\u20df", "not"),
        ("", "at least one digit"),
        (" ", "at least one digit"),
        ("-.,", "at least one digit"),
        ("$", "at least one digit"),
    ],
)
def test_other_characters_are_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_number(text)


def test_a_gap_in_the_text_is_as_wide_as_one_between_thousands(write_row: Write) -> None:
    def boxes(text: str, spacing: bool) -> list[float]:
        return gaps(line(text, write_row, Style(spacing=spacing)))

    assert boxes("1 234 567", False) == boxes("1234567", True) == boxes("1 234 567", True)
    assert boxes("12 34567", False) != boxes("1234567", False)


@pytest.mark.parametrize("text", ["3+4=7", "5€", "$5", "(5)", "5%", "-5"])
def test_a_space_beside_a_mark_is_a_gap(text: str, write_row: Write) -> None:
    narrow = gaps(line(text, write_row))
    spaced = gaps(line(" ".join(text), write_row))
    assert all(after > before + 4 for before, after in zip(narrow, spaced, strict=True))


GROUPED = {
    "0012345": "0 012 345",
    "123456": "123 456",
    "12": "12",
    "-1234567.8901": "-1 234 567.8901",
    "1234567,89": "1 234 567,89",
    "1,234,567.89": "1,234,567.89",
    "1.234.567": "1.234.567",
    "12345,678": "12 345,678",
    "1 234567": "1 234 567",
    "$1234567.50": "$1 234 567.50",
    "1234567,50 €": "1 234 567,50 €",
    "(12345%)": "(12 345%)",
    "1000+2000=3000": "1 000+2 000=3 000",
    "1000.5 + 20000 = 21000.5": "1 000.5 + 20 000 = 21 000.5",
    "5000-1000": "5 000-1 000",
    "5000-10-20=4970": "5 000-10-20=4 970",
    "12/05/2024": "12/05/2024",
    "12 / 05 / 2024": "12 / 05 / 2024",
    "2024-12-05": "2024-12-05",
    "12.05.2024": "12.05.2024",
    "1000/2000": "1000/2000",
    "2024:1000": "2024:1000",
    "(2024)": "(2 024)",
}


@pytest.mark.parametrize(("text", "grouped"), GROUPED.items())
def test_each_number_of_a_text_is_grouped_on_its_own(
    text: str, grouped: str, write_row: Write
) -> None:
    assert group_thousands(text) == grouped
    # The digits are set as the caption is.
    spaced = gaps(line(text, write_row, Style(spacing=True)))
    assert spaced == gaps(line(grouped, write_row))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0744", 744), ("-3.5", -3.5), ("+49", 49), ("$12", 12), ("-$5", -5), ("$-5", -5),
        ("5€", 5), ("€0.50", 0.5), ("50%", 50), ("300.-", 300), ("300-", 300), ("7=", 7),
        ("1,234", 1234), ("1,23", 1.23), ("12,345.60", 12345.6), ("1.234,5", 1234.5),
        ("1,234,567", 1234567), ("$1,234,567.5", 1234567.5), ("1.234.567", 1234567),
        ("1 234", 1234), ("1 234 567,25", 1234567.25),
        ("12/05/2024", None), ("1.2.24", None), ("2024-05-12", None), ("12:30", None),
        ("3+4=7", None), ("555-1234", None), ("(12)", None), ("1,23,456", None), ("1-", 1),
        ("-$-5", None), ("1,234,56", None),
    ],
)  # fmt: skip
def test_the_value_of_a_text_that_is_one_number(text: str, value: float | None) -> None:
    assert value_of(text) == value
