"""Pictures as arrays: loading as grey, MNIST's form, grids, PNG and GIF files.

Digits are uint8 (N, 28, 28), white ink (255) on black (0), as in MNIST.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from handsum import stopping
from handsum._version import __version__
from handsum.errors import HandsumError
from handsum.files import STREAM, atomic_write, standard_input
from handsum.installation import install_command

DIGIT_SIZE = 28
# The formats that `load_picture` opens. Pillow would run another program for EPS.
PICTURE_FORMATS = (
    "PNG", "JPEG", "MPO", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "HEIF",
)  # fmt: skip
# The endings of picture files in a folder; a file given by name may have any ending.
PICTURE_SUFFIXES = frozenset((
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff",
    ".webp", ".pbm", ".pgm", ".ppm", ".pnm", ".jp2", ".j2k", ".avif", ".heic", ".heif", ".hif",
))  # fmt: skip
MAX_PICTURE_PIXELS = 50_000_000
# The longest side, in pixels, of a picture that is only shown, as in a notebook.
LARGEST_SHOWN = 1000

# What the header of a HEIC file names as its types; an AVIF file has the same header.
_HEIC = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))

# MNIST scales the ink of a digit into a box of this side.
_INK_SIZE = 20


def describe(**facts: object) -> dict[str, str]:
    """The metadata of a picture: handsum's version, and all facts but None under `handsum:`.

    `describe(seed=1)` is {"Software": "handsum 0.1.0", "handsum:seed": "1"}. A PNG holds them as
    text, a GIF as its comment and an .npz as `metadata`, both in JSON, an SVG as RDF.
    """
    known = {f"handsum:{name}": str(fact) for name, fact in facts.items() if fact is not None}
    return {"Software": f"handsum {__version__}", **known}


class _Buffer(io.BytesIO):
    """A buffer that lets the encoding of a large picture stop between its parts."""

    def write(self, data: Any) -> int:
        stopping.check()
        return super().write(data)


def encode_png(
    pixels: np.ndarray, metadata: Mapping[str, str] | None = None, dpi: float | None = None
) -> bytes:
    """Encode pixels as PNG: uint8 (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA.

    `metadata` is written as text chunks, `dpi` is the resolution. Equal input gives equal bytes.
    """
    text = PngImagePlugin.PngInfo()
    for name, value in (metadata or {}).items():
        text.add_itxt(name, value)
    buffer = _Buffer()
    resolution = {} if dpi is None else {"dpi": (dpi, dpi)}
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=text, optimize=True, **resolution)
    return buffer.getvalue()


def save_png(
    path: str | Path,
    pixels: np.ndarray,
    metadata: Mapping[str, str] | None = None,
    dpi: float | None = None,
) -> None:
    """Write pixels (see `encode_png`) to a PNG file, whole or not at all."""
    data = encode_png(pixels, metadata, dpi)
    with atomic_write(path) as file:
        file.write(data)


def save_gif(
    path: str | Path,
    frames: Sequence[Image.Image],
    milliseconds: Sequence[int],
    metadata: Mapping[str, str],
) -> None:
    """Write pictures (see `encode_gif`) to a GIF file, whole or not at all."""
    data = encode_gif(frames, milliseconds, metadata)
    with atomic_write(path) as file:
        file.write(data)


def encode_gif(
    frames: Sequence[Image.Image], milliseconds: Sequence[int], metadata: Mapping[str, str]
) -> bytes:
    """Encode pictures as an endless animation, each with its duration in milliseconds.

    `metadata` is written as a comment, in JSON.
    """
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=milliseconds,
        loop=0,
        comment=json.dumps(dict(metadata)).encode(),
    )
    return buffer.getvalue()


def tile(images: np.ndarray, columns: int, gap: int = 0, background: int = 0) -> np.ndarray:
    """Arrange (N, H, W) or (N, H, W, C) images row by row in a grid of `columns` columns."""
    count, height, width = images.shape[:3]
    rows = -(-count // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, *images.shape[3:])
    canvas = np.full(shape, background, images.dtype)
    for index, image in enumerate(images):
        top = index // columns * (height + gap)
        left = index % columns * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas


def mnist_digit(ink: np.ndarray) -> np.ndarray:
    """Fit one digit into 28x28 as MNIST does: its ink in a 20x20 box, centred by mass.

    `ink` is uint8 (H, W), white on black, and not blank; the result is uint8 (28, 28).
    """
    # The faint blur around a stroke must not count as ink.
    box = trim(ink, int(ink.max()) * 0.2)
    scale = _INK_SIZE / max(box.shape)
    height, width = (max(1, round(side * scale)) for side in box.shape)
    small = np.asarray(Image.fromarray(box).resize((width, height), Image.Resampling.BICUBIC))
    return centre_by_mass(small)


def trim(ink: np.ndarray, level: float) -> np.ndarray:
    """Crop ink (H, W) to the pixels of at least this level."""
    inked = ink >= level
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def centre_by_mass(ink: np.ndarray) -> np.ndarray:
    """Place ink, uint8 (H, W), not blank and at most 28x28, into 28x28 as MNIST does."""
    height, width = ink.shape
    digit = np.zeros((DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    mass = ink.astype(np.float64)
    total = mass.sum()
    # MNIST puts the centre of mass on pixel 14, counted from 0.
    top, left = (
        round(float(DIGIT_SIZE / 2 - np.arange(side) @ mass.sum(axis) / total))
        for side, axis in ((height, 1), (width, 0))
    )
    top = min(max(top, 0), DIGIT_SIZE - height)
    left = min(max(left, 0), DIGIT_SIZE - width)
    digit[top : top + height, left : left + width] = ink
    return digit


def load_picture(path: str | Path) -> np.ndarray:
    """Load a picture as grey, float32 (H, W) from 0 (black) to 1 (white), upright by its EXIF tag.

    Any mode and bit depth; the first frame of an animation. Transparent parts become paper that
    contrasts with the visible parts. If a colour channel has much more contrast than the luminance
    (yellow ink on white), it is used instead. "-" is standard input.

    Raises:
        HandsumError: the file is missing, not a picture, damaged, or over MAX_PICTURE_PIXELS.
    """
    name = input_name(path)
    with picture_errors(name), open_input(path) as source:
        return open_picture(source, name)


def input_name(path: str | Path) -> str:
    """A file to read as messages name it."""
    return "standard input" if os.fspath(path) == STREAM else str(path)


def open_input(path: str | Path) -> BinaryIO:
    """Open a file to read; "-" is standard input.

    Raises:
        HandsumError: it is a directory, a pipe or a device.
        OSError, ValueError: it cannot be opened (see `picture_errors`).
    """
    if os.fspath(path) == STREAM:
        return io.BytesIO(standard_input())
    if os.path.exists(path) and not os.path.isfile(path):
        # A pipe or a device may never answer.
        reason = "a directory" if os.path.isdir(path) else "not a regular file"
        raise HandsumError(f"cannot read {path}: it is {reason}")
    return open(path, "rb")


def known_formats() -> list[str]:
    """Return the PICTURE_FORMATS that the installed Pillow supports."""
    Image.init()
    return [name for name in PICTURE_FORMATS if name in Image.OPEN]


def open_picture(source: BinaryIO, name: str, most_pixels: int = MAX_PICTURE_PIXELS) -> np.ndarray:
    """As `load_picture`, for a stream; its errors call it `name`."""
    with picture_errors(name, most_pixels), open_image(source, name) as image:
        return upright_grey(image, most_pixels)


def open_image(source: BinaryIO, name: str) -> Image.Image:
    """Open a picture with Pillow, without its pixels (see `picture_errors`)."""
    start = source.tell()
    header = source.read(64)
    source.seek(start)
    if header[4:8] == b"ftyp":
        length = int.from_bytes(header[:4], "big")
        if _HEIC & {header[place : place + 4] for place in range(8, min(length, 64), 4)}:
            _add_heic(name)
    return Image.open(source, formats=known_formats())


def _add_heic(name: str) -> None:
    """Let Pillow open HEIC, for the file of this name."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        reason = f"HEIC needs pillow-heif: run {install_command('handsum[heif]')}"
        raise HandsumError(f"cannot read {name}: {reason}") from error
    register_heif_opener()


def upright_grey(image: Image.Image, most_pixels: int = MAX_PICTURE_PIXELS) -> np.ndarray:
    """The current frame of an open picture (see `load_picture`, `picture_errors`)."""
    if image.width * image.height > most_pixels:
        raise Image.DecompressionBombError
    return to_grey(ImageOps.exif_transpose(image))


@contextmanager
def picture_errors(name: str, most_pixels: int = MAX_PICTURE_PIXELS) -> Iterator[None]:
    """Raise errors in reading a picture as a HandsumError with its name and the reason."""
    try:
        with warnings.catch_warnings():
            # Pillow warns about problems that it can repair (odd EXIF data, large sizes).
            warnings.simplefilter("ignore")
            yield
    except HandsumError:
        raise
    except Image.DecompressionBombError as error:
        limit = most_pixels // 1_000_000
        reason = f"it has more than {limit} megapixels: make it smaller first"
        raise HandsumError(f"cannot read {name}: {reason}") from error
    except UnidentifiedImageError as error:
        reason = "it is not a picture of a known kind (PNG, JPEG, GIF, BMP, TIFF, WebP, ...)"
        raise HandsumError(f"cannot read {name}: {reason}") from error
    except Exception as error:
        # A decoder may raise nearly anything on a damaged file; an errno is from the system.
        answer = error.strerror if isinstance(error, OSError) and error.errno else None
        reason = answer or f"the picture is damaged or cut off ({error})"
        raise HandsumError(f"cannot read {name}: {reason}") from error


def to_grey(image: Image.Image) -> np.ndarray:
    """Convert any picture to grey, float32 (H, W) in [0, 1] (see `load_picture`)."""
    if image.mode.startswith(("I", "F")):
        return _deep_grey(np.asarray(image))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
        if alpha.min() < 255:
            return _on_paper(_unit(image.convert("RGB").convert("L")), _unit(alpha))
    luminance = image.convert("L")
    if image.mode in ("1", "L", "LA"):
        return _unit(luminance)
    step = max(1, int((image.width * image.height / 1e6) ** 0.5))
    channels = image.convert("RGB").split()
    contrasts = [np.asarray(channel)[::step, ::step].std() for channel in channels]
    strongest = int(np.argmax(contrasts))
    plain = contrasts[strongest] <= 1.5 * np.asarray(luminance)[::step, ::step].std()
    return _unit(luminance if plain else channels[strongest])


def _unit(pixels: Image.Image | np.ndarray) -> np.ndarray:
    """Scale 0..255 to float32 in [0, 1]."""
    return np.asarray(pixels, np.float32) / 255


def _deep_grey(values: np.ndarray) -> np.ndarray:
    """Scale grey of more than 8 bits by the smallest common depth that contains its values."""
    grey = np.nan_to_num(values.astype(np.float32))
    grey -= min(0.0, float(grey.min()))
    top = float(grey.max())
    return grey / next((limit for limit in (1, 255, 4095, 65535) if top <= limit), top)


def _on_paper(grey: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Put a partly transparent picture on paper with a grey that contrasts with the ink."""
    mass = float(alpha.sum())
    if not mass:
        return np.ones_like(grey)
    mean = float((grey * alpha).sum()) / mass
    spread = (float(((grey - mean) ** 2 * alpha).sum()) / mass) ** 0.5
    if mass < 0.5 * alpha.size or spread < 0.1:
        # Ink without paper: the paper is the opposite of the ink.
        paper = 1.0 if mean < 0.5 else 0.0
    else:
        # A sheet with transparent edges: they become part of the sheet.
        paper = float(np.median(grey[alpha > 0.5]))
    return grey * alpha + paper * (1 - alpha)


def enlarged(pixels: np.ndarray) -> np.ndarray:
    """Enlarge each pixel to a square, if the picture stays small."""
    times = max(1, min(4, LARGEST_SHOWN // 2 // max(pixels.shape[:2])))
    return pixels.repeat(times, 0).repeat(times, 1)
