"""The card of a data set: `README.md`, with the description that Hugging Face's hub reads."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from handsum._version import __version__
from handsum.datasets.plan import Plan
from handsum.datasets.recipe import EFFECTS, Recipe
from handsum.files import atomic_write

NAME = "README.md"
# What a data set of given texts is written from.
_TEXTS = "texts.txt"
# The hub's names of sizes, each ten times the last.
_LIMITS = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B")
_TASKS = {"digits": "image-classification", "numbers": "image-to-text", "sums": "image-to-text"}
_TASKS["pages"] = "object-detection"
_SHOWS = {
    "digits": "a single handwritten digit; all ten are equally likely",
    "numbers": "a handwritten number; its length and each digit are uniform",
    "sums": "a sequence of handwritten digits; its length and their sum are uniform",
    "pages": "a page with rows of handwritten numbers and words: a list, table, form or notes",
}
_ORIGIN = """\
The models that come with handsum were trained on MNIST's training digits (Y. LeCun, C. Cortes and
C. J. C. Burges, CC BY-SA 3.0) with the writers of QMNIST (C. Yadav and L. Bottou, BSD). Those
writers are employees of the US Census Bureau and high school students: measure readers of other
hands on other hands."""
_FIELDS = {
    "text": "what is written, with signs and spaces",
    "digits": "its digits in writing order, and `total`, their sum",
    "boxes": "x, y, width and height of each digit's ink, in pixels",
    "masks": "the pixels of each digit's ink",
    "strokes": "the pen's strokes of each digit: control points of cubic B-splines, x, y and width",
    "forms": "the local form of each digit, where forms were asked for",
    "signs": "signs that are no digits, and `sign_boxes`, where they are",
    "value": "the value of a text that is one number",
    "rows": "of a page, the texts of its rows from the top, and `row_boxes`, where they are",
    "writer": "the hand, one of the generator's writers",
    "effects": "what each effect drew for this picture",
    "index": "the picture's number; with `seed` it gives the picture again",
}


def write_card(folder: Path, plan: Plan) -> list[str]:
    """Write the card into the folder of a data set, and given texts; return the files' names."""
    files = {NAME: _card(plan)}
    if plan.recipe.texts:
        files[_TEXTS] = "".join(f"{text}\n" for text in plan.recipe.texts)
    for name, text in files.items():
        with atomic_write(folder / name) as file:
            file.write(text.encode())
    return list(files)


def _card(plan: Plan) -> str:
    recipe = plan.recipe
    head = {
        "pretty_name": f"{recipe.title}, handwritten by handsum",
        "license": "other",
        "license_name": "see the section Origin",
        "task_categories": [_TASKS[recipe.kind]],
        "size_categories": [_size(recipe)],
        "tags": ["handwriting", "digits", "synthetic", "handsum"],
    }
    # JSON is YAML.
    lines = ["---", *(f"{name}: {json.dumps(value)}" for name, value in head.items()), "---", ""]
    lines += [f"# {recipe.title[0].upper()}{recipe.title[1:]}, handwritten", ""]
    lines += [f"Each picture shows {_shows(recipe)}. Split: {plan.split}.", ""]
    lines += ["```console", _command(plan), "```", ""]
    lines += [
        f"handsum {__version__} wrote it with this command, and writes the same bytes again.",
        "`SHA256SUMS` has the sums of all files, `dataset.json` the recipe.",
        "",
    ]
    lines += ["## Labels", "", "| label | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in _FIELDS.items()]
    lines += [
        "",
        "The format decides which of them a file has and under which names: see the page on data",
        "sets in handsum's documentation.",
        "",
    ]
    lines += ["## Effects", "", *_effects(recipe), ""]
    lines += ["## Origin", "", *_origin(recipe)]
    return "\n".join(lines) + "\n"


def _size(recipe: Recipe) -> str:
    """The hub's name of the size."""
    place = max(len(str(recipe.count)) - 3, 0)
    return f"{_LIMITS[place - 1]}<n<{_LIMITS[place]}" if place else f"n<{_LIMITS[0]}"


def _shows(recipe: Recipe) -> str:
    if recipe.texts:
        return f"one of the numbers in `{_TEXTS}`, in turn"
    if recipe.patterns and recipe.kind != "pages":
        patterns = ", ".join(f"`{pattern}`" for pattern in recipe.patterns)
        return f"a handwritten number that follows a pattern: {patterns}"
    return _SHOWS[recipe.kind]


def _command(plan: Plan) -> str:
    """The command that writes the data set again."""
    recipe = plan.recipe
    words: list[Any] = ["handsum", "dataset", recipe.kind, "--count", recipe.count]
    words += ["--format", plan.format, "--split", plan.split, "--seed", recipe.seed]
    words += ["--height", recipe.picture_height, "--shards", plan.shards]
    if recipe.lengths and recipe.kind != "digits" and not recipe.texts:
        words += ["--length", "-".join(map(str, recipe.lengths))]
    if recipe.totals:
        words += ["--totals", "-".join(map(str, recipe.totals))]
    for pattern in recipe.patterns:
        words += ["--pattern", pattern]
    if recipe.weights:
        words += ["--weights", ",".join(map(str, recipe.weights))]
    if recipe.texts:
        words += ["--texts", _TEXTS]
    if recipe.realism:
        words += ["--realism", ",".join(f"{name}={x}" for name, x in recipe.realism.items())]
    words += ["--forms", recipe.forms] if recipe.forms else []
    words += ["--model", recipe.model] if recipe.model else []
    words += [] if recipe.verify else ["--no-verify"]
    return shlex.join([*map(str, words), "-o", "FOLDER"])


def _effects(recipe: Recipe) -> list[str]:
    if not recipe.realism:
        return ["None: ink on plain paper."]
    lines = ["Each picture draws its own value up to the strength.", ""]
    lines += ["| effect | strength | at strength 1 |", "|---|---|---|"]
    return lines + [f"| {name} | {x:g} | {EFFECTS[name]} |" for name, x in recipe.realism.items()]


def _origin(recipe: Recipe) -> list[str]:
    model = recipe.model or "handsum's default generator"
    checked = "A reader checked every digit, and misread ones were drawn again."
    unchecked = "No reader checked the digits: some may be misread."
    return [
        f"No person wrote these pictures: {model} drew the digits.",
        *_ORIGIN.splitlines(),
        checked if recipe.verify else unchecked,
    ]
