import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.path import Path as Outline

from handsum.layout.rows import Placed, compose, render
from handsum.layout.style import Style
from handsum.layout.svg import TRACE_SCALE, draw_svg, outline_path

SVG = "{http://www.w3.org/2000/svg}"


def filled(data: str, width: int, height: int) -> np.ndarray:
    """Which pixels' middles lie inside of an SVG path by the even-odd rule, bool (H, W)."""
    inside = np.zeros(width * height, int)
    y, x = np.mgrid[:height, :width] + 0.5
    middles = np.stack([x.ravel(), y.ravel()], 1)
    for outline in data.split("Z"):
        numbers = np.array(re.findall(r"-?[\d.]+", outline), float).reshape(-1, 2)
        if len(numbers):
            codes = [Outline.MOVETO] + [Outline.CURVE4] * (len(numbers) - 1)
            inside += Outline(numbers, codes).to_polygons(closed_only=True) and Outline(
                numbers, codes
            ).contains_points(middles)
    return (inside % 2 == 1).reshape(height, width)


@pytest.mark.parametrize("text", ["0", "8", "7", "4"])
def test_the_outline_fills_what_is_ink(draw_row, text: str) -> None:
    images = draw_row(text)[None]
    style = Style(scale=TRACE_SCALE)
    sheet = compose(images, [np.random.default_rng(0)], style)
    pixels = render(images, [np.random.default_rng(0)], style).pixels
    ink = pixels.mean(-1) < (255 + np.mean(style.colors[0])) / 2
    traced = filled(outline_path(sheet.digits[0][0]), sheet.width, sheet.height)
    assert (traced & ink).sum() / (traced | ink).sum() > 0.97


def test_a_speck_has_no_outline() -> None:
    speck = np.zeros((9, 9), np.uint8)
    speck[4, 4] = 255
    assert outline_path(Placed(speck, 3, 5)) == ""


def test_the_file_is_well_formed_and_says_what_it_is(draw_row) -> None:
    images = np.stack([draw_row("123"), draw_row("456")])
    style = Style(scale=2, ink="#102a6b", paper="transparent")
    rngs = [np.random.default_rng(n) for n in range(2)]
    captions, texts = ["1 < 23", "45,6"], ["123", "45,6"]
    sheet = compose(images, rngs, Style(scale=TRACE_SCALE), captions, texts)
    data = draw_svg(sheet, style, texts, captions, {"handsum:seed": "7 & 8"})
    root = ElementTree.fromstring(data)
    assert root.tag == f"{SVG}svg"
    assert float(root.get("width", "0")) == pytest.approx(sheet.width / 4, rel=1e-3)
    rows = root.findall(f"{SVG}g/{SVG}g")
    assert [row.get("aria-label") for row in rows] == texts
    assert [len(row.findall(f"{SVG}path")) for row in rows] == [3, 4]
    assert [text.text for text in root.findall(f"{SVG}text")] == captions
    assert root.find(f"{SVG}rect") is None
    # However small the picture, its print is as large beside its digits as in a large one.
    small = ElementTree.fromstring(draw_svg(sheet, Style(scale=0.25), texts, captions, {}))
    sizes = [one.find(f"{SVG}text").get("font-size") for one in (root, small)]  # type: ignore[union-attr]
    assert sizes[0] == sizes[1]

    assert b"#102a6b" in data
    assert b"7 &amp; 8" in data
    # A resolution makes it a size on paper.
    sized = ElementTree.fromstring(draw_svg(sheet, Style(scale=2, dpi=200), texts, captions, {}))
    assert sized.get("width", "").endswith("in")
    assert float(sized.get("width", "")[:-2]) == pytest.approx(sheet.width / 4 / 200, rel=1e-3)
    assert sized.find(f"{SVG}rect") is not None


def test_a_sheet_is_as_large_as_its_own_size_however_finely_it_is_traced(draw_row) -> None:
    from handsum.writing.sequences import draw_vector
    from handsum.writing.write import Options, write_rows

    rows = np.tile(np.arange(10), (140, 1))
    written = write_rows(rows, 1, Options(verify=False))
    data, boxes = draw_vector(written, Style(scale=0.5))
    root = ElementTree.fromstring(data)
    assert len(root.findall(f"{SVG}g/{SVG}g/{SVG}path")) >= 1400
    assert boxes[..., 0].max() < float(root.get("width", "0"))
