import importlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.data.mnist import load


@pytest.fixture
def few_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digits are measured against a part of MNIST, and the classifier takes only a few steps."""
    measuring = importlib.import_module("handsum.evaluation.measure")
    few = replace(measuring.QUICK, classifier_digits=200, classifier_steps=2)
    monkeypatch.setattr(measuring, "QUICK", few)
    for user in ("bench", "run"):
        monkeypatch.setattr(
            f"handsum.evaluation.{user}.load", lambda split: load(split).where(np.arange(2_000))
        )


@pytest.fixture(scope="module")
def digit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty digits in class folders."""
    folder = tmp_path_factory.mktemp("digits")
    data = load("validation")
    for index in range(30):
        own = folder / "test" / str(data.labels[index])
        own.mkdir(parents=True, exist_ok=True)
        Image.fromarray(data.images[index]).save(own / f"{index}.png")
    return folder


def test_readers_side_by_side_on_a_users_digits(run_command, digit_folder: Path) -> None:
    own = ("--dataset", f"folder:{digit_folder}", "--quick")
    done = run_command("evaluate", "--compare", "cnn", "judge", *own)
    assert done.code == 0
    assert "cnn, judge on 30 digits of folder:" in done.out.replace("\n", "")
    assert "error by confidence" in done.out
    assert "QUICK" in done.out
    done = run_command("evaluate", "cnn", *own, "--json", "--report", "page")
    found = json.loads(done.out)
    assert found["effort"] == "quick"
    assert found["figures"][0]["count"] == 30
    assert found["seed"] == 0
    assert set(found["versions"]) == {"handsum", "python", "jax", "numpy"}
    page = Path("page/index.html").read_text()
    assert "handsum evaluate cnn" in page
    assert page.count("data:image/png;base64,") == 3
    assert "<script" not in page
    assert "http" not in page.split("<body>")[1]
    assert json.loads(Path("page/figures.json").read_text()) == found
    # The same seed gives the same figures, and a second report replaces the first.
    again = run_command("evaluate", "cnn", *own, "--json", "--report", "page")
    assert json.loads(again.out)["figures"] == found["figures"]


def test_digits_from_a_file(run_command, few_measured, schema_errors, tmp_path: Path) -> None:
    data = load("validation")
    rows = np.arange(400)
    np.savez("unlabelled.npz", images=255 - data.images[rows])
    done = run_command("evaluate", "--images", "unlabelled.npz", "--quick", "--json")
    assert done.code == 0, done.err
    assert "inverted" in done.err
    found = json.loads(done.out)
    assert schema_errors("evaluate", found) == []
    assert found["notes"] == [
        "unlabelled.npz: dark ink on light paper: all digits were inverted",
        "unlabelled.npz: without labels it has no figures on how its digits read",
    ]
    assert done.err.splitlines() == [f"note: {note}" for note in found["notes"]]
    quality = found["figures"][0]["quality"]
    assert quality["count"] == 400
    assert 300 < quality["compared"] <= 400
    assert quality["left_out"] == {}
    assert quality["asked"] is None
    assert 0 < quality["frechet"] < 1
    assert found["extractor"].startswith("judge-")
    assert found["real"]["asked"] > 0.99


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to measure: name a model, or give --images"),
        (("cnn", "r3gan"), "generators and readers cannot be compared: name only one or the other"),
        (("--compare", "cnn"), "--compare takes two or more"),
        (("nonesuch",), "no model 'nonesuch'"),
        (("--images", "no.npz"), "no.npz does not exist"),
        (("r3gan", "--labels", "x.csv"), "1 --labels for 0 --images"),
        (("r3gan", "--judge", "r3gan"), "r3gan is a digit generator"),
        (("cnn", "--dataset", "folder:nowhere"), "nowhere is not a directory"),
        (("cnn", "--dataset", "folder:x", "--split", "some"), "no split 'some'"),
        (("cnn", "cnn"), "named twice"),
        (("r3gan", "--quick", "--seed", 2**32), "out of range"),
        (("cnn", "--quick", "--report", "taken"), "cannot write to taken"),
        (
            ("cnn", "--quick", "--report", "site"),
            "not a handsum report: choose another --report",
        ),
    ],
)
def test_what_cannot_be_measured_is_one_line(run_command, arguments, message: str) -> None:
    Path("taken").touch()
    Path("site").mkdir()
    Path("site/index.html").write_text("<p>mine</p>")
    done = run_command("evaluate", *arguments)
    assert done.code in (1, 2)
    assert message in done.err
    assert done.err.count("\n") == 1


def test_names_are_shown_as_they_are(run_command, few_measured, tmp_path: Path) -> None:
    data = load("validation")
    name = "[red]a$x_$_<b>.npz"
    np.savez(name, images=data.images[:300], labels=data.labels[:300])
    done = run_command("evaluate", "--images", name, "--quick", "--count", 200, "--report", "page")
    assert done.code == 0, done.err
    assert "QUICK, rough figures" in done.out
    assert name in done.out.replace("\n", "")
    page = Path("page/index.html").read_text()
    assert "_&lt;b&gt;.npz" in page
    assert "_<b>" not in page


def test_a_users_dark_digits_are_turned_and_said(run_command, tmp_path: Path) -> None:
    data = load("validation")
    for name, images in (("dark", 255 - data.images[:60]), ("mixed", data.images[:60].copy())):
        if name == "mixed":
            images[:30] = 255 - images[:30]
        Path(name).mkdir()
        for split in ("train", "t10k"):
            header = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in images.shape)
            Path(name, f"{split}-images-idx3-ubyte").write_bytes(header + images.tobytes())
            labels = data.labels[:60].astype(np.uint8)
            header = b"\0\0\x08\x01" + len(labels).to_bytes(4, "big")
            Path(name, f"{split}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    done = run_command("evaluate", "cnn", "--dataset", "idx:dark", "--quick", "--json")
    assert "all digits were inverted" in done.err
    found = json.loads(done.out)
    assert found["figures"][0]["error"] < 0.1
    assert found["notes"] == ["idx:dark: dark ink on light paper: all digits were inverted"]
    done = run_command("evaluate", "cnn", "--dataset", "idx:dark", "--split", "all", "--json")
    assert json.loads(done.out)["figures"][0]["count"] == 120
    done = run_command("evaluate", "cnn", "--dataset", "idx:mixed", "--quick")
    assert done.code == 1
    assert "30 of 60 digits are dark on light" in done.err
