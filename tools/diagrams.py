"""Draw the two journeys of docs/inside.md as SVG: python tools/diagrams.py"""

from __future__ import annotations

from html import escape
from pathlib import Path

IMAGES = Path(__file__).parent.parent / "docs" / "images"

# A box: what it is, where it is done, and what goes on from it to the next.
WRITING = (
    ("request", "cli, Python", "total, length, seed"),
    ("which digits", "sums.py", "digits (N, L)"),
    ("which hand", "hands.py", "embeddings (N, E)"),
    ("images", "pretrained.py", "uint8 (N, L, 28, 28)"),
    ("check", "verification.py", "checked images"),
    ("layout", "layout.py", "pixels, boxes"),
    ("file", "saving.py", ""),
)
READING = (
    ("files", "cli, Python", "any picture"),
    ("grey", "images.py", "float32 (H, W)"),
    ("ink", "segmentation.py", "ink 1, paper 0"),
    ("pieces", "components.py", "rows of pieces"),
    ("digits", "images.py", "uint8 (N, 28, 28)"),
    ("best path", "decoding.py", "probabilities (N, 10)"),
    ("sum", "sums.py", ""),
)
STYLE = """
text { font: 15px system-ui, sans-serif; fill: #24292f; text-anchor: middle }
.where { font: 12px ui-monospace, monospace; fill: #57606a }
.what { font-size: 12px; fill: #57606a; font-style: italic }
.box { fill: #eef1fb; stroke: #4051b5; stroke-width: 1.5 }
.arrow { stroke: #4051b5; stroke-width: 1.5; fill: none; marker-end: url(#head) }
.back { stroke-dasharray: 5 4 }
"""
WIDTH, HEIGHT, GAP, ROW, MARGIN = 150, 58, 122, 4, 14


def draw(name: str, title: str, steps: tuple[tuple[str, str, str], ...], redraw: bool) -> None:
    """Write one journey: boxes in rows of four, an arrow from each to the next."""
    places = []
    for index in range(len(steps)):
        row, column = divmod(index, ROW)
        x = MARGIN + column * (WIDTH + GAP)
        places.append((x, MARGIN + row * (HEIGHT + 72)))
    parts = []
    for index, ((what, where, gives), (x, y)) in enumerate(zip(steps, places, strict=True)):
        middle = x + WIDTH // 2
        parts.append(
            f'<rect class="box" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
        )
        parts.append(f'<text x="{middle}" y="{y + 25}">{escape(what)}</text>')
        parts.append(f'<text class="where" x="{middle}" y="{y + 45}">{escape(where)}</text>')
        if index + 1 == len(steps):
            continue
        next_x, next_y = places[index + 1]
        half = y + HEIGHT // 2
        if next_y == y:
            parts.append(f'<path class="arrow" d="M{x + WIDTH} {half} H{next_x - 2}"/>')
            label = (x + WIDTH + next_x) // 2, half - 9
            words = gives.split(" (")
            lines = [words[0], *(f"({word}" for word in words[1:])]
        else:
            turn = y + HEIGHT + 36
            path = f"M{middle} {y + HEIGHT} V{turn} H{next_x + WIDTH // 2} V{next_y - 2}"
            parts.append(f'<path class="arrow" d="{path}"/>')
            label, lines = ((next_x + middle) // 2, turn - 8), [gives]
        first, *rest = lines
        parts.append(f'<text class="what" x="{label[0]}" y="{label[1]}">{escape(first)}</text>')
        parts += [
            f'<text class="what" x="{label[0]}" y="{label[1] + 24}">{escape(line)}</text>'
            for line in rest
        ]
    if redraw:
        (image_x, image_y), (check_x, check_y) = places[3], places[4]
        bottom = check_y + HEIGHT
        path = (
            f"M{check_x + WIDTH // 2} {bottom} V{bottom + 30} H{image_x + WIDTH // 2} "
            f"V{image_y + HEIGHT + 2}"
        )
        parts.append(f'<path class="arrow back" d="{path}"/>')
        text = "a digit that does not read as asked: the next attempt's key"
        across = (image_x + check_x + WIDTH) // 2
        parts.append(f'<text class="what" x="{across}" y="{bottom + 24}">{text}</text>')
    width = MARGIN * 2 + ROW * WIDTH + (ROW - 1) * GAP
    height = places[-1][1] + HEIGHT + (46 if redraw else MARGIN)
    head = (
        '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#4051b5"/></marker>'
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><defs>{head}</defs>"
        f'<rect width="{width}" height="{height}" fill="#fff" rx="10"/>\n' + "\n".join(parts)
    )
    (IMAGES / f"{name}.svg").write_text(svg + "\n</svg>\n")


if __name__ == "__main__":
    draw("writing", "Writing, from a request to a file", WRITING, redraw=True)
    draw("reading", "Reading, from files to the sum of their digits", READING, redraw=False)
