"""What a request will cost, estimated before the work from what it asks for."""

from __future__ import annotations

import io
import warnings
from typing import BinaryIO

from PIL import Image

from handsum.errors import UsageError
from handsum.images import known_formats
from handsum.layout.style import Style
from handsum.web import limits
from handsum.web.parameters import (
    GenerateQuery,
    HandsQuery,
    InterpolateQuery,
    NumberQuery,
    Parameters,
    SumQuery,
    Written,
)

# A digit that is checked in its picture takes this many times as long as one that is only drawn.
_CHECKED = 4
# An animation takes this many times as long as a picture.
_ANIMATED = 2
# The mean digit of a sum whose length is not given.
_MEAN_DIGIT = 4
# Half of the time for a digit of this size is for its pixels.
_USUAL_FACTOR = 4.0


def cost_of(query: Parameters) -> float:
    """The estimated cost of a request to draw, as a share of the most that a cheap one costs."""
    digits = float(_digits(query))
    if isinstance(query, Written):
        digits *= _size(query) * (_CHECKED if query.verify else 1)
        digits *= _ANIMATED if query.format in ("gif", "webp") else 1
    return digits / limits.CHEAP_DIGITS


def _digits(query: Parameters) -> int:
    """The number of digits that a request draws."""
    if isinstance(query, SumQuery):
        return query.count * (query.length or 1 + query.total // _MEAN_DIGIT)
    if isinstance(query, NumberQuery):
        return len(query.text)
    if isinstance(query, GenerateQuery):
        return query.count or (query.rows or 8) * (query.columns or len(query.digits or "") or 10)
    if isinstance(query, InterpolateQuery):
        return query.steps * len(query.digits)
    return query.count * len(query.digits) if isinstance(query, HandsQuery) else 0


def _size(query: Written) -> float:
    """How many times as long a digit of this size takes as one of the usual size."""
    try:
        factor = Style(query.scale, cells=query.cells, dpi=query.dpi, height=query.height).factor
    except UsageError:  # the work starts with the same error
        return 1.0
    return (1 + (factor / _USUAL_FACTOR) ** 2) / 2


def cost_of_picture(file: BinaryIO) -> float:
    """The estimated cost of an uploaded picture, by its bytes and its pixels, as in `cost_of`.

    What is drawn in it is not known yet: a job that turns out to be dear changes its queue.
    """
    cost = file.seek(0, io.SEEK_END) / limits.DEAR_PICTURE_BYTES
    if cost > 1:
        return cost
    try:
        file.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=known_formats()) as picture:
                return max(cost, picture.width * picture.height / limits.DEAR_PICTURE_PIXELS)
    except Exception:  # reading it later says what is wrong
        return cost
