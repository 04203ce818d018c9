"""Draw the two journeys of docs/inside.md as SVG: python tools/diagrams.py"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

IMAGES = Path(__file__).parent.parent / "docs" / "images"


class Step(NamedTuple):
    """A box: what happens, in which file, and what is passed on to the next box."""

    what: str
    where: str
    result: str = ""


WRITING = (
    Step("request", "cli, web, Python", "total, length"),
    Step("which digits", "sums.py", "digits (N, L)"),
    Step("which hand", "writing/hands.py", "embeddings (N, E)"),
    Step("images", "pretrained/generators.py", "uint8 (N, L, 28, 28)"),
    Step("check", "writing/verify.py", "checked images"),
    Step("layout", "layout/rows.py", "pixels, boxes"),
    Step("file", "writing/sequences.py"),
)
READING = (
    Step("files", "cli, web, Python", "any picture"),
    Step("grey", "images.py", "float32 (H, W)"),
    Step("windows", "data/signs/views.py", "uint8 (N, H, W)"),
    Step("signs", "models/detector.py", "boxes, probabilities"),
    Step("rows", "reading/finding.py", "digits (N, 10)"),
    Step("sum", "reading/predict.py"),
)
IMAGES_STEP, CHECK_STEP = 3, 4
STYLE = """
text { font: 15px system-ui, sans-serif; fill: #24292f; text-anchor: middle }
.where { font: 11px ui-monospace, monospace; fill: #57606a }
.what { font-size: 12px; fill: #57606a; font-style: italic }
.box { fill: #eef1fb; stroke: #4051b5; stroke-width: 1.5 }
.arrow { stroke: #4051b5; stroke-width: 1.5; fill: none; marker-end: url(#head) }
.back { stroke-dasharray: 5 4 }
"""
HEAD = (
    '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#4051b5"/></marker>'
)
WIDTH, HEIGHT, GAP, ROW, MARGIN = 174, 58, 104, 4, 14
Place = tuple[int, int]


def place(index: int) -> Place:
    """The top left corner of a box: rows of four boxes."""
    row, column = divmod(index, ROW)
    return MARGIN + column * (WIDTH + GAP), MARGIN + row * (HEIGHT + 72)


def draw_box(step: Step, at: Place) -> list[str]:
    """A box with what happens in it and where."""
    x, y = at
    middle = x + WIDTH // 2
    return [
        f'<rect class="box" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<text x="{middle}" y="{y + 25}">{escape(step.what)}</text>',
        f'<text class="where" x="{middle}" y="{y + 45}">{escape(step.where)}</text>',
    ]


def draw_label(text: str, x: int, y: int) -> str:
    """A line of small text, centred at x."""
    return f'<text class="what" x="{x}" y="{y}">{escape(text)}</text>'


def draw_arrow(result: str, start: Place, end: Place) -> list[str]:
    """An arrow from one box to the next, in the same row or the one below, with its label."""
    (x, y), (next_x, next_y) = start, end
    middle = x + WIDTH // 2
    if next_y == y:
        half, centre = y + HEIGHT // 2, (x + WIDTH + next_x) // 2
        first, *rest = result.split(" (")
        return [
            f'<path class="arrow" d="M{x + WIDTH} {half} H{next_x - 2}"/>',
            draw_label(first, centre, half - 9),
            *(draw_label(f"({shape}", centre, half + 15) for shape in rest),
        ]
    turn = y + HEIGHT + 36
    path = f"M{middle} {y + HEIGHT} V{turn} H{next_x + WIDTH // 2} V{next_y - 2}"
    return [
        f'<path class="arrow" d="{path}"/>',
        draw_label(result, (next_x + middle) // 2, turn - 8),
    ]


def draw_redraw() -> list[str]:
    """The dashed arrow from the check back to the images."""
    (image_x, image_y), (check_x, check_y) = place(IMAGES_STEP), place(CHECK_STEP)
    bottom = check_y + HEIGHT
    path = (
        f"M{check_x + WIDTH // 2} {bottom} V{bottom + 30} H{image_x + WIDTH // 2} "
        f"V{image_y + HEIGHT + 2}"
    )
    text = "a digit that does not read as requested: drawn again with the next attempt's key"
    return [
        f'<path class="arrow back" d="{path}"/>',
        draw_label(text, (image_x + check_x + WIDTH) // 2, bottom + 24),
    ]


def draw(name: str, title: str, steps: tuple[Step, ...], redraw: bool) -> None:
    """Write one journey: boxes in rows of four, with an arrow from each to the next."""
    parts = []
    for index, step in enumerate(steps):
        parts += draw_box(step, place(index))
        if step.result:
            parts += draw_arrow(step.result, place(index), place(index + 1))
    if redraw:
        parts += draw_redraw()
    width = MARGIN * 2 + ROW * WIDTH + (ROW - 1) * GAP
    height = place(len(steps) - 1)[1] + HEIGHT + (46 if redraw else MARGIN)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><defs>{HEAD}</defs>"
        f'<rect width="{width}" height="{height}" fill="#fff" rx="10"/>\n' + "\n".join(parts)
    )
    (IMAGES / f"{name}.svg").write_text(svg + "\n</svg>\n")


if __name__ == "__main__":
    draw("writing", "Writing, from a request to a file", WRITING, redraw=True)
    draw("reading", "Reading, from files to the sum of their digits", READING, redraw=False)
