"""Errors that a person can act on: one line that says what is wrong and how to go on.

A message names an argument by its name in Python between backquotes, such as `batch_size`. The
command line and the page show it by their own names (`name_arguments`).
"""

import re
from collections.abc import Callable, Iterable, Sequence

_ARGUMENT = re.compile(r"`([a-z][a-z_]*)`")


class HandsumError(Exception):
    """Something outside the program went wrong (a file, a snapshot, the data). Exit code 1."""

    exit_code = 1


class UsageError(HandsumError, ValueError):
    """The request cannot be met as it is. Exit code 2."""

    exit_code = 2


class SnapshotError(HandsumError):
    """A model's snapshot or checkpoint is missing, damaged, or of another model or version."""


class DatasetError(HandsumError):
    """A data set is missing, damaged, or does not match its specification."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "did you mean NAME? " with the known name that is most like `name`; empty without one."""
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}? " if close else ""


def shorten(text: str, longest: int = 40) -> str:
    """A text for a message or a `repr`, cut off after `longest` characters."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def name_some(names: Sequence[str], most: int = 3) -> str:
    """The first names of a list, for a message."""
    return ", ".join([*names[:most], *(["..."] if len(names) > most else [])])


def name_arguments(message: str, name: Callable[[str], str]) -> str:
    """The message with each argument, such as `batch_size`, replaced by what `name` calls it."""
    return _ARGUMENT.sub(lambda match: name(match[1]), message)
