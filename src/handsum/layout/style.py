"""How digits look: their size, their colours and the gaps between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from handsum.arguments import real_number, truth
from handsum.errors import UsageError
from handsum.layout.painting import DARK_INK, WHITE, Color, parse_color
from handsum.layout.pens import OWN, Nib, read_pen

DIGIT_HEIGHT = 20  # the side of the box into which MNIST scales the ink of every digit
# Of digits from 5 to 20,000 pixels high.
LEAST_SCALE, LARGEST_SCALE = 0.25, 1000.0
# Dots per inch of a picture whose height is given in a unit of print.
PRINT_DPI = 300.0
_PER_INCH = {"mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0, "pt": 1 / 72}


def check_style(style: object) -> None:
    """Raise UsageError if it is neither a style nor None."""
    if not isinstance(style, Style | None):
        raise UsageError(f"a style is a handsum.Style, not a {type(style).__name__}")


@dataclass(frozen=True)
class Style:
    """How digits look; every field is checked when the style is made.

    Size: `scale` is in picture pixels per pixel of a 28x28 digit (default 4; 1 with `cells`).
    `height` is the height of a digit and replaces the scale: 80 or "80" for pixels, or "12mm",
    "1cm", "0.5in", "36pt". `dpi`, in pixels per inch, is written into the file (default: 300 if
    the height is in mm, cm, in or pt; otherwise none).

    Colours: `ink` and `paper` are a name or #rrggbb; `paper` may be "transparent". The default ink
    is dark on light paper and white on dark paper.

    Pen: `pen` is "fine", "ballpoint", "felt" or "marker", a width such as "0.5mm", or a share of
    the digit's height; by default the one that the hand writes with. Loops that are nearly closed
    are closed, and a pen that fills loops is made finer where it does; not so with `as_drawn`,
    where each digit also keeps its own width.

    Gaps: `spacing` separates thousands, counted from the right; `wide` widens every gap; `cells`
    puts the plain 28x28 images side by side, without baseline, gaps and margins.

    Raises:
        UsageError: a value out of range, an unknown colour or pen, both a scale and a height, cells
            with gaps, or ink and paper of the same colour.
    """

    scale: float | None = None
    ink: str | None = None
    paper: str = "white"
    spacing: bool = False
    wide: bool = False
    cells: bool = False
    dpi: float | None = None
    height: str | float | None = None
    pen: str | float | Nib | None = None
    as_drawn: bool = False

    def __post_init__(self) -> None:
        for name in ("spacing", "wide", "cells", "as_drawn"):
            truth(getattr(self, name), name)
        gaps = [name for name in ("spacing", "wide") if getattr(self, name)]
        if self.cells and gaps:
            raise UsageError(f"`cells` has no gaps: leave out `{gaps[0]}` or `cells`")
        if self.scale is not None:
            real_number(self.scale, "a scale")
        if self.dpi is not None and not 1 <= real_number(self.dpi, "dpi") <= 10_000:
            raise UsageError(f"{self.dpi:g} dpi is out of range: use 1 to 10000")
        if self.height is not None:
            self._check_height()
        elif not LEAST_SCALE <= self.factor <= LARGEST_SCALE:
            bounds = f"{LEAST_SCALE:g} to {LARGEST_SCALE:g}"
            raise UsageError(f"scale {self.factor:g} is out of range: use {bounds}")
        if self.colors[0] == self.colors[1]:
            raise UsageError(f"ink and paper are both {self.paper}: choose another `ink`")
        self.nib  # noqa: B018 - raises if there is no such pen

    def _check_height(self) -> None:
        if self.scale is not None:
            raise UsageError("give either `scale` or `height`, not both")
        lowest, highest = LEAST_SCALE * DIGIT_HEIGHT, LARGEST_SCALE * DIGIT_HEIGHT
        pixels = self.factor * DIGIT_HEIGHT
        if not lowest <= pixels <= highest:
            at = f" at {self.resolution:g} dpi" if self._parsed_height[1] != "px" else ""
            raise UsageError(
                f"a height of {self.height} is {pixels:g} pixels{at}: use {lowest:g} to {highest:g}"
            )

    @property
    def _parsed_height(self) -> tuple[float, str]:
        """The height's amount and unit; pixels where there is none."""
        found = re.fullmatch(
            r"(\d+(?:\.\d*)?|\.\d+)\s*(px|mm|cm|in|pt)?", str(self.height).strip().lower()
        )
        if not found:
            raise UsageError(f"a height is one such as 80, 12mm or 0.5in, not {self.height!r}")
        return float(found[1]), found[2] or "px"

    @property
    def factor(self) -> float:
        """Picture pixels per pixel of a 28x28 digit: from the scale, the height or the default."""
        if self.height is not None:
            amount, unit = self._parsed_height
            if unit != "px":
                amount = amount * _PER_INCH[unit] * (self.resolution or PRINT_DPI)
            return amount / DIGIT_HEIGHT
        if self.scale is None:
            return 1.0 if self.cells else 4.0
        return self.scale

    @property
    def resolution(self) -> float | None:
        """Pixels per inch as written into the file; None for none."""
        if self.dpi is None and self.height is not None and self._parsed_height[1] != "px":
            return PRINT_DPI
        return self.dpi

    def at_scale(self, scale: float) -> Style:
        """The same style in another size: a pen in mm stays the same share of a digit's height."""
        return replace(self, scale=scale, height=None, pen=self.nib)

    @property
    def nib(self) -> Nib:
        """The pen."""
        if self.pen is None or isinstance(self.pen, Nib):
            return self.pen or OWN
        pixels = self.factor * DIGIT_HEIGHT
        return read_pen(self.pen, pixels / self.resolution * 25.4 if self.resolution else None)

    @property
    def colors(self) -> tuple[Color, Color | None]:
        """Ink and paper; None is transparent paper."""
        paper = None if self.paper == "transparent" else parse_color(self.paper)
        if self.ink is not None:
            return parse_color(self.ink), paper
        dark_paper = paper is not None and sum(paper) < 3 * 128
        return (WHITE if dark_paper else DARK_INK), paper
