import json


def test_the_zoo_is_listed(run_command) -> None:
    shown = run_command("models")
    assert shown.code == 0
    rows = json.loads(run_command("models", "--json").out)
    assert {row["task"] for row in rows} >= {"digit generator", "digit reader", "judge"}
    for row in rows:
        assert row["name"] in shown.out
        assert row["summary"] in shown.out


def test_an_unknown_model_cannot_be_measured(run_command) -> None:
    result = run_command("evaluate", "judgee")
    assert result.code == 2
    assert "did you mean judge?" in result.err


def test_a_reader_is_measured_on_the_split_asked_for(run_command) -> None:
    result = run_command("evaluate", "cnn", "--split", "validation", "--quick", "--json")
    assert result.code == 0
    figures = json.loads(result.out)["figures"][0]
    assert figures["data"] == "mnist validation"
    assert figures["count"] == 2000
    assert figures["error"] < 0.01
