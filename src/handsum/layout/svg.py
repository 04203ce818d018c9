"""Sheets as SVG: every digit is a group of strokes, sharp at any size."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from handsum import stopping
from handsum.layout.painting import PRINT_GAP, Color, hex_color
from handsum.layout.rows import Sheet
from handsum.layout.style import Style
from handsum.strokes import Strokes

# The namespace of handsum's own properties in the metadata.
NAMESPACE = "urn:handsum:"
# User units for each unit of a sheet: a digit is 200 high.
SVG_SCALE = 10.0
# Radians by which a stroke turns between two points of its outline: the curve through them strays
# by about a tenth of a pixel at 2,000 pixels for a digit.
_TURN = 0.26
# The cosine of a turn of an outline that is a corner.
_CORNER = 0.87
# From the top of print to its baseline, in its size.
_ASCENT = 0.95


def draw_svg(
    sheet: Sheet,
    style: Style,
    texts: Sequence[str],
    metadata: Mapping[str, str],
    *,
    centerline: bool = False,
) -> bytes:
    """The bytes of a sheet as an SVG, with SVG_SCALE user units for each unit of the sheet.

    Each row is a group labelled with its text, and each digit and mark in it a group with a path
    for each stroke, in writing order: its outline or, with `centerline`, the way of the pen with
    the width of the nib. `metadata` (see `images.describe`) becomes RDF.
    """
    ink = hex_color(style.colors[0])
    sheet = sheet.scale(SVG_SCALE)
    lines = [*open_svg(sheet, style, texts, metadata)]
    if centerline:
        lines.append(
            f'<g fill="none" stroke="{ink}" stroke-linecap="round" stroke-linejoin="round">'
        )
    else:
        lines.append(f'<g fill="{ink}">')
    paths = centerline_paths if centerline else outline_paths
    for text, row in zip(texts, sheet.rows, strict=True):
        lines.append(f'<g role="img" aria-label={quoteattr(text)}>')
        for item in row:
            stopping.check()
            lines.append("<g>" + "".join(paths(item.strokes)) + "</g>")
        lines.append("</g>")
    lines.append("</g>")
    lines += print_captions(sheet, ink)
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()


def open_svg(
    sheet: Sheet, style: Style, texts: Sequence[str], metadata: Mapping[str, str]
) -> list[str]:
    """The start of an SVG: its size, title, metadata and paper; the sheet is in user units."""
    # Without a resolution, sizes are in CSS pixels.
    unit, per_unit = ("in", style.resolution) if style.resolution else ("", 1.0)
    sides = (sheet.width, sheet.height)
    width, height = (f"{side * style.factor / SVG_SCALE / per_unit:.6g}{unit}" for side in sides)
    wide, high = (short(side) for side in sides)
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {wide} {high}">',
        f"<title>{escape(', '.join(texts))}</title>",
        *_rdf(", ".join(texts), metadata),
    ]
    paper = style.colors[1]
    return lines if paper is None else [*lines, _paper(wide, high, paper)]


def print_captions(sheet: Sheet, ink: str) -> list[str]:
    """The captions of a sheet as text elements."""
    return [
        f'<text x="{short(caption.left)}" '
        f'y="{short(caption.top + (PRINT_GAP + _ASCENT) * caption.size)}" '
        f'font-family="sans-serif" font-size="{short(caption.size)}" fill="{ink}" '
        f'fill-opacity=".6">{escape(caption.text)}</text>'
        for caption in sheet.captions
    ]


def _rdf(title: str, metadata: Mapping[str, str]) -> list[str]:
    """The metadata element: title and program in XMP's own properties, the rest in NAMESPACE."""
    own = {name: value for name, value in metadata.items() if name != "Software"}
    program = metadata.get("Software", "handsum")
    return [
        "<metadata>",
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'xmlns:handsum="{NAMESPACE}">',
        '<rdf:Description rdf:about="">',
        "<dc:format>image/svg+xml</dc:format>",
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt>'
        "</dc:title>",
        f"<xmp:CreatorTool>{escape(program)}</xmp:CreatorTool>",
        *(f"<{name}>{escape(value)}</{name}>" for name, value in own.items()),
        "</rdf:Description>",
        "</rdf:RDF>",
        "</metadata>",
    ]


def _paper(width: str, height: str, color: Color) -> str:
    """The paper as an image behind the ink.

    A rectangle would be drawn by pen plotters and read as a path. Only browsers show a CSS
    background. A PNG of one pixel fades out at its edges in CairoSVG, so the image is itself an
    SVG. Inkscape needs base64 and `xlink:href`.
    """
    sides = f'width="{width}" height="{height}"'
    inner = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {sides}>'
        f'<rect {sides} fill="{hex_color(color)}"/></svg>'
    )
    data = base64.b64encode(inner.encode()).decode()
    return (
        f'<image {sides} preserveAspectRatio="none" xlink:href="data:image/svg+xml;base64,{data}"/>'
    )


def outline_paths(strokes: Strokes) -> list[str]:
    """The outline of each stroke as a path, to be filled by the nonzero rule."""
    return [f'<path d="{_smooth(outline)}"/>' for outline in strokes.outlines(_TURN)]


def centerline_paths(strokes: Strokes) -> list[str]:
    """The way of the pen in each stroke as a path, with the mean width of the stroke."""
    return [
        f'<path d="{curve_data(curve)}" stroke-width="{short(2 * stroke[:, 2].mean())}"/>'
        for curve, stroke in zip(strokes.curves(), strokes.controls, strict=True)
    ]


def curve_data(curve: np.ndarray) -> str:
    """Path data of cubic Bézier curves (S, 4, 2), one after the other."""
    return f"M{_place(curve[0, 0])}" + "".join(
        "C" + " ".join(map(_place, points)) for points in curve[:, 1:]
    )


def _smooth(outline: np.ndarray) -> str:
    """Path data of a closed curve through points (P, 2), smooth but at corners."""
    ways = np.roll(outline, -1, axis=0) - outline
    lengths = np.linalg.norm(ways, axis=1, keepdims=True)
    along = ways / np.maximum(lengths, 1e-9)
    before = np.roll(along, 1, axis=0)
    # At a corner the curve leaves and arrives in a straight line.
    straight = (along * before).sum(1, keepdims=True) > _CORNER
    # The direction at a point of a circle.
    middle = along * np.roll(lengths, 1, axis=0) + before * lengths
    middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9)
    start = outline + np.where(straight, middle, along) * lengths / 3
    last = np.roll(lengths, 1, axis=0) / 3
    end = np.roll(outline - np.where(straight, middle, before) * last, -1, axis=0)
    curve = np.stack([outline, start, end, np.roll(outline, -1, axis=0)], axis=1)
    return curve_data(curve) + "Z"


def short(value: float, decimals: int = 2) -> str:
    """A length with a few decimals at most."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _place(point: np.ndarray) -> str:
    return f"{short(point[0])} {short(point[1])}"
