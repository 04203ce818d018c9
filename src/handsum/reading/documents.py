"""Every page of a file: a picture, a TIFF of several pages, or a PDF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from handsum import stopping
from handsum.errors import HandsumError
from handsum.images import (
    PICTURE_SUFFIXES,
    input_name,
    open_image,
    open_input,
    picture_errors,
    upright_grey,
)
from handsum.reading import pdf

# The endings of the files in a folder that are read.
READ_SUFFIXES = PICTURE_SUFFIXES | {".pdf"}
# A file with more pages is refused.
MOST_PAGES = 1000
# So is a TIFF with more frames, most of which are small copies of pages.
_MOST_FRAMES = 10 * MOST_PAGES
# The TIFF tag that marks a frame as a small copy (bit 0) or a mask (bit 2) of another one.
_SUBFILE_TYPE, _NO_PAGE = 254, 0b101


@dataclass(frozen=True, eq=False)
class Loaded:
    """A page in grey, float32 (H, W) in [0, 1], or the reason why it cannot be read.

    `page` counts from 1; it is None in a file of one picture. `note` says how the page was read, if
    that is unexpected.
    """

    file: Path
    page: int | None
    picture: np.ndarray | None
    error: str | None = None
    note: str | None = None


def page_name(file: str | Path, page: int | None) -> str:
    """A page as messages name it."""
    return str(file) if page is None else f"{file}, page {page}"


def load_pages(file: Path) -> Iterator[Loaded]:
    """Load the pages of a file one after the other; an error never ends the others."""
    name = input_name(file)
    try:
        with picture_errors(name):
            source = open_input(file)
    except HandsumError as error:
        yield Loaded(file, None, None, str(error))
        return
    with source:
        try:
            with picture_errors(name):
                load = _load_pdf if pdf.is_pdf(source) else _load_picture
            yield from load(file, source, name)
        except HandsumError as error:
            yield Loaded(file, None, None, str(error))


def load_page(file: str | Path, page: int | None) -> np.ndarray:
    """Load one page of a file again (see `load_pages`).

    Raises:
        HandsumError: it cannot be read any more.
    """
    name = input_name(file)
    with picture_errors(name), open_input(file) as source:
        if pdf.is_pdf(source):
            with pdf.open_pdf(source, name) as document:
                return pdf.render(document, (page or 1) - 1, page_name(name, page))[0]
        with open_image(source, name) as image:
            if page is not None:
                image.seek(_find_pages(image)[0][page - 1])
            return upright_grey(image)


def _load_picture(file: Path, source: BinaryIO, name: str) -> Iterator[Loaded]:
    with picture_errors(name):
        image = open_image(source, name)
    with image:
        with picture_errors(name):
            frames, problem = _find_pages(image)
        if len(frames) > MOST_PAGES:
            raise HandsumError(_too_many(name))
        if len(frames) > 1 or problem:
            yield from _load_frames(file, image, frames, problem)
            return
        with picture_errors(name):
            picture = upright_grey(image)
        yield Loaded(file, None, picture, note=_first_of_several(image))


def _first_of_several(image: Image.Image) -> str | None:
    """A note on the frames that are not read."""
    # The second picture of an MPO is a preview or a map of depths of the first.
    if image.format in ("TIFF", "MPO"):
        return None
    try:
        several = getattr(image, "is_animated", False)
    except Exception:  # whatever a decoder raises on damage after the first frame
        several = True
    if not several:
        return None
    if image.format == "HEIF":
        return "it holds several pictures: only the main one is read"
    return "it is an animation: only its first frame is read"


def _find_pages(image: Image.Image) -> tuple[list[int], Exception | None]:
    """The frames of a TIFF that are pages, and the error that hides the rest, if any.

    Other formats have one page. One page more than MOST_PAGES means: too many.
    """
    if image.format != "TIFF":
        return [0], None
    pages: list[int] = []
    problem: Exception | None = None
    for frame in range(_MOST_FRAMES):
        stopping.check()
        try:
            image.seek(frame)
        except EOFError:
            break
        except Image.DecompressionBombError:
            pass  # a page like others: loading it gives the error
        except Exception as error:
            problem = error
            break
        if not _is_copy(image):
            pages.append(frame)
        if len(pages) > MOST_PAGES:
            break
    else:
        raise ValueError(f"more than {_MOST_FRAMES} pictures")
    image.seek(0)
    return pages or [0], problem


def _is_copy(image: Image.Image) -> bool:
    subfile = getattr(image, "tag_v2", {}).get(_SUBFILE_TYPE, 0)
    return isinstance(subfile, int) and bool(subfile & _NO_PAGE)


def _load_frames(
    file: Path, image: Image.Image, frames: list[int], problem: Exception | None
) -> Iterator[Loaded]:
    for page, frame in enumerate(frames, 1):
        try:
            with picture_errors(page_name(input_name(file), page)):
                image.seek(frame)
                picture = upright_grey(image)
        except HandsumError as error:
            yield Loaded(file, page, None, str(error))
        else:
            yield Loaded(file, page, picture)
    if problem:
        name = page_name(input_name(file), len(frames) + 1)
        reason = "the file is damaged or cut off, so that later pages cannot be found, either"
        yield Loaded(file, len(frames) + 1, None, f"cannot read {name}: {reason}")


def _load_pdf(file: Path, source: BinaryIO, name: str) -> Iterator[Loaded]:
    with pdf.open_pdf(source, name) as document:
        count = pdf.count_pages(document, name)
        if count > MOST_PAGES:
            raise HandsumError(_too_many(name))
        for index in range(count):
            yield _load_pdf_page(file, document, index)


def _load_pdf_page(file: Path, document: pdf.Document, index: int) -> Loaded:
    try:
        picture, note = pdf.render(document, index, page_name(input_name(file), index + 1))
    except HandsumError as error:
        return Loaded(file, index + 1, None, str(error))
    return Loaded(file, index + 1, picture, note=note)


def _too_many(name: str) -> str:
    return f"cannot read {name}: it has more than {MOST_PAGES} pages: split it first"
