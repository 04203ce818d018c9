"""What a file can be: its type, and what each type can show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.layout.encoding import MEDIA_TYPES, Output, check_path, encode_sheet
from handsum.layout.rows import compose, cover_sheet
from handsum.layout.style import Style
from handsum.layout.svg import SVG_SCALE
from handsum.strokes import Strokes


@pytest.mark.parametrize(
    ("fields", "ending", "message"),
    [
        ({"centerline": True}, ".png", "`centerline` is only for an .svg"),
        ({"centerline": True}, ".gif", "`centerline` is only for an .svg"),
        ({"centerline": True}, ".npz", "`centerline` is only for an .svg"),
        ({"animate": True}, ".png", "`animate` is only for animations"),
        ({"duration": 3}, ".png", "`duration` is only for animations"),
        ({"duration": 3}, ".inkml", "`duration` is only for animations"),
        ({"duration": 60.5}, ".gif", "60.5 seconds is out of range: use 0.2 to 60"),
        ({"duration": 0}, ".gif", "0 seconds is out of range"),
        ({"duration": float("nan")}, ".gif", "nan seconds is out of range"),
        ({"duration": "3"}, ".gif", "a duration is a number, not '3'"),
        ({"animate": 1}, ".svg", "`animate` is True or False, not 1"),
        ({"centerline": True, "animate": True}, ".svg", "leave out `animate`"),
        ({"centerline": True, "duration": 2}, ".svg", "leave out `duration`"),
    ],
)
def test_what_a_file_cannot_show_is_an_error_of_one_line(
    fields: dict[str, object], ending: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        check_path(tmp_path / f"a{ending}", Output(**fields))  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "endings"),
    [
        ({}, [*MEDIA_TYPES, ".npz", ".PNG"]),
        ({"centerline": True}, [".svg", ".SVG"]),
        ({"animate": True}, [".svg", ".gif", ".webp"]),
        ({"duration": 60}, [".svg", ".gif", ".webp"]),
        ({"duration": 0.2}, [".svg"]),
    ],
)
def test_what_a_file_can_show_is_accepted(
    fields: dict[str, object], endings: list[str], tmp_path: Path
) -> None:
    for ending in endings:
        check_path(tmp_path / f"a{ending}", Output(**fields))  # type: ignore[arg-type]


def test_a_sheet_without_arrays_is_no_npz(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.png, \.svg, \.gif, \.webp or \.inkml"):
        check_path(tmp_path / "a.npz", arrays=False)


@pytest.mark.parametrize("ending", MEDIA_TYPES)
def test_places_are_in_the_lengths_of_the_file(
    write_row: Callable[..., list[Strokes]], ending: str
) -> None:
    style = Style(scale=3)
    sheet = compose([write_row("407")], [np.random.default_rng(0)], style, None, ["40.7"])
    file = encode_sheet(sheet, style, ["40.7"], {}, ending)
    assert file.size == sheet.pixels(3)
    scale = SVG_SCALE if ending == ".svg" else 3
    assert file.places.height == 20 * scale
    ink = cover_sheet(sheet, float(scale)).boxes
    assert np.abs(file.places.boxes - ink).max() <= 3
    strokes = file.places.strokes(0)
    assert strokes is not None
    assert [one["character"] for one in strokes if one["digit"] is None] == ["."]
    for digit, (x, y, width, height) in enumerate(file.places.boxes[0]):
        own = [one for one in strokes if one["digit"] == digit]
        assert {one["character"] for one in own} == {"407"[digit]}
        points = np.concatenate([one["points"] for one in own])
        half = np.concatenate([one["widths"] for one in own])[:, None] / 2
        left, top = (points - half).min(0)
        right, bottom = (points + half).max(0)
        assert (left, top) == pytest.approx((x, y), abs=3)
        assert (right, bottom) == pytest.approx((x + width, y + height), abs=3)
    times = np.concatenate([one["times"] for one in strokes])
    assert (np.diff(times) >= 0).all()
    assert times[0] == 0
    assert 0.5 < times[-1] < 5


@pytest.mark.parametrize("pen", [None, "felt", "0.8mm", 0.06])
def test_a_style_in_another_size_has_the_same_pen(pen: str | float | None) -> None:
    style = Style(height="12mm", pen=pen, ink="navy")
    small = style.at_scale(1.5)
    assert small.factor == 1.5
    assert small.nib == style.nib
    assert (small.ink, small.height) == ("navy", None)
