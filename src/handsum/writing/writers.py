"""Hands to choose from: a sheet of writers, and a hand fitted to pictures of digits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from handsum.arguments import digit_text, model_name, parse_digits, whole_number
from handsum.errors import HandsumError, UsageError
from handsum.layout.rows import check_least_size
from handsum.layout.style import Style
from handsum.seeds import choose_seed
from handsum.writing.hands import RowHands
from handsum.writing.sheet import HandSheet
from handsum.writing.write import Options, Progress, write_rows

if TYPE_CHECKING:
    from handsum.pretrained.generators import DigitGenerator
    from handsum.reading.results import Prediction

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
        UsageError: no such writer or model, a model without writers, or a sheet too large to open.
    """
    first, count = whole_number(first, "a writer", 0), whole_number(count, "a count", 1)
    generator = _load_generator(model)
    if first >= generator.writers:
        raise UsageError(f"writer {first} is out of range: use 0 to {generator.writers - 1}")
    numbers = np.arange(first, min(first + count, generator.writers))
    look = _look(style)
    labels = _labels(digits, len(numbers), look)
    options = Options(RowHands(numbers, numbers), model)
    written = write_rows(labels, choose_seed(seed), options, progress=progress)
    return HandSheet(replace(written, style=look), tuple(map(str, numbers)))


def fit_writer(
    pictures: Prediction | str | PathLike[str] | Iterable[str | PathLike[str]],
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
    the writers. The default style has digits 48 pixels high.

    Raises:
        UsageError: fewer than three different digits are read, no such model, a model without
            MNIST's writers, or a sheet too large to open.
        HandsumError: a picture cannot be read.
    """
    from handsum.writing.likeness import fit_hand, hands_alike, most_alike

    count = whole_number(count, "a count", 1)
    generator = _load_generator(model)
    look = _look(style)
    labels = _labels(digits, min(count, generator.writers), look)
    images, read, unread = _read(pictures)
    alike = most_alike(images, read, len(labels) - 1)
    fitted = fit_hand(generator, images, read)
    hands, names = hands_alike(generator, fitted, alike)
    options = Options(hands, model)
    written = write_rows(labels[: len(names)], choose_seed(seed), options, progress=progress)
    sheet = replace(written, style=look)
    return HandSheet(sheet, tuple(names), fitted, tuple(alike), tuple(unread))


def _load_generator(model: str | PathLike[str] | None) -> DigitGenerator:
    from handsum.pretrained.load import load_generator

    generator = load_generator(model_name(model))
    generator.check_writers("choose another `model`")
    return generator


def _look(style: Style | None) -> Style:
    return Options(style=style).style or Style(height=HEIGHT)


def _labels(digits: str | int, count: int, style: Style) -> np.ndarray:
    """The digits of `count` hands, int64 (count, L); UsageError if the sheet would be too large."""
    labels = parse_digits(digit_text(digits, "`digits`"))
    check_least_size(style, count, len(labels))
    return np.tile(labels, (count, 1))


def _read(
    pictures: Prediction | str | PathLike[str] | Iterable[str | PathLike[str]],
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The digits (N, 28, 28) in pictures, their labels (N,), and the errors of other pictures."""
    from handsum.reading.predict import predict
    from handsum.reading.results import Prediction

    if isinstance(pictures, Prediction):
        files = pictures.files
    else:
        files = predict(pictures).files
        failed = next((file for file in files if file.failed), None)
        if failed is not None:
            raise HandsumError(f"{failed.file}: {failed.error}")
    labels = np.array([int(digit) for file in files for digit in file.digits], np.int64)
    if not len(labels):
        reason = next((file.error for file in files if file.error), "no digit was read")
        raise UsageError(f"{reason}: use a picture of some digits")
    unread = [str(file.error) for file in files if file.failed]
    return np.concatenate([file.images for file in files]), labels, unread
