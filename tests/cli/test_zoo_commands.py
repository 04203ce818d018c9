"""The zoo's models on the command line, with their bundled weights."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def test_a_mix_is_drawn(run_command) -> None:
    done = run_command("generate", "--model", "cgan", "--mix", "6,4,7", "--count", 6, "-o", "m.npz")
    assert done.code == 0, done.err
    with np.load("m.npz") as saved:
        assert saved["images"].shape == (6, 28, 28)


def test_random_digits_have_the_labels_that_the_reader_gives_them(run_command) -> None:
    done = run_command("generate", "--model", "gan", "--count", 30, "--seed", 1, "-o", "r.npz")
    assert done.code == 0, done.err
    with np.load("r.npz") as saved:
        assert len(set(saved["labels"].tolist())) > 3


def test_a_sequence_is_planned_and_checked(run_command) -> None:
    done = run_command(
        "sum-sequence", 23, "-n", 5, "--model", "lstm-cgan", "--seed", 1, "-o", "s.npz"
    )
    assert done.code == 0, done.err
    assert "= 23" in done.out
    with np.load("s.npz") as saved:
        assert saved["images"].shape == (1, 5, 28, 28)
        assert saved["labels"].sum() == 23


def test_the_default_length_is_at_most_the_model_s_longest(run_command) -> None:
    done = run_command("sum-sequence", 60, "--model", "lstm-cgan", "--seed", 1, "--json")
    assert done.code == 0, done.err
    (sequence,) = json.loads(done.out)["sequences"]
    assert len(sequence["digits"]) == 10
    assert sequence["total"] == 60
    beyond = run_command("sum-sequence", 91, "--model", "lstm-cgan")
    assert beyond.code == 2
    assert "was trained for totals from 0 to 90" in beyond.err


def test_a_model_without_writers_prints_none(run_command) -> None:
    planned = run_command("sum-sequence", 23, "--model", "lstm-cgan", "--seed", 1, "-o", "s.png")
    assert "  (length 5 chosen, seed 1)" in planned.out
    written = run_command("number", 23, "--model", "cgan", "--seed", 1, "-o", "n.png")
    assert written.out.endswith("n.png: 23  (seed 1)\n")
    printed = run_command("number", 23, "--model", "cgan", "--seed", 1, "--json")
    assert json.loads(printed.out)["writer"] is None
    for name in ("s.png", "n.png"):
        with Image.open(name) as picture:
            assert "handsum:writer" not in picture.text


def test_visualize_writes_a_picture(run_command) -> None:
    done = run_command("visualize", 7, "--channels", 2, "--seed", 1, "-o", "layers.png")
    assert done.code == 0, done.err
    with Image.open("layers.png") as picture:
        assert picture.width > 500


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sum-sequence", 23, "--model", "gan"), "gan draws random digits"),
        (("number", 23, "--model", "dcgan"), "dcgan draws random digits"),
        (("number", 23, "--model", "lstm-cgan"), "lstm-cgan is a sequence generator"),
        (("sum-sequence", 23, "-n", 11, "--model", "lstm-cgan"), "lengths from 1 to 10, not 11"),
        (("sum-sequence", 23, "--model", "lstm-cgan", "--writer", 3), "knows no writers"),
        (("generate", "--mix", "6,4"), "r3gan cannot mix digits: cgan can"),
        (("generate", "--model", "cgan", "--mix", "6,x"), "a mix is digits with commas"),
        (("generate", "--model", "cgan", "--mix", "6", "--digits", "1"), "not both"),
        (("generate", "--model", "gan", "--digits", "1"), "leave out which ones"),
        (("visualize", 7, "-o", "layers.txt"), "neither a .png"),
        (("train", "cnn-sum", "--labels", "nothing"), "no labels 'nothing'"),
        (("train", "gan", "--labels", "sums"), "gan has no --labels: only cnn-sum"),
        (("train", "gan", "--addends", 5), "gan has no --addends: only cnn-sum"),
        (
            ("train", "cnn-sum", "--set", "addends=5"),
            "--addends needs sums to learn from",
        ),
        (("train", "cnn-sum", "--addends", 5), "--addends needs sums to learn from"),
        (("train", "lstm-cgan", "--batch-size", 3), "batch_size must be even"),
        (("train", "lstm-cgan", "--set", "drawn=1"), "drawn must be even"),
        (("train", "one-to-many-cgan", "--set", "longest=1"), "longest must be at least 2"),
        (("train", "dcgan", "--set", "momentum=5"), "momentum must be"),
        (("sum-sequence", 95, "--model", "lstm-cgan"), "totals from 0 to 90, not 95"),
        (("visualize", -1, "--model", "cgan"), "-1 is no digit"),
        (("generate", "--model", "cgan", "--mix", "6,4", "--random"), "leave out --random"),
        (("visualize", 23, "--length", 0, "--model", "lstm-cgan"), "lengths from 1 to 10"),
    ],
)
def test_wrong_use_is_one_clear_line(run_command, arguments: tuple, message: str) -> None:
    done = run_command(*arguments)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not list(Path.cwd().rglob("*.p*"))


def test_the_sum_of_a_file_comes_from_the_chosen_model(run_command) -> None:
    run_command("sum-sequence", 23, "-n", 5, "--seed", 1, "-o", "a.png")
    run_command("number", 40, "--seed", 1, "-o", "b.png")
    one = json.loads(run_command("predict", "a.png", "--reader", "cnn-lstm", "--json").out)
    told = ("sum", "probability", "interval", "distribution")
    assert [one["files"][0][name] for name in told] == [one[name] for name in told]
    both = json.loads(
        run_command("predict", "a.png", "b.png", "--reader", "cnn-lstm", "--json").out
    )
    assert both["files"][0] == one["files"][0]
    assert both["sum"] == 27
