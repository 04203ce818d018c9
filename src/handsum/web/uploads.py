"""The request to read a picture, as a plain function."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from handsum.errors import UsageError
from handsum.images import open_picture
from handsum.web import limits, results
from handsum.web.catalogue import SUM_READERS
from handsum.web.parameters import PictureQuery
from handsum.web.work import Progress

if TYPE_CHECKING:
    from handsum.reading.results import FileReading, Prediction


def predict(file: BinaryIO, query: PictureQuery, progress: Progress) -> results.Reading:
    """Read a picture."""
    from handsum.reading.predict import predict_picture

    progress(0, 2)
    grey = open_upload(file)
    progress(1, 2)
    found = predict_picture(
        grey, length=query.length, punctuation=query.punctuation, pattern=query.pattern
    )
    if query.reader in SUM_READERS and found.sum is not None:
        found = _with_sum(found, query.reader)
    reading = found.files[0]
    if reading.failed:
        raise UsageError(str(reading.error))
    return _reading(found, reading, grey.shape)


def open_upload(file: BinaryIO) -> np.ndarray:
    """An uploaded picture in grey, float32 (H, W) in [0, 1].

    Raises:
        UsageError: it is empty.
        HandsumError: it is too large or not a picture.
    """
    if not file.seek(0, io.SEEK_END):
        raise UsageError("no picture in the request: send its bytes as the body")
    file.seek(0)
    return open_picture(file, "the picture", limits.MOST_PIXELS)


def _with_sum(found: Prediction, reader: str) -> Prediction:
    """The prediction with the sum that a sum reader predicts."""
    from handsum.pretrained.load import load_sum_reader
    from handsum.sums import sum_summary

    images = found.files[0].images
    if len(images) > limits.LONGEST_SUM:
        raise UsageError(
            f"{reader} reads sums of up to {limits.LONGEST_SUM} digits, not {len(images)}: "
            "choose another `reader`"
        )
    distribution = load_sum_reader(reader).distributions(images[None])[0]
    summary = sum_summary(distribution)
    return replace(
        found,
        sum=summary.sum,
        probability=summary.probability,
        interval=summary.interval,
        distribution=distribution,
    )


def _reading(found: Prediction, reading: FileReading, shape: tuple[int, ...]) -> results.Reading:
    digits = zip(
        reading.digits,
        reading.confidence,
        reading.boxes,
        reading.probabilities,
        reading.images,
        strict=True,
    )
    values = found.as_dict()
    return results.Reading(
        digits=[
            results.Read(
                digit=int(digit),
                confidence=confidence,
                box=box,
                probabilities=[round(float(value), 6) for value in row],
                picture=results.png_url(image),
            )
            for digit, confidence, box, row, image in digits
        ],
        rows=list(reading.rows),
        others=list(reading.others),
        error=reading.error,
        width=shape[1],
        height=shape[0],
        sum=values["sum"],
        probability=values["probability"],
        interval=values["interval"],
        distribution=values["distribution"],
        notes=values["notes"],
    )
