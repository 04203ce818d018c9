"""Strokes as flat arrays, and read back from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from handsum.errors import HandsumError
from handsum.strokes import Strokes
from handsum.strokes.arrays import as_arrays, from_arrays, load_strokes


@pytest.fixture
def digits() -> list[Strokes]:
    """Digits of two, no, one and three strokes."""
    rng = np.random.default_rng(3)

    def stroke(points: int) -> np.ndarray:
        return np.column_stack([rng.normal(size=(points, 2)), rng.uniform(0.02, 0.1, points)])

    sizes = [(5, 2), (), (12,), (3, 4, 7)]
    return [Strokes(tuple(stroke(size) for size in row)) for row in sizes]


def same(first: list[Strokes], second: list[Strokes]) -> bool:
    """Whether all digits have the same strokes, in single precision."""
    return len(first) == len(second) and all(
        len(one.controls) == len(other.controls)
        and all(
            np.array_equal(mine.astype(np.float32), yours.astype(np.float32))
            for mine, yours in zip(one.controls, other.controls, strict=True)
        )
        for one, other in zip(first, second, strict=True)
    )


def test_strokes_come_back_from_a_file_without_pickle(
    digits: list[Strokes], tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", allow_pickle=False, **as_arrays(digits))
    assert same(load_strokes(tmp_path / "a.npz"), digits)
    assert same(from_arrays(as_arrays([])), [])
    assert not same(digits[:3], digits[1:])


def test_offsets_and_times_are_as_described(digits: list[Strokes]) -> None:
    arrays = as_arrays(digits)
    assert arrays["stroke_offsets"].tolist() == [0, 5, 7, 19, 22, 26, 33]
    assert arrays["digit_offsets"].tolist() == [0, 2, 2, 3, 6]
    assert arrays["controls"].shape == (33, 3)
    assert arrays["times"].shape == (33,)
    for digit, first, last in zip(digits, [0, 2, 2, 3], [2, 2, 3, 6], strict=True):
        spans = zip(arrays["stroke_offsets"][first:last], digit.times(), strict=True)
        for start, moments in spans:
            own = arrays["times"][start : start + len(moments) // 8 + 1]
            assert own == pytest.approx(moments[::8], abs=1e-5)
            assert (own[-1], own[0]) == pytest.approx((moments[-1], moments[0]), abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"controls": None}, "the array controls is missing"),
        ({"controls": np.zeros((33, 2))}, "controls are floats of the shape"),
        ({"controls": np.zeros((33, 3), int)}, "controls are floats of the shape"),
        ({"controls": np.zeros((33, 3))}, "widths above 0"),
        ({"controls": np.full((33, 3), np.nan)}, "must have finite"),
        ({"stroke_offsets": np.array([0, 5, 7, 19, 22, 26, 34])}, "rise from 0 to 33"),
        ({"stroke_offsets": np.array([0, 7, 5, 19, 22, 26, 33])}, "rise from 0 to 33"),
        ({"stroke_offsets": np.array([0, 1, 7, 19, 22, 26, 33])}, r"shape \(2 or more, 3\)"),
        ({"digit_offsets": np.array([0, 2, 2, 3, 7])}, "rise from 0 to 6"),
        ({"digit_offsets": np.array([0.0, 6.0])}, "whole numbers"),
        ({"digit_offsets": np.zeros(0, int)}, "whole numbers"),
        ({"digit_offsets": np.array(6)}, "whole numbers"),
        ({"controls": np.array([{}], object)}, "not an .npz of arrays"),
    ],
)
def test_a_wrong_file_is_an_error_of_one_line(
    digits: list[Strokes], tmp_path: Path, changes: dict[str, np.ndarray], message: str
) -> None:
    arrays = {**as_arrays(digits), **changes}
    path = tmp_path / "a.npz"
    np.savez(path, **{name: values for name, values in arrays.items() if values is not None})
    with pytest.raises(HandsumError, match=message) as raised:
        load_strokes(path)
    assert str(raised.value).startswith(f"cannot read {path}: ")
    assert "\n" not in str(raised.value)


def test_a_missing_or_damaged_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("not an archive")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.save(tmp_path / "one.npy", np.zeros(3))
    np.savez(tmp_path / "cut.npz", controls=np.zeros((9, 3)))
    whole = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    for name in ("gone.npz", "text.npz", "empty.npz", "one.npy", "cut.npz", "."):
        with pytest.raises(HandsumError, match="cannot read"):
            load_strokes(tmp_path / name)
