"""Patterns: what they allow, and the most probable row that they allow."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.data.signs.alphabet import CLASSES, SIGNS
from handsum.data.signs.answers import Signs
from handsum.data.signs.pattern import Pattern
from handsum.errors import UsageError
from handsum.reading.predict import predict


def probable(text: str, sure: float = 0.8) -> np.ndarray:
    """Probabilities (N, 22) of signs that are probably those of a text."""
    rows = np.full((len(text), CLASSES), (1 - sure) / (CLASSES - 1))
    rows[np.arange(len(text)), [SIGNS.index(sign) for sign in text]] = sure
    return rows


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("digits", ["0", "123456789012"], ["", "1.5", "-1"]),
        ("digits{4}", ["0000", "1234"], ["123", "12345", "12.4"]),
        ("digits{2,3}", ["12", "123"], ["1", "1234"]),
        ("digits{2,}", ["12", "1" * 30], ["1"]),
        ("digits?%", ["%", "5%"], ["55%"]),
        ("amount", ["$1,234.50", "1250", "12,50", "300-", "1,000,000"], ["1,23.5", "", "$", "1.5"]),
        ("date", ["12/05/2024", "1.2.24", "2024-05-12", "2/29/00"], ["2024/1", "1.2", "12052024"]),
        ("time", ["12:30", "2.15", "23:59:59", "00:00"], ["25:00", "12:60", "1230"]),
        ("phone", ["5551234", "555-1234", "(030)1234", "+49-30-1234"], ["--", "+", "12-"]),
        (r"\(digits\)|digits%", ["(12)", "50%"], ["12", "(12", "(5%)"]),
        ("[0-3]{2,3}", ["12", "333"], ["45", "1", "1111"]),
        ("[0-9+]*=", ["=", "1+1=", "++="], ["1+1"]),
        (r"\++", ["+", "+++"], ["", "1"]),
        ("(1*)*", ["", "1", "111"], ["2"]),
        ("1||2", ["", "1", "2"], ["12"]),
    ],
)
def test_a_pattern_allows(text: str, allowed: list[str], refused: list[str]) -> None:
    pattern = Pattern(text)
    assert [row for row in allowed if not pattern.allows(row)] == []
    assert [row for row in refused if pattern.allows(row)] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an empty pattern"),
        ("(12", "a \\( is not closed"),
        ("12)", "nothing opens \\)"),
        ("digit{3}", "digit is none of the names digits, amount"),
        ("Amount", "none of"),
        ("[]", "a set is empty"),
        ("[a]", "is none of the signs"),
        ("[0-9", "is none of the signs"),
        ("+", "is none of the signs"),
        ("1**", "is none of the signs"),
        ("{3}", "is none of the signs"),
        ("1{5,2}", "is not a number of times"),
        ("1{" + 5000 * "9" + "}", "a number of times is at most 100"),
        ("1{0," + 5000 * "9" + "}", "a number of times is at most 100"),
        ("digits{\u0663}", "after a { is a number of times"),
        ("1{", "after a { is a number of times"),
        ("1{}", "after a { is a number of times"),
        ("1{,3}", "after a { is a number of times"),
        ("[\u0660-\u0669]", "is none of the signs"),
        (51 * "(" + "1" + 51 * ")", "more than 50 groups are within one another"),
        (5000 * "(" + "1" + 5000 * ")", "more than 50 groups"),
        (200 * "[a", "is none of the signs"),
        ("digits{9999}", "is not a number of times, up to 100"),
        ("((digits{50}){50}){50}", "it is too long"),
        ("1 2", "is none of the signs"),
        ("1\n", "is none of the signs"),
        ("\\", "is none of the signs"),
    ],
)
def test_what_is_no_pattern_is_a_usage_error(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        Pattern(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_fifty_groups_may_be_within_one_another() -> None:
    assert Pattern(50 * "(" + "1" + 50 * ")").allows("1")


def test_the_reading_is_the_most_probable_of_all_that_are_allowed() -> None:
    # Compared with every row of three signs, each of which may be left out.
    random = np.random.default_rng(0)
    for text in ("[0-2]{2}", "[0-3]?[.,][0-9]", "1*2|3+", "digits{3}"):
        pattern = Pattern(text)
        probabilities = random.dirichlet(np.full(CLASSES, 0.3), 3)
        present = random.uniform(0.3, 1, 3)
        odds: dict[str, float] = {}
        for kinds in product([-1, *range(len(SIGNS))], repeat=3):
            row = "".join(SIGNS[kind] for kind in kinds if kind >= 0)
            if row and pattern.allows(row):
                own = 0.0
                for kind, values, here in zip(kinds, probabilities, present, strict=True):
                    signs = values[: len(SIGNS)]
                    share = here * signs[kind] if kind >= 0 else 1 - here * signs.sum()
                    own += np.log(max(1e-9, share))
                odds[row] = max(odds.get(row, -np.inf), own)
        best, second, *_ = sorted(odds, key=lambda row: -odds[row])
        found = pattern.read(probabilities, present)
        assert found is not None
        assert (found.text, found.other) == (best, second)
        assert found.odds == pytest.approx(odds[best])
        assert found.alternative == (
            second,
            pytest.approx(1 / (1 + np.exp(odds[best] - odds[second])), abs=1e-5),
        )


def test_a_row_of_many_doubtful_signs_is_read_in_a_bounded_number_of_steps() -> None:
    probabilities = np.random.default_rng(1).dirichlet(np.ones(CLASSES), 80)
    found = Pattern("(digits|amount|phone)*").read(probabilities, np.full(80, 0.9))
    assert found is not None
    assert len(found.kinds) == 80


class Row:
    """A finder that sees the signs of texts in rows, from left to right."""

    def __init__(self, *rows: str, sure: float = 0.8) -> None:
        places = [(20.0 * x, 60.0 * y) for y, row in enumerate(rows) for x in range(len(row))]
        boxes = np.array([(x, y, x + 12, y + 30) for x, y in places])
        self.signs = Signs(boxes, np.full(len(boxes), 0.9), probable("".join(rows), sure))

    def find(self, pictures: list[np.ndarray], least: float = 0.3) -> list[Signs]:
        return [self.signs] * len(pictures)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    image = Image.new("L", (300, 200), 255)
    image.paste(0, (0, 0, 20, 20))
    image.save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_a_pattern_decides_between_signs(picture: Path) -> None:
    reading = predict(picture, reader=Row("12705/2024"), pattern="date").files[0]
    assert (reading.rows, reading.digits) == (("12/05/2024",), "12052024")
    assert reading.probabilities.argmax(1).tolist() == [1, 2, 0, 5, 2, 0, 2, 4]
    np.testing.assert_allclose(reading.probabilities.sum(1), 1, rtol=1e-5)
    assert len(reading.boxes) == 8
    ((other, probability),) = reading.row_alternatives
    assert Pattern("date").allows(other)
    assert 0 < probability <= 0.5
    assert reading.as_dict()["row_alternatives"] == [{other: probability}]
    # No day or month begins with 4 or more.
    assert reading.probabilities[2, :4].all()
    assert not reading.probabilities[2, 4:].any()


def test_a_row_that_the_pattern_does_not_allow_is_left_out_and_named(picture: Path) -> None:
    some = predict(picture, reader=Row("1234", "12+5"), pattern="[1-9]{4}").files[0]
    # The + may also be left out or be a digit.
    assert some.rows[0] == "1234"
    some = predict(picture, reader=Row("1234", "5%", sure=0.99999), pattern="digits{4}")
    assert some.files[0].rows == ("1234",)
    assert some.notes == (f"{picture}: left out 5%, which the pattern does not allow",)
    none = predict(picture, reader=Row("5%"), pattern="digits{4}").files[0]
    assert none.failed
    assert none.error == (
        f"{picture} does not read as digits{{4}}, but as 5%: give another pattern"
    )


def test_a_certain_digit_is_not_left_out_to_fit(picture: Path) -> None:
    certain = predict(picture, reader=Row("12345", sure=0.99), pattern="digits{4}").files[0]
    assert certain.failed
    assert "does not read as digits{4}, but as 12345" in str(certain.error)
    doubtful = Row("12345", sure=0.99)
    doubtful.signs.scores[2] = 0.5
    assert predict(picture, reader=doubtful, pattern="digits{4}").files[0].rows == ("1245",)


def test_a_length_and_a_pattern_are_one_too_many(picture: Path) -> None:
    with pytest.raises(UsageError, match="give a `length` or a `pattern`"):
        predict(picture, length=4, pattern="digits{4}")
