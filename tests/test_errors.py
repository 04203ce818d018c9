"""Errors name arguments in Python's way; the command line and the page in theirs."""

from __future__ import annotations

from handsum.errors import did_you_mean, name_arguments


def test_arguments_are_named_for_each_surface() -> None:
    message = "too large: use a smaller `batch_size` or another `ink`; `handsum models` lists them"
    assert name_arguments(message, str.upper) == (
        "too large: use a smaller BATCH_SIZE or another INK; `handsum models` lists them"
    )


def test_the_closest_name_is_suggested() -> None:
    known = ["r3gan", "cgan", "cnn"]
    assert did_you_mean("r3gam", known) == "did you mean r3gan? "
    assert did_you_mean("cnnn", dict.fromkeys(known)) == "did you mean cnn? "
    assert did_you_mean("something else", known) == ""
