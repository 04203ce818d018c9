import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from file_facts import SVG, svg_facts, svg_title
from matplotlib.path import Path as Outline

from handsum.images import describe
from handsum.layout.rows import Placed, compose, render
from handsum.layout.style import Style
from handsum.layout.svg import TRACE_SCALE, draw_svg, outline_path

XLINK = "{http://www.w3.org/1999/xlink}"


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


@pytest.fixture
def draw(draw_row) -> Callable[..., bytes]:
    """Two rows with punctuation and captions, as an SVG in some style."""
    images = np.stack([draw_row("123"), draw_row("456")])
    captions, texts = ["1 < 23", "45,6"], ["123", "45,6"]
    rngs = [np.random.default_rng(n) for n in range(2)]
    sheet = compose(images, rngs, Style(scale=TRACE_SCALE), captions, texts)

    def draw(style: Style, metadata: Mapping[str, str] = describe(seed=4)) -> bytes:
        return draw_svg(sheet, style, texts, captions, metadata)

    return draw


def size(data: bytes) -> tuple[float, float, str]:
    """The width, the height and the unit of an SVG."""
    root = ElementTree.fromstring(data)
    pairs = [re.fullmatch(r"([\d.]+)([a-z]*)", root.get(side, "")) for side in ("width", "height")]
    (width, unit), (height, same) = (pair.groups() for pair in pairs if pair)
    assert unit == same
    return float(width), float(height), unit


def test_the_file_is_well_formed_and_labels_its_rows(draw) -> None:
    data = draw(Style(scale=2, ink="#102a6b", paper="transparent"))
    root = ElementTree.fromstring(data)
    assert root.tag == f"{SVG}svg"
    rows = root.findall(f"{SVG}g/{SVG}g")
    assert [row.get("aria-label") for row in rows] == ["123", "45,6"]
    assert [len(row.findall(f"{SVG}path")) for row in rows] == [3, 4]
    assert [text.text for text in root.findall(f"{SVG}text")] == ["1 < 23", "45,6"]
    assert b"#102a6b" in data
    # However small the picture, its print is as large beside its digits as in a large one.
    small = ElementTree.fromstring(draw(Style(scale=0.25)))
    sizes = [one.find(f"{SVG}text").get("font-size") for one in (root, small)]  # type: ignore[union-attr]
    assert sizes[0] == sizes[1]


def test_a_resolution_makes_it_a_size_on_paper(draw) -> None:
    width, height, unit = size(draw(Style(scale=2)))
    box = ElementTree.fromstring(draw(Style(scale=2))).get("viewBox", "").split()
    assert unit == ""
    assert (width, height) == pytest.approx((float(box[2]) / 4, float(box[3]) / 4), rel=1e-3)
    *sides, unit = size(draw(Style(scale=2, dpi=200)))
    assert unit == "in"
    assert sides == pytest.approx([width / 200, height / 200], rel=1e-3)


STYLES = {
    "white": Style(scale=2),
    "on paper": Style(scale=2, dpi=200),
    "dark": Style(scale=2, ink="white", paper="#123456"),
    "transparent": Style(scale=2, paper="transparent"),
    "small": Style(scale=0.3, paper="#ffeecc"),
}


@pytest.mark.parametrize("style", STYLES)
def test_every_length_is_a_plain_number_and_every_shape_is_ink(draw, style: str) -> None:
    root = ElementTree.fromstring(draw(STYLES[style]))
    lengths = ("width", "height", "x", "y", "font-size")
    for element in root.iter():
        for name in lengths if element is not root else ():
            assert float(element.get(name, "0")) >= 0
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    shapes = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "use"}
    assert tags & shapes == {"path"}


@pytest.mark.parametrize("style", STYLES)
def test_the_paper_is_an_image_as_large_as_the_sheet(draw, style: str) -> None:
    data = draw(STYLES[style])
    root = ElementTree.fromstring(data)
    papers = root.findall(f"{SVG}image")
    if style == "transparent":
        assert papers == []
        return
    (paper,) = papers
    assert [*root].index(paper) < [*root].index(root.find(f"{SVG}g"))  # type: ignore[arg-type]
    box = root.get("viewBox", "").split()[2:]
    assert [paper.get("width"), paper.get("height")] == box
    head, _, encoded = paper.get(f"{XLINK}href", "").partition(",")
    assert head == "data:image/svg+xml;base64"
    inner = ElementTree.fromstring(base64.b64decode(encoded))
    rect = inner.find(f"{SVG}rect")
    assert rect is not None
    color = STYLES[style].colors[1]
    assert color is not None
    assert rect.get("fill") == "#{:02x}{:02x}{:02x}".format(*color)
    for part in (inner, rect):
        assert [part.get("width"), part.get("height")] == box


@pytest.mark.parametrize("style", STYLES)
def test_svgpathtools_reads_digits_and_marks_only(draw, style: str, tmp_path: Path) -> None:
    svgpathtools = pytest.importorskip("svgpathtools")
    path = tmp_path / "a.svg"
    path.write_bytes(draw(STYLES[style]))
    paths, attributes, svg = svgpathtools.svg2paths2(str(path))
    assert len(paths) == len(attributes) == 7
    assert "viewBox" in svg
    assert len(svgpathtools.Document(str(path)).paths()) == 7


@pytest.mark.parametrize("style", STYLES)
def test_vpype_plots_digits_and_marks_only(draw, style: str, tmp_path: Path) -> None:
    vpype = pytest.importorskip("vpype")
    path = tmp_path / "a.svg"
    path.write_bytes(draw(STYLES[style]))
    document = vpype.read_multilayer_svg(str(path), quantization=0.1)
    lines = [line for layer in document.layers.values() for line in layer]
    data = "".join(re.findall(r'<path d="([^"]*)"', path.read_text()))
    assert len(lines) == data.count("M")
    width, height, unit = size(path.read_bytes())
    pixels = 96 if unit else 1
    assert document.page_size == pytest.approx((width * pixels, height * pixels), rel=1e-3)
    left, top, right, bottom = document.bounds()
    margin = 0.02 * document.page_size[1]
    assert margin < min(left, top)
    assert right < document.page_size[0] - margin
    assert bottom < document.page_size[1] - margin


@pytest.mark.parametrize("hand", ["12", "<&>", "a \"b\" 'c'", "é ²", "]]>"])
def test_the_metadata_is_rdf(draw, hand: str) -> None:
    metadata = describe(seed=7, model="r3gan", writer=hand, digits="123 45,6", height=None)
    data = draw(Style(scale=2), metadata)
    assert svg_facts(data) == metadata
    assert svg_title(data) == ElementTree.fromstring(data).findtext(f"{SVG}title") == "123, 45,6"


def test_a_sheet_is_as_large_as_its_own_size_however_finely_it_is_traced(draw_row) -> None:
    from handsum.writing.sequences import draw_vector
    from handsum.writing.write import Options, write_rows

    rows = np.tile(np.arange(10), (140, 1))
    written = write_rows(rows, 1, Options(verify=False))
    data, boxes = draw_vector(written, Style(scale=0.5))
    root = ElementTree.fromstring(data)
    assert len(root.findall(f"{SVG}g/{SVG}g/{SVG}path")) >= 1400
    width = float(root.get("viewBox", "").split()[2])
    assert width / 2 < boxes[..., 0].max() < width
    assert float(root.get("width", "0")) == pytest.approx(width / TRACE_SCALE * 0.5, rel=1e-3)
