"""Sheets as SVG: outlines that are the ink, and centre lines that a plotter follows."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from file_facts import SVG, svg_facts, svg_title
from PIL import Image, ImageDraw
from scipy import ndimage

from handsum.images import describe
from handsum.layout.rows import Sheet, compose, cover_sheet
from handsum.layout.style import Style
from handsum.layout.svg import SVG_SCALE, curve_data, draw_svg, outline_paths
from handsum.strokes import Strokes
from handsum.strokes.raster import SOFTNESS

XLINK = "{http://www.w3.org/1999/xlink}"
TEXTS = ["123", "45,6"]


def curve_points(data: str) -> np.ndarray:
    """Points (P, 2) along the Bézier curves of one path of an SVG."""
    numbers = np.array(re.findall(r"-?[\d.]+", data), float).reshape(-1, 2)
    assert re.sub(r"[^A-Z]", "", data).strip("Z") == "M" + "C" * (len(numbers) // 3)
    share = np.linspace(0, 1, 9)[1:, None]
    points = [numbers[:1]]
    for place in range(0, len(numbers) - 1, 3):
        start, first, second, end = numbers[place : place + 4]
        points.append(
            (1 - share) ** 3 * start
            + 3 * share * (1 - share) ** 2 * first
            + 3 * share**2 * (1 - share) * second
            + share**3 * end
        )
    return np.concatenate(points)


def filled(paths: list[str], width: int, height: int, scale: float) -> np.ndarray:
    """Which pixels are inside of any of the paths, bool (H, W)."""
    image = Image.new("1", (4 * width, 4 * height))
    for data in paths:
        points = 4 * scale * curve_points(data)
        ImageDraw.Draw(image).polygon([*map(tuple, points.tolist())], fill=1)
    parts = np.asarray(image).reshape(height, 4, width, 4)
    return parts.mean((1, 3)) > 0.5


def drawn_lines(paths: list[tuple[np.ndarray, float]], width: int, height: int) -> np.ndarray:
    """Which pixels round nibs of these widths reach along lines (P, 2), bool (H, W)."""
    image = Image.new("1", (4 * width, 4 * height))
    pen = ImageDraw.Draw(image)
    for points, nib in paths:
        for x, y in 4 * points:
            pen.ellipse((x - 2 * nib, y - 2 * nib, x + 2 * nib, y + 2 * nib), fill=1)
        pen.line([*map(tuple, (4 * points).tolist())], fill=1, width=round(4 * nib))
    parts = np.asarray(image).reshape(height, 4, width, 4)
    return parts.mean((1, 3)) > 0.5


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union."""
    return float((first & second).sum() / (first | second).sum())


@pytest.mark.parametrize("text", ["0123", "4567", "8,9"])
def test_the_outlines_fill_what_is_ink(write_row: Callable[..., list[Strokes]], text: str) -> None:
    row = write_row(text.replace(",", ""))
    sheet = compose([row], [np.random.default_rng(0)], Style(), None, [text])
    paths = re.findall(r' d="([^"]*)"', "".join(outline_paths(all_strokes(sheet))))
    ink = cover_sheet(sheet, 8.0).pixels >= 128
    assert overlap(filled(paths, *sheet.pixels(8.0), 8.0), ink) > 0.97


def all_strokes(sheet: Sheet) -> Strokes:
    """The strokes of a sheet in writing order."""
    items = (item for row in sheet.rows for item in row)
    return Strokes(tuple(stroke for item in items for stroke in item.strokes.controls))


@pytest.mark.parametrize("bend", [0.03, 0.08, 0.3])
def test_outlines_are_round_at_any_size(bend: float) -> None:
    """At 2,000 pixels for a digit, the outline strays from the edge of the ink by little."""
    turns = np.linspace(0, 5, 7)
    points = bend * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    stroke = Strokes((np.column_stack([points, np.full(7, 0.08)]),))
    ink = stroke.draw(2800).astype(float)
    (path,) = outline_paths(stroke.scale(10 * 20))
    numbers = np.array(re.findall(r"-?[0-9.]+", re.findall(r' d="([^"]*)"', path)[0]), float)
    curves = np.concatenate([numbers[:2], numbers[2:]]).reshape(-1, 2)
    time = np.linspace(0, 1, 9)[:, None]
    outline = []
    for start, first, second, end in zip(
        curves[:-1:3], curves[1::3], curves[2::3], curves[3::3], strict=True
    ):
        outline.append(
            (1 - time) ** 3 * start
            + 3 * time * (1 - time) ** 2 * first
            + 3 * time**2 * (1 - time) * second
            + time**3 * end
        )
    x, y = (np.concatenate(outline) * 10 + 1400 - 0.5).T
    level = ndimage.map_coordinates(ink, [y, x], order=1)
    # Some of the outline lies within the ink.
    edge = level[level < 250]
    assert len(edge) > 0.3 * len(level)
    strays = np.abs(np.log(np.maximum(edge, 0.5) / (255 - edge))) * SOFTNESS
    assert strays.mean() < 0.15
    # Where a round end begins it strays most.
    assert strays.max() < 2


def test_a_digit_without_strokes_has_no_outline() -> None:
    assert outline_paths(Strokes(())) == []


def test_numbers_are_short_and_never_minus_zero() -> None:
    curve = np.array([[[-0.001, 0.0], [1.005, 20], [1 / 3, -0.5], [100.0, 10.10]]])
    assert curve_data(curve) == "M0 0C1 20 0.33 -0.5 100 10.1"


@pytest.fixture
def sheet(write_row: Callable[..., list[Strokes]]) -> Sheet:
    """Two rows with punctuation and captions."""
    rngs = [np.random.default_rng(n) for n in range(2)]
    rows = [write_row("123"), write_row("456")]
    return compose(rows, rngs, Style(), ["1 < 23", "45,6"], TEXTS)


@pytest.fixture
def draw(sheet: Sheet) -> Callable[..., bytes]:
    """The sheet as an SVG in some style."""

    def draw(
        style: Style, metadata: Mapping[str, str] = describe(seed=4), centerline: bool = False
    ) -> bytes:
        return draw_svg(sheet, style, TEXTS, metadata, centerline=centerline)

    return draw


def size(data: bytes) -> tuple[float, float, str]:
    """The width, the height and the unit of an SVG."""
    root = ElementTree.fromstring(data)
    pairs = [re.fullmatch(r"([\d.]+)([a-z]*)", root.get(side, "")) for side in ("width", "height")]
    (width, unit), (height, same) = (pair.groups() for pair in pairs if pair)
    assert unit == same
    return float(width), float(height), unit


def test_the_file_is_well_formed_and_labels_its_rows(draw, sheet: Sheet) -> None:
    data = draw(Style(scale=2, ink="#102a6b", paper="transparent"))
    root = ElementTree.fromstring(data)
    assert root.tag == f"{SVG}svg"
    rows = root.findall(f"{SVG}g/{SVG}g")
    assert [row.get("aria-label") for row in rows] == ["123", "45,6"]
    # A group for each digit and mark, with a path for each stroke.
    for row, line in zip(rows, sheet.rows, strict=True):
        paths = [len(group.findall(f"{SVG}path")) for group in row.findall(f"{SVG}g")]
        assert paths == [len(item.strokes.controls) for item in line]
    assert [text.text for text in root.findall(f"{SVG}text")] == ["1 < 23", "45,6"]
    assert b"#102a6b" in data


def test_print_is_as_large_beside_its_digits_in_small_pictures(
    write_row: Callable[..., list[Strokes]],
) -> None:
    found = []
    for scale in (4, 0.5):
        style = Style(scale=scale)
        sheet = compose([write_row("1")], [np.random.default_rng(0)], style, ["1"], ["1"])
        root = ElementTree.fromstring(draw_svg(sheet, style, ["1"], {}))
        text = root.find(f"{SVG}text")
        assert text is not None
        found.append((float(text.get("font-size", "0")), sheet.captions[0].size))
    assert [size for size, _ in found] == pytest.approx([SVG_SCALE * size for _, size in found])
    # But never too small to be read.
    assert found[1][0] / SVG_SCALE * 0.5 >= 9.99


def test_a_resolution_makes_it_a_size_on_paper(draw) -> None:
    width, height, unit = size(draw(Style(scale=2)))
    box = ElementTree.fromstring(draw(Style(scale=2))).get("viewBox", "").split()
    assert unit == ""
    assert (width, height) == pytest.approx((float(box[2]) / 5, float(box[3]) / 5), rel=1e-3)
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


@pytest.mark.parametrize("centerline", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_svgpathtools_reads_digits_and_marks_only(
    draw, sheet: Sheet, style: str, centerline: bool, tmp_path: Path
) -> None:
    svgpathtools = pytest.importorskip("svgpathtools")
    path = tmp_path / "a.svg"
    path.write_bytes(draw(STYLES[style], centerline=centerline))
    paths, attributes, svg = svgpathtools.svg2paths2(str(path))
    strokes = len(all_strokes(sheet).controls)
    assert len(paths) == len(attributes) == strokes
    assert "viewBox" in svg
    assert len(svgpathtools.Document(str(path)).paths()) == strokes


@pytest.mark.parametrize("centerline", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_vpype_plots_digits_and_marks_only(
    draw, sheet: Sheet, style: str, centerline: bool, tmp_path: Path
) -> None:
    vpype = pytest.importorskip("vpype")
    path = tmp_path / "a.svg"
    path.write_bytes(draw(STYLES[style], centerline=centerline))
    document = vpype.read_multilayer_svg(str(path), quantization=0.1)
    lines = [line for layer in document.layers.values() for line in layer]
    assert len(lines) == len(all_strokes(sheet).controls)
    width, height, unit = size(path.read_bytes())
    pixels = 96 if unit else 1
    assert document.page_size == pytest.approx((width * pixels, height * pixels), rel=1e-3)
    left, top, right, bottom = document.bounds()
    margin = 0.02 * document.page_size[1]
    assert margin < min(left, top)
    assert right < document.page_size[0] - margin
    assert bottom < document.page_size[1] - margin


def test_a_centerline_is_the_way_of_the_pen_in_writing_order(draw, sheet: Sheet) -> None:
    root = ElementTree.fromstring(draw(Style(), centerline=True))
    (group,) = root.findall(f"{SVG}g")
    assert group.get("fill") == "none"
    assert group.get("stroke-linecap") == group.get("stroke-linejoin") == "round"
    paths = root.findall(f".//{SVG}path")
    strokes = all_strokes(sheet).scale(SVG_SCALE)
    for path, points, controls in zip(paths, strokes.sample(8), strokes.controls, strict=True):
        assert curve_points(path.get("d", "")) == pytest.approx(points[:, :2], abs=0.02)
        assert float(path.get("stroke-width", "0")) == pytest.approx(
            2 * controls[:, 2].mean(), abs=0.006
        )


def pen_lines(commands: list[tuple[bool, float, float]]) -> list[np.ndarray]:
    """The lines (P, 2) that a plotter draws: whether the pen is down on the way to each place."""
    lines: list[list[tuple[float, float]]] = []
    place = (0.0, 0.0)
    was_down = False
    for down, x, y in commands:
        if down and not was_down:
            lines.append([place])
        if down:
            lines[-1].append((x, y))
        place, was_down = (x, y), down
    return [np.array(line) for line in lines]


# The length of a unit of the HP 7475A in millimetres.
HPGL_UNIT = 0.02488


def read_hpgl(text: str) -> list[np.ndarray]:
    """The lines of an HPGL file in millimetres, with absolute coordinates."""
    commands, down = [], False
    for command in text.split(";"):
        name, places = command.strip()[:2], re.findall(r"-?[\d.]+", command[2:])
        if name in ("PU", "PD", "PA"):
            down = name == "PD" if name != "PA" else down
            pairs = zip(places[::2], places[1::2], strict=True)
            commands += [(down, float(x) * HPGL_UNIT, float(y) * HPGL_UNIT) for x, y in pairs]
        if name == "PU" and not places and commands:
            commands.append((False, *commands[-1][1:]))
    return pen_lines(commands)


def read_gcode(text: str) -> list[np.ndarray]:
    """The lines of a G-code file in millimetres."""
    commands = []
    for line in text.splitlines():
        values = dict(re.findall(r"([XY])(-?[\d.]+)", line))
        if len(values) == 2:
            # G0 moves in the air, G1 on paper.
            down = re.match(r"G0?1\b", line) is not None
            commands.append((down, float(values["X"]), float(values["Y"])))
    return pen_lines(commands)


# The page of the HPGL is a landscape A4.
PLOTTERS = {
    "hpgl": ("write --absolute --device hp7475a --page-size a4 --landscape --center", read_hpgl),
    "gcode": ("gwrite --profile gcodemm", read_gcode),
}


@pytest.mark.parametrize("plotter", PLOTTERS)
def test_what_a_plotter_draws_is_the_picture(
    write_row: Callable[..., list[Strokes]], plotter: str, tmp_path: Path
) -> None:
    """vpype's file for a plotter has a line for each stroke, and drawn again it is the PNG."""
    cli = pytest.importorskip("vpype_cli")
    if plotter == "gcode":
        pytest.importorskip("vpype_gcode")
    style = Style(height="20mm", pen="1.2mm")
    sheet = compose([write_row("3047")], [np.random.default_rng(0)], style, None, ["30,47"])
    path, plotted = tmp_path / "a.svg", tmp_path / f"a.{plotter}"
    path.write_bytes(draw_svg(sheet, style, ["30,47"], {}, centerline=True))
    command, read = PLOTTERS[plotter]
    cli.execute(f"read --quantization 0.02mm {path} {command} {plotted}")
    lines = read(plotted.read_text())
    strokes = all_strokes(sheet)
    assert len(lines) == len(strokes.controls)
    pixels = style.resolution / 25.4 if style.resolution else 0
    # y points up.
    lines = [line * [1, -1] for line in lines]
    # Where the drawing lies on the page is the plotter's choice.
    wanted = np.concatenate(strokes.sample())[:, :2].min(0) * style.factor
    offset = wanted - np.concatenate(lines).min(0) * pixels
    width, height = sheet.pixels(style.factor)
    nib = 1.2 * pixels
    again = drawn_lines([(line * pixels + offset, nib) for line in lines], width, height)
    assert overlap(again, cover_sheet(sheet, style.factor).pixels >= 128) > 0.93


@pytest.mark.parametrize("hand", ["12", "<&>", "a \"b\" 'c'", "é ²", "]]>"])
def test_the_metadata_is_rdf(draw, hand: str) -> None:
    metadata = describe(seed=7, model="r3gan", writer=hand, digits="123 45,6", height=None)
    data = draw(Style(scale=2), metadata)
    assert svg_facts(data) == metadata
    assert svg_title(data) == ElementTree.fromstring(data).findtext(f"{SVG}title") == "123, 45,6"


def test_a_large_sheet_has_the_boxes_of_its_own_units(write_row) -> None:
    from handsum.layout.encoding import encode_sheet

    texts = ["0123456789"] * 140
    row, rngs = write_row(texts[0]), [np.random.default_rng(n) for n in range(140)]
    style = Style(scale=0.5)
    sheet = compose([row] * 140, rngs, style, None, texts)
    file = encode_sheet(sheet, style, texts, {}, ".svg")
    root = ElementTree.fromstring(file.data)
    assert len(root.findall(f"{SVG}g/{SVG}g/{SVG}g")) == 1400
    boxes, width = file.places.boxes, float(root.get("viewBox", "").split()[2])
    assert boxes.shape == (140, 10, 4)
    assert width / 2 < boxes[..., 0].max() < width
    assert float(root.get("width", "0")) == pytest.approx(width / SVG_SCALE * 0.5, rel=1e-3)
