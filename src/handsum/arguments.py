"""Arguments of the Python API: checked and converted, or refused in one line."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from handsum.errors import UsageError


def whole_number(value: Any, name: str, least: int | None = None) -> int:
    """A whole number of any integer type as an int; at least `least` if given.

    Raises:
        UsageError: a float (even a whole one), a truth value, a text or anything else; or a number
            of more than 63 bits.
    """
    number = _index(value, name)
    if number.bit_length() > 63:
        raise UsageError(f"{name} is at most 2**63, not a number of {number.bit_length()} bits")
    if least is not None and number < least:
        raise UsageError(f"{name} is {least} or more, not {number}")
    return number


def _index(value: Any, name: str) -> int:
    if type(value).__name__ in ("bool", "bool_"):
        raise UsageError(f"{name} is a whole number, not {value}")
    try:
        return operator.index(value)
    except TypeError:
        raise UsageError(f"{name} is a whole number, not {_shown(value)}") from None


def optional_number(value: Any, name: str, least: int | None = None) -> int | None:
    """As `whole_number`; None stays None."""
    return None if value is None else whole_number(value, name, least)


def real_number(value: Any, name: str) -> float:
    """A number of any kind as a float.

    Raises:
        UsageError: a truth value, a text or anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise UsageError(f"{name} is a number, not {_shown(value)}")
    return float(value)


def truth(value: Any, name: str) -> bool:
    """A truth value.

    Raises:
        UsageError: anything else.
    """
    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"`{name}` is True or False, not {_shown(value)}")
    return bool(value)


def parse_digits(text: str) -> np.ndarray:
    """The digits of a text as int64 (L,).

    Raises:
        UsageError: an empty text, or characters other than 0 to 9.
    """
    if not text:
        raise UsageError("there is nothing to write: give at least one digit")
    others = [character for character in dict.fromkeys(text) if character not in "0123456789"]
    if others:
        listed = " ".join(repr(character) for character in others)
        raise UsageError(f"only the digits 0 to 9 can be drawn, not {listed}")
    return np.array([int(character) for character in text], np.int64)


def digit_text(value: Any, name: str, example: str = "0123") -> str:
    """A text such as the example, or the digits of a whole number.

    Raises:
        UsageError: anything else, such as a float, whose digits may differ from what was typed.
    """
    if isinstance(value, str):
        return value
    try:
        return str(_index(value, name))
    except ValueError:  # a UsageError, or more digits than Python converts to text
        shown = _shown(value)
        raise UsageError(
            f"{name} is a text such as {example!r}, or a whole number, not {shown}"
        ) from None


def model_name(value: Any) -> str | None:
    """The name of a model, or its snapshot folder, as a text; None stays None.

    Raises:
        UsageError: an empty name, or neither a text nor a path.
    """
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        shown = _shown(value)
        raise UsageError(f"a model is named by a text or a snapshot's folder, not {shown}")
    name = os.fspath(value)
    if not isinstance(name, str) or not name:
        raise UsageError("an empty name is no model: `handsum models` lists them")
    return name


def require_model(value: Any) -> str:
    """As `model_name`, but None is refused."""
    name = model_name(value)
    if name is None:
        raise UsageError("there is no model None: `handsum models` lists them")
    return name


def hand_name(value: Any) -> int | str | None:
    """A writer's number, or a text that names a hand; None stays None.

    Raises:
        UsageError: anything else.
    """
    return value if isinstance(value, str) else optional_number(value, "a writer")


def paths(value: Any, name: str) -> list[str | os.PathLike[str]]:
    """One path or several, as a list.

    Raises:
        UsageError: the value, or one of its items, is not a path.
    """
    given = [value] if isinstance(value, str | os.PathLike) else value
    if not isinstance(given, Iterable) or isinstance(given, bytes):
        raise UsageError(f"{name} are paths, not {_shown(value)}")
    listed = list(given)
    for one in listed:
        if not isinstance(one, str | os.PathLike):
            raise UsageError(f"{name} are paths, not {_shown(one)}")
    return listed


def _shown(value: Any) -> str:
    """A value in a few words: large ones such as arrays by their type."""
    try:
        text = repr(value)
    except Exception:
        text = "\n"
    return text if len(text) <= 40 and "\n" not in text else f"a {type(value).__name__}"


def digit_images(images: np.ndarray, shape: str = "(N, 28, 28)") -> np.ndarray:
    """The images as an array of that shape.

    Raises:
        UsageError: another shape or type.
    """
    images = np.asarray(images)
    if (
        images.dtype != np.uint8
        or images.ndim != shape.count(",") + 1
        or images.shape[-2:] != (28, 28)
    ):
        raise UsageError(
            f"images are uint8 {shape}, white ink (255) on black (0), not {images.dtype} "
            f"{images.shape}: handsum.predict reads any picture"
        )
    return images
