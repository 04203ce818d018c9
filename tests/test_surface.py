"""The same verb has the same options with the same defaults everywhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import surface

# How a result is saved.
SAVING = {"caption", "centerline", "animate", "duration"}
# Files, formats and what belongs to a terminal or to several processes: a Python caller saves the
# result, and the page answers with it. A style's `pen` may be that of `measure_nib`.
ONLY_COMMAND = {
    "output", "table", "annotate", "show_input", "report", "compare", "dry_run", "like",
    "nib_like", "channels", "shards", "hosts", "host", "format", *SAVING,
    "distributed", "coordinator", "process_id", "num_processes",
}  # fmt: skip
# A style has all of its fields everywhere in Python; a command has those that fit it.
STYLE = {"scale", "spacing", "wide", "cells"}
# `images` of `predict` are what `show_input` writes.
ONLY_PYTHON = {"start", "log", "pictures", "between", "images", *STYLE}
# `generate` has the options of two functions, and `writers` those of two.
SHARED = {
    "generate": {"interpolate", "steps"},
    "interpolate": {"interpolate", "mix", "random", "rows", "columns", "count", "height"},
    "writers": {"pictures"},
    "fit_writer": {"first"},
    "list_models": {"model"},
    "write_dataset": {"status"},
}
PAGE_MODELS = {"model", "reader"}


@pytest.mark.parametrize("verb", surface.VERBS)
def test_the_command_and_python_have_the_same_options(verb: str) -> None:
    for row in surface.rows(verb):
        if row.command is None:
            assert row.name in ONLY_PYTHON or row.python is None, row
        elif row.python is None:
            assert row.name in ONLY_COMMAND | SHARED.get(verb, set()), row
        elif surface.NOTHING not in (row.command, row.python):
            assert row.command == row.python, row


@pytest.mark.parametrize("verb", [verb for verb, (*_, page) in surface.VERBS.items() if page])
def test_the_page_has_the_names_and_defaults_of_python(verb: str) -> None:
    for row in surface.rows(verb):
        if row.page is not None and row.name not in {"format", *SAVING}:
            assert row.python is not None, row
            if row.name not in PAGE_MODELS:
                assert surface.NOTHING in (row.page, row.python) or row.page == row.python, row


def test_a_difference_is_noticed() -> None:
    rows = {row.name: row for row in surface.rows("number")}
    assert rows["paper"].command == rows["paper"].python == rows["paper"].page == "white"
    assert rows["spacing"].python == "False"
    assert rows["output"].python is None
