"""What the commands print with --json is described by their schemas, key by key."""

from __future__ import annotations

import copy
import importlib
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import typer

from handsum import schemas, write_dataset
from handsum.cli.app import app
from handsum.data.mnist import load
from handsum.training.runs import Outcome

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
WITH_JSON = sorted(
    name for name, one in COMMANDS.items() if any("--json" in param.opts for param in one.params)
)

# The commands in every form that prints different keys.
RUNS = {
    "number": "number -1,234.50 --seed 1",
    "number, SVG": "number 407 --height 12mm --seed 1 -o n.svg",
    "number, animation": "number 407 --pen felt --seed 1 -o n.gif",
    "number, InkML": "number 407 --height 12mm --seed 1 -o n.inkml",
    "number, arrays": "number 407 --seed 1 -o n.npz",
    "number, cells": "number 407 --cells --no-verify --seed 1",
    "number, without writers": "number 407 --model cgan --seed 1",
    "sum-sequence": "sum-sequence 23 --count 2 --seed 1",
    "sum-sequence, one writer": "sum-sequence 9 --writer 12+40 --count 2 --seed 1 -o s{}.png",
    "sum-sequence, arrays": "sum-sequence 9 --no-verify --seed 1 -o s.npz",
    "sum-sequence, planned": "sum-sequence 9 --model one-to-many-cgan --no-verify --count 9 "
    "--seed 1",
    "generate": "generate --rows 1 --seed 1",
    "generate, SVG": "generate --rows 1 --seed 1 -o d.svg",
    "generate, new hand": "generate --rows 1 --writer new --seed 1",
    "generate, random digits": "generate --rows 1 --model gan --seed 1",
    "generate, hands": "generate --interpolate 1..2 --digits 12 --steps 2 --seed 1",
    "generate, latents": "generate --interpolate latents --model cgan --digits 1 --steps 2 "
    "--seed 1",
    "generate, shards": "generate --count 4 --shards 2 --seed 1 -o d.npz",
    "predict": "predict digits.png blank.png gone.png",
    "predict, marks": "predict digits.png --punctuation --reader cnn-lstm",
    "predict, blank": "predict blank.png",
    "dataset": "dataset digits --count 4 --shards 1 --seed 1 -o set",
    "dataset, one of two hosts": "dataset digits --count 4 --shards 2 --hosts 2 --seed 1 -o set",
    "dataset, status": "dataset -o part --status",
    "writers": "writers --count 2 --digits 12 --seed 1",
    "writers, like": "writers --like digits.png gone.png --count 2 --seed 1",
    "evaluate, readers": "evaluate cnn cnn-lstm --quick",
    "models": "models",
    "models, one": "models cnn",
    "train": "train gan --steps 2 --batch-size 8 --set widths=8,8,8 -o run",
    "train, settings": "train cnn --dry-run",
    "visualize": "visualize 7 --seed 1",
    "visualize, planned": "visualize 9 --length 2 --model lstm-cgan --seed 1",
    "export": "export cnn -o cnn.hlo",
    "export, other compilers": "export cnn -o cnn.mlir",
    "export, weights": "export cnn -o cnn.safetensors",
    "doctor": "doctor",
}
SchemaErrors = Callable[[str, object], list[str]]
# These say that a file could not be read, or could not be read in full.
FAILING = {"predict", "writers, like"}


def strict_loads(text: str) -> Any:
    """JSON without NaN and infinity, which are no JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, the outermost first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from objects(inner)


@pytest.fixture
def inputs(tmp_path: Path, run_command: Any) -> None:
    """Pictures, digits to train on, and a part of a data set, for the commands that read some."""
    from PIL import Image

    from handsum import number

    number("120.56789", seed=1).save("digits.png")
    Image.new("L", (60, 40), "white").save("blank.png")
    data = load("validation")
    np.savez("own.npz", images=255 - data.images[:300], labels=data.labels[:300])
    write_dataset("part", "digits", count=3, shards=3, hosts=3, host=1, seed=1, verify=False)


def test_every_command_with_json_has_a_schema_and_is_run() -> None:
    assert schemas.names() == WITH_JSON
    assert {words.split()[0] for words in RUNS.values()} == {*WITH_JSON}
    # Commands that make or find something, all but those that serve a page or print this.
    assert {*COMMANDS} - {*WITH_JSON} == {"web", "schema"}


@pytest.mark.usefixtures("inputs", "little_measured")
@pytest.mark.parametrize("name", RUNS)
def test_the_output_is_valid_and_has_no_key_that_is_not_described(
    run_command: Any, schema_errors: SchemaErrors, name: str
) -> None:
    words = RUNS[name].split()
    done = run_command(*words, "--json")
    assert done.code == (1 if name in FAILING else 0), done.err
    assert done.out.count("\n") == 1
    result = strict_loads(done.out)
    assert schema_errors(words[0], result) == []
    # The check can fail: no key is free, and none is missing.
    assert schema_errors(words[0], {**result, "undescribed": 1})
    for key in result:
        assert schema_errors(words[0], {other: result[other] for other in result if other != key})


def test_notes_are_what_is_printed(run_command: Any, inputs: None, tmp_path: Path) -> None:
    """Every line on standard error but the closing one is a note."""
    planned = "sum-sequence 9 --model one-to-many-cgan --no-verify --count 9 --seed 1"
    cases = {
        planned: ["9 of 9 do not sum to 9: --verify redraws them"],
        "dataset digits --count 2 --shards 1 --workers 2 --seed 1 -o set": [
            "2 workers had only 1 shard to write: use more --shards"
        ],
    }
    for words, expected in cases.items():
        done = run_command(*words.split(), "--json")
        notes = strict_loads(done.out)["notes"]
        assert [re.sub(r"^\d of 9 ", "9 of 9 ", note) for note in notes] == expected
        assert done.err.splitlines()[:-1] == [f"note: {note}" for note in notes]
        # A person sees the same without --json.
        again = run_command(*words.split())
        assert again.err.splitlines() == [f"note: {note}" for note in notes]
    done = run_command("predict", "digits.png", "blank.png", "gone.png", "--json")
    notes = strict_loads(done.out)["notes"]
    assert notes[0] == "blank.png: no digits found"
    assert done.err == f"error: {notes[1]}\n"
    assert "cannot read gone.png" in notes[1]


def test_warnings_of_libraries_are_notes(run_command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from handsum.pretrained import zoo

    found = zoo.list_models()

    def list_models() -> Any:
        for _ in range(2):
            logging.getLogger("some.library").warning("no GPU, falling back to %s", "cpu")
        logging.getLogger("some.library").info("a detail")
        warnings.warn("an old [file]", stacklevel=1)
        return found

    monkeypatch.setattr(zoo, "list_models", list_models)
    handlers, show = [*logging.getLogger().handlers], warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        done = run_command("models", "--json")
        assert warnings.showwarning is show
    notes = strict_loads(done.out)["notes"]
    assert notes == ["no GPU, falling back to cpu", "an old [file]"]
    assert done.err.splitlines() == [f"note: {note}" for note in notes]
    assert logging.getLogger().handlers == handlers
    assert strict_loads(run_command("models", "cnn", "--json").out)["notes"] == []


def test_doubtful_digits_are_noted(run_command: Any, template_reader: Any, draw_page: Any) -> None:
    from PIL import Image

    pixels = (draw_page("407") * 255).astype(np.uint8)
    Image.fromarray(pixels).save("page.png")
    template_reader.confidence = 0.8
    notes = strict_loads(run_command("predict", "page.png", "--json").out)["notes"]
    assert notes == ["page.png: 3 of 3 digits read with a confidence below 90%"]
    template_reader.confidence = 0.97
    assert strict_loads(run_command("predict", "page.png", "--json").out)["notes"] == []


@pytest.mark.usefixtures("inputs")
@pytest.mark.parametrize("words", ["predict digits.png", "number 407", "models cnn", "doctor"])
def test_an_undescribed_key_is_found_at_any_depth(
    run_command: Any, schema_errors: SchemaErrors, words: str
) -> None:
    result = strict_loads(run_command(*words.split(), "--json").out)
    count = len([*objects(result)])
    assert count > 1 or "number" in words
    for index in range(count):
        changed = copy.deepcopy(result)
        [*objects(changed)][index]["undescribed"] = []
        assert schema_errors(words.split()[0], changed), index


@pytest.mark.parametrize("name", ["r3gan", "lstm-cgan", "cnn", "cnn-lstm", "pen"])
def test_the_figures_of_every_task_are_described(
    name: str, monkeypatch: pytest.MonkeyPatch, schema_errors: SchemaErrors
) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.syspath_prepend(root / "tools")
    facts = json.loads((root / "docs" / "results.json").read_text())[name]["facts"]
    figures, real = importlib.import_module("results").figures_of(facts)
    facts |= {"command": f"handsum evaluate {name}", "figures": [asdict(figures)], "notes": []}
    facts |= {"real": asdict(real)} if real else {}
    assert schema_errors("evaluate", json.loads(json.dumps(facts))) == []


@pytest.mark.parametrize("command", WITH_JSON)
def test_a_schema_is_valid_and_describes_every_key(command: str) -> None:
    schema = schemas.load(command)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:handsum:json:{command}"
    for one in objects(schema):
        if one.get("type") == "object":
            assert "additionalProperties" in one, one
        if "properties" in one and one.get("type") == "object":
            assert one["additionalProperties"] is False, one
            for key, described in one["properties"].items():
                assert described.get("description"), key
                assert {"type", "$ref", "anyOf"} & described.keys(), key


def test_the_schemas_are_printed(run_command: Any) -> None:
    listed = run_command("schema")
    assert (listed.code, listed.out.split()) == (0, schemas.names())
    for command in schemas.names():
        printed = run_command("schema", command)
        assert (printed.code, printed.err) == (0, "")
        assert json.loads(printed.out) == schemas.load(command)
    unknown = run_command("schema", "predcit")
    assert (unknown.code, unknown.out) == (2, "")
    assert "did you mean predict?" in unknown.err
    assert run_command("schema", "../number").code == 2


def test_the_help_of_json_names_the_schemas() -> None:
    for command in WITH_JSON:
        (option,) = [one for one in COMMANDS[command].params if "--json" in one.opts]
        assert "`handsum schema COMMAND`" in option.help, command


def test_python_has_the_same_values(schema_errors: SchemaErrors) -> None:
    import handsum

    results: Mapping[str, Any] = {
        "generate": handsum.generate("12", rows=1, seed=1),
        "writers": handsum.writers(count=2, digits="12", seed=1),
        "visualize": handsum.visualize(7, seed=1),
    }
    for command, result in results.items():
        assert schema_errors(command, result.as_dict()) == []
        assert result.notes == ()
    outcome = Outcome("cnn", 5, 9, Path("run/snapshot"), {"loss": 1.5}, 2)
    assert schema_errors("train", outcome.as_dict()) == []
    assert outcome.notes == ("stopped at step 5 of 9, saved: `resume` continues",)
    strip = handsum.interpolate("1..2", "12", steps=2, seed=1)
    assert schema_errors("generate", strip.as_dict()) == []
    assert strip.notes == ()


def test_the_documentation_has_every_key(run_command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "tools")
    page = importlib.import_module("docs_json").json_reference()
    head, *parts = re.split(r"^## handsum (.+)$", page, flags=re.MULTILINE)
    assert parts[::2] == WITH_JSON
    for command, part in zip(parts[::2], parts[1::2], strict=True):
        shown = {*re.findall(r"^\| `(?:\w+\.)?(\w+)` \| \w", part, re.MULTILINE)}
        for one in objects(schemas.load(command)):
            if one.get("type") == "object":
                assert {*one.get("properties", {})} <= shown, command
    # Its example works.
    (lines,) = re.findall(r"```console\n(.*?)```", head, re.DOTALL)
    for line in lines.splitlines():
        words, _, name = line.removeprefix("handsum ").partition(" > ")
        Path(name).write_text(run_command(*words.split()).out)
    (code,) = re.findall(r"```python\n(.*?)```", head, re.DOTALL)
    exec(code, {})
