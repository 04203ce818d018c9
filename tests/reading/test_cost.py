"""What a picture costs to read: bounds, and work that can stop."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handsum import stopping
from handsum.data.pictures import components
from handsum.data.pictures.components import Part, join_pieces
from handsum.data.pictures.ink import find_ink
from handsum.data.pictures.ruling import without_frame, without_ruling
from handsum.errors import UsageError
from handsum.reading import cutting, page
from handsum.reading.predict import predict, predict_picture
from handsum.reading.rows import sort_rows, split_low
from handsum.sums import sum_distribution

DrawPage = Callable[..., np.ndarray]
TOO_MANY = "it has too many marks, crop it to the digits"


def strokes(count: int) -> np.ndarray:
    """A sheet full of short strokes, each of which may be a 1."""
    columns = 100
    sheet = np.ones((30 * (1 + count // columns), 20 * columns), np.float32)
    for index in range(count):
        y, x = divmod(index, columns)
        sheet[30 * y + 8 : 30 * y + 22, 20 * x + 9 : 20 * x + 11] = 0
    return sheet


def test_a_sheet_of_strokes_is_refused_before_any_of_them_is_read(
    template_reader: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr(page.Page, "digit", lambda self, part: read.append(part))
    found = predict_picture(strokes(6_000))
    assert found.files[0].failed
    assert found.files[0].error == f"cannot read the picture: {TOO_MANY}"
    assert read == []


@pytest.mark.parametrize("most", [40, 10_000])
def test_too_many_candidates_are_refused_before_all_writing_is_cut(
    most: int, draw_page: DrawPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts: list[object] = []
    cut = page.cut

    def count(*arguments: Any) -> Any:
        cuts.append(arguments)
        return cut(*arguments)

    monkeypatch.setattr(page, "cut", count)
    monkeypatch.setattr(page, "MOST_CANDIDATES", most)
    found = page.Page(draw_page("0835620835"), bounded=True)
    firm = [False] * len(found.writings)
    if most < 100:
        with pytest.raises(UsageError, match=TOO_MANY):
            found.candidates(firm)
        assert 0 < len(cuts) < 8
    else:
        # What is certain early is never more than there is.
        pieces, candidates = found.candidates(firm)
        assert len(cuts) == 10
        monkeypatch.setattr(page, "MOST_CANDIDATES", len(candidates))
        again = page.Page(draw_page("0835620835"), bounded=True)
        assert again.candidates(firm)[0] == pieces


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_PARTS", 3), ("MOST_CANDIDATES", 3), ("MOST_READ_PIXELS", 12_000)]
)
def test_a_file_beyond_a_bound_is_reported_and_the_others_are_read(
    limit: str,
    value: int,
    template_reader: object,
    draw_page: DrawPage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = [tmp_path / "many.png", tmp_path / "few.png"]
    for path, text in zip(paths, ("40512", "7"), strict=True):
        Image.fromarray(np.uint8(255 * draw_page(text))).save(path)
    monkeypatch.setattr(page, limit, value)
    # With a wrong length every digit is doubtful, and has candidates.
    many, few = predict(paths, length=1).files
    assert many.error == f"cannot read {paths[0]}: {TOO_MANY}"
    assert many.failed
    assert few.digits == "7"


def test_what_we_write_ourselves_has_no_bound(
    draw_page: DrawPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST_PARTS", 3)
    assert len(page.Page(draw_page("40512")).writings) == 5


def test_a_reading_stops_where_its_caller_wants(
    template_reader: object, draw_page: DrawPage
) -> None:
    class Stop(Exception):
        pass

    def count() -> None:
        nonlocal checks
        checks += 1
        if checks == last:
            raise Stop

    picture = draw_page("40512")
    checks = last = 0
    with stopping.checked_by(count):
        predict_picture(picture)
    every = checks
    # At least one check for each of the digits, and for what leads to them.
    assert every >= 10
    for last in range(1, every + 1):
        checks = 0
        with pytest.raises(Stop), stopping.checked_by(count):
            predict_picture(picture)
        assert checks == last


def boxes(count: int, seed: int = 0) -> list[Part]:
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 25 * int(count**0.5), (count, 2))
    sizes = rng.integers(2, 30, (count, 2))
    return [
        Part((n,), int(x), int(y), int(x + w), int(y + h), int(w * h))
        for n, ((x, y), (w, h)) in enumerate(zip(places, sizes, strict=True), 1)
    ]


def test_joining_looks_again_only_at_pieces_near_one_that_grew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []
    nearest = components._nearest_partner

    def count(index: int, edges: np.ndarray, typical: float) -> int | None:
        looked.append(index)
        return nearest(index, edges, typical)

    monkeypatch.setattr(components, "_nearest_partner", count)
    parts = boxes(400)
    joined = join_pieces(parts)
    assert len(joined) < 0.9 * len(parts)
    assert sorted(label for part in joined for label in part.labels) == list(range(1, 401))
    few = len(looked)
    monkeypatch.setattr(components, "_are_near", lambda edges, part, reach: True)
    assert join_pieces(parts) == joined
    assert few < len(looked) - few


def test_a_cut_needs_memory_for_the_picture_and_not_for_each_line() -> None:
    lines = np.array([[3, 4, 5], [1, 9, 5], [12, 0, 5]])
    sides = cutting._sides(lines, (3, 10))
    assert sides.tolist() == [
        [sum(column >= line for line in row) for column in range(10)] for row in lines.T
    ]
    assert sides.dtype == np.int32


def test_rows_are_as_when_each_part_is_compared_with_each_row() -> None:
    parts = boxes(300, seed=3)
    rows = sort_rows(parts)
    assert sum(map(len, rows)) == 300
    for row in rows:
        assert [part.left for part in row] == sorted(part.left for part in row)
        for before, part in pairwise(row):
            shared = min(before.bottom, part.bottom) - max(before.top, part.top)
            assert shared >= 0.35 * min(before.height, part.height)
        rest, low = split_low(row, float(max(part.height for part in row)))
        assert len(rest) + len(low) == len(row)


@pytest.mark.parametrize("shape", [(63, 40_000), (40_000, 63), (5, 200_000)])
def test_the_light_on_a_long_strip_is_fitted_on_few_pixels(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    from handsum.data.pictures import ink

    trend = ink._trend

    def count(grey: np.ndarray) -> np.ndarray:
        sizes.append(grey.size)
        return trend(grey)

    monkeypatch.setattr(ink, "_trend", count)
    grey = np.ones(shape, np.float32)
    grey[1:3, 1:3] = 0
    find_ink(grey)
    assert max(sizes) <= 1_100_000


def test_many_frames_and_many_lines_are_looked_at_one_window_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = Image.new("L", (600, 600))
    pen = ImageDraw.Draw(image)
    for edge in range(0, 40, 2):
        pen.rectangle((edge, edge, 599 - edge, 599 - edge), outline=255)
    pen.rectangle((200, 200, 230, 400), fill=255)
    ink = np.asarray(image, np.float32) / 255
    dilated: list[int] = []
    from scipy import ndimage

    dilate = ndimage.binary_dilation

    def count(values: np.ndarray, *args: object, **options: object) -> np.ndarray:
        dilated.append(values.size)
        return dilate(values, *args, **options)

    monkeypatch.setattr(ndimage, "binary_dilation", count)
    without_frame(ink)
    assert 0 < len(dilated) <= 8
    ruled = np.zeros((600, 400), np.float32)
    ruled[20::20] = 1
    ruled[200:260, 100:104] = 1
    rest = without_ruling(ruled)
    assert rest[230, 101] == 1
    assert rest[20::20, 200:].max() == 0


def test_a_sum_of_many_digits_can_stop() -> None:
    checks: list[None] = []
    with stopping.checked_by(lambda: checks.append(None)):
        sum_distribution(np.full((40, 10), 0.1))
    assert len(checks) == 39
