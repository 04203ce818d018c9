"""Animations: the pen writes a sheet, and the last frame is its picture."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from file_facts import SVG
from PIL import Image

from handsum.errors import UsageError
from handsum.images import describe
from handsum.layout.animation import encode_animation
from handsum.layout.rows import Sheet, compose, draw_sheet
from handsum.layout.style import Style
from handsum.layout.svg import SVG_SCALE, outline_paths
from handsum.layout.svg_animation import draw_animated_svg
from handsum.layout.tempo import LONGEST, hand_tempo, set_tempo
from handsum.strokes import Strokes

ENDINGS = (".gif", ".webp")


@pytest.fixture
def sheet(write_row: Callable[..., list[Strokes]]) -> Sheet:
    """Two rows with a mark and a caption."""
    rngs = [np.random.default_rng(n) for n in range(2)]
    rows = [write_row("127"), write_row("408")]
    return compose(rows, rngs, Style(), ["1 + 27", "4,08"], ["127", "4,08"])


def frames_of(data: bytes, mode: str = "L") -> tuple[list[np.ndarray], list[int]]:
    """The pictures of an animation, int (H, W) or (H, W, 4), and their milliseconds."""
    pictures, milliseconds = [], []
    with Image.open(io.BytesIO(data)) as image:
        for index in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(index)
            image.load()
            pictures.append(np.asarray(image.convert(mode)).astype(int))
            milliseconds.append(round(image.info["duration"]))
    return pictures, milliseconds


def picture_of(sheet: Sheet, style: Style, mode: str = "L") -> np.ndarray:
    return np.asarray(Image.fromarray(draw_sheet(sheet, style).pixels).convert(mode)).astype(int)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "style", [Style(scale=2), Style(scale=3, ink="#fff", paper="#123456")], ids=["dark", "light"]
)
def test_the_ink_grows_to_the_picture(sheet: Sheet, ending: str, style: Style) -> None:
    data, boxes = encode_animation(sheet, style, {}, ending, 4.0)
    pictures, milliseconds = frames_of(data)
    assert sum(milliseconds) == 4000
    assert min(milliseconds) >= 40
    assert milliseconds[-1] + milliseconds[0] >= 900  # it rests
    finished = picture_of(sheet, style)
    # Sixteen shades between paper and ink.
    assert np.abs(pictures[-1] - finished).max() <= 256 / 15 / 2 + 1
    darker = 1 if finished[0, 0] > 128 else -1
    # A viewer that does not animate shows the first frame.
    assert (pictures[0] == pictures[-1]).all()
    assert np.abs(pictures[1] - finished).max() > 100
    for before, after in pairwise(pictures[1:]):
        assert (darker * (before - after) >= -17).all()
        assert (before != after).any()
    assert (boxes == draw_sheet(sheet, style).boxes).all()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_digits_appear_in_writing_order(sheet: Sheet, ending: str) -> None:
    style = Style(scale=2)
    data, boxes = encode_animation(sheet, style, {}, ending, None)
    pictures = frames_of(data)[0][1:]
    ink = np.abs(np.stack(pictures) - pictures[0])
    # Print is there from the start, ink is not.
    assert ink[0].max() == 0
    assert (pictures[0] < 200).any()
    firsts, lasts = [], []
    for x, y, width, height in boxes.reshape(-1, 4):
        amount = ink[:, y : y + height, x : x + width].sum((1, 2))
        firsts.append(int(np.flatnonzero(amount > 0)[0]))
        lasts.append(int(np.flatnonzero(amount < amount[-1])[-1]))
    assert all(last <= first for last, first in zip(lasts, firsts[1:], strict=False))
    assert len(set(firsts)) == len(firsts)


@pytest.mark.parametrize("ending", ENDINGS)
def test_transparent_paper_stays_transparent(sheet: Sheet, ending: str) -> None:
    style = Style(scale=2, ink="#a02010", paper="transparent")
    data, boxes = encode_animation(sheet, style, {}, ending, 1.0)
    pictures, _ = frames_of(data, "RGBA")
    finished = picture_of(sheet, style, "RGBA")
    for picture in pictures:
        shown = picture[picture[..., 3] > 0]
        assert (shown[:, :3] == [0xA0, 0x20, 0x10]).all()
    for picture in (pictures[0], pictures[-1]):
        solid = (picture[..., 3] >= 128) == (finished[..., 3] >= 128)
        assert solid.mean() > 0.999
    # Then the paper is empty, but for print.
    x, y, width, height = boxes[-1, -1]
    assert not pictures[1][y : y + height, x : x + width, 3].any()
    if ending == ".webp":
        assert np.abs(pictures[-1] - finished)[..., 3].max() <= 10


def test_an_animation_carries_what_made_it_and_never_ends(sheet: Sheet) -> None:
    metadata = describe(seed=4, writer="12", text="<é>" * 200)
    for ending in ENDINGS:
        data, _ = encode_animation(sheet, Style(scale=1), metadata, ending, 1.0)
        with Image.open(io.BytesIO(data)) as image:
            assert image.info["loop"] == 0
            exif = image.getexif()
            text = image.info["comment"] if ending == ".gif" else exif[0x010E]
        assert json.loads(text) == metadata
        again, _ = encode_animation(sheet, Style(scale=1), metadata, ending, 1.0)
        assert again == data


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_number_is_a_small_file(write_row: Callable[..., list[Strokes]], ending: str) -> None:
    """Each frame holds only what changes: a number of seven digits is under 300 KB."""
    style = Style(height=80)
    sheet = compose([write_row("1234567")], [np.random.default_rng(0)], style, None, ["1234567"])
    data, _ = encode_animation(sheet, style, {}, ending, None)
    pictures, _ = frames_of(data)
    assert len(pictures) > 50
    assert len(data) < 100_000


def test_a_picture_that_is_too_large_is_an_error(sheet: Sheet) -> None:
    with pytest.raises(UsageError, match=r"a \.webp has at most 16383 on a side"):
        encode_animation(sheet, Style(scale=400), {}, ".webp", None)
    with pytest.raises(UsageError, match="too many to open again"):
        encode_animation(sheet, Style(scale=400), {}, ".gif", None)


def test_the_tempo_is_a_hand_s_or_fills_the_duration(
    sheet: Sheet, write_row: Callable[..., list[Strokes]]
) -> None:
    natural = set_tempo(sheet)
    ends = [float(times[-1]) for item in natural.moments for times in item]
    assert ends == sorted(ends)
    assert 0.1 < ends[-1] / len(natural.items) < 1.5
    assert natural.duration == pytest.approx(ends[-1] + 1.5)
    # A single digit takes a hand's time, too.
    alone = compose([write_row("1")], [np.random.default_rng(0)], Style(), None, ["1"])
    assert set_tempo(alone).moments[-1][-1][-1] == hand_tempo(alone).duration < 1
    half = set_tempo(sheet, natural.duration / 2)
    assert half.duration == natural.duration / 2
    factor = half.moments[-1][-1][-1] / ends[-1]
    for item, other in zip(natural.moments, half.moments, strict=True):
        for times, scaled in zip(item, other, strict=True):
            assert scaled == pytest.approx(times * factor)
    # A long text is written faster.
    text = "8" * 300
    long = compose([write_row(text)], [np.random.default_rng(0)], Style(), None, [text])
    assert set_tempo(long).duration == LONGEST


@pytest.fixture
def animated(sheet: Sheet) -> str:
    style = Style(scale=2, ink="#102a6b")
    return draw_animated_svg(sheet, style, ["127", "4,08"], describe(seed=4), None).decode()


def test_an_animated_svg_reveals_the_outlines_of_the_sheet(sheet: Sheet, animated: str) -> None:
    root = ElementTree.fromstring(animated)
    tags = {element.tag for element in root.iter()}
    assert not tags & {f"{SVG}script", f"{SVG}animate", f"{SVG}foreignObject"}
    assert "javascript" not in animated
    rows = root.findall(f"{SVG}g/{SVG}g")
    assert [row.get("aria-label") for row in rows] == ["127", "4,08"]
    groups = [group for row in rows for group in row.findall(f"{SVG}g")]
    items = [item for row in sheet.rows for item in row]
    masks = [mask.get("id") for mask in root.iter(f"{SVG}mask")]
    for group, item in zip(groups, items, strict=True):
        paths = group.findall(f"{SVG}path")
        outlines = [
            ElementTree.fromstring(path).get("d")
            for path in outline_paths(item.strokes.scale(SVG_SCALE))
        ]
        assert [path.get("d") for path in paths] == outlines
        for path in paths:
            assert path.get("mask") == f"url(#{masks.pop(0)})"
    assert masks == []


def test_the_strokes_of_an_animated_svg_follow_one_another(sheet: Sheet, animated: str) -> None:
    tempo = set_tempo(sheet)
    moments = [times for item in tempo.moments for times in item]
    found = re.findall(r"@keyframes s(\d+)\{0%,([\d.]+)%\{([^}]*)\}(.*)\}", animated)
    assert [int(number) for number, *_ in found] == [*range(len(moments))]
    for (_, start, hidden, steps), times in zip(found, moments, strict=True):
        assert "visibility:hidden" in hidden
        assert float(start) == pytest.approx(100 * times[0] / tempo.duration, abs=0.001)
        shares = re.findall(r"([\d.]+)%\{stroke-dashoffset:([\d.]+)\}", steps)
        places, offsets = np.array(shares, float).T
        assert (np.diff(places) >= 0).all()
        assert (np.diff(offsets) <= 0).all()
        assert places[-1] == 100
        assert places[-2] == pytest.approx(100 * times[-1] / tempo.duration, abs=0.001)
    assert f"animation:{tempo.duration:.3f}s linear infinite" in animated


def test_reduced_motion_shows_the_finished_sheet(animated: str) -> None:
    """Without motion, or without style, no rule hides or shortens a stroke."""
    style = re.search(r"<style>(.*?)</style>", animated, re.DOTALL)
    assert style is not None
    always, _, moving = style[1].partition("@media (prefers-reduced-motion:no-preference){")
    assert always == ""
    assert moving.count("{") + 1 == moving.count("}")
    for rule in ("animation", "keyframes", "visibility"):
        assert rule in moving
    root = ElementTree.fromstring(animated.replace(style[0], ""))
    (masks,) = root.findall(f"{SVG}defs")
    assert (masks.get("fill"), masks.get("stroke")) == ("none", "#fff")
    text = ElementTree.tostring(root, "unicode")
    assert not any(word in text for word in ("dash", "visibility", "style", "animat"))
