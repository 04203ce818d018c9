"""Sheets as InkML, the W3C's format for digital ink: where the pen was, when, and how wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from handsum import stopping
from handsum.layout.marks import MARKS
from handsum.layout.painting import hex_color
from handsum.layout.rows import Sheet
from handsum.layout.style import Style
from handsum.layout.tempo import hand_tempo

NAMESPACE = "http://www.w3.org/2003/InkML"
# Points for each span of a stroke.
_PIECES = 8
# CSS pixels, for a sheet without a size on paper.
_PER_INCH = 96.0


def encode_inkml(
    sheet: Sheet, style: Style, texts: Sequence[str], metadata: Mapping[str, str]
) -> bytes:
    """The bytes of a sheet as InkML.

    Each row is a traceGroup with its text and its caption, if it has one; it holds one for each
    digit and mark with its label, and this a trace for each stroke. The paper's colour is an
    annotation of the file. X, Y and the width W are in pixels of the sheet's picture,
    which is the inkSource's active area; T is in seconds.
    """
    scale = style.factor
    moments = iter(hand_tempo(sheet, _PIECES).moments)
    paper = style.colors[1]
    facts = {**metadata, **({"paper": hex_color(paper)} if paper else {})}
    lines = _head(sheet, style, facts)
    for index, (text, row) in enumerate(zip(texts, sheet.rows, strict=True)):
        lines += ["<traceGroup>", _annotation("text", text)]
        if sheet.captions:
            lines.append(_annotation("caption", sheet.captions[index].text))
        for item in row:
            stopping.check()
            kind = "mark" if item.character in MARKS else "digit"
            lines.append('<traceGroup brushRef="#pen" contextRef="#sheet">')
            lines.append(_annotation(kind, item.character))
            samples = item.strokes.scale(scale).sample(_PIECES)
            for points, times in zip(samples, next(moments), strict=True):
                lines.append(f"<trace>{_trace(points, times)}</trace>")
            lines.append("</traceGroup>")
        lines.append("</traceGroup>")
    return ("\n".join([*lines, "</ink>"]) + "\n").encode()


def _annotation(kind: str, text: str) -> str:
    return f"<annotation type={quoteattr(kind)}>{escape(text)}</annotation>"


def _head(sheet: Sheet, style: Style, facts: Mapping[str, str]) -> list[str]:
    """The start of an InkML file: `facts`, format and brush."""
    per_inch = style.resolution or _PER_INCH
    width, height = sheet.pixels(style.factor)
    widths = [
        2 * stroke[:, 2] for row in sheet.rows for item in row for stroke in item.strokes.controls
    ]
    nib = style.factor * float(np.concatenate(widths).mean()) if widths else 1.0
    channels = [("X", "dev"), ("Y", "dev"), ("W", "dev"), ("T", "s")]
    return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<ink xmlns="{NAMESPACE}">',
        *(_annotation(name, value) for name, value in facts.items()),
        "<definitions>",
        '<inkSource xml:id="writer">',
        '<traceFormat xml:id="format">',
        *(f'<channel name="{name}" type="decimal" units="{unit}"/>' for name, unit in channels),
        "</traceFormat>",
        f'<activeArea width="{width}" height="{height}" units="dev"/>',
        "<channelProperties>",
        *(
            f'<channelProperty channel="{name}" name="resolution" value="{per_inch:g}" '
            'units="1/in"/>'
            for name, unit in channels
            if unit == "dev"
        ),
        "</channelProperties>",
        "</inkSource>",
        '<brush xml:id="pen">',
        f'<brushProperty name="width" value="{25.4 * nib / per_inch:.4g}" units="mm"/>',
        f'<brushProperty name="color" value="{hex_color(style.colors[0])}"/>',
        '<brushProperty name="tip" value="ellipse"/>',
        "</brush>",
        '<context xml:id="sheet" inkSourceRef="#writer" traceFormatRef="#format" brushRef="#pen"/>',
        "</definitions>",
    ]


def _trace(points: np.ndarray, times: np.ndarray) -> str:
    """The values of a trace: X Y W T of each point (M, 3)."""
    return ", ".join(
        f"{x:.2f} {y:.2f} {2 * half:.3f} {time:.4f}"
        for (x, y, half), time in zip(points.tolist(), times.tolist(), strict=True)
    )
