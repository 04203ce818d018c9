"""Estimates: which requests are dear, known before any work on them."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from handsum.images import known_formats
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
# The mean digit of a sum whose length is not given.
_MEAN_DIGIT = 4


def is_dear(query: Parameters) -> bool:
    """Whether a request draws many digits."""
    digits = _digits(query) * (_CHECKED if isinstance(query, Written) and query.verify else 1)
    return digits > limits.CHEAP_DIGITS


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


def is_dear_picture(data: bytes) -> bool:
    """Whether an uploaded picture needs much time and memory, by its bytes and its pixels.

    What is drawn in it is not known yet: a job that turns out to be dear changes its queue.
    """
    if len(data) > limits.DEAR_PICTURE_BYTES:
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=known_formats()) as picture:
                return picture.width * picture.height > limits.DEAR_PICTURE_PIXELS
    except Exception:  # reading it later says what is wrong
        return False
