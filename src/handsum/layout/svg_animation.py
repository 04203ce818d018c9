"""Sheets as animated SVG: CSS without script lets a pen write every stroke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

import numpy as np

from handsum import stopping
from handsum.layout.painting import hex_color
from handsum.layout.rows import Sheet
from handsum.layout.style import Style
from handsum.layout.svg import SVG_SCALE, curve_data, open_svg, outline_paths, print_captions, short
from handsum.layout.tempo import set_tempo
from handsum.strokes import Strokes
from handsum.strokes.outlines import way_along

# Points for each span of a stroke; an animation's moments are some of them.
_PIECES = 8
# Seconds between the moments of a stroke's animation.
_STEP = 0.04
# A path counts as 1 long. Its dash is a little longer, so that the end is never cut off.
_DASH = 1.05
# A line that uncovers a stroke is wider than the stroke, in user units.
_WIDER = 0.6 * SVG_SCALE


def draw_animated_svg(
    sheet: Sheet,
    style: Style,
    texts: Sequence[str],
    metadata: Mapping[str, str],
    duration: float | None,
) -> bytes:
    """The bytes of a sheet as an SVG in which the pen writes it, again and again.

    Without a `duration`, in seconds, it takes the time of a hand. A viewer that does not animate,
    or whose user prefers reduced motion, shows the finished sheet, which is the one of `draw_svg`.
    """
    ink = hex_color(style.colors[0])
    tempo = set_tempo(sheet, duration, _PIECES)
    moments = iter(tempo.moments)
    sheet = sheet.scale(SVG_SCALE)
    body, masks, rules, count = [], [], [], 0
    for text, row in zip(texts, sheet.rows, strict=True):
        body.append(f'<g role="img" aria-label={quoteattr(text)}>')
        for item in row:
            stopping.check()
            paths = []
            for index, times in enumerate(next(moments)):
                stroke = Strokes(item.strokes.controls[index : index + 1])
                rules.append(_keyframes(count, stroke, times, tempo.duration))
                masks.append(_mask(count, stroke))
                (outline,) = outline_paths(stroke)
                paths.append(outline.replace("<path ", f'<path mask="url(#m{count})" ', 1))
                count += 1
            body.append("<g>" + "".join(paths) + "</g>")
        body.append("</g>")
    lines = [
        *open_svg(sheet, style, texts, metadata),
        "<style>@media (prefers-reduced-motion:no-preference){",
        f"mask path{{stroke-dasharray:{_DASH} 3;animation:{tempo.duration:.3f}s linear infinite}}",
        *rules,
        "}</style>",
        # Without the style, as under a strict content policy, the masks hide nothing.
        '<defs fill="none" stroke="#fff" stroke-linecap="round" stroke-linejoin="round">',
        *masks,
        "</defs>",
        f'<g fill="{ink}">',
        *body,
        "</g>",
        *print_captions(sheet, ink),
    ]
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()


def _mask(number: int, stroke: Strokes) -> str:
    """A line along a stroke, wide enough to uncover its outline."""
    (curve,) = stroke.curves()
    width = 2 * float(stroke.controls[0][:, 2].max()) + _WIDER
    return (
        f'<mask id="m{number}"><path id="p{number}" pathLength="1" stroke-width="{short(width)}" '
        f'd="{curve_data(curve)}"/></mask>'
    )


def _keyframes(number: int, stroke: Strokes, times: np.ndarray, duration: float) -> str:
    """The keyframes of a stroke: hidden until the pen is at its start, then as far as the pen."""
    (points,) = stroke.sample(_PIECES)
    way = way_along(points)
    length = float(way[-1]) or 1.0
    count = max(2, round(float(times[-1] - times[0]) / _STEP) + 1)
    moments = np.linspace(times[0], times[-1], count)
    shares = np.interp(moments, times, way / length)
    start = f"{100 * moments[0] / duration:.3f}%"
    steps = "".join(
        f"{100 * moment / duration:.3f}%{{stroke-dashoffset:{short(_DASH - share, 3)}}}"
        for moment, share in zip(moments, shares, strict=True)
    )
    hidden = f"visibility:hidden;stroke-dashoffset:{_DASH}"
    # Visibility changes at once, just after the last moment at which it is hidden.
    return (
        f"#p{number}{{animation-name:s{number}}}"
        f"@keyframes s{number}{{0%,{start}{{{hidden}}}{steps}100%{{stroke-dashoffset:0}}}}"
    )
