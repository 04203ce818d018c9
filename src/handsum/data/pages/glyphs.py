"""What stands on a page, one sign each: of MNIST, of the pen, of a printer, of a display."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handsum.strokes.raster import draw_pieces

Random = np.random.Generator

_FONT_SIZE = 48
_SHARPEST = 3.0


@dataclass(frozen=True, eq=False)
class Glyph:
    """One sign: an image of its ink, or lines of a pen.

    Places are in heights of the row's digits, from the left end of the sign's baseline; y points
    down. `image` is uint8 (H, W), `pixels` its pixels a height, and `origin` the place's x and y
    in it. `lines` are float (M, 3): x, y and half the width. `width` is the room it takes.
    """

    label: int
    width: float
    image: np.ndarray | None = None
    pixels: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    lines: Sequence[np.ndarray] = field(default=())
    bolder: float = 0.5

    def draw(self, matrix: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, int, int]:
        """The ink float32 (H, W) in [0, 1], and the place of its left upper corner.

        A point p of the sign is at `matrix` @ p + `at`, in pixels of the page.
        """
        return self._draw_image(matrix, at) if self.image is not None else self._draw(matrix, at)

    def _draw(self, matrix: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, int, int]:
        scale = abs(float(np.linalg.det(matrix))) ** 0.5
        lines = [
            np.column_stack([line[:, :2] @ matrix.T + at, scale * line[:, 2]])
            for line in self.lines
        ]
        points = np.concatenate(lines)
        reach = points[:, 2:] + 2
        low = np.floor((points[:, :2] - reach).min(0)).astype(int)
        high = np.ceil((points[:, :2] + reach).max(0)).astype(int)
        width, height = np.minimum(high - low, 1000)
        pieces = np.concatenate(
            [np.column_stack([line[:-1], np.diff(line, axis=0)]) for line in lines]
        )
        pieces[:, :2] -= low
        ink = draw_pieces([pieces], int(height), int(width))[0]
        return ink.astype(np.float32) / 255, int(low[0]), int(low[1])

    def _draw_image(self, matrix: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, int, int]:
        image = self.image
        assert image is not None
        high, wide = image.shape
        corners = np.array([(0, 0), (wide, 0), (0, high), (wide, high)], np.float64)
        places = (corners - self.origin) / self.pixels @ matrix.T + at
        low = np.floor(places.min(0)).astype(int)
        width, height = np.minimum(np.ceil(places.max(0)).astype(int) - low, 1000)
        back = self.pixels * np.linalg.inv(matrix)
        shift = back @ (low - at) + self.origin
        seen = Image.fromarray(image).transform(
            (max(1, int(width)), max(1, int(height))),
            Image.Transform.AFFINE,
            (*back[0], shift[0], *back[1], shift[1]),
            Image.Resampling.BICUBIC,
        )
        ink = np.asarray(seen, np.float32) / 255
        # An enlarged image has soft edges, which a pen has not.
        gain = np.clip(1 / max(back[0, 0], 1e-3), 1, _SHARPEST)
        level = 0.5 + (self.bolder - 0.5) * min(1.0, gain - 0.9)
        return np.clip((ink - level) * gain + level, 0, 1), int(low[0]), int(low[1])


def mnist_glyph(digit: np.ndarray, label: int, random: Random) -> Glyph:
    """A digit of MNIST, uint8 (28, 28), a little bolder or finer."""
    rows, columns = np.flatnonzero((digit > 60).any(1)), np.flatnonzero((digit > 60).any(0))
    top, bottom = max(rows[0] - 2, 0), rows[-1] + 3
    left, right = max(columns[0] - 2, 0), columns[-1] + 3
    # Most digits fill 20 pixels; a wide one is lower, and stands on the line or hangs.
    height = max(rows[-1] + 1 - rows[0], 14)
    image = np.ascontiguousarray(digit[top:bottom, left:right])
    origin = (float(columns[0] - left), float(rows[-1] + 1 - top))
    width = (columns[-1] + 1 - columns[0]) / height
    bolder = float(np.clip(random.normal(0.45, 0.12), 0.2, 0.7))
    return Glyph(label, width, image, float(height), origin, bolder=bolder)


def pen_glyph(label: int, lines: Sequence[np.ndarray], width: float, nib: float) -> Glyph:
    """Lines (M, 2) of a pen with a nib, which is a share of the height."""
    own = [np.column_stack([line, np.full(len(line), nib / 2)]) for line in lines]
    return Glyph(label, width, lines=own)


def bend(lines: Sequence[np.ndarray], wobble: float, random: Random) -> list[np.ndarray]:
    """Lines through their points as a hand draws them: uneven, with round corners."""
    drawn = []
    for line in lines:
        points = line + wobble * random.normal(size=line.shape)
        steps = np.linspace(0, len(points) - 1, 4 * len(points))
        fine = np.stack([np.interp(steps, np.arange(len(points)), axis) for axis in points.T], 1)
        for _ in range(int(random.integers(0, 8))):
            fine[1:-1] = (fine[:-2] + 2 * fine[1:-1] + fine[2:]) / 4
        drawn.append(fine)
    return drawn


def fonts() -> list[Path]:
    """The text fonts that Matplotlib has."""
    import matplotlib

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    names = ("DejaVuSans", "DejaVuSerif", "STIXGeneral", "cmr", "cmss", "cmtt", "cmb")
    return sorted(
        path
        for path in folder.glob("*.ttf")
        if path.stem.startswith(names) and "Display" not in path.stem
    )


@cache
def _printed(font: Path, sign: str) -> tuple[np.ndarray, tuple[float, float], float]:
    loaded = ImageFont.truetype(font, _FONT_SIZE)
    _, top, _, bottom = loaded.getbbox("0", anchor="ls")
    left, up, right, down = loaded.getbbox(sign, anchor="ls")
    pad = 2
    size = (int(right - left) + 2 * pad + 1, int(down - up) + 2 * pad + 1)
    image = Image.new("L", size)
    ImageDraw.Draw(image).text((pad - left, pad - up), sign, font=loaded, fill=255, anchor="ls")
    return np.asarray(image), (float(pad), float(pad - up)), float(bottom - top)


def printed_glyph(label: int, sign: str, font: Path) -> Glyph:
    """A sign of a font."""
    image, origin, height = _printed(font, sign)
    return Glyph(label, image.shape[1] / height, image, height, origin, bolder=0.4)


# The lit segments of a display: top, upper right, lower right, bottom, lower left, upper left, and
# the middle, as bits.
_SEGMENTS = (63, 6, 91, 79, 102, 109, 125, 7, 127, 111)
_ENDS = (
    ((0, 0), (1, 0)), ((1, 0), (1, 1)), ((1, 1), (1, 2)), ((0, 2), (1, 2)),
    ((0, 1), (0, 2)), ((0, 0), (0, 1)), ((0, 1), (1, 1)),
)  # fmt: skip


def segment_glyph(label: int, random: Random) -> Glyph:
    """A digit of a seven-segment display."""
    gap, half = random.uniform(0.05, 0.16), random.uniform(0.035, 0.08)
    wide = random.uniform(0.42, 0.6)
    lines = []
    for bit, (start, end) in enumerate(_ENDS):
        if _SEGMENTS[label] >> bit & 1:
            first, last = np.array(start, float), np.array(end, float)
            ends = np.array([first + gap * (last - first), last - gap * (last - first)])
            ends = ends * [wide, 0.5] - [0, 1]
            lines.append(np.column_stack([ends, [half, half]]))
    return Glyph(label, wide + 2 * half, lines=lines)


# Rows of five pixels each, as hexadecimal numbers.
_PIXELS = (
    "0e1113151911 0e", "040c040404040e", "0e11010204081f", "1f02040201110e", "02060a121f0202",
    "1f101e0101110e", "0608101e11110e", "1f010204080808", "0e11110e11110e", "0e11110f01020c",
)  # fmt: skip


def pixel_glyph(label: int) -> Glyph:
    """A digit of an old screen, five by seven pixels."""
    rows = bytes.fromhex(_PIXELS[label].replace(" ", ""))
    bits = np.array([[row >> place & 1 for place in range(4, -1, -1)] for row in rows], np.uint8)
    image = np.kron(255 * bits, np.ones((8, 8), np.uint8)).astype(np.uint8)
    return Glyph(label, 0.72, np.pad(image, 2), 56.0, (2.0, 58.0))
