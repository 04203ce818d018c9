"""Sheets as SVG: the outline of every digit as one smooth path, sharp at any size."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from handsum import stopping
from handsum.layout.painting import CAPTION_HEIGHT, Color
from handsum.layout.rows import Placed, Sheet
from handsum.layout.style import Style

# Outlines are traced at this many pixels per pixel of a 28x28 digit, for pictures of any size.
TRACE_SCALE = 8.0
# The largest sheet to trace, in pixels of one byte each.
TRACED_PIXELS = 1_000_000_000
# The distance between the corners of an outline, in traced pixels.
_STEP = 7.0
# Outlines around a smaller area, in traced pixels, are noise.
_SMALLEST = 6.0
# The namespace of handsum's own properties in the metadata.
NAMESPACE = "urn:handsum:"


def draw_svg(
    sheet: Sheet,
    style: Style,
    texts: Sequence[str],
    captions: Sequence[str] | None,
    metadata: Mapping[str, str],
) -> bytes:
    """Return a sheet that was composed at TRACE_SCALE as the bytes of an SVG in this style.

    Each row is a group labelled with its text; each digit and each mark is one path, and nothing
    else is. `metadata` (see `images.describe`) becomes RDF.
    """
    ink, paper = style.colors
    share = style.factor / TRACE_SCALE
    # Without a resolution, sizes are in CSS pixels.
    unit, per_unit = ("in", style.resolution) if style.resolution else ("", 1.0)
    width, height = (f"{side * share / per_unit:.6g}{unit}" for side in (sheet.width, sheet.height))
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {sheet.width} {sheet.height}">',
        f"<title>{escape(', '.join(texts))}</title>",
        *_rdf(", ".join(texts), metadata),
    ]
    if paper is not None:
        lines.append(_paper(sheet.width, sheet.height, paper))
    lines.append(f'<g fill="{_hex(ink)}" fill-rule="evenodd">')
    for text, digits, marks in zip(texts, sheet.digits, sheet.marks, strict=True):
        lines.append(f'<g role="img" aria-label={quoteattr(text)}>')
        lines += [f'<path d="{outline_path(placed)}"/>' for placed in (*digits, *marks)]
        lines.append("</g>")
    lines.append("</g>")
    font_size = _short(CAPTION_HEIGHT * TRACE_SCALE)
    for text, placed in zip(captions or (), sheet.captions, strict=True):
        lines.append(
            f'<text x="{placed.left}" y="{placed.top + placed.coverage.shape[0]}" '
            f'font-family="sans-serif" font-size="{font_size}" fill="{_hex(ink)}" '
            f'fill-opacity=".6">{escape(text)}</text>'
        )
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()


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


def _paper(width: int, height: int, color: Color) -> str:
    """The paper as an image behind the ink.

    A rectangle would be drawn by pen plotters and read as a path. Only browsers show a CSS
    background. A PNG of one pixel fades out at its edges in CairoSVG, so the image is itself an
    SVG. Inkscape needs base64 and `xlink:href`.
    """
    sides = f'width="{width}" height="{height}"'
    inner = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {sides}>'
        f'<rect {sides} fill="{_hex(color)}"/></svg>'
    )
    data = base64.b64encode(inner.encode()).decode()
    return (
        f'<image {sides} preserveAspectRatio="none" xlink:href="data:image/svg+xml;base64,{data}"/>'
    )


def outline_path(placed: Placed) -> str:
    """The outlines of coverage as SVG path data, in cubic Bézier curves."""
    from contourpy import contour_generator

    stopping.check()
    coverage = np.pad(placed.coverage.astype(np.float64), 1)
    outlines: Any = contour_generator(z=coverage, name="serial").lines(127.5)
    # Minus the padding of one pixel, plus half: contours count from the centres of pixels.
    corner = np.array([placed.left - 0.5, placed.top - 0.5])
    return "".join(_smooth(line + corner) for line in outlines if _area(line) >= _SMALLEST)


def _smooth(line: np.ndarray) -> str:
    """A closed line (P, 2) as a smooth closed curve through points evenly spaced along it."""
    lengths = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0], np.cumsum(lengths)])
    count = max(6, round(along[-1] / _STEP))
    stops = np.linspace(0, along[-1], count, endpoint=False)
    points = np.stack([np.interp(stops, along, axis) for axis in line.T], axis=1)
    # Catmull-Rom: each tangent is parallel to the chord between the neighbours.
    tangents = (np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)) / 6
    ends = np.roll(points, -1, axis=0)
    controls = points + tangents, ends - np.roll(tangents, -1, axis=0), ends
    curves = "".join(
        "C" + " ".join(f"{_short(x)} {_short(y)}" for x, y in triple)
        for triple in zip(*controls, strict=True)
    )
    return f"M{_short(points[0, 0])} {_short(points[0, 1])}{curves}Z"


def _area(line: np.ndarray) -> float:
    """The area inside a closed line (P, 2)."""
    x, y = line.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
