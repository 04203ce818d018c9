"""The pages of a PDF as pictures, by pypdfium2 (the extra `handsum[pdf]`)."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

import numpy as np

from handsum.errors import HandsumError
from handsum.images import MAX_PICTURE_PIXELS, picture_errors, to_grey
from handsum.installation import install_command

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

    Document: TypeAlias = PdfDocument

# Pixels per inch: a digit of 3 mm is 24 pixels high.
_DPI = 200
_POINTS_PER_INCH = 72
# A PDF begins with this, after at most 1,024 other bytes.
_HEADER, _HEADER_WITHIN = b"%PDF-", 1024
# PDFium is not safe with threads.
_lock = threading.RLock()


def is_pdf(source: BinaryIO) -> bool:
    """Whether a stream, at its start, holds a PDF."""
    source.seek(0)
    header = source.read(_HEADER_WITHIN + len(_HEADER))
    source.seek(0)
    return _HEADER in header


@contextmanager
def open_pdf(source: BinaryIO, name: str) -> Iterator[Document]:
    """Open a PDF; errors call it `name`.

    Raises:
        HandsumError: it is damaged or encrypted, or pypdfium2 is not installed.
    """
    try:
        from pypdfium2 import PdfDocument, PdfiumError
    except ImportError as error:
        reason = f"PDF needs pypdfium2: run {install_command('handsum[pdf]')}"
        raise HandsumError(f"cannot read {name}: {reason}") from error
    try:
        with _lock:
            document = PdfDocument(source)
            # What was typed into the fields of a form is drawn, too.
            document.init_forms()
    except PdfiumError as error:
        if "password" in str(error).lower():
            reason = "it is encrypted: save a copy without a password first"
        else:
            reason = "the PDF is damaged, cut off or empty"
        raise HandsumError(f"cannot read {name}: {reason}") from error
    try:
        yield document
    finally:
        with _lock:
            document.close()


def count_pages(document: Document, name: str) -> int:
    """The number of pages.

    Raises:
        HandsumError: there are none.
    """
    with _lock:
        count = len(document)
    if not count:
        raise HandsumError(f"cannot read {name}: it has no pages")
    return count


def render(document: Document, index: int, name: str) -> tuple[np.ndarray, str | None]:
    """Render a page, from 0, in grey: float32 (H, W) in [0, 1], and a note if it is coarse.

    Raises:
        HandsumError: the page is damaged.
    """
    with picture_errors(name), _lock:
        page = document[index]
        try:
            width, height = page.get_size()
            dpi = _choose_dpi(width, height)
            bitmap = page.render(scale=dpi / _POINTS_PER_INCH)
            try:
                grey = to_grey(bitmap.to_pil())
            finally:
                bitmap.close()
        finally:
            page.close()
    note = f"the page is large: it is read at {dpi:.0f} dpi" if dpi < _DPI else None
    return grey, note


def _choose_dpi(width: float, height: float) -> float:
    """The resolution for a page of this size in points, within MAX_PICTURE_PIXELS."""
    if not (math.isfinite(width * height) and width > 0 and height > 0):
        raise ValueError(f"a page of {width} x {height} points")
    inches = width * height / _POINTS_PER_INCH**2
    # Sides are rounded up to whole pixels.
    return min(_DPI, 0.999 * (MAX_PICTURE_PIXELS / inches) ** 0.5)
