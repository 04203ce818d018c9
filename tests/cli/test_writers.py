import json
from pathlib import Path

import pytest
from PIL import Image


def test_a_sheet_of_hands(run_command, tmp_path: Path) -> None:
    done = run_command("writers", "--first", 490, "--digits", "47", "--seed", 1, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {
        "writers": [490, 491, 492, 493],
        "hand": None,
        "likeness": [],
        "seed": 1,
        "notes": [],
    }
    with Image.open(tmp_path / "writers.png") as sheet:
        assert sheet.text["handsum:writer"] == "490 491 492 493"
        assert sheet.text["handsum:digits"] == "47 47 47 47"


def test_the_hand_of_a_number_is_found_again(run_command, tmp_path: Path) -> None:
    run_command("number", "1234567890", "--writer", 77, "--seed", 3, "-o", "mine.png")
    run_command("number", "9182736450", "--writer", 77, "--seed", 4, "-o", "more.png")
    done = run_command(
        "writers", "--like", "mine.png", "more.png", "--count", 8, "-o", "like.svg", "--json"
    )
    assert done.code == 0, done.err
    assert "mine.png: 1234567890" in done.err
    result = json.loads(done.out)
    likeness = result["likeness"]
    assert result["writers"] == [one["writer"] for one in likeness]
    assert 77 in [one["writer"] for one in likeness]
    assert len(likeness) == 7
    assert likeness == sorted(likeness, key=lambda one: one["distance"])
    assert (tmp_path / "like.svg").exists()
    hand = result["hand"]
    assert 0 < hand["fit"] <= 1
    assert 0.05 < hand["nib"] < 0.2
    written = run_command("number", "42", "--writer", hand["name"], "--seed", 1, "-o", "as-i.png")
    assert written.code == 0, written.err
    with Image.open(tmp_path / "as-i.png") as picture:
        assert picture.text["handsum:writer"] == hand["name"]
    refused = run_command("number", "42", "--writer", hand["name"], "--model", "writer-cgan")
    assert refused.code == 2
    assert "fitted to another model" in refused.err


@pytest.mark.parametrize("command", [("number", "42"), ("sum-sequence", "6", "--length", "2")])
def test_a_number_is_written_with_the_pen_of_a_picture(run_command, tmp_path, command) -> None:
    run_command(
        "number", "1234567890", "--pen", "0.05", "--height", 100, "--seed", 3, "-o", "m.png"
    )
    made = run_command(*command, "--seed", 1, "--nib-like", "m.png", "-o", "same.svg")
    assert made.code == 0, made.err
    pen = made.err.partition("--pen ")[2].split()[0]
    assert float(pen) == pytest.approx(0.05, rel=0.1)
    run_command(*command, "--seed", 1, "--pen", pen, "-o", "given.svg")
    same, given = ((tmp_path / name).read_text() for name in ("same.svg", "given.svg"))
    assert same == given
    both = run_command(*command, "--nib-like", "m.png", "--pen", "felt")
    assert both.code == 2
    assert "give either --pen or --nib-like, not both" in both.err
    missing = run_command(*command, "--nib-like", "none.png")
    assert missing.code == 1
    assert "cannot read none.png" in missing.err


def test_a_picture_that_cannot_be_read_is_reported(run_command, tmp_path: Path) -> None:
    run_command("number", "1234567890", "--seed", 3, "-o", "mine.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "mine.png").read_bytes()[:500])
    done = run_command("writers", "--like", "mine.png", "cut.png", "--count", 2, "-o", "s.png")
    assert done.code == 1
    assert "cut.png: " in done.err
    assert "s.png: 2 hands" in done.err
    assert (tmp_path / "s.png").exists()
    as_json = run_command("writers", "--like", "mine.png", "cut.png", "--count", 2, "--json")
    (note,) = json.loads(as_json.out)["notes"]
    assert note in as_json.err
    assert "cut.png" in note


def test_the_pictures_are_not_written_over(run_command, tmp_path: Path) -> None:
    run_command("number", "1234567890", "--seed", 3, "-o", "writers.png")
    before = (tmp_path / "writers.png").read_bytes()
    done = run_command("writers", "--like", "writers.png", "--count", 2)
    assert done.code == 2
    assert "is one of the pictures: choose another --output" in done.err
    assert (tmp_path / "writers.png").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--like",), "--like takes pictures"),
        (("a.png",), "--like takes pictures"),
        (("--like", "none.png"), "cannot read none.png"),
        (("-o", "hands.png", "--centerline"), "--centerline is only for an .svg"),
        (("-o", "hands.jpg"), "use a name that ends in .png, .svg, .gif, .webp or .inkml"),
        (("--like", "a.png", "--first", 3), "leave out --first"),
        (("--first", 494), "writer 494 is out of range: use 0 to 493"),
        (("--model", "cgan"), "cgan knows no writers"),
        (("--digits", "x"), "not 'x'"),
        (("-o", "hands.npz"), ".webp or .inkml"),
        (("--count", 494, "--height", 200), "use a smaller size"),
    ],
)
def test_wrong_arguments_are_refused(run_command, arguments, message: str) -> None:
    done = run_command("writers", *arguments)
    assert done.code in (1, 2)
    assert message in done.err
    assert "Traceback" not in done.err


def test_only_existing_hands_must_fit_on_the_sheet(run_command, tmp_path: Path) -> None:
    done = run_command("writers", "--first", 490, "--count", 494, "--height", 200)
    assert done.code == 0, done.err
    assert "4 hands" in done.err
