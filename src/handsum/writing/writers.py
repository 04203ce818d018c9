"""Hands to choose from: a sheet of writers, and a hand fitted to pictures of digits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsum.arguments import digit_text, model_name, parse_digits, whole_number
from handsum.errors import HandsumError, UsageError
from handsum.layout.pens import LEAST_WIDTH, WIDEST
from handsum.layout.style import Style
from handsum.reading.documents import load_page
from handsum.seeds import choose_seed
from handsum.writing.hands import RowHands
from handsum.writing.sheet import HandSheet
from handsum.writing.write import Options, Progress, write_rows

if TYPE_CHECKING:
    from handsum.pretrained.generators import DigitGenerator
    from handsum.reading.results import FileReading, Prediction

    Pictures = Prediction | str | PathLike[str] | Iterable[str | PathLike[str]]

# The default height of the digits on a sheet, in pixels.
HEIGHT = "48"


def writers(
    first: int = 0,
    count: int = 24,
    digits: str | int = "0123456789",
    *,
    seed: int | None = None,
    model: str | PathLike[str] | None = None,
    style: Style | None = None,
    progress: Progress | None = None,
) -> HandSheet:
    """Write `digits` in the hands of `count` writers from number `first` on.

    Fewer if the model has no more writers. The default style has digits 48 pixels high.

    Raises:
        UsageError: no such writer or model, or a model without writers.
    """
    first, count = whole_number(first, "a writer", 0), whole_number(count, "a count", 1)
    generator = _load_generator(model)
    if first >= generator.writers:
        raise UsageError(f"writer {first} is out of range: use 0 to {generator.writers - 1}")
    numbers = np.arange(first, min(first + count, generator.writers))
    look = _look(style)
    labels = _labels(digits, len(numbers))
    options = Options(RowHands(numbers, numbers), model)
    written = write_rows(labels, choose_seed(seed), options, progress=progress)
    return HandSheet(replace(written, style=look), tuple(map(str, numbers)))


def fit_writer(
    pictures: Pictures,
    *,
    count: int = 24,
    digits: str | int = "0123456789",
    seed: int | None = None,
    model: str | PathLike[str] | None = None,
    style: Style | None = None,
    progress: Progress | None = None,
) -> HandSheet:
    """Fit a hand to the digits in pictures, and find the writers whose hands are most like them.

    `pictures` are paths, or the result of `handsum.predict`. The sheet shows `count` hands, each
    with the same `digits`: first the fitted one, whose `hand.name` is a value for `writer`, then
    the writers. Its `nib` is the width of the pen in the pictures, a value for a style's `pen`, and
    the pen of the sheet unless the style has one. The default style has digits 48 pixels high.

    Raises:
        UsageError: fewer than three different digits are read, no such model, or a model without
            MNIST's writers.
        HandsumError: a picture cannot be read.
    """
    from handsum.writing.likeness import fit_hand, hands_alike, most_alike

    count = whole_number(count, "a count", 1)
    generator = _load_generator(model)
    look = _look(style)
    labels = _labels(digits, min(count, generator.writers))
    files = _read(pictures)
    images = np.concatenate([file.images for file in files])
    read = np.array([int(digit) for file in files for digit in file.digits], np.int64)
    unread = tuple(str(file.error) for file in files if file.failed)
    nib = _measure(files)
    if nib is not None and look.pen is None:
        look = replace(look, pen=nib)
    alike = most_alike(images, read, len(labels) - 1)
    fitted = fit_hand(generator, images, read)
    hands, names = hands_alike(generator, fitted, alike)
    options = Options(hands, model)
    written = write_rows(labels[: len(names)], choose_seed(seed), options, progress=progress)
    sheet = replace(written, style=look)
    return HandSheet(sheet, tuple(names), fitted, tuple(alike), unread, nib)


def measure_nib(pictures: Pictures) -> float:
    """The width of the pen that wrote the digits in pictures, in shares of a digit's height.

    It is a value for the `pen` of a style. `pictures` are as in `fit_writer`.

    Raises:
        UsageError: no digit is read.
        HandsumError: a picture cannot be read.
    """
    nib = _measure(_read(pictures))
    if nib is None:
        raise HandsumError("the pictures have gone: give their paths")
    return nib


def _measure(files: Sequence[FileReading]) -> float | None:
    """The pen of all pictures that are still there; None without one."""
    from handsum.data.pictures.nib import nib_width

    found = []
    for file in files:
        if not file.digits:
            continue
        try:
            grey = load_page(file.file, file.page)
        except HandsumError:
            # A picture that was read from memory.
            continue
        found += [nib_width(grey, file.boxes)] * len(file.digits)
    return round(float(np.clip(np.median(found), LEAST_WIDTH, WIDEST)), 4) if found else None


def _load_generator(model: str | PathLike[str] | None) -> DigitGenerator:
    from handsum.pretrained.load import load_generator

    generator = load_generator(model_name(model))
    generator.check_writers("choose another `model`")
    return generator


def _look(style: Style | None) -> Style:
    return Options(style=style).style or Style(height=HEIGHT)


def _labels(digits: str | int, count: int) -> np.ndarray:
    """The digits of `count` hands, int64 (count, L)."""
    return np.tile(parse_digits(digit_text(digits, "`digits`")), (count, 1))


def _read(pictures: Pictures) -> Sequence[FileReading]:
    """The readings of pictures, with at least one digit."""
    from handsum.reading.predict import predict
    from handsum.reading.results import Prediction

    if isinstance(pictures, Prediction):
        files = pictures.files
    else:
        files = predict(pictures).files
        failed = next((file for file in files if file.failed), None)
        if failed is not None:
            reason = str(failed.error)
            named = Path(failed.file).name in reason
            raise HandsumError(reason if named else f"{failed.file}: {reason}")
    if not any(file.digits for file in files):
        reason = next((file.error for file in files if file.error), "no digit was read")
        raise UsageError(f"{reason}: use a picture of some digits")
    return files
