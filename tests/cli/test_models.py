import json
import shutil
from pathlib import Path

import pytest

from handsum.models.registry import ENTRIES
from handsum.pretrained.snapshots import WEIGHTS, is_bundled, weights_folder

BUNDLED = list(filter(is_bundled, ENTRIES))


@pytest.mark.parametrize("columns", ["80", "160"])
def test_the_list_has_one_line_per_model_and_fits_80_columns(
    run_command, monkeypatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = run_command("models")
    assert (shown.code, shown.err) == (0, "")
    header, *lines = shown.out.splitlines()
    assert header.split() == ["model", "task", "parameters", "measured"]
    assert [line.split()[0] for line in lines] == [*ENTRIES]
    assert max(map(len, [header, *lines])) <= 80
    rows = json.loads(run_command("models", "--json").out)["models"]
    for line, row in zip(lines, rows, strict=True):
        assert row["task"] in line
        assert row["bundled"] == (row["name"] in BUNDLED) == ("no weights" not in line)
        if not row["bundled"]:
            continue
        assert f"{row['parameters']:,}" in line
        # One figure, the headline of the model's task.
        texts = [one["text"] for one in row["figures"].values()]
        shown_figures = [text for text in texts if f" {text} " in f" {line} "]
        assert row["figures"][row["headline"]]["text"] in shown_figures


def test_the_list_as_json_has_figures_as_numbers(run_command) -> None:
    rows = {row["name"]: row for row in json.loads(run_command("models", "--json").out)["models"]}
    assert {row["task"] for row in rows.values()} >= {"digit generator", "digit reader", "judge"}
    for row in (rows[name] for name in BUNDLED):
        assert row["figures"][row["headline"]]["value"] > 0
        # No figure of the model card is left out.
        facts = json.loads((weights_folder(row["name"]) / "config.json").read_text())
        figures = row["figures"].values()
        shown = {one["name"]: one["text"] for one in figures if one["unit"] != "digit"}
        assert shown == facts["measured"]
    error = {"name": "test error", "value": 0.0035, "unit": "share", "text": "0.35%"}
    assert rows["cnn"]["figures"]["test_error"] == error
    worst = rows["r3gan"]["figures"]
    assert (worst["read_as_asked_worst"]["value"], worst["worst_class"]["value"]) == (0.9912, 7)
    ratio = rows["gan"]["figures"]["frechet_ratio"]
    assert (ratio["value"], ratio["unit"]) == (132.65, "ratio")


@pytest.mark.parametrize("name", BUNDLED)
def test_the_details_of_a_model(run_command, name: str) -> None:
    shown = run_command("models", name)
    assert (shown.code, shown.err) == (0, "")
    (row,) = json.loads(run_command("models", name, "--json").out)["models"]
    assert row["name"] == name
    assert row["command"].startswith("handsum train ")
    for value in (row["summary"], row["task"], f"{row['bytes']:,} bytes", row["command"]):
        assert value in shown.out
    lines = [line.split("  ")[0] for line in shown.out.splitlines()]
    for figure in row["figures"].values():
        assert figure["name"] in lines or figure["unit"] == "digit"
        assert figure["text"] in shown.out


def test_the_details_of_a_snapshot_folder(run_command, tmp_path: Path) -> None:
    shutil.copytree(WEIGHTS / "cnn", tmp_path / "run" / "snapshot")
    facts = json.loads((tmp_path / "run" / "snapshot" / "config.json").read_text())
    for measured in (None, {}, {"error": "unknown"}, "none"):
        facts["measured"] = measured
        (tmp_path / "run" / "snapshot" / "config.json").write_text(json.dumps(facts))
        shown = run_command("models", "run")
        assert (shown.code, shown.err) == (0, "")
        assert shown.out.startswith("run: convolutional classifier")
        assert "541,674" in shown.out
        assert "measured" not in shown.out
    (row,) = json.loads(run_command("models", "run", "--json").out)["models"]
    assert (row["bundled"], row["figures"], row["headline"]) == (False, {}, None)


def test_a_model_without_weights_says_so(run_command, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("handsum.pretrained.snapshots.WEIGHTS", tmp_path)
    assert run_command("models").out.count("no weights in the package") == len(ENTRIES)
    assert "not in the package" in run_command("models", "cgan").out


@pytest.mark.parametrize("command", ["evaluate", "models"])
def test_an_unknown_model_is_refused(run_command, command: str) -> None:
    result = run_command(command, "judgee")
    assert result.code == 2
    assert "did you mean judge?" in result.err


def test_a_reader_is_measured_on_the_given_split(run_command) -> None:
    result = run_command("evaluate", "cnn", "--split", "validation", "--quick", "--json")
    assert result.code == 0
    figures = json.loads(result.out)["figures"][0]
    assert figures["data"] == "mnist validation"
    assert figures["count"] == 2000
    assert figures["error"] < 0.01
