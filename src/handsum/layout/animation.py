"""Animations as GIF and WebP: the pen writes a sheet; a frame holds only the pixels that change."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from handsum import stopping
from handsum.layout.painting import Color, paint
from handsum.layout.rows import Picture, Sheet, check_sides, cover_sheet, print_all
from handsum.layout.style import Style
from handsum.layout.tempo import Tempo, set_tempo
from handsum.strokes.raster import REACH, draw_pieces

# Milliseconds between frames: browsers slow down GIFs with less than 20.
TICK = 40
# Shades from paper to ink: few colours make small files, and the eye sees no more on an edge.
_SHADES = 16
# Points of a stroke for each span.
_PIECES = 16
# The finished sheet is shown first, for this share of the rest at most: viewers that do not
# animate, and previews, show the first frame.
_FIRST, _FIRST_SHARE = 480, 1 / 3
# EXIF tags.
_DESCRIPTION, _SOFTWARE = 0x010E, 0x0131


@dataclass(eq=False)
class Frame:
    """A frame: coverage uint8 (H, W) that replaces that from `left`, `top`, for a time.

    With `vanishes`, the whole picture is paper again after it.
    """

    left: int
    top: int
    coverage: np.ndarray
    milliseconds: int
    vanishes: bool = False


def encode_animation(
    sheet: Sheet, style: Style, metadata: Mapping[str, str], ending: str, duration: float | None
) -> tuple[bytes, np.ndarray]:
    """The bytes of an endless .gif or .webp in which the pen writes a sheet; and its boxes.

    The first and the last frame are the finished picture. On transparent paper, the pixels of a GIF
    are all ink or all paper. The boxes are those of `layout.rows.Picture`.

    Raises:
        UsageError: the picture would be too large.
    """
    width, height = sheet.pixels(style.factor)
    check_sides(width, height, ending)
    picture = cover_sheet(sheet, style.factor)
    frames = list(draw_frames(sheet, style.factor, set_tempo(sheet, duration, _PIECES), picture))
    encode = _gif if ending == ".gif" else _webp
    return encode(frames, *style.colors, metadata), picture.boxes


def draw_frames(sheet: Sheet, scale: float, tempo: Tempo, finished: Picture) -> Iterator[Frame]:
    """The frames of an animation whose first and last ones show the coverage `finished`.

    It is endless: the first frame prolongs the rest on the last one.
    """
    canvas = np.zeros_like(finished.pixels)
    print_all(canvas, sheet, scale)
    total = round(tempo.duration * 100) * 10
    written = max((times[-1] for item in tempo.moments for times in item), default=0.0)
    first = max(TICK, min(_FIRST, int((total - 1000 * written) * _FIRST_SHARE) // TICK * TICK))
    yield Frame(0, 0, finished.pixels, first, vanishes=True)
    total -= first
    frame, end = Frame(0, 0, canvas.copy(), 0), 0
    for tick, pieces in _ticks(tempo, scale):
        stopping.check()
        # A frame ends when the next one begins.
        start = max(tick * TICK, end)
        window = _draw_on(canvas, pieces)
        if window is None:
            continue
        if start > end:
            frame.milliseconds = start - end
            yield frame
            end = start
        else:
            window = _around(window, frame)
        frame = _cut(canvas, window)
    changed = _changed(canvas, finished.pixels)
    if changed is not None and total > end + TICK:
        frame.milliseconds = TICK
        yield frame
        end += TICK
        frame = _cut(finished.pixels, changed)
    elif changed is not None:
        frame = _cut(finished.pixels, _around(changed, frame))
    frame.milliseconds = max(total - end, TICK)
    yield frame


Window = tuple[int, int, int, int]


def _ticks(tempo: Tempo, scale: float) -> Iterator[tuple[int, np.ndarray]]:
    """What is written in each tick: straight pieces (M, 6) in pixels, see `draw_pieces`."""
    for item, moments in zip(tempo.items, tempo.moments, strict=True):
        samples = item.strokes.scale(scale).sample(_PIECES)
        for points, times in zip(samples, moments, strict=True):
            first, last = (int(1000 * times[side] // TICK) for side in (0, -1))
            edges = np.arange(first + 1, last + 1) * TICK / 1000
            # The stroke is cut where a tick ends.
            cuts = np.column_stack([np.interp(edges, times, values) for values in points.T])
            places = np.searchsorted(times, edges)
            points = np.insert(points, places, cuts, axis=0)
            ticks = np.floor_divide(1000 * np.insert(times, places, edges) + 0.01, TICK).astype(int)
            pieces = np.concatenate([points[:-1], np.diff(points, axis=0)], axis=1)
            for tick in range(first, last + 1):
                yield tick, pieces[ticks[:-1] == tick]


def _draw_on(canvas: np.ndarray, pieces: np.ndarray) -> Window | None:
    """Draw pieces on coverage; return the window around them, None if no shade changes in it."""
    if not len(pieces):
        return None
    ends = pieces[:, :2] + pieces[:, 3:5]
    reach = float(np.maximum(pieces[:, 2], pieces[:, 2] + pieces[:, 5]).max()) + REACH
    both = np.concatenate([pieces[:, :2], ends])
    size = canvas.shape[::-1]
    left, top = (int(side) for side in np.floor(both.min(0) - reach).clip(0, size))
    right, bottom = (int(side) for side in np.ceil(both.max(0) + reach).clip(0, size))
    if right <= left or bottom <= top:
        return None
    moved = pieces - np.array([left, top, 0, 0, 0, 0])
    ink = draw_pieces([moved], bottom - top, right - left)[0]
    part = canvas[top:bottom, left:right]
    before = _shades(part)
    np.maximum(part, ink, out=part)
    return None if np.array_equal(before, _shades(part)) else (left, top, right, bottom)


def _cut(canvas: np.ndarray, window: Window) -> Frame:
    """The frame of a window, for a time that is not known yet."""
    left, top, right, bottom = window
    # A WebP's frames start at even places.
    left, top = left - left % 2, top - top % 2
    return Frame(left, top, canvas[top:bottom, left:right].copy(), 0)


def _around(window: Window, frame: Frame) -> Window:
    """The window around another one and a frame."""
    left, top, right, bottom = window
    height, width = frame.coverage.shape
    return (
        min(left, frame.left),
        min(top, frame.top),
        max(right, frame.left + width),
        max(bottom, frame.top + height),
    )


def _changed(before: np.ndarray, after: np.ndarray) -> Window | None:
    """The window in which two coverages differ."""
    return Image.fromarray(_shades(before) ^ _shades(after)).getbbox()


def _shades(coverage: np.ndarray) -> np.ndarray:
    """The shade of each pixel, 0 to _SHADES - 1."""
    return np.rint(np.arange(256) * ((_SHADES - 1) / 255)).astype(np.uint8)[coverage]


def _gif(
    frames: list[Frame], ink: Color, paper: Color | None, metadata: Mapping[str, str]
) -> bytes:
    """A GIF whose frames replace only a part of the one before."""
    share = np.arange(_SHADES)[:, None] / (_SHADES - 1)
    if paper is None:
        table = np.broadcast_to(ink, (_SHADES, 3))
    else:
        table = np.rint(np.array(paper) * (1 - share) + np.array(ink) * share)
    palette = table.astype(np.uint8).tobytes()
    height, width = frames[0].coverage.shape
    # 16 colours; the pixels are square.
    parts = [b"GIF89a", struct.pack("<HHBBB", width, height, 0xF3, 0, 0), palette]
    parts.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
    comment = json.dumps(dict(metadata)).encode()
    blocks = [comment[start : start + 255] for start in range(0, len(comment), 255)]
    parts += [b"\x21\xfe", *(bytes([len(block)]) + block for block in blocks), b"\x00"]
    for frame in frames:
        stopping.check()
        shades = _shades(frame.coverage)
        if paper is None:
            shades = (frame.coverage >= 128) * np.uint8(_SHADES - 1)
        # Each frame stays or gives way to the background; the first shade is transparent on
        # transparent paper.
        flags = (8 if frame.vanishes else 4) | (paper is None)
        # The next frame comes after hundredths of a second.
        parts.append(struct.pack("<4BH2B", 0x21, 0xF9, 4, flags, frame.milliseconds // 10, 0, 0))
        parts.append(_gif_image(shades, frame.left, frame.top, palette))
    return b"".join([*parts, b"\x3b"])


def _gif_image(shades: np.ndarray, left: int, top: int, palette: bytes) -> bytes:
    """The image block of a GIF, compressed by Pillow as the only image of another GIF."""
    image = Image.frombytes("P", shades.shape[::-1], shades.tobytes())
    image.putpalette(palette)
    buffer = io.BytesIO()
    image.save(buffer, "GIF", optimize=False, interlace=0)
    data = buffer.getvalue()
    height, width = shades.shape
    head = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0)
    start = data.index(head, 13 + 3 * _SHADES)
    return struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0) + data[start + 10 : -1]


def _webp(
    frames: list[Frame], ink: Color, paper: Color | None, metadata: Mapping[str, str]
) -> bytes:
    """A lossless WebP whose frames replace only a part of the one before."""
    height, width = frames[0].coverage.shape
    exif = Image.Exif()
    exif[_DESCRIPTION] = json.dumps(dict(metadata))
    exif[_SOFTWARE] = metadata.get("Software", "handsum")
    # Flags: animated, EXIF and transparent.
    flags = 0x02 | 0x08 | (0x10 if paper is None else 0)
    chunks = [
        _chunk(b"VP8X", struct.pack("<I", flags) + _three(width - 1) + _three(height - 1)),
        _chunk(b"ANIM", struct.pack("<IH", 0, 0)),
    ]
    table = np.rint(np.arange(_SHADES) * (255 / (_SHADES - 1))).astype(np.uint8)
    for frame in frames:
        stopping.check()
        pixels = paint(table[_shades(frame.coverage)], ink, paper)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "WEBP", lossless=True, exact=True, method=2)
        high, wide = frame.coverage.shape
        sides = (frame.left // 2, frame.top // 2, wide - 1, high - 1, frame.milliseconds)
        # 2: the pixels replace those before, also where they are transparent.
        head = b"".join(map(_three, sides)) + b"\x02"
        chunks.append(_chunk(b"ANMF", head + _image_chunks(buffer.getvalue())))
    chunks.append(_chunk(b"EXIF", exif.tobytes()))
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _image_chunks(data: bytes) -> bytes:
    """The chunks with the pixels of a still WebP."""
    chunks, place = b"", 12
    while place < len(data):
        size = struct.unpack_from("<I", data, place + 4)[0]
        end = place + 8 + size + size % 2
        if data[place : place + 4] in (b"ALPH", b"VP8 ", b"VP8L"):
            chunks += data[place:end]
        place = end
    return chunks


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _three(value: int) -> bytes:
    return value.to_bytes(3, "little")
